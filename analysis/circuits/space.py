"""The circuit space without listing it: how many circuits it has, by what they keep, and uniform samples of them.

A circuit is fixed by its active sets and, between neighbouring layers, a 0/1 matrix over active neurons without an
empty row (each has an edge in) or an empty column (each has an edge out). Only the sizes of the active sets matter to
the number of such matrices.

1. Counts. ``completions(layer, below, so_far)`` is the number of ways to go on above a layer with so many active
   neurons, if so many hidden ones are active so far; the protocol's filter is applied at the end. It is a dynamic
   programme over a few hundred states, in Python integers.
2. Samples. The numbers of active neurons are drawn by their exact weights (a uniform Python integer below the count).
   Given them, active sets are prefixes of uniform permutations, and a matrix is drawn by giving each item of the longer
   side a uniform nonempty set over the shorter side, again and again until every one of the shorter side is used. That
   is uniform over the matrices wanted, and more than half of the trials succeed. Arrays make this fast.
3. Samples of circuits with at most so many edges. The numbers of active neurons and of edges of every layer are drawn
   by their exact weights; a matrix is then any one with so many edges, again and again until every row and column has
   one: some 10 to 40 trials on average at widths up to 8.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from math import ceil, comb
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.protocol import COMPLETE, Protocol, in_space
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout

_ENTRIES_AT_ONCE: Final = 1 << 22
_CIRCUITS_AT_ONCE: Final = 1 << 12  # at least, where so many are left: few have the same shape
_State = tuple[int, int]  # active neurons in a layer, active hidden neurons so far
_Shape = tuple[int, int | None]  # active neurons in a layer, edges into them; None for any number


@cache
def count_matrices(n_rows: int, n_columns: int) -> int:
    """0/1 matrices without an empty row or column, by inclusion and exclusion over the shorter side."""
    n_rows, n_columns = max(n_rows, n_columns), min(n_rows, n_columns)
    return sum(
        (-1) ** empty * comb(n_columns, empty) * (2 ** (n_columns - empty) - 1) ** n_rows
        for empty in range(n_columns + 1)
    )


def count_in_space(sizes: Sequence[int], protocol: Protocol) -> int:
    """Circuits of the protocol's space: the possible ones that pass its filters on active neurons."""
    return _structure(tuple(sizes), protocol).count


def may_end_in_space(sizes: Sequence[int], protocol: Protocol, layer: int, n_active: int) -> bool:
    """Whether layers above ``layer`` can bring so many active neurons up to it into the space."""
    above = sizes[layer + 1 : -1]
    return any(in_space(n_active + more, sizes, protocol) for more in range(len(above), sum(above) + 1))


@lru_cache(maxsize=64)
def count_by_edges(sizes: tuple[int, ...], protocol: Protocol, most: int) -> Mapping[int, int]:
    """Circuits of the protocol's space by number of edges, exactly, of those with at most ``most`` edges."""
    states = {(sizes[0], 0, 0): 1}  # (active in this layer, active hidden neurons so far, edges so far) → ways
    n_layers = len(sizes) - 1
    for layer in range(1, n_layers):
        following: dict[tuple[int, int, int], int] = defaultdict(int)
        for (below, so_far, n_edges), ways in states.items():
            for n_active in range(1, min(sizes[layer], most - n_edges) + 1):
                # the layers above have an edge for each active neuron, and one more each
                for n_more in range(max(below, n_active), most - n_edges - n_active - (n_layers - layer - 1) + 1):
                    matrices = comb(sizes[layer], n_active) * count_matrices_with(n_active, below, n_more)
                    if matrices:
                        following[n_active, so_far + n_active, n_edges + n_more] += ways * matrices
        states = following
    counts: dict[int, int] = defaultdict(int)
    for (below, so_far, n_edges), ways in states.items():
        if n_edges + below * sizes[-1] <= most and in_space(so_far, sizes, protocol):
            counts[n_edges + below] += ways  # to the only output
    return MappingProxyType({n: number for n, number in sorted(counts.items()) if number})


@cache
def count_matrices_with(n_rows: int, n_columns: int, n_ones: int) -> int:
    """0/1 matrices without an empty row or column that have so many ones, by inclusion and exclusion over both."""
    return sum(
        (-1) ** (rows + columns)
        * comb(n_rows, rows)
        * comb(n_columns, columns)
        * comb((n_rows - rows) * (n_columns - columns), n_ones)
        for rows in range(n_rows + 1)
        for columns in range(n_columns + 1)
    )


