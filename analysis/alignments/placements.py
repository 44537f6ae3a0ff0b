"""Placing several variables on disjoint sites: exact counts and the best placements, without listing the others.

Whether a variable fits a site does not depend on where the others are, except that sites are disjoint. So everything is
a recursion over variables whose only state is the set of neurons used (2^n numbers for n hidden neurons):

    count_i[used] = Σ   over allowed sites S disjoint from used of count_(i+1)[used ∪ S]
    least_i[used] = min over the same S of cost_i(S) + least_(i+1)[used ∪ S]

``least`` is an exact lower bound, so a beam that keeps, variable after variable, the partial placements whose bound is
among the k lowest loses none of the k best: each partial placement has a completion that attains its bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.alignments.sites import MAX_TABLE, SiteTable, over_subsets
from analysis.errors import BeyondLimits

Array = NDArray[np.int64]

NEVER = 1 << 58  # cost of a site that is not allowed; a few of them add up without overflow
_CELLS = 2_000_000  # largest table held at once
_CELLS_WORTH_CHOOSING = 20_000  # in larger tables each problem looks at those sites only that a least cost can need
_BOUND_CELLS = 16_000_000  # bounds remembered, in numbers of eight bytes


class Placer:
    """Counts placements on disjoint sites."""

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
                over_subsets(np.add, rest)
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


def can_be_placed(table: SiteTable, allowed: Sequence[NDArray[np.bool_]]) -> bool:
    """Whether there is a placement of variables on disjoint sites at all.

    A variable that may be put on a set and on a smaller one inside needs the smaller one alone: it leaves more room to
    the others. So few sets are tried, whatever the number of neurons.

    Args:
        allowed: ``[sites]`` for each variable, where it may be put.
    """
    if any(not sites.any() for sites in allowed):
        return False
    choices: list[list[int]] = [table.masks[sites].tolist() for sites in table.minimal(np.stack(allowed))]
    choices.sort(key=len)

    def placed(position: int, used: int) -> bool:
        if position == len(choices):
            return True
        return any(not used & mask and placed(position + 1, used | mask) for mask in choices[position])

    return placed(0, 0)


class Ranking:
    """The cheapest placements of variables that are known by keys; remembers bounds, which algorithms share.

    A state is the index of the used neurons, plus 2^neurons once some variable was put on a site where it fails.

    Args:
        placer: the sites.
        costs: ``[sites]`` by key, :data:`NEVER` where the variable may not be put.
        fails: ``[sites]`` by key, where the variable fails, to ask for placements with a failing variable; or None.
    """

    def __init__(
        self, placer: Placer, costs: Mapping[Hashable, Array], fails: Mapping[Hashable, NDArray[np.bool_]] | None = None
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
        return self.cheapest_of_each([keys], keep, at_most=at_most)[0]

    def cheapest_of_each(
        self, problems: Sequence[Sequence[Hashable]], keep: int, *, at_most: int | None = None
    ) -> list[tuple[Array, Array]]:
        """As :meth:`cheapest` of each of several lists of keys, in a few array operations for all of them.

        A beam keeps, variable after variable, the partial placements whose bound is among the lowest.
        """
        most = at_most or keep
        n_sites = len(self._placer.table.sites)
        at_once = max(1, _CELLS // max(most * n_sites, 2 * self._n_states))
        found = [(np.zeros((0, len(keys)), dtype=np.int64), np.zeros(0, dtype=np.int64)) for keys in problems]
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, keys in enumerate(problems):
            by_length[len(keys)].append(number)
        for n_variables, numbers in by_length.items():
            if n_variables > self._placer.table.n_neurons:
                continue
            self._placer.check(n_variables)
            for start in range(0, len(numbers), at_once):
                part = numbers[start : start + at_once]
                for number, result in zip(part, self._beams([problems[i] for i in part], keep, most), strict=True):
                    found[number] = result
        return found

    def _beams(self, problems: Sequence[Sequence[Hashable]], keep: int, at_most: int) -> list[tuple[Array, Array]]:
        """The cheapest placements of problems with equally many variables, side by side."""
        keys = list({key: None for problem in problems for key in problem})
        numbers = {key: number for number, key in enumerate(keys)}
        chosen = np.array([[numbers[key] for key in problem] for problem in problems])
        costs = np.stack([self._costs[key] for key in keys])
        fails = None if self._fails is None else np.stack([self._fails[key] for key in keys])
        self._make_room()
        self._make_bounds([tuple(problem[1:]) for problem in problems])
        problem = np.arange(len(problems))
        picks = np.zeros((len(problems), 0), dtype=np.int64)
        states = np.full(len(problems), self._n_states if fails is None else 0, dtype=np.int64)
        spent = np.zeros(len(problems), dtype=np.int64)
        for position in range(chosen.shape[1]):
            bounds = np.stack([self._bounds[tuple(keys[position + 1 :])] for keys in problems])
            key = chosen[problem, position]
            found = np.zeros((6, 0), dtype=np.int64)
            step = max(1, _CELLS // len(self._masks))
            for start in range(0, len(problem), step):
                part = slice(start, start + step)
                row, site = np.nonzero(((states[part, None] & self._masks) == 0) & (costs[key[part]] < NEVER))
                row += start
                after = states[row] | self._masks[site]
                if fails is not None:
                    after |= np.where(fails[key[row], site], self._n_states, 0)
                cost = spent[row] + costs[key[row], site]
                more = np.stack([problem[row], row, site, after, cost, cost + bounds[problem[row], after]])
                found = np.concatenate([found, more], axis=1)
                found = found[:, _cheapest_of_each(found[0], found[-1], keep, at_most)]
            problem, rows, sites, states, spent, _ = found
            picks = np.column_stack([picks[rows], sites])
        order = np.lexsort((spent, problem))
        ends = np.searchsorted(problem, np.arange(1, len(problems)))
        return list(zip(np.split(picks[order], ends), np.split(spent[order], ends), strict=True))

    def _make_room(self) -> None:
        """Forget the bounds if they have become many; they can be made again."""
        if len(self._bounds) * 2 * self._n_states > _BOUND_CELLS:
            self._bounds = {(): self._bounds[()]}

    def _make_bounds(self, problems: Sequence[tuple[Hashable, ...]]) -> None:
        """Have the bounds of these lists of keys, and of all their ends, at hand."""
        missing: dict[int, dict[tuple[Hashable, ...], None]] = defaultdict(dict)
        for keys in problems:
            while keys not in self._bounds:
                missing[len(keys)][keys] = None
                keys = keys[1:]
        at_once = max(1, _CELLS // (2 * self._n_states))
        for length, group in sorted(missing.items()):
            todo = list(group)
            for start in range(0, len(todo), at_once):
                part = todo[start : start + at_once]
                self._bounds.update(zip(part, self._bounds_of(part, length), strict=True))

    def _bounds_of(self, problems: Sequence[tuple[Hashable, ...]], length: int) -> Array:
        """``[problems, 2 · 2^neurons]`` the bounds of lists of keys whose ends are known."""
        following = np.stack([self._bounds[keys[1:]] for keys in problems])
        low, high = following[:, : self._n_states], following[:, self._n_states :]
        costs = np.stack([self._costs[keys[0]] for keys in problems])
        upper = self._one_more(costs, high, last=length == 1)
        lower = np.full_like(upper, NEVER)
        if self._fails is not None:
            fails = np.stack([self._fails[keys[0]] for keys in problems])
            lower = self._one_more(np.where(fails, costs, NEVER), high, last=length == 1)
            if length > 1:
                lower = np.minimum(lower, self._one_more(np.where(fails, NEVER, costs), low, last=False))
        return np.concatenate([lower, upper], axis=1)

    def _one_more(self, costs: Array, following: Array, *, last: bool) -> Array:
        """Least cost with one more variable to place, by problem and set of used neurons.

        Args:
            costs: ``[problems, sites]``.
            following: ``[problems, 2^neurons]`` least cost of the variables after it.
            last: whether there are none.
        """
        least = np.full((len(costs), self._n_states), NEVER, dtype=np.int64)
        if last:
            least[:, self._masks] = costs
            over_subsets(np.minimum, least)
            return least[:, ::-1]
        padded = np.concatenate([following, np.full((len(costs), 1), NEVER)], axis=1)
        if len(self._masks) * self._n_states > _CELLS_WORTH_CHOOSING:
            for row, cost in enumerate(costs):
                needed = self._placer.table.undominated(cost)
                for chunk, joined in self._placer.joined(needed[cost[needed] < NEVER]):
                    totals = (padded[row][joined] + cost[chunk, None]).min(axis=0)
                    least[row] = np.minimum(least[row], totals)
            return np.minimum(least, NEVER)
        for chunk, joined in self._placer.joined(np.flatnonzero((costs < NEVER).any(axis=0))):
            at_once = max(1, _CELLS // joined.size)
            for start in range(0, len(costs), at_once):
                part = slice(start, start + at_once)
                totals = padded[part][:, joined] + costs[part][:, chunk, None]
                least[part] = np.minimum(least[part], totals.min(axis=1))
        return np.minimum(least, NEVER)


def _cheapest_of_each(owner: Array, totals: Array, keep: int, at_most: int) -> NDArray[np.intp]:
    """Positions, ascending, of each owner's ``keep`` lowest totals and of those that tie with the last of them.

    Args:
        owner: ``[candidates]`` ascending.
        totals: ``[candidates]``; those of :data:`NEVER` and more are out of the question.
        keep: how many for each owner.
        at_most: how many with ties; the first ones stay.
    """
    order = np.lexsort((totals, owner))
    owner, totals = owner[order], totals[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(starts, append=len(owner))
    last = totals[starts + np.minimum(keep, sizes) - 1]
    rank = np.arange(len(owner)) - np.repeat(starts, sizes)
    good = (totals <= np.repeat(last, sizes)) & (rank < at_most) & (totals < NEVER)
    return np.sort(order[good])
