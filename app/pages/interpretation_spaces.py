"""The interpretations of the circuits that pages asked for last, counted once.

A circuit's page, its card, its drawing, its embedding and their twins all ask for the same count, and so does each step
in Play; where a network has five or six inputs it takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final

from analysis.errors import BeyondLimits
from analysis.interpretations.matching import GateWish, MatchingSpace
from analysis.networks.circuit import Circuit
from analysis.question import Question
from app.recent import Recent

MOST_ON_PAGES: Final = 1_000_000
"""States and links up to which a page counts the interpretations of a circuit that it is about: one or two seconds with
five inputs. One interpretation at its own address may take more, so that every link to one leads there.
"""
MAX_BYTES: Final = 64 << 20
"""Of all that are kept; one that takes more by itself is not."""
_REFUSAL_BYTES: Final = 1_000


def _size(found: MatchingSpace | BeyondLimits) -> int:
    return _REFUSAL_BYTES if isinstance(found, BeyondLimits) else found.n_bytes


_RECENT: Final = Recent[MatchingSpace | BeyondLimits](MAX_BYTES, _size)


def space_of(question: Question, circuit: Circuit, most: int | None = None) -> MatchingSpace:
    """All interpretations of a circuit, counted, none asked for by gate.

    Args:
        circuit: a circuit of its network.
        most: see :class:`analysis.interpretations.indexing.InterpretationSpace`.

    Raises:
        BeyondLimits: there are too many to be counted on the spot.
    """
    return _counted((question.digest, circuit.mask, most), lambda: MatchingSpace(question, circuit, most))


def matches_of(question: Question, circuit: Circuit, wishes: Sequence[GateWish]) -> MatchingSpace:
    """The interpretations of a circuit that match wishes about gates, counted.

    Raises:
        InvalidGate: see :meth:`analysis.interpretations.matching.MatchingSpace.of`.
        BeyondLimits: there are too many to be counted on the spot.
    """
    key = question.digest, circuit.mask, tuple(map(str, wishes))
    return _counted(key, lambda: MatchingSpace.of(question, circuit, wishes))


def _counted(key: Hashable, make: Callable[[], MatchingSpace]) -> MatchingSpace:
    kept = _RECENT.get(key)
    if isinstance(kept, BeyondLimits):
        raise BeyondLimits(kept.item, kept.cause, kept.cure)
    if kept is not None:
        return kept
    space = make()
    try:
        space.count  # noqa: B018  what takes the time
    except BeyondLimits as refusal:
        _RECENT.put(key, refusal)
        raise
    if space.n_bytes <= MAX_BYTES:
        _RECENT.put(key, space)
    return space
