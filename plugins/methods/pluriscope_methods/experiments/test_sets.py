"""Fewest columns of a table that tell all its rows apart: the minimum test set, exactly, by a greedy order, by chance.

Rows are explanations, columns experiments, entries outcomes. Rows that agree everywhere are one class. To tell every
class from every other is a set cover of the pairs; to tell one class from each other, of the others. HiGHS solves the
cover of a few pairs; pairs that its columns leave together are added, until none is left. The cover of fewer pairs
bounds the least number from below.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil, isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int8]
Integers = NDArray[np.intp]
_VALUES: Final = 3  # of an outcome
_PAIRS: Final = 400  # added at once
_ALIKE: Final = 1200  # rows of which every pair is looked at
_CELLS: Final = 1 << 24  # numbers held at once


@dataclass(frozen=True)
class Fewest:
    """Columns that tell rows apart.

    Args:
        columns: which, each the one that separates the most of what those before it leave.
        at_least: how many any such set has.
        essential: columns each of which alone separates some pair.
        greedy: columns of a greedy choice.
    """

    columns: tuple[int, ...]
    at_least: int
    essential: tuple[int, ...]
    greedy: tuple[int, ...]

    @property
    def proved(self) -> bool:
        """Whether no set is smaller."""
        return len(self.columns) == self.at_least


def classes_of(table: Table) -> Integers:
    """The class of each row, from 0."""
    rows = np.ascontiguousarray(table)
    packed = rows.view(np.dtype((np.void, max(rows.shape[1], 1)))) if rows.shape[1] else np.zeros(len(rows))
    return _numbered(packed.ravel())


def pairs_together(counts: Integers) -> tuple[int, int]:
    """Pairs of rows that are in one class, and all pairs."""
    n = int(counts.sum())
    return sum(k * (k - 1) // 2 for k in counts.tolist()), n * (n - 1) // 2


def splits_of(table: Table) -> Integers:
    """Columns that split the rows, one of those that split them alike."""
    found: dict[bytes, int] = {}
    for column in range(table.shape[1]):
        _, first, labels = np.unique(table[:, column], return_index=True, return_inverse=True)
        if len(first) > 1:
            as_they_come = np.argsort(np.argsort(first))[labels.ravel()]
            found.setdefault(as_they_come.astype(np.int8).tobytes(), column)
    return np.array([*found.values()], dtype=np.intp)


def information_bound(table: Table) -> int:
    """Fewest columns whose outcomes could be as many as there are rows, all different."""
    outcomes = sorted((len(np.unique(column)) for column in table.T), reverse=True)
    room, n = 1, 0
    while room < len(table) and n < len(outcomes):
        room, n = room * outcomes[n], n + 1
    return n


def blocks(table: Table, columns: Sequence[int]) -> Integers:
    """Number of the block of each row, of those that some columns leave together."""
    labels = np.zeros(len(table), dtype=np.intp)
    for column in columns:
        labels = _numbered(labels * _VALUES + table[:, column])
    return labels


def _numbered(labels: NDArray[Any]) -> Integers:
    return np.unique(labels, return_inverse=True)[1].ravel()


def _together(labels: Integers, rows: Integers, anchor: int | None) -> NDArray[np.bool_]:
    """Whether each row is in a block with another, or with the anchor."""
    if anchor is None:
        return np.asarray(np.bincount(labels)[labels] > 1)
    return np.asarray(labels == labels[rows == anchor])


def essential(table: Table, anchor: int | None = None) -> list[int]:
    """Columns each of which alone separates some pair."""
    if anchor is not None:
        differ = table != table[anchor]
        return np.flatnonzero(differ[differ.sum(axis=1) == 1].any(axis=0)).tolist()
    weights = _weights(table)
    sums, found = table.astype(np.uint64) @ weights, []
    for column, weight in enumerate(weights):
        rest = sums - table[:, column].astype(np.uint64) * weight  # equal where all else is
        order = np.argsort(rest, kind="stable")
        same = np.flatnonzero(rest[order][1:] == rest[order][:-1])
        if len(same) and (table[order[same]] != table[order[same + 1]]).sum(axis=1).min() == 1:
            found.append(column)
    return found


def _weights(table: Table) -> NDArray[np.uint64]:
    """A random number for each column: rows that differ have different sums, but for a chance of 2^-60."""
    return np.asarray(np.random.default_rng(0).integers(1, 1 << 63, table.shape[1], dtype=np.uint64))


def greedy(table: Table, anchor: int | None = None) -> list[int]:
    """Columns of which each separates the most pairs that those before it leave, and none can go.

    Args:
        table: of rows that all differ.
        anchor: a row, where only pairs with it count.
    """
    return _completed(table, essential(table, anchor), (), anchor)


def _completed(table: Table, needed: list[int], columns: Sequence[int], anchor: int | None) -> list[int]:
    """Columns that are needed, with others, and greedily with more, as few as do, in greedy order."""
    every = _in_order(table, range(table.shape[1]), [*needed, *columns], anchor)
    return _in_order(table, _thinned(table, every, len(needed), anchor), [], anchor)


def _in_order(table: Table, columns: Iterable[int], chosen: list[int], anchor: int | None) -> list[int]:
    labels, rows = blocks(table, chosen), np.arange(len(table))
    waiting = [(-(len(table) ** 2), column) for column in columns]
    while True:
        left = _together(labels, rows, anchor)
        rows, labels = rows[left], _numbered(labels[left])
        if len(rows) < 2:
            return chosen
        while True:  # what a column separates only falls
            _, column = heappop(waiting)
            own = None if anchor is None else int(table[anchor, column])
            heappush(waiting, (-_separated(table[rows, column], labels, own), column))
            if waiting[0][1] == column:
                break
        chosen.append(heappop(waiting)[1])
        labels = _numbered(labels * _VALUES + table[rows, chosen[-1]])


def _separated(column: NDArray[np.int8], labels: Integers, own: int | None) -> int:
    """Pairs of one block that a column separates, twice; or rows that differ from an entry."""
    if own is not None:
        return int((column != own).sum())
    return int((np.bincount(labels) ** 2).sum() - (np.bincount(labels * _VALUES + column) ** 2).sum())


def _thinned(table: Table, chosen: list[int], n_needed: int, anchor: int | None) -> list[int]:
    """Leave out, the first first, what the others do without."""
    if anchor is None:
        weights = _weights(table)
        sums = table[:, chosen].astype(np.uint64) @ weights[chosen]  # different where any entry is
    else:
        weights, table = np.ones(table.shape[1], np.uint64), np.delete(table != table[anchor], anchor, axis=0)
        sums = table[:, chosen].sum(axis=1, dtype=np.uint64)
    for column in chosen[n_needed:]:
        rest = sums - table[:, column].astype(np.uint64) * weights[column]
        if rest.all() if anchor is not None else len(np.unique(rest)) == len(rest):
            chosen, sums = [one for one in chosen if one != column], rest
    return chosen


def least(table: Table, anchor: int | None = None, seconds: float = 60.0) -> Fewest:
    """Fewest columns that tell all rows apart, or one row from all others.

    Args:
        table: of rows that all differ.
        anchor: that row.
        seconds: after which the fewest that were found stand beside what was proved.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # of which a server has no use
    from scipy.sparse import csr_array

    ends, needed = time.perf_counter() + seconds, essential(table, anchor)
    first, others = _completed(table, needed, (), anchor), np.setdiff1d(np.arange(table.shape[1]), needed)
    at_least = max(len(needed), information_bound(table) if anchor is None else min(len(table) - 1, 1))
    best, pairs = first, _left(table, needed, anchor)
    while at_least < len(best) and (left := ends - time.perf_counter()) > 0:
        differ = csr_array(table[pairs[:, :1], others] != table[pairs[:, 1:], others], dtype=np.float64)
        found = milp(
            np.ones(len(others)),
            integrality=np.ones(len(others)),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(differ, lb=1),
            options={"time_limit": left},
        )
        if found.mip_dual_bound is not None and isfinite(found.mip_dual_bound):
            at_least = max(at_least, len(needed) + ceil(found.mip_dual_bound - 1e-6))
        if found.x is None:
            break
        columns = others[found.x > 0.5].tolist()
        best = min(best, _completed(table, needed, columns, anchor), key=len)
        pairs = np.vstack([pairs, _left(table, [*needed, *columns], anchor)])
    return Fewest(tuple(best), at_least, tuple(needed), tuple(first))


def _left(table: Table, columns: Sequence[int], anchor: int | None) -> Integers:
    """Some pairs that columns leave together: those that the fewest columns separate."""
    labels, rows = blocks(table, columns), np.arange(len(table))
    together = _together(labels, rows, anchor)
    rows, labels = rows[together], labels[together]
    if anchor is not None:
        others = rows[rows != anchor]
        pairs = np.stack([np.full(len(others), anchor), others], axis=1)
    elif len(rows) <= _ALIKE:
        one, other = np.triu_indices(len(rows), 1)
        same = labels[one] == labels[other]
        pairs = np.stack([rows[one[same]], rows[other[same]]], axis=1)
    else:  # neighbours in the order of their entries
        order = np.lexsort((*table[rows].T, labels))
        same = labels[order][1:] == labels[order][:-1]
        pairs = np.stack([rows[order][:-1][same], rows[order][1:][same]], axis=1)
    parts = np.array_split(pairs, len(pairs) * table.shape[1] // _CELLS + 1)
    n_apart = np.concatenate([(table[one[:, 0]] != table[one[:, 1]]).sum(axis=1) for one in parts])
    return np.asarray(pairs[np.argsort(n_apart, kind="stable")[:_PAIRS]])