@lru_cache(maxsize=1 << 16)
def _ways_up(sizes: tuple[int, ...], protocol: Protocol, layer: int, below: int, so_far: int, most: int) -> int:
    """Ways to choose everything from ``layer`` up with at most ``most`` edges."""
    if layer == len(sizes) - 1:
        return int(below * sizes[-1] <= most and in_space(so_far, sizes, protocol))
    return sum(ways for *_, ways in _shapes_up(sizes, protocol, layer, below, so_far, most))


def _shapes_up(
    sizes: tuple[int, ...], protocol: Protocol, layer: int, below: int, so_far: int, most: int
) -> Iterator[tuple[int, int, int, int]]:
    """Active neurons and edges that a layer can have, the ways to go on above it, and all ways with these."""
    for n in range(1, min(sizes[layer], most) + 1):
        for n_edges in range(max(n, below), min(n * below, most) + 1):
            above = _ways_up(sizes, protocol, layer + 1, n, so_far + n, most - n_edges)
            ways = comb(sizes[layer], n) * count_matrices_with(n, below, n_edges) * above
            if ways:
                yield n, n_edges, above, ways


def _shapes_of(
    sizes: tuple[int, ...], protocol: Protocol, most: int, ranks: Sequence[int], shape: tuple[_Shape, ...] = ()
) -> Iterator[tuple[tuple[_Shape, ...], int]]:
    """Active neurons and edges of each hidden layer, of circuits by their ranks among those that begin like this."""
    layer, below, so_far = len(shape) + 1, shape[-1][0] if shape else sizes[0], sum(n for n, _ in shape)
    if layer == len(sizes) - 1:
        yield shape, len(ranks)
        return
    start = first = 0
    ranks = sorted(ranks)
    for n, n_edges, above, ways in _shapes_up(sizes, protocol, layer, below, so_far, most):
        last = bisect_left(ranks, start + ways)
        if last > first:
            inner = [(rank - start) % above for rank in ranks[first:last]]
            yield from _shapes_of(sizes, protocol, most - n_edges, inner, (*shape, (n, n_edges)))
        start, first = start + ways, last


