"""The circuit space as a numbered list that is never written down: the i-th circuit, its rank, and uniform samples.

A structurally possible circuit is, layer by layer, a number of active neurons, the set of them, and a 0/1 matrix over
active neurons without an empty row or column.

1. Counts. ``completions(layer, below, so_far)`` is the number of ways to go on above a layer with so many active
   neurons, if so many hidden ones are active so far; the protocol's filter is applied at the end. It is a dynamic
   programme over a few hundred states, in Python integers.
2. Order. Circuits are numbered by the number of active neurons of the first hidden layer, then its active set, then
   its matrix, then the next layer likewise. Sets are ordered lexicographically, matrices by their entries row by row,
   0 before 1. Rank and unrank walk down that order with exact counts, so they are inverse to one another.
3. Samples. The numbers of active neurons are drawn by their exact weights (a uniform Python integer below the count).
   Given them, active sets are prefixes of uniform permutations, and a matrix is drawn by giving each item of the longer
   side a uniform nonempty set over the shorter side, again and again until every one of the shorter side is used. That
   is uniform over the matrices wanted, and more than half of the trials succeed. Arrays make this fast; no ranks are
   needed.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.space import count_matrices, in_space
from analysis.errors import InvalidIndex
from analysis.networks.circuit import Circuit, EdgeLayout, possible_circuit
from analysis.protocol import COMPLETE, Protocol

_ENTRIES_AT_ONCE: Final = 1 << 22
_State = tuple[int, int]  # active neurons in a layer, active hidden neurons so far


@dataclass(frozen=True)
class Structure:
    """The circuits of a protocol's space over given layer sizes.

    Args:
        sizes: layer sizes ``(n0, …, 1)`` of a network cut to the analysed output; any number of edges.
        protocol: its filters on active neurons define the space.
    """

    sizes: tuple[int, ...]
    protocol: Protocol = COMPLETE
    _known: dict[tuple[int, int, int], int] = field(default_factory=dict, compare=False, repr=False)
    _ends: dict[tuple[int, int, int], list[int]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def layout(self) -> EdgeLayout:
        return EdgeLayout(self.sizes)

    @cached_property
    def count(self) -> int:
        """Circuits in the space."""
        return self.completions(1, self.sizes[0], 0)

    def completions(self, layer: int, below: int, so_far: int) -> int:
        """Ways to choose everything from ``layer`` up.

        Args:
            layer: 1 … L.
            below: active neurons of the layer before.
            so_far: active hidden neurons up to there.
        """
        if layer == len(self.sizes) - 1:
            whole = count_matrices(self.sizes[-1], below)
            return whole if in_space(so_far, self.sizes, self.protocol) else 0
        key = (layer, below, so_far)
        if key not in self._known:
            self._known[key] = sum(
                self._arrangements(layer, below, n) * self.completions(layer + 1, n, so_far + n)
                for n in range(1, self.sizes[layer] + 1)
            )
        return self._known[key]

    def states_below(self, layer: int) -> dict[_State, int]:
        """Ways to wire the layers up to ``layer`` by (active neurons in it, active hidden neurons so far).

        Only those that some circuit of the space continues.
        """
        states = {(self.sizes[0], 0): 1}
        for lower in range(1, layer + 1):
            following: dict[_State, int] = {}
            for (below, so_far), ways in states.items():
                for n in range(1, self.sizes[lower] + 1):
                    if self.completions(lower + 1, n, so_far + n):
                        key = (n, so_far + n)
                        following[key] = following.get(key, 0) + ways * self._arrangements(lower, below, n)
            states = following
        return states

    def _arrangements(self, layer: int, below: int, n_active: int) -> int:
        """Active sets of one size in a layer, times the matrices into one of them."""
        return comb(self.sizes[layer], n_active) * count_matrices(n_active, below)

    def circuit_at(self, rank: int) -> Circuit:
        """The circuit with this rank.

        Raises:
            InvalidIndex: not from 0 up to the count.
        """
        if not 0 <= rank < self.count:
            item, cause = f"circuit {rank:,} of the space", f"there are {self.count:,}"
            raise InvalidIndex(item, cause, "use a number from 0 up to that" if self.count else "use another protocol")
        mask, below, so_far = 0, tuple(range(self.sizes[0])), 0
        for layer in range(1, len(self.sizes) - 1):
            ends = self._block_ends(layer, len(below), so_far)
            n_active = bisect_right(ends, rank) + 1
            rank -= ends[n_active - 2] if n_active > 1 else 0
            arrangement, rank = divmod(rank, self.completions(layer + 1, n_active, so_far + n_active))
            number, matrix = divmod(arrangement, count_matrices(n_active, len(below)))
            active = _subset_at(number, self.sizes[layer], n_active)
            mask |= self._edges(layer, active, below, _matrix_at(matrix, n_active, len(below)))
            below, so_far = active, so_far + n_active
        outputs = tuple(range(self.sizes[-1]))
        last = _matrix_at(rank, len(outputs), len(below))
        return Circuit(self.layout, mask | self._edges(len(self.sizes) - 1, outputs, below, last))

    def _edges(self, layer: int, active: Sequence[int], below: Sequence[int], matrix: Sequence[Sequence[bool]]) -> int:
        mask = 0
        for neuron, row in zip(active, matrix, strict=True):
            for source, kept in zip(below, row, strict=True):
                mask |= int(kept) << self.layout.edge_index(layer, neuron, source)
        return mask

    def rank_of(self, mask: int) -> int:
        """The rank of a circuit of the space.

        Raises:
            InvalidMask: not structurally possible.
            InvalidIndex: possible, but left out by the protocol.
        """
        circuit = possible_circuit(mask, self.layout)
        if not in_space(circuit.n_neurons, self.sizes, self.protocol):
            item = f"mask {circuit.hex}"
            raise InvalidIndex(item, f"is outside the space of protocol {self.protocol.name}", "use another protocol")
        rank, so_far = 0, 0
        active = [[i for i, one in enumerate(layer) if one] for layer in circuit.active]
        for layer in range(1, len(self.sizes)):
            n_active, n_below = len(active[layer]), len(active[layer - 1])
            kept = circuit.keep[layer - 1]
            matrix = [[bool(kept[neuron, source]) for source in active[layer - 1]] for neuron in active[layer]]
            arrangement = _matrix_rank(matrix)
            if layer == len(self.sizes) - 1:
                return rank + arrangement
            arrangement += _subset_rank(active[layer], self.sizes[layer]) * count_matrices(n_active, n_below)
            if n_active > 1:
                rank += self._block_ends(layer, n_below, so_far)[n_active - 2]
            so_far += n_active
            rank += arrangement * self.completions(layer + 1, n_active, so_far)
        return rank

    def samples(self, n_samples: int, *, seed: int) -> Iterator[tuple[NDArray[np.bool_], ...]]:
        """Circuits drawn uniformly and independently, in bounded batches of kept edges.

        The batches are sorted by the numbers of active neurons; together they are the sample.

        Args:
            n_samples: how many; the space must not be empty.
            seed: any integer.

        Yields:
            ``[circuits, n_l, n_(l-1)]`` for layers 1 … L.
        """
        arrays = np.random.default_rng([abs(seed), int(seed < 0)])
        at_once = max(1, _ENTRIES_AT_ONCE // max(self.layout.n_edges, 1))
        for n_active, n_circuits in _numbers_drawn(self, n_samples, seed):
            for start in range(0, n_circuits, at_once):
                yield self._sampled(n_active, min(at_once, n_circuits - start), arrays)

    def numbers_at(self, rank: int) -> tuple[int, ...]:
        """The numbers of active neurons of the circuit with this rank, hidden layer by hidden layer."""
        numbers: list[int] = []
        below, so_far = self.sizes[0], 0
        for layer in range(1, len(self.sizes) - 1):
            ends = self._block_ends(layer, below, so_far)
            n_active = bisect_right(ends, rank) + 1
            rank -= ends[n_active - 2] if n_active > 1 else 0
            numbers.append(n_active)
            below, so_far = n_active, so_far + n_active
            rank %= self.completions(layer + 1, below, so_far)
        return tuple(numbers)

    def _block_ends(self, layer: int, below: int, so_far: int) -> list[int]:
        """Where the ranks with 1, 2, … active neurons in a layer end, given what is below."""
        key = (layer, below, so_far)
        if key not in self._ends:
            blocks = (
                self._arrangements(layer, below, n) * self.completions(layer + 1, n, so_far + n)
                for n in range(1, self.sizes[layer] + 1)
            )
            self._ends[key] = list(accumulate(blocks))
        return self._ends[key]

    def _sampled(
        self, n_active: tuple[int, ...], n_circuits: int, arrays: np.random.Generator
    ) -> tuple[NDArray[np.bool_], ...]:
        keep = []
        numbers = (self.sizes[0], *n_active, self.sizes[-1])
        below = np.tile(np.arange(self.sizes[0]), (n_circuits, 1))
        which = np.arange(n_circuits)[:, None, None]
        for layer in range(1, len(self.sizes)):
            everyone = np.tile(np.arange(self.sizes[layer]), (n_circuits, 1))
            active = np.sort(arrays.permuted(everyone, axis=1)[:, : numbers[layer]], axis=1)
            matrices = np.zeros((n_circuits, self.sizes[layer], self.sizes[layer - 1]), dtype=np.bool_)
            drawn = sampled_matrices(n_circuits, numbers[layer], numbers[layer - 1], arrays)
            matrices[which, active[:, :, None], below[:, None, :]] = drawn
            keep.append(matrices)
            below = active
        return tuple(keep)


@lru_cache(maxsize=64)
def _numbers_drawn(structure: Structure, n_samples: int, seed: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Numbers of active neurons, ascending, each with how many of the circuits drawn have them.

    Kept, for they are the same for every network of these sizes, and finding them takes as long as the rest.
    """
    ranks = random.Random(seed)  # noqa: S311
    drawn = Counter(structure.numbers_at(ranks.randrange(structure.count)) for _ in range(n_samples))
    return tuple(sorted(drawn.items()))


