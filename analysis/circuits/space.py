"""The circuit space: how many structurally possible circuits a network has, exactly, without listing them.

A circuit is fixed by its active sets and, between neighbouring layers, a 0/1 matrix over active neurons without an
empty row (each has an edge in) or an empty column (each has an edge out). Only the sizes of the active sets matter to
the number of such matrices, so a dynamic programme over (active in this layer, active so far) counts them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from math import comb
from types import MappingProxyType

from analysis.protocol import Protocol


@cache
def count_matrices(n_rows: int, n_columns: int) -> int:
    """0/1 matrices without an empty row or column, by inclusion and exclusion over empty columns.

    A matrix and its transpose count alike, so the sum goes over the shorter side: of one row and 1,600 columns it has
    one term instead of 1,600 with binomials of hundreds of digits.
    """
    n_rows, n_columns = max(n_rows, n_columns), min(n_rows, n_columns)
    return sum(
        (-1) ** empty * comb(n_columns, empty) * (2 ** (n_columns - empty) - 1) ** n_rows
        for empty in range(n_columns + 1)
    )


def count_in_space(sizes: Sequence[int], protocol: Protocol) -> int:
    """Circuits of the protocol's space: the possible ones that pass its filters on active neurons."""
    counts = _by_active_neurons(tuple(sizes))
    return sum(count for n_active, count in counts.items() if in_space(n_active, sizes, protocol))


def in_space(n_active: int, sizes: Sequence[int], protocol: Protocol) -> bool:
    """Whether circuits with so many active hidden neurons belong to the protocol's space.

    The authors leave out circuits in which every neuron is active, and require the share of inactive hidden neurons to
    exceed 1/5 where the widest hidden layer is 4, and 3/10 where it is 5 or more (exact fractions).
    """
    hidden = list(sizes[1:-1])
    if protocol.circuit_space == "without_full_node_mask" and n_active == sum(hidden):
        return False
    if protocol.node_sparsity == "none" or not hidden or max(hidden) < 4:
        return True
    least = Fraction(1, 5) if max(hidden) == 4 else Fraction(3, 10)
    return Fraction(sum(hidden) - n_active, sum(hidden)) > least


def count_by_edges(sizes: Sequence[int], protocol: Protocol, most: int) -> Mapping[int, int]:
    """Circuits of the protocol's space by number of edges, exactly, of those with at most ``most`` edges."""
    return _by_edges(tuple(sizes), protocol, most)


@lru_cache(maxsize=64)
def _by_edges(sizes: tuple[int, ...], protocol: Protocol, most: int) -> Mapping[int, int]:
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


@cache
def _by_active_neurons(sizes: tuple[int, ...]) -> dict[int, int]:
    """Possible circuits by their number of active hidden neurons."""
    states = {(sizes[0], 0): 1}  # (active in this layer, active hidden neurons so far) → ways
    for width in sizes[1:-1]:
        following: dict[tuple[int, int], int] = defaultdict(int)
        for (below, so_far), ways in states.items():
            for n_active in range(1, width + 1):
                matrices = comb(width, n_active) * count_matrices(n_active, below)
                following[n_active, so_far + n_active] += ways * matrices
        states = following
    counts: dict[int, int] = defaultdict(int)
    for (below, so_far), ways in states.items():
        counts[so_far] += ways * count_matrices(sizes[-1], below)
    return dict(counts)
