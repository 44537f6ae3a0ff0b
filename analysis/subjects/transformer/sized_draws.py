"""Circuits of a transformer with exactly so many edges, drawn uniformly.

1. Masks are drawn from a larger set: those whose active nodes read all that they have to, from active ones, while it is
   not yet asked that something reads them. Only the number of active sources matters to how many of these have so many
   edges. So how many nodes of each column are active, and how many edges each slot of them keeps, is drawn by exact
   integer weights, one number after another. Which nodes and edges they are is then uniform.
2. Masks with a node that nothing reads are thrown away. What is left is uniform over the circuits. The share that is
   left is known, circuits by masks of so many edges, and tests ask that it is large.

A sum over all numbers of edges is one integer, whose digits to a power of two that no count reaches are the counts.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import accumulate
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.graph import Masks

Sizes = tuple[int, ...]


class SizedDraws:
    """Masks by their number of edges.

    Args:
        columns: nodes that a circuit may do without, by column, at least one of each.
        reads: for each node and slot the edges into it, in the order of sources; of the logits last.
        n_bits: of a mask.
        ways: first node of a column, its active sources, a weight → the sum of the weight to the power of the edges
            over all that such a node may read when it is active.
        pruned: whether a head needs a value, and a query and a key or neither.
    """

    def __init__(
        self,
        columns: Sequence[Sequence[int]],
        reads: Mapping[tuple[int, str], list[int]],
        n_bits: int,
        ways: Callable[[int, int, int], int],
        *,
        pruned: bool,
    ) -> None:
        self._columns, self._n_bits, self._pruned = [np.array(column) for column in columns], n_bits, pruned
        self._n_given, self._digit = columns[0][0], n_bits + 1
        self._weight = 1 << self._digit
        self._edges: dict[int, list[NDArray[np.intp]]] = {}
        for (node, _), edges in reads.items():
            self._edges.setdefault(node, []).append(np.array(edges))
        self._ends: dict[Hashable, list[int]] = {}
        self._ways = cache(lambda column, n_sources: ways(columns[column][0], n_sources, self._weight))
        self._onward, self._digits = cache(self._sum_from), cache(self._digits_of)

    def count(self, bits: int) -> int:
        """Masks of the larger set with so many edges."""
        return self._digits(self._onward(0, self._n_given))[bits]

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        """Draw for each number of edges a mask of the larger set ``[n, bits]``, uniform and independent."""
        exact = random.Random(chance.bytes(16))  # noqa: S311  # a sample that anyone can draw again, not a secret
        together: dict[Sizes, dict[int, Sizes]] = {}
        for at, n_edges in enumerate(bits.tolist()):
            numbers = self._numbers(n_edges, exact)
            together.setdefault(numbers, {})[at] = self._sizes(n_edges, numbers, exact)
        masks = np.zeros((len(bits), self._n_bits), dtype=np.bool_)
        for numbers, sizes in together.items():
            masks[list(sizes)] = self._masks(numbers, np.array(list(sizes.values())), chance)
        return masks

    def _sum_from(self, column: int, n_sources: int) -> int:
        """The weighted sum over all that the nodes from a column on may read, with so many active sources before it."""
        if column == len(self._columns):
            return 1
        n = len(self._columns[column])
        return sum(
            comb(n, n_on) * self._column(column, n_sources, n_on) * self._onward(column + 1, n_sources + n_on)
            for n_on in range(n + 1)
        )

    def _column(self, column: int, n_sources: int, n_on: int) -> int:
        """The weighted sum over all that so many active nodes of a column may read; the last one's with the logits."""
        found: int = self._ways(column, n_sources) ** n_on
        if column == len(self._columns) - 1:  # only the logits can read them, and so they do
            found *= self._weight**n_on * (1 + self._weight) ** n_sources
        return found

    def _digits_of(self, total: int) -> list[int]:
        low = self._weight - 1
        return [total >> bits * self._digit & low for bits in range(self._n_bits + 1)]

    def _chosen(self, exact: random.Random, key: Hashable, weights: Callable[[], Iterable[int]]) -> int:
        """A position drawn by exact weights, which are kept under a key."""
        ends = self._ends.get(key)
        if ends is None:
            ends = self._ends[key] = list(accumulate(weights()))
        return bisect_right(ends, exact.randrange(ends[-1]))

    def _numbers(self, bits: int, exact: random.Random) -> Sizes:
        """Draw how many nodes of each column are active."""
        numbers: Sizes = ()
        while len(numbers) < len(self._columns):
            numbers += (self._chosen(exact, (bits, numbers), partial(self._by_number, bits, numbers)),)
        return numbers

    def _by_number(self, bits: int, before: Sizes) -> Iterable[int]:
        column, n_sources, so_far = len(before), self._n_given, 1
        for at, n_on in enumerate(before):
            so_far *= self._column(at, n_sources, n_on)
            n_sources += n_on
        n = len(self._columns[column])
        for n_on in range(n + 1):
            onward = self._column(column, n_sources, n_on) * self._onward(column + 1, n_sources + n_on)
            yield comb(n, n_on) * self._digits(so_far * onward)[bits]

    def _sizes(self, bits: int, numbers: Sizes, exact: random.Random) -> Sizes:
        """Draw how many edges each slot of each active node keeps, and the logits of those before the last column."""
        left, sizes, sources = bits - numbers[-1], list[int](), list(accumulate(numbers, initial=self._n_given))
        units = [(column, sources[column]) for column, n_on in enumerate(numbers) for _ in range(n_on)]
        sums = [self._ways(*unit) for unit in units]
        for at, (column, n_sources) in enumerate(units):
            kept = self._chosen(exact, (left, numbers, at), partial(self._by_size, left, sums[at:], sources[-2]))
            left -= kept
            if self._in_slots(column):
                splits = _splits(n_sources, kept)
                which = self._chosen(exact, (n_sources, kept, "slots"), splits.values)
                sizes += list(splits)[which]
            else:
                sizes.append(kept)
        return (*sizes, left)

    def _by_size(self, left: int, sums: Sequence[int], free: int) -> Iterable[int]:
        """Count the ways by the edges of the first of some nodes, that the logits go after."""
        own, others = self._digits(sums[0]), self._digits(prod(sums[1:], start=(1 + self._weight) ** free))
        return (own[kept] * others[left - kept] for kept in range(left + 1))

    def _in_slots(self, column: int) -> bool:
        """Decide whether the slots of a node are drawn one by one."""
        return self._pruned and len(self._edges[self._columns[column][0]]) > 1

    def _masks(self, numbers: Sizes, sizes: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        """Draw masks with these numbers of active nodes, ``sizes`` being ``[masks, slots]``."""
        n, at = len(sizes), iter(sizes.T)
        masks, rows = np.zeros((n, self._n_bits), dtype=np.bool_), np.arange(n)[:, None]
        before, (logits,) = np.tile(np.arange(self._n_given), (n, 1)), list(self._edges.values())[-1]
        for column, n_on in enumerate(numbers):
            nodes = self._columns[column]
            sources, active = before, nodes[_shuffled(n, len(nodes), chance)[:, :n_on]]
            into = np.array([self._edges[node] for node in nodes])  # [nodes, slots, sources]
            for one in (active - nodes[0]).T:
                slots = into[one[:, None, None], np.arange(into.shape[1])[:, None], sources[:, None]]
                for edges in slots.swapaxes(0, 1) if self._in_slots(column) else [slots.reshape(n, -1)]:
                    masks[rows, edges] = _shuffled(n, edges.shape[1], chance) < next(at)[:, None]
            before = np.concatenate([sources, active], axis=1)
        masks[rows, logits[active]] = True
        masks[rows, logits[sources]] = _shuffled(n, sources.shape[1], chance) < next(at)[:, None]
        return masks


def _shuffled(n: int, length: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Draw uniform permutations, ``[n, length]``."""
    return chance.permuted(np.tile(np.arange(length), (n, 1)), axis=1)


@cache
def _splits(n_sources: int, kept: int) -> dict[tuple[int, int, int], int]:
    """Return the numbers of edges of query, key and value that a pruned head may keep of so many, and the ways to
    choose these.
    """
    found = {}
    for query in range(min(n_sources, kept) + 1):
        for key in range(min(n_sources, kept - query) + 1):
            value = kept - query - key
            if 0 < value <= n_sources and (query > 0) == (key > 0):
                found[query, key, value] = prod(comb(n_sources, one) for one in (query, key, value))
    return found