def sampled_matrices(n_matrices: int, n_rows: int, n_columns: int, arrays: np.random.Generator) -> NDArray[np.bool_]:
    """0/1 matrices without an empty row or column, uniform and independent, ``[matrices, rows, columns]``."""
    if n_rows < n_columns:
        return sampled_matrices(n_matrices, n_columns, n_rows, arrays).transpose(0, 2, 1)
    matrices = np.zeros((n_matrices, n_rows, n_columns), dtype=np.bool_)
    wanting = np.arange(n_matrices)
    while len(wanting):
        trials = arrays.integers(0, 2, (len(wanting), n_rows, n_columns), dtype=np.uint8).astype(np.bool_)
        empty = np.nonzero(~trials.any(axis=2))
        while len(empty[0]):
            trials[empty] = arrays.integers(0, 2, (len(empty[0]), n_columns), dtype=np.uint8).astype(np.bool_)
            still = ~trials[empty].any(axis=1)
            empty = (empty[0][still], empty[1][still])
        matrices[wanting] = trials
        uses_all: NDArray[np.bool_] = np.all(np.any(trials, axis=1), axis=1)
        wanting = wanting[~uses_all]
    return matrices


def _subset_at(rank: int, n_items: int, size: int) -> tuple[int, ...]:
    """The subset of ``range(n_items)`` with this rank among those of its size, lexicographically."""
    chosen: list[int] = []
    for item in range(n_items):
        with_item = comb(n_items - item - 1, size - len(chosen) - 1) if len(chosen) < size else 0
        if rank < with_item:
            chosen.append(item)
        else:
            rank -= with_item
    return tuple(chosen)


