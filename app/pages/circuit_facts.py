"""What every page about a circuit says: whether it is valid, and how many interpretations it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from analysis.errors import BeyondLimits
from analysis.interpretations.indexing import InterpretationSpace
from analysis.question import Question
from analysis.subjects.perceptron.circuit import MAX_EDGES, Circuit
from analysis.subjects.question import CircuitVerdict
from app.pages.place import StoredQuestion
from pluriscope.recent import Recent

NEAREST: Final = "smallest distance to another answer; below 0 where that row is wrong"
N_CARDS: Final = 12  # interpretations in the excerpt; each is computed on the spot
MAX_INDEX_DIGITS: Final = 999
MOST_ON_PAGES: Final = 1_000_000
"""States and links up to which a page counts the interpretations of a circuit that it is about: one or two seconds with
five inputs. One interpretation at its own address may take more, so that every link to one leads there.
"""
MAX_BYTES: Final = 12 << 20
"""Of all that are kept; one that takes more by itself is not."""
_REFUSAL_BYTES: Final = 1_000


@dataclass(frozen=True)
class Readings:
    """The interpretations of a circuit, or why there are none to speak of."""

    space: InterpretationSpace | None = None
    total: int | None = None
    observed: int | None = None
    why_not: str = ""


def readings_of(
    place: StoredQuestion[Any], mask: int, verdict: CircuitVerdict, most: int | None = MOST_ON_PAGES
) -> Readings:
    """The interpretations of a circuit, counted up to so many states and links; as far as can be if None."""
    if reason := place.question.kind.refuses("interpretations"):
        return Readings(why_not=reason)
    if not verdict.in_space:
        return Readings(why_not="the protocol does not look at circuits with so many active neurons, so it reads none")
    if not verdict.valid:
        return Readings(why_not="only valid circuits are interpreted, and this one is not valid")
    if not place.question.data.boolean:
        return Readings(why_not="its rows stand for no Boolean inputs, which gates would be about")
    if place.question.layout.n_edges > MAX_EDGES:
        return Readings(why_not=f"interpretations are counted for networks of up to {MAX_EDGES} edges")
    try:
        space = space_of(place.question, Circuit(place.question.layout, mask), most)
        return Readings(space, space.count, space.n_observed)
    except BeyondLimits as error:
        return Readings(why_not=error.cause)


# --- interpretations of the circuits asked for last, counted once: a page, its card and its JSON ask alike


def _size(found: InterpretationSpace | BeyondLimits) -> int:
    return _REFUSAL_BYTES if isinstance(found, BeyondLimits) else found.n_bytes


_RECENT: Final = Recent[InterpretationSpace | BeyondLimits](MAX_BYTES, _size)


def space_of(question: Question, circuit: Circuit, most: int | None = None) -> InterpretationSpace:
    """All interpretations of a circuit, counted.

    Args:
        circuit: a circuit of its network.
        most: see :class:`analysis.interpretations.indexing.InterpretationSpace`.

    Raises:
        BeyondLimits: there are too many to be counted on the spot.
    """
    key = question.digest, circuit.mask, most
    kept = _RECENT.get(key)
    if isinstance(kept, BeyondLimits):
        raise BeyondLimits(kept.item, kept.cause, kept.cure)
    if kept is not None:
        return kept
    space = InterpretationSpace(question, circuit, most)
    try:
        space.count  # noqa: B018  what takes the time
    except BeyondLimits as refusal:
        _RECENT.put(key, refusal)
        raise
    if space.n_bytes <= MAX_BYTES:
        _RECENT.put(key, space)
    return space
