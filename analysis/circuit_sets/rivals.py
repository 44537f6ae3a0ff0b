"""Rivals: how different listed circuits are, as it is stored, reported and shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuit_sets.overlap import (
    Words,
    distances_to,
    jaccard_distance,
    shared_edges,
    sizes_of,
    words_of,
)
from pluriscope.analysis.methods.report import Analysed, Exact, Mask, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.question import part as part_of

MAX_COMPARED: Final = 4_000_000_000
STAGE: Final = "most different circuits"
_BLOCK: Final = 256
_MAX_BLOCKS: Final = 2_048
_N_STARTS: Final = 8


@dataclass(frozen=True)
class DifferentPair:
    """Two circuits that are most different.

    Args:
        first: the smaller mask.
        second: the larger mask.
        distance: Jaccard's distance of their sets of edges.
        exact: whether no pair of the set is farther apart; else the distance is what was found before a limit.
        of: circuits of the set.
    """

    first: int
    second: int
    distance: Fraction
    exact: bool
    of: int

    @property
    def masks(self) -> tuple[int, int]:
        """Both, the smaller first."""
        return self.first, self.second


def most_different(
    masks: NDArray[Any], layout: EdgeLayout, work: Work = DEFAULT_WORK, *, max_compared: int = MAX_COMPARED
) -> DifferentPair | None:
    """The most different pair of a set of circuits; None of fewer than two.

    Args:
        masks: ``[circuits]`` different ones, ascending.
        work: reports progress between blocks; may raise Cancelled.
        max_compared: end the search after so many comparisons.
    """
    if len(masks) < 2:
        return None
    search = _PairSearch(words_of(masks, layout))
    exact = search.run(work, max_compared)
    first, second = int(masks[search.pair[0]]), int(masks[search.pair[1]])
    return DifferentPair(first, second, jaccard_distance(first, second), exact, len(masks))


class _PairSearch:
    """The best pair so far, as positions in the ascending list, and the blocks that are still to be compared."""

    def __init__(self, words: Words) -> None:
        self.words, self.sizes = words, sizes_of(words)
        self.order = np.argsort(self.sizes, kind="stable")
        self.pair, self.distance = (0, 1), -1.0

    def run(self, work: Work, max_compared: int) -> bool:
        """Search; returns whether every pair that could win was compared."""
        self._walk()
        blocks = self._blocks()
        bounds, left, right = self._bounds(blocks)
        n_compared = 0
        for done, (bound, x, y) in enumerate(zip(bounds.tolist(), left.tolist(), right.tolist(), strict=True)):
            if bound < self.distance:
                break
            xs, ys = blocks[x], blocks[y]
            if bound == self.distance and min(xs[0], ys[0]) > self.pair[0]:
                continue
            n_compared += len(xs) * len(ys)
            if n_compared > max_compared:
                return False
            work.report_step(STAGE, done, len(bounds))
            self._compare(xs, ys)
        work.report_step(STAGE, len(bounds), len(bounds))
        return True

    def _walk(self) -> None:
        """Go from some circuits to the farthest one, and on from there, as long as the distance grows."""
        starts = np.flatnonzero(np.diff(self.sizes[self.order], prepend=-1))[:_N_STARTS]
        for here in self.order[starts].tolist():
            reached = -1.0
            while True:
                distances = distances_to(self.words, self.sizes, here)
                there = int(np.argmax(distances))
                if distances[there] <= reached:
                    break
                reached = float(distances[there])
                self._take(reached, (min(here, there), max(here, there)))
                here = there

    def _take(self, distance: float, pair: tuple[int, int]) -> None:
        if distance > self.distance or (distance == self.distance and pair < self.pair):
            self.distance, self.pair = distance, pair

    def _blocks(self) -> list[NDArray[np.int64]]:
        """Positions of the circuits of each block, ascending; all circuits of a block have one size."""
        at_most = max(_BLOCK, -(-len(self.order) // _MAX_BLOCKS))
        ends = np.flatnonzero(np.diff(self.sizes[self.order])) + 1
        return [
            same[start : start + at_most]
            for same in np.split(self.order, ends)
            for start in range(0, len(same), at_most)
        ]

    def _bounds(
        self, blocks: list[NDArray[np.int64]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Largest distance possible between circuits of two blocks, largest first, and the blocks."""
        common = np.array([np.bitwise_and.reduce(self.words[block], axis=0) for block in blocks])
        used = np.array([np.bitwise_or.reduce(self.words[block], axis=0) for block in blocks])
        sizes = np.array([self.sizes[block[0]] for block in blocks])
        found: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]] = []
        for x in range(len(blocks)):
            others = np.arange(x, len(blocks))
            theirs, all_theirs, n = common[x:], used[x:], sizes[x:]
            least = np.maximum.reduce(
                [
                    sizes_of(common[x] & theirs),
                    sizes[x] + n - sizes_of(used[x] | all_theirs),
                    sizes[x] - sizes_of(used[x] & ~theirs),
                    n - sizes_of(all_theirs & ~common[x]),
                ]
            )
            bounds = 1.0 - least / np.maximum(sizes[x] + n - least, 1)
            kept = bounds >= self.distance
            found.append((bounds[kept], np.full(int(kept.sum()), x), others[kept]))
        bounds, left, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(-bounds, kind="stable")
        return bounds[order], left[order], right[order]

    def _compare(self, xs: NDArray[np.int64], ys: NDArray[np.int64]) -> None:
        """Compare every circuit of a block with every one of another; the sizes are the same for all pairs."""
        shared = shared_edges(self.words[xs], self.words[ys])
        least = int(shared.min())
        size = int(self.sizes[xs[0]] + self.sizes[ys[0]])
        if not size:  # the empty circuit and itself
            return
        distance = float(1.0 - np.float64(least) / np.float64(size - least))
        if distance < self.distance:
            return
        rows, columns = np.nonzero(shared == least)
        low, high = np.minimum(xs[rows], ys[columns]), np.maximum(xs[rows], ys[columns])
        at = np.lexsort((high, low))[0]
        self._take(distance, (int(low[at]), int(high[at])))