def _subset_rank(chosen: Sequence[int], n_items: int) -> int:
    rank, place = 0, 0
    for item in range(n_items):
        if place == len(chosen):
            break
        if item == chosen[place]:
            place += 1
        else:
            rank += comb(n_items - item - 1, len(chosen) - place - 1)
    return rank


def _matrix_at(rank: int, n_rows: int, n_columns: int) -> list[list[bool]]:
    """The 0/1 matrix without an empty row or column that has this rank."""
    matrix: list[list[bool]] = []
    used = [False] * n_columns
    for row in range(n_rows):
        entries: list[bool] = []
        for column in range(n_columns):
            zeros = _ways_on(n_rows - row - 1, entries, used, column + 1, n_columns, extra_unused=not used[column])
            entries.append(rank >= zeros)
            if entries[-1]:
                rank -= zeros
        used = [before or now for before, now in zip(used, entries, strict=True)]
        matrix.append(entries)
    return matrix


def _matrix_rank(matrix: Sequence[Sequence[bool]]) -> int:
    n_columns = len(matrix[0])
    rank, used = 0, [False] * n_columns
    for row, entries in enumerate(matrix):
        for column, entry in enumerate(entries):
            if entry:
                rank += _ways_on(
                    len(matrix) - row - 1, entries[:column], used, column + 1, n_columns, extra_unused=not used[column]
                )
        used = [before or now for before, now in zip(used, entries, strict=True)]
    return rank


def _ways_on(
    n_rows_left: int, entries: Sequence[bool], used: Sequence[bool], start: int, n_columns: int, *, extra_unused: bool
) -> int:
    """Ways to complete a matrix if the entry before ``start`` is 0.

    Args:
        n_rows_left: rows after the current one.
        entries: the current row's entries before that one.
        used: columns used in the rows before.
        start: first undecided column of the current row.
        n_columns: columns.
        extra_unused: whether the column of that entry is unused so far.
    """
    unused = sum(1 for entry, before in zip(entries, used, strict=False) if not (entry or before)) + extra_unused
    n_fresh = sum(1 for before in used[start:] if not before)
    return _ways(n_rows_left, unused, n_fresh, n_columns - start - n_fresh, n_columns, any(entries))


@cache
def _ways(n_rows_left: int, unused: int, n_fresh: int, n_stale: int, n_columns: int, nonempty: bool) -> int:
    """Ways to fill the rest of a row and the rows after it.

    Args:
        n_rows_left: rows after it.
        unused: decided columns without an entry so far.
        n_fresh: undecided columns without an entry so far.
        n_stale: undecided columns that have one.
        n_columns: columns.
        nonempty: whether the row has an entry already.
    """
    ways = sum(
        (comb(n_fresh, n) << n_stale) * _covering(n_rows_left, unused + n_fresh - n, n_columns)
        for n in range(n_fresh + 1)
    )
    return ways if nonempty else ways - _covering(n_rows_left, unused + n_fresh, n_columns)


@cache
def _covering(n_rows: int, unused: int, n_columns: int) -> int:
    """Matrices of so many nonempty rows that use each of some columns, by inclusion and exclusion over those."""
    return sum(
        (-1) ** empty * comb(unused, empty) * (2 ** (n_columns - empty) - 1) ** n_rows for empty in range(unused + 1)
    )