@dataclass(frozen=True)
class Structure:
    """The circuits of a protocol's space over given layer sizes.

    Args:
        sizes: layer sizes ``(n0, …, 1)`` of a network cut to the analysed output; any number of edges.
        protocol: its filters on active neurons define the space.
        most_edges: the space's circuits have at most so many; None for any number.
    """

    sizes: tuple[int, ...]
    protocol: Protocol = COMPLETE
    most_edges: int | None = None
    _ends: dict[tuple[int, int, int], list[int]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def layout(self) -> EdgeLayout:
        return EdgeLayout(self.sizes)

    @cached_property
    def count(self) -> int:
        """Circuits in the space."""
        if self.most_edges is not None:
            return _ways_up(self.sizes, self.protocol, 1, self.sizes[0], 0, self.most_edges)
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
        return self._block_ends(layer, below, so_far)[-1]

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

    def samples(self, n_samples: int, *, seed: int) -> Iterator[tuple[NDArray[np.bool_], ...]]:
        """Circuits drawn uniformly and independently, in bounded batches sorted by the numbers of active neurons.

        Args:
            n_samples: how many; the space must not be empty.
            seed: any integer.

        Yields:
            ``[circuits, n_l, n_(l-1)]`` for layers 1 … L, not to be changed.
        """
        chance = random.Random(seed)  # noqa: S311  # a sample that anyone can draw again, not a secret
        ranks = [chance.randrange(self.count) for _ in range(n_samples)]
        arrays = np.random.default_rng([abs(seed), int(seed < 0)])
        at_once = max(1, _ENTRIES_AT_ONCE // max(self.layout.n_edges, 1))
        shapes: Iterator[tuple[tuple[_Shape, ...], int]]
        if self.most_edges is None:
            shapes = ((tuple((n, None) for n in numbers), each) for numbers, each in self.numbers_of(ranks))
        else:
            shapes = _shapes_of(self.sizes, self.protocol, self.most_edges, ranks)
        some, n_some = list[tuple[NDArray[np.bool_], ...]](), 0
        for shape, n_circuits in shapes:
            for start in range(0, n_circuits, at_once):
                some.append(self._sampled(shape, min(at_once, n_circuits - start), arrays))
                n_some += len(some[-1][0])
                if n_some >= _CIRCUITS_AT_ONCE:
                    yield tuple(map(np.concatenate, zip(*some, strict=True)))
                    some, n_some = [], 0
        if some:
            yield tuple(map(np.concatenate, zip(*some, strict=True)))

    def numbers_of(self, ranks: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
        """Active neurons by hidden layer of the circuits numbered by these, ascending, and how many have them."""
        yield from self._numbers_above((), self.sizes[0], 0, ranks)

    def _numbers_above(
        self, numbers: tuple[int, ...], below: int, so_far: int, ranks: Sequence[int]
    ) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield the active neurons by hidden layer of circuits with these numbers up to a layer, by their ranks among
        all such.
        """
        layer = len(numbers) + 1
        if layer == len(self.sizes) - 1:
            yield numbers, len(ranks)
            return
        start = first = 0
        ranks = sorted(ranks)
        for n_active, end in enumerate(self._block_ends(layer, below, so_far), start=1):
            last = bisect_left(ranks, end)
            if last > first:
                each = self.completions(layer + 1, n_active, so_far + n_active)
                inner = [(rank - start) % each for rank in ranks[first:last]]
                yield from self._numbers_above((*numbers, n_active), n_active, so_far + n_active, inner)
            start, first = end, last

    def _block_ends(self, layer: int, below: int, so_far: int) -> list[int]:
        """Return the ranks at which the circuits with 1, 2, … active neurons in a layer end, given the layers below."""
        key = (layer, below, so_far)
        if key not in self._ends:
            blocks = (
                self._arrangements(layer, below, n) * self.completions(layer + 1, n, so_far + n)
                for n in range(1, self.sizes[layer] + 1)
            )
            self._ends[key] = list(accumulate(blocks))
        return self._ends[key]

    def _sampled(
        self, shape: tuple[_Shape, ...], n_circuits: int, arrays: np.random.Generator
    ) -> tuple[NDArray[np.bool_], ...]:
        keep = []
        numbers, n_edges = zip((self.sizes[0], None), *shape, (self.sizes[-1], None), strict=True)
        below = np.tile(np.arange(self.sizes[0]), (n_circuits, 1))
        which = np.arange(n_circuits)[:, None, None]
        for layer in range(1, len(self.sizes)):
            everyone = np.tile(np.arange(self.sizes[layer]), (n_circuits, 1))
            active = np.sort(arrays.permuted(everyone, axis=1)[:, : numbers[layer]], axis=1)
            matrices = np.zeros((n_circuits, self.sizes[layer], self.sizes[layer - 1]), dtype=np.bool_)
            ones = n_edges[layer]
            drawn = (
                sampled_matrices(n_circuits, numbers[layer], numbers[layer - 1], arrays)
                if ones is None
                else sampled_matrices_with(n_circuits, numbers[layer], numbers[layer - 1], ones, arrays)
            )
            matrices[which, active[:, :, None], below[:, None, :]] = drawn
            keep.append(matrices)
            below = active
        return tuple(keep)


_structure = lru_cache(maxsize=64)(Structure)


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


def sampled_matrices_with(
    n_matrices: int, n_rows: int, n_columns: int, n_ones: int, arrays: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw matrices with so many ones in all and a one in each row and column, uniformly; ``[matrices, rows,
    columns]``.
    """
    needed = comb(n_rows * n_columns, n_ones) / count_matrices_with(n_rows, n_columns, n_ones)  # trials a matrix
    found, n_found = list[NDArray[np.bool_]](), 0
    while n_found < n_matrices:
        n_trials = min(ceil(needed * (n_matrices - n_found)), _ENTRIES_AT_ONCE // (n_rows * n_columns)) + 1
        ones = np.argpartition(arrays.random((n_trials, n_rows * n_columns)), n_ones - 1, axis=1)[:, :n_ones]
        drawn = np.zeros((n_trials, n_rows * n_columns), dtype=np.bool_)
        np.put_along_axis(drawn, ones, values=True, axis=1)
        trials = drawn.reshape(n_trials, n_rows, n_columns)
        uses_all: NDArray[np.bool_] = np.all(np.any(trials, axis=1), axis=1) & np.all(np.any(trials, axis=2), axis=1)
        found.append(trials[uses_all])
        n_found += len(found[-1])
    return np.concatenate(found)[:n_matrices]
