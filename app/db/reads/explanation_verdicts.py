"""Which explanations pass which criteria, as bits in the order of a list, kept for the criteria asked for last.

A million bits are 125 kB, so counting the survivors of a filter for every criterion is a matter of a millisecond once
the bits are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.criteria.combined_tallies import Combination
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import PASSED
from app.db.reads.circuits import whole_counts
from app.db.reads.explanation_shelves import RowShelf, Shelf
from app.db.reads.verdicts import counts_in, outcomes_in, verdict_column, verdict_row
from app.db.tables import AnalysisRow, VerdictBlockRow, VerdictRow
from app.db.verdict_columns import PASSING
from app.recent import Recent

MAX_KEPT: Final = 400  # criteria of analyses
MAX_BYTES_OF_SURVIVORS: Final = 64_000_000

_BITS: Final = Recent[NDArray[np.uint8]](MAX_KEPT)
VerdictContents = Mapping[tuple[str, str, str], tuple[int, str]]
"""Row number and content of stored verdicts, by kind, criterion and digest of its settings."""


def verdict_contents(session: Session, analysis: AnalysisRow) -> VerdictContents:
    """What names the stored verdicts of an analysis, in one statement."""
    query = select(
        VerdictRow.kind, VerdictRow.criterion, VerdictRow.settings_digest, VerdictRow.id, VerdictRow.content
    ).where(VerdictRow.analysis_id == analysis.id)
    return {(kind, key, settings): (row, content) for kind, key, settings, row, content in session.execute(query)}


def passing_bits(
    session: Session,
    analysis: AnalysisRow,
    shelf: Shelf,
    step: CriterionStep,
    outcome: int = PASSED,
    *,
    contents: VerdictContents | None = None,
) -> NDArray[np.uint8] | None:
    """Which explanations of a shelf pass a criterion, or have another outcome, packed, lowest position in lowest bit.

    Args:
        shelf: of a kind that the criterion applies to, "interpretation" excepted: those pass one by one.
        step: the criterion with its settings.
        outcome: position in :data:`analysis.criteria.verdict.OUTCOMES`.
        contents: of :func:`verdict_contents`, where several criteria are asked for.

    Returns:
        None if it is not computed yet.
    """
    if contents is None:
        contents = verdict_contents(session, analysis)
    content = contents.get((shelf.kind, step.key, step.settings_digest))
    if content is None:
        return None
    key = (str(session.get_bind().engine.url), *content, outcome)
    kept = _BITS.get(key)
    if kept is not None:
        return kept
    packed = _stored_bits(session, content[0]) if outcome == PASSED else None
    if packed is None:
        packed = np.packbits(np.equal(outcomes_in(session, content[0]), outcome), bitorder="little")
    if isinstance(shelf, RowShelf) and shelf.kind == "alignment":
        packed = _in_order_of(shelf, packed)
    return _BITS.put(key, packed)


def unpacked_bits(packed: NDArray[np.uint8], n: int) -> NDArray[np.bool_]:
    """The first n bits as truth values."""
    return np.unpackbits(packed, count=n, bitorder="little").view(np.bool_)


@dataclass(frozen=True, eq=False)
class Survivors:
    """For each stored circuit how many of its interpretations survive, as places in a short list of numbers.

    Args:
        places: ``[circuits]`` into ``numbers``.
        numbers: the distinct numbers, ascending.
    """

    places: NDArray[np.int32]
    numbers: tuple[int, ...]

    def __getitem__(self, position: int) -> int:
        return self.numbers[int(self.places[position])]

    @property
    def some(self) -> NDArray[np.bool_]:
        """``[circuits]`` whether any survives."""
        return np.array([number > 0 for number in self.numbers], dtype=np.bool_)[self.places]


_SURVIVORS: Final = Recent[Survivors](MAX_BYTES_OF_SURVIVORS, lambda made: made.places.nbytes + 100 * len(made.numbers))


def survivors_of_interpretations(
    session: Session, analysis: AnalysisRow, steps: Sequence[CriterionStep]
) -> Survivors | None:
    """For each stored circuit how many of its interpretations survive all steps; None if some is not computed yet.

    Kept for the sequences asked for last: at a million circuits it takes about a second to find.
    """
    stored = verdict_contents(session, analysis)
    wanted = [stored.get(("interpretation", step.key, step.settings_digest)) for step in steps]
    if None in wanted:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, analysis.result_digest, *wanted)
    kept = _SURVIVORS.get(key)
    if kept is not None:
        return kept
    combined = Combination(whole_counts(session, analysis, "interpretations"))
    for step in steps:
        row = verdict_row(session, analysis, "interpretation", step)
        if row is None:
            return None
        combined.take(step, counts_in(session, analysis, row), verdict_column(session, row, "outcomes"))
    found = combined.by_circuit
    numbers = tuple(sorted(set(found)))
    place = {number: position for position, number in enumerate(numbers)}
    places = np.fromiter(map(place.__getitem__, found), dtype=np.int32, count=len(found))
    return _SURVIVORS.put(key, Survivors(places, numbers))


def n_in_both(left: NDArray[np.uint8] | None, right: NDArray[np.uint8]) -> int:
    """Positions whose bit is set in both; None for all positions."""
    both = right if left is None else left & right
    n_in_words = len(both) // 8 * 8
    of_words, rest = np.bitwise_count(both[:n_in_words].view(np.uint64)), np.bitwise_count(both[n_in_words:])
    return int(of_words.sum(dtype=np.int64)) + int(rest.sum(dtype=np.int64))


def _stored_bits(session: Session, verdict: int) -> NDArray[np.uint8] | None:
    """The bits of those that pass, None where an earlier version saved the verdicts."""
    query = select(VerdictBlockRow.data).where(
        VerdictBlockRow.verdict_id == verdict, VerdictBlockRow.name == PASSING, VerdictBlockRow.block == 0
    )
    data = session.scalar(query)
    return None if data is None else np.frombuffer(data, np.uint8)


def _in_order_of(shelf: RowShelf, packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bits in the order of verdicts put into the order of the shelf: verdicts leave out alignments that fail."""
    valid = np.flatnonzero(shelf.columns["valid"])
    placed = np.zeros(shelf.n, dtype=np.bool_)
    placed[valid] = unpacked_bits(packed, len(valid))
    return np.packbits(placed, bitorder="little")
