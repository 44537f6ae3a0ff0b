"""Circuits of a graph that decide right: all of them, and the figures of each.

A circuit is a mask that :meth:`~pluriscope.analysis.subjects.subject.Space.reduce` leaves as it is. It is valid if the
share of rows on which the right output is strictly the largest is above a threshold. Valid ones are found by the engine
of the space; where it has none, every mask that the branches span is tried, a few thousand at a time. Spaces that would
take many minutes are refused with their size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution, minimal_masks
from pluriscope.analysis.circuits.result import CircuitMethod, SmallestCircuits
from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import MAX_BITS, engine_of, most_wrong, number_bits, refuse_if_too_large
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Numbers, SearchPart, Space, gaps
from pluriscope.analysis.values.described import Described

MAX_LISTED: Final = 100_000
"""Circuits of one model under one set of rules that are listed; the ones with the fewest edges."""
N_DRAWN: Final = 1_000
"""Valid circuits drawn uniformly."""
_AT_ONCE: Final = 1 << 16  # masks whose bits are looked at together


@dataclass(frozen=True)
class SubjectCircuit:
    """A circuit of a subject with its figures.

    Args:
        mask: as it is written, hexadecimal.
        bits: how many bits of the mask are set: edges, or nodes where a mask names nodes.
        nodes: removable nodes that take part.
        right: rows on which the right output is strictly the largest.
        n_rows: rows of the task.
        valid: whether it is right on a larger share of the rows than the threshold.
        worst: the smallest gap between the right output and the largest other; negative if a row is wrong.
        margin: the smallest distance of that gap from 0.
        minimal: whether no circuit with a proper subset of the bits is valid; None where it was not found out.
        outcomes: of criteria, and which of its nodes have each role, by column
            (:mod:`pluriscope.analysis.circuit_sets.judged_masks`).
    """

    mask: str
    bits: int
    nodes: int
    right: int
    n_rows: int
    valid: bool
    worst: float
    margin: float
    minimal: bool | None
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SizedSample:
    """Bounds of the number of valid circuits from uniform draws by size, where there are too many to search.

    Args:
        low: valid circuits, at least so many.
        high: valid circuits, at most so many.
        confidence: with which both hold, and with which each interval of ``by_size`` holds by itself.
        by_size: number of bits → the fewest and the most valid circuits of it.
        smallest: a small valid circuit, which need not be the smallest.
        why: why it is not enough to say, a sentence; "" where it is.
    """

    low: int
    high: int
    confidence: float
    by_size: Mapping[int, tuple[int, int]]
    smallest: SmallestCircuits
    why: str


@dataclass(frozen=True, repr=False)
class MasksFound(Described):
    """The valid circuits of a subject as a search or a sample found them.

    Args:
        masks: the valid circuits as numbers, ascending; where there are too many, those with the fewest bits. Python
            integers where they have more than 64 bits.
        valid: how many are valid, exactly unless the time was up; of a sample the geometric mean of its ends.
        possible: how many circuits there are.
        tested: how many of them were decided; all, unless the time was up; of a sample with repetition.
        by_bits: number of bits → valid circuits; of a sample those drawn, with repetition.
        bit_use: for each bit the valid circuits that keep it; of a sample likewise.
        drawn: 1,000 valid circuits drawn uniformly without repetition, or all if there are fewer, ascending.
        circuits: the listed ones with their figures, in the order of their masks; none where nobody asked for figures.
        parts: of the search that were made, from the first; None where that is not known.
        sample: what draws say; None where circuits were searched.
    """

    masks: NDArray[Any]
    valid: int
    possible: int
    tested: int
    by_bits: dict[int, int]
    bit_use: tuple[int, ...]
    drawn: Numbers
    circuits: tuple[SubjectCircuit, ...] = ()
    parts: int | None = None
    sample: SizedSample | None = None

    @property
    def distribution(self) -> CircuitDistribution:
        """The valid circuits by size and by use of each bit; neurons are not distinguished."""
        return CircuitDistribution(sum(self.by_bits.values()), self.by_bits, {}, self.bit_use, ())

    @property
    def exhaustive(self) -> bool:
        """Whether every circuit was decided."""
        return self.sample is None and self.tested == self.possible

    @property
    def method(self) -> CircuitMethod:
        """The way in which the number of valid circuits was found."""
        if self.sample is not None:
            return "sampled"
        return "counted" if self.exhaustive and not self.complete else "listed"

    @property
    def complete(self) -> bool:
        """Whether every valid circuit is in the list."""
        return self.exhaustive and len(self.masks) == self.valid


def find_masks(
    question: GraphQuestion,
    work: Work = DEFAULT_WORK,
    *,
    limit: int = MAX_LISTED,
    earlier: MasksFound | None = None,
    tried: KnownCircuits | None = None,
) -> MasksFound:
    """The masks of every valid circuit by the usual threshold, or of those decided before time or memory ended.

    Args:
        work: reports progress after each part; may raise Cancelled.
        limit: most masks kept, those with the fewest bits; all are counted.
        earlier: what a search of the same found before time or memory ended it, to go on from.
        tried: what is certain besides.

    Raises:
        BeyondLimits: there are too many circuits.
        InvalidProtocol: the rules do not fit the subject.
    """
    model, space = question.subject, question.space
    refuse_if_too_large(model, space)
    engine = engine_of(model, space)
    most = most_wrong(model)
    tally = _Tally(space, limit, earlier)
    with work.ending("circuits"):
        work.report_step("circuits", tally.parts, engine.n_parts)
        for part in islice(engine.parts(most), tally.parts, None):
            tally.add(part())
            known = _known(space.possible, tally.valid, tally.tested, tried)
            work.pass_on(Progress("circuits", tally.parts, engine.n_parts, known.words, known=known))
    return tally.found()


def known_masks(question: GraphQuestion, found: MasksFound | None, tried: KnownCircuits | None = None) -> KnownCircuits:
    """Bound the number of valid circuits while they are searched, or where they are not.

    Args:
        tried: what is certain besides.
    """
    valid, tested = (0, 0) if found is None else (found.valid, found.tested)
    return _known(question.space.possible, valid, tested, tried)


def _known(possible: int, valid: int, tested: int, tried: KnownCircuits | None) -> KnownCircuits:
    """Bound the number of valid circuits: at least those found, at most those and all that were not tested."""
    least, most = valid, possible - tested + valid
    if tried is not None:
        least, most = max(least, tried.least), min(most, tried.most)
    masks = () if tried is None else tried.masks
    return KnownCircuits(possible, least, least, most, method="tested" if least < most else "listed", masks=masks)


class _Tally:
    """Counts what the parts of a search find, and keeps the circuits with the fewest bits."""

    def __init__(self, space: Space, limit: int, earlier: MasksFound | None = None) -> None:
        self._space, self._limit = space, limit
        self._kept = np.empty(0, dtype=np.uint64)
        self._drawn = np.empty(0, dtype=np.uint64)
        self._new: list[Numbers] = []
        self._by_bits = np.zeros(MAX_BITS + 1, dtype=np.int64)
        self._bit_use = [0] * space.graph.n_bits
        self.tested = self.parts = 0
        if earlier is not None:
            if earlier.valid > len(earlier.masks):  # a larger list would lack what that one has left out
                self._limit = min(limit, len(earlier.masks))
            self._kept, self._drawn, self._bit_use = earlier.masks, earlier.drawn, list(earlier.bit_use)
            self.tested, self.parts = earlier.tested, earlier.parts or 0
            for bits, count in earlier.by_bits.items():
                self._by_bits[bits] = count

    @property
    def valid(self) -> int:
        """Valid circuits so far."""
        return int(self._by_bits.sum())

    def add(self, part: SearchPart) -> None:
        """Count what one more part found."""
        self.parts += 1
        self.tested += part.n_tested
        if not len(part.valid):
            return
        self._by_bits += np.bincount(np.bitwise_count(part.valid), minlength=MAX_BITS + 1)
        for bit in range(len(self._bit_use)):
            self._bit_use[bit] += int(np.count_nonzero(part.valid & np.uint64(1 << bit)))
        self._drawn = _draw(np.concatenate([self._drawn, part.valid]))
        self._new.append(part.valid)
        if sum(map(len, self._new)) > max(self._limit, _AT_ONCE):
            self._choose()

    def _choose(self) -> None:
        every = np.concatenate([self._kept, *self._new])
        if len(every) > self._limit:
            every = every[np.lexsort((every, np.bitwise_count(every)))[: self._limit]]
        self._kept, self._new = every, []

    def found(self) -> MasksFound:
        """All valid circuits found so far, as a result."""
        self._choose()
        by_bits = {bits: int(count) for bits, count in enumerate(self._by_bits) if count}
        return MasksFound(
            np.sort(self._kept),
            self.valid,
            self._space.possible,
            self.tested,
            by_bits,
            tuple(self._bit_use),
            np.sort(self._drawn),
            parts=self.parts,
        )


def _draw(circuits: Numbers) -> Numbers:
    """Draw the circuits with the smallest pseudo-random numbers, by SplitMix64 (Steele et al. 2014) of the mask: the
    same ones in whatever order and parts circuits are found.
    """
    with np.errstate(over="ignore"):
        mixed = circuits + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return circuits[np.argpartition(mixed, N_DRAWN)[:N_DRAWN]] if len(circuits) > N_DRAWN else circuits


def with_figures(question: GraphQuestion, found: MasksFound, work: Work = DEFAULT_WORK) -> MasksFound:
    """Add the figures of the listed circuits to the result of a search."""
    masks = number_bits(found.masks, question.graph.n_bits)
    minimal: list[bool | None] = [None] * len(masks)  # one that was not drawn may be below
    if found.sample is None:
        minimal = np.isin(found.masks, minimal_masks(found.masks, work, "circuits")).tolist()
    return replace(found, circuits=tuple(circuits_of(question, masks, minimal, work)))


def circuits_of(
    question: GraphQuestion, masks: Masks, minimal: Sequence[bool | None], work: Work = DEFAULT_WORK
) -> list[SubjectCircuit]:
    """Figures of circuits, computed from the weights.

    Args:
        masks: ``[circuits, bits]`` as :meth:`~pluriscope.analysis.subjects.subject.Space.reduce` leaves them.
        minimal: of each whether no valid circuit is below it; None where that is not known.
        work: asked after each part; may raise Cancelled.
    """
    found: list[SubjectCircuit] = []
    model, space = question.subject, question.space
    most, n_rows = most_wrong(model), len(model.rows)
    for start in range(0, len(masks), space.batch):
        work.check()
        some = masks[start : start + space.batch]
        apart = gaps(space.run(some), model.answers)
        figures = (
            some.sum(axis=1),
            space.graph.active_nodes(some).sum(axis=1),
            (apart > 0).sum(axis=1),
            apart.min(axis=1),
            np.abs(apart).min(axis=1),
        )
        rows = zip(some, minimal[start : start + space.batch], *(one.tolist() for one in figures), strict=True)
        for mask, least, bits, nodes, right, worst, margin in rows:
            valid, written = n_rows - right <= most, space.graph.write(mask)
            found.append(SubjectCircuit(written, bits, nodes, right, n_rows, valid, worst, margin, least))
    return found