class PairFound(Part):
    """The most different pair of valid circuits in a report
    (:class:`pluriscope.analysis.circuit_sets.rivals.DifferentPair`).
    """

    masks: tuple[Mask, Mask]
    distance: Exact
    exact: bool


class RivalsReport(Report):
    """The circuits that differ most; null where there are too few."""

    of: int = Field(description="Circuits that were looked at: those listed.")
    complete: bool = Field(description="Whether these are all valid ones.")
    pair: PairFound | None

    def findings(self, question: SubjectQuestion) -> list[str]:
        which, part = "valid" if self.complete else "listed", part_of(question)
        if not self.of:
            return ["No circuit is valid, so there is none to compare." if self.complete else "No circuit is listed."]
        if self.pair is None:
            return [f"There is only one {which} circuit, so there is none to compare it with."]
        distance = Fraction(self.pair.distance)
        first, second = (int(mask, 16) for mask in self.pair.masks)
        shared, either = (first & second).bit_count(), (first | second).bit_count()
        farther = "no two are farther apart than" if self.pair.exact else "some are at least as far apart as"
        answer = [
            f"Of the {self.of:,} {which} circuits {farther} {self.pair.masks[0]} and {self.pair.masks[1]}: they share "
            f"{shared} of the {either:,} {part}{'' if either == 1 else 's'} that either keeps, a Jaccard distance of "
            f"{distance} ({float(distance):.2f})."
        ]
        if distance == 1:
            answer.append(f"So the task can be done on two circuits without a common {part}.")
        return answer


def find(of: Analysed[SubjectQuestion], _: Settings, work: Work = DEFAULT_WORK) -> RivalsReport:
    """The rivals among the listed circuits."""
    graph, masks = of.question.graph, of.circuits.masks
    pair = most_different(masks, EdgeLayout((graph.n_bits, 1)), work)  # any with as many edges as masks have bits
    found = None if pair is None else PairFound.showing(pair, context=graph)
    return RivalsReport(of=len(masks), complete=of.circuits.complete, pair=found)
