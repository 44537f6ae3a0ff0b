"""Circuits of a graph that decide right: all of them, and the figures of each.

A circuit is a mask that :meth:`~pluriscope.analysis.subjects.subject.Space.reduce` leaves as it is. It is valid if the
share of rows on which the right output is strictly the largest is above a threshold. Valid ones are found by the engine
of the space; where it has none, every mask that the branches span is tried, a few thousand at a time. Spaces that would
take many minutes are refused with their size.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution
from pluriscope.analysis.circuits.result import CircuitMethod, CircuitSearch
from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import MAX_BITS, engine_of, refuse_if_too_large
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Numbers, SearchPart, Space

MAX_LISTED: Final = 100_000
"""Circuits of one model under one set of rules that are listed; the ones with the fewest edges."""
N_DRAWN: Final = 1_000
"""Valid circuits drawn uniformly."""
_AT_ONCE: Final = 1 << 16  # masks whose bits are looked at together


def find_masks(
    question: GraphQuestion,
    work: Work = DEFAULT_WORK,
    *,
    limit: int = MAX_LISTED,
    earlier: CircuitSearch | None = None,
    tried: KnownCircuits | None = None,
) -> CircuitSearch:
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
    space = question.space
    refuse_if_too_large(question.subject.name, space)
    engine = engine_of(space)
    tally = _Tally(space, limit, earlier)
    with work.ending("circuits"):
        work.report_step("circuits", tally.parts, engine.n_parts)
        for part in islice(engine.parts(space.most_wrong), tally.parts, None):
            tally.add(part())
            known = _known(space.possible, tally.valid, tally.tested, tried)
            work.pass_on(Progress("circuits", tally.parts, engine.n_parts, known.words, known=known))
    return tally.found()


def _known(possible: int, valid: int, tested: int, tried: KnownCircuits | None) -> KnownCircuits:
    """Bound the number of valid circuits: at least those found, at most those and all that were not tested."""
    least, most = valid, possible - tested + valid
    if tried is not None:
        least, most = max(least, tried.least), min(most, tried.most)
    masks = () if tried is None else tried.masks
    return KnownCircuits(possible, least, least, most, method="tested" if least < most else "listed", masks=masks)


class _Tally:
    """Counts what the parts of a search find, and keeps the circuits with the fewest bits."""

    def __init__(self, space: Space, limit: int, earlier: CircuitSearch | None = None) -> None:
        self._space, self._limit = space, limit
        self._kept = np.empty(0, dtype=np.uint64)
        self._drawn = np.empty(0, dtype=np.uint64)
        self._new: list[Numbers] = []
        self._by_bits = np.zeros(MAX_BITS + 1, dtype=np.int64)
        self._bit_use = [0] * space.graph.n_bits
        self.tested = self.parts = 0
        if earlier is not None:
            if earlier.n_valid > earlier.n_listed:  # a larger list would lack what that one has left out
                self._limit = min(limit, earlier.n_listed)
            spread = earlier.distribution
            self._kept, self._drawn, self._bit_use = earlier.masks, earlier.uniform, list(spread.edge_use)
            self.tested, self.parts = earlier.n_tested or 0, earlier.parts or 0
            for bits, count in spread.by_edges.items():
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

    def found(self) -> CircuitSearch:
        """All valid circuits found so far, as a result."""
        self._choose()
        by_bits = {bits: int(count) for bits, count in enumerate(self._by_bits) if count}
        spread = CircuitDistribution(self.valid, by_bits, {}, tuple(self._bit_use), ())
        drawn = np.sort(self._drawn)
        return searched(self._space.possible, np.sort(self._kept), self.tested, spread, uniform=drawn, parts=self.parts)


def searched(
    possible: int, masks: NDArray[Any], n_tested: int, distribution: CircuitDistribution, **more: Any
) -> CircuitSearch:
    """The result of a search of a space.

    Args:
        masks: those that are listed, ascending.
        n_tested: circuits decided; all, unless the time was up.
        distribution: of all that were found valid.
        more: further fields.
    """
    whole, listed = n_tested == possible, {"n_tested": n_tested, "known_distribution": distribution, **more}
    if whole and len(masks) == distribution.of:
        return CircuitSearch(None, possible, masks, **listed)
    how: CircuitMethod = "counted" if whole else "listed"
    at, count = len(masks), distribution.of
    return CircuitSearch(None, possible, masks, truncated_at=at, method=how, count=count, **listed)


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


def figures_of(question: GraphQuestion, masks: Masks, work: Work = DEFAULT_WORK) -> dict[str, NDArray[Any]]:
    """The figures of circuits, computed from the weights, as columns ``[circuits]``.

    "edges" (bits that are set), "neurons" (removable nodes that take part), "right" (rows on which the right output is
    strictly the largest), "worst" (the smallest gap between the right output and the largest other; negative if a row
    is wrong) and "margin" (the smallest distance of that gap from 0).

    Args:
        masks: ``[circuits, bits]`` as :meth:`~pluriscope.analysis.subjects.subject.Space.reduce` leaves them.
        work: checked after each part; may raise Cancelled.
    """
    space, worst, margin = question.space, [np.empty(0)], [np.empty(0)]
    right = [np.empty(0, np.int64)]
    for start in range(0, len(masks), space.batch):
        work.check()
        apart = space.margins(space.run(masks[start : start + space.batch]))
        right.append((apart > 0).sum(axis=1))
        worst.append(apart.min(axis=1))
        margin.append(np.abs(apart).min(axis=1))
    return {
        "edges": masks.sum(axis=1),
        "neurons": space.graph.active_nodes(masks).sum(axis=1),
        "right": np.concatenate(right),
        "worst": np.concatenate(worst),
        "margin": np.concatenate(margin),
    }
