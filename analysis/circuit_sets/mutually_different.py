"""Some circuits of a set that are mutually different: the smallest distance among them is as large as can be.

This is the max-min dispersion problem with Jaccard's distance of sets of edges (Kuby 1987).

1. Up to 2,000 circuits it is solved exactly. For a bound d, circuits are joined where they are at least d apart; r of
   them are mutually that different if the graph has a clique of r. The largest such d among the distances that occur is
   found by bisection, each question by branch and bound over sets of candidates held as bits.
2. Beyond, and where branch and bound takes too many steps, circuits are taken one after the other: the most different
   pair, then again and again the one farthest from those taken (Gonzalez 1985); then single circuits are exchanged as
   long as the smallest distance grows. The distance is then a lower bound.

Of several exact answers the one counts whose masks in ascending order come first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuit_sets.overlap import (
    Words,
    all_distances,
    distances_to,
    jaccard_distance,
    sizes_of,
    words_of,
)
from analysis.networks.circuit import EdgeLayout
from analysis.progress import OutOfTime
from analysis.work import DEFAULT_WORK, Work

MOST: Final = 6
MAX_EXACT: Final = 2_000
MAX_STEPS: Final = 2_000_000
STAGE: Final = "mutually different circuits"


@dataclass(frozen=True)
class DifferentCircuits:
    """Circuits that are mutually different.

    Args:
        masks: ascending.
        distance: the smallest Jaccard distance between two of them.
        exact: whether no other choice of so many circuits is farther apart; else the distance is a lower bound.
        of: circuits of the set.
    """

    masks: tuple[int, ...]
    distance: Fraction
    exact: bool
    of: int


def mutually_different(
    masks: NDArray[Any],
    layout: EdgeLayout,
    pair: tuple[int, int],
    work: Work = DEFAULT_WORK,
    *,
    most: int = MOST,
    max_exact: int = MAX_EXACT,
    max_steps: int = MAX_STEPS,
) -> DifferentCircuits | None:
    """The circuits of a set that are mutually most different; None of fewer than three, where a pair says it all.

    Args:
        masks: ``[circuits]`` different ones, ascending.
        layout: their edge layout.
        pair: masks of a most different pair (:func:`~analysis.circuit_sets.most_different.most_different`).
        work: told between steps; may raise Cancelled, or OutOfTime to end branch and bound.
        most: how many are wanted, from 3; all if there are fewer.
        max_exact: of more circuits the answer is a lower bound.
        max_steps: of branch and bound, for each question.
    """
    n_chosen = min(most, len(masks))
    if n_chosen < 3:
        return None
    words = words_of(masks, layout)
    first = _greedy(words, tuple(int(np.searchsorted(masks, one)) for one in pair), n_chosen)
    exact = False
    chosen = first
    if len(masks) <= max_exact:
        with suppress(OutOfTime):
            chosen, exact = _bisected(all_distances(words, sizes_of(words)), first, n_chosen, work, max_steps)
    found = tuple(int(masks[one]) for one in chosen)
    return DifferentCircuits(
        found, min(jaccard_distance(one, other) for one, other in combinations(found, 2)), exact, len(masks)
    )


def _greedy(words: Words, pair: tuple[int, ...], n_chosen: int) -> list[int]:
    """Circuits taken one after the other, then exchanged one by one; positions, ascending."""
    sizes = sizes_of(words)
    far = {one: distances_to(words, sizes, one) for one in pair}
    chosen = list(pair)
    while len(chosen) < n_chosen:
        chosen.append(_farthest(far, chosen))
        far[chosen[-1]] = distances_to(words, sizes, chosen[-1])
    improved = True
    while improved:
        improved = False
        for number in range(n_chosen):
            others = chosen[:number] + chosen[number + 1 :]
            other = _farthest(far, others)
            far.setdefault(other, distances_to(words, sizes, other))
            if _least(far, [*others, other]) > _least(far, chosen):
                chosen = [*others, other]
                improved = True
        far = {one: far[one] for one in chosen}
    return sorted(chosen)


def _farthest(far: dict[int, NDArray[np.float64]], chosen: list[int]) -> int:
    """The circuit whose smallest distance from the chosen ones is largest, ties by mask."""
    return int(np.argmax(np.minimum.reduce([far[one] for one in chosen])))


def _least(far: dict[int, NDArray[np.float64]], chosen: list[int]) -> float:
    return min(float(far[one][other]) for one, other in combinations(chosen, 2))


def _bisected(
    distances: NDArray[np.float64], first: list[int], n_chosen: int, work: Work, max_steps: int
) -> tuple[list[int], bool]:
    """The best choice and whether it is proved to be the best, beginning with one that is known."""
    levels = np.unique(distances)
    known = min(distances[one, other] for one, other in combinations(first, 2))
    low, high = int(np.searchsorted(levels, known)), len(levels)  # levels[low] is reached, levels[high] is not
    chosen, proved, n_levels = first, True, len(levels)
    while high - low > 1:
        work.tell(STAGE, n_levels - (high - low), n_levels)
        middle = (low + high) // 2
        search = _CliqueSearch(distances >= levels[middle], max_steps)
        clique = search.clique(n_chosen)
        if clique is None:
            proved &= not search.stopped
            high = middle
        else:
            # it may reach a level above the one that was asked for
            low = int(np.searchsorted(levels, min(distances[one, other] for one, other in combinations(clique, 2))))
            chosen = clique
    least = _CliqueSearch(distances >= levels[low], max_steps).clique(n_chosen)
    work.tell(STAGE, n_levels, n_levels)
    return (chosen if least is None else least), proved and least is not None


class _CliqueSearch:
    """Cliques of a graph, vertices in ascending order, so that the first one found is the least.

    Args:
        joined: ``[vertices, vertices]``; a vertex is not joined to itself.
        max_steps: sets of candidates looked at before the search ends.
    """

    def __init__(self, joined: NDArray[np.bool_], max_steps: int) -> None:
        rows = np.packbits(joined, axis=1, bitorder="little")
        self.neighbours = [int.from_bytes(row.tobytes(), "little") for row in rows]
        self.left, self.stopped = max_steps, False

    def clique(self, n_vertices: int) -> list[int] | None:
        """The least clique of so many vertices; None if there is none, or if the search was stopped."""
        return self._within(self._core((1 << len(self.neighbours)) - 1, n_vertices), n_vertices)

    def _core(self, candidates: int, n_vertices: int) -> int:
        """The candidates without those that have too few neighbours among them, again and again."""
        while True:
            kept = candidates
            for vertex in _bits(candidates):
                if (self.neighbours[vertex] & kept).bit_count() < n_vertices - 1:
                    kept &= ~(1 << vertex)
            if kept == candidates:
                return kept
            candidates = kept

    def _within(self, candidates: int, n_vertices: int) -> list[int] | None:
        if candidates.bit_count() < n_vertices:
            return None
        for vertex in _bits(candidates):
            if n_vertices == 1:
                return [vertex]
            if self.left == 0:
                self.stopped = True
                return None
            self.left -= 1
            candidates &= ~(1 << vertex)
            rest = self._within(candidates & self.neighbours[vertex], n_vertices - 1)
            if rest is not None:
                return [vertex, *rest]
            if candidates.bit_count() < n_vertices:
                return None
        return None


def _bits(vertices: int) -> list[int]:
    """The vertices of a set, ascending."""
    octets = np.frombuffer(vertices.to_bytes(-(-vertices.bit_length() // 8) or 1, "little"), dtype=np.uint8)
    return [int(one) for one in np.flatnonzero(np.unpackbits(octets, bitorder="little"))]
