"""Placing several variables on disjoint sites: exact counts and the best placements, without listing the others.

Whether a variable fits a site does not depend on where the others are, except that sites are disjoint. So everything is
a recursion over variables whose only state is the set of neurons used (2^n numbers for n hidden neurons):

    count_i[used] = Σ   over allowed sites S disjoint from used of count_(i+1)[used ∪ S]
    least_i[used] = min over the same S of cost_i(S) + least_(i+1)[used ∪ S]

``least`` is an exact lower bound, so a beam that keeps, variable after variable, the partial placements whose bound is
among the k lowest loses none of the k best: each partial placement has a completion that attains its bound.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.alignments.sites import MAX_TABLE, SiteTable, min_over_subsets, sum_over_subsets
from analysis.errors import BeyondLimits

Array = NDArray[np.int64]

NEVER = 1 << 58  # cost of a site that is not allowed; a few of them add up without overflow
_CELLS = 2_000_000  # largest table held at once


class Placer:
    """Counts placements on disjoint sites.

    Args:
        table: the sites.
    """

    def __init__(self, table: SiteTable) -> None:
        self.table = table
        self.n_states = 1 << table.n_neurons
        self._states = np.arange(self.n_states, dtype=np.int64)
        fits = len(table.sites) * self.n_states <= _CELLS
        self._all_joined = self._join(table.masks) if fits else None

    def check(self, n_variables: int) -> None:
        """Refuse work that would not end.

        Raises:
            BeyondLimits: three variables or more on too many sites.
        """
        cells = len(self.table.sites) * self.n_states
        if n_variables > 2 and cells > MAX_TABLE:
            raise BeyondLimits(
                "alignments",
                f"{n_variables} variables on {len(self.table.sites)} neuron sets need {cells} steps for each variable, "
                f"against a limit of {MAX_TABLE}",
                "use a narrower network, a smaller depth, or single neurons as sites",
            )

    def count(self, allowed: Sequence[NDArray[np.bool_]]) -> int:
        """How many placements there are.

        Args:
            allowed: ``[sites]`` for each variable, where it may be put.

        Raises:
            BeyondLimits: see :meth:`check`.
        """
        if not allowed:
            return 1
        if len(allowed) > self.table.n_neurons or any(not sites.any() for sites in allowed):
            return 0
        self.check(len(allowed))
        # there are at most (variables + 1)^neurons placements: beyond 64 bits Python's integers take over
        big = (len(allowed) + 1) ** self.table.n_neurons >= 1 << 63
        rest: NDArray[Any] = np.ones(self.n_states, dtype=object if big else np.int64)
        for position in range(len(allowed) - 1, 0, -1):
            sites = np.flatnonzero(allowed[position])
            if position == len(allowed) - 1:
                rest = np.zeros_like(rest)
                rest[self.table.masks[sites]] = 1
                sum_over_subsets(rest)
                rest = rest[::-1]  # from "subsets of" to "disjoint from": the complement has the mirrored index
            else:
                following = np.append(rest, 0)
                rest = sum(
                    (following[joined].sum(axis=0) for _, joined in self.joined(sites)), start=np.zeros_like(rest)
                )
        return int(rest[self.table.masks[allowed[0]]].sum())

    def joined(self, sites: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], Array]]:
        """Chunks of sites with ``[chunk, 2^neurons]``: the index of used ∪ site, or 2^neurons where the two meet."""
        step = max(1, _CELLS // self.n_states)
        for start in range(0, len(sites), step):
            chunk = sites[start : start + step]
            joined = self._join(self.table.masks[chunk]) if self._all_joined is None else self._all_joined[chunk]
            yield chunk, joined

    def _join(self, masks: Array) -> Array:
        meets = (masks[:, None] & self._states) != 0
        return np.where(meets, self.n_states, masks[:, None] | self._states)


class Ranking:
    """The cheapest placements of variables that are known by keys; remembers bounds, which algorithms share.

    A state is the index of the used neurons, plus 2^neurons once some variable was put on a site where it fails.

    Args:
        placer: the sites.
        costs: ``[sites]`` by key, :data:`NEVER` where the variable may not be put.
        fails: ``[sites]`` by key, where the variable fails, to ask for placements with a failing variable; or None.
    """

    def __init__(
        self,
        placer: Placer,
        costs: Mapping[Hashable, Array],
        fails: Mapping[Hashable, NDArray[np.bool_]] | None = None,
    ) -> None:
        self._placer = placer
        self._masks = placer.table.masks
        self._n_states = placer.n_states
        self._costs = costs
        self._fails = fails
        goal = np.zeros(2 * self._n_states, dtype=np.int64)
        goal[: self._n_states] = NEVER  # the end must be reached in the upper half
        self._bounds: dict[tuple[Hashable, ...], Array] = {(): goal}

    def cheapest(self, keys: Sequence[Hashable], keep: int, *, at_most: int | None = None) -> tuple[Array, Array]:
        """The ``keep`` cheapest placements.

        Args:
            keys: one per variable, at least one; equal variables should stand in a fixed order.
            keep: how many, at least 1.
            at_most: also return placements that cost as much as the last one kept, up to so many in all. Ties are cut
                in the order of sites, first variable first.

        Returns:
            ``[placements, variables]`` site numbers and ``[placements]`` costs, cheapest first, ties in site order.

        Raises:
            BeyondLimits: see :meth:`Placer.check`.
        """
        if len(keys) > self._placer.table.n_neurons:
            return np.zeros((0, len(keys)), dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._placer.check(len(keys))
        picks = np.zeros((1, 0), dtype=np.int64)
        states = np.array([self._n_states if self._fails is None else 0], dtype=np.int64)
        spent = np.zeros(1, dtype=np.int64)
        for position, key in enumerate(keys):
            cost, bound = self._costs[key], self._bound(tuple(keys[position + 1 :]))
            rows, sites = self._children(key, states, spent, bound, keep, at_most or keep)
            picks = np.column_stack([picks[rows], sites])
            states, spent = self._after(key, states[rows], sites), spent[rows] + cost[sites]
        order = np.argsort(spent, kind="stable")
        return picks[order], spent[order]

    def _children(
        self, key: Hashable, states: Array, spent: Array, bound: Array, keep: int, at_most: int
    ) -> tuple[Array, Array]:
        """The promising (row, site) extensions of partial placements, in the order of (row, site)."""
        usable = np.flatnonzero(self._costs[key] < NEVER)
        found_rows, found_sites = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        found_totals = np.zeros(0, dtype=np.int64)
        step = max(1, _CELLS // max(1, len(usable)))
        for start in range(0, len(states), step):
            part = states[start : start + step, None]
            disjoint = (part & self._masks[usable]) == 0
            row, column = np.nonzero(disjoint)
            site, row = usable[column], row + start
            total = spent[row] + self._costs[key][site] + bound[self._after(key, states[row], site)]
            possible = total < NEVER
            found_rows = np.concatenate([found_rows, row[possible]])
            found_sites = np.concatenate([found_sites, site[possible]])
            found_totals = np.concatenate([found_totals, total[possible]])
            if len(found_totals) > keep:
                order = np.argsort(found_totals, kind="stable")
                n_good = np.searchsorted(found_totals[order], found_totals[order[keep - 1]], side="right")
                good = np.sort(order[: min(n_good, at_most)])
                found_rows, found_sites, found_totals = found_rows[good], found_sites[good], found_totals[good]
        return found_rows, found_sites

    def _after(self, key: Hashable, states: Array, sites: Array) -> Array:
        """The states once the variable is on those sites."""
        after = states | self._masks[sites]
        return after if self._fails is None else after | np.where(self._fails[key][sites], self._n_states, 0)

    def _bound(self, keys: tuple[Hashable, ...]) -> Array:
        """Least cost of placing these variables, by state."""
        if keys not in self._bounds:
            key, following = keys[0], self._bound(keys[1:])
            low, high = following[: self._n_states], following[self._n_states :]
            cost = self._costs[key]
            upper = self._one_more(cost, high, last=len(keys) == 1)
            lower = np.full_like(upper, NEVER)
            if self._fails is not None:
                fails = self._fails[key]
                lower = self._one_more(np.where(fails, cost, NEVER), high, last=len(keys) == 1)
                if len(keys) > 1:
                    lower = np.minimum(lower, self._one_more(np.where(fails, NEVER, cost), low, last=False))
            self._bounds[keys] = np.concatenate([lower, upper])
        return self._bounds[keys]

    def _one_more(self, cost: Array, following: Array, *, last: bool) -> Array:
        """Least cost with one more variable to place, by the set of used neurons."""
        least = np.full(self._n_states, NEVER, dtype=np.int64)
        if last:
            least[self._masks] = cost
            min_over_subsets(least)
            return least[::-1]
        padded = np.append(following, NEVER)
        for chunk, joined in self._placer.joined(np.flatnonzero(cost < NEVER)):
            least = np.minimum(least, (padded[joined] + cost[chunk, None]).min(axis=0))
        return np.minimum(least, NEVER)
