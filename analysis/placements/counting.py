"""Placing several variables on disjoint sites: exact counts and the best placements, without listing the others.

Whether a variable fits a site does not depend on where the others are, except that sites are disjoint. And sites lie
within one layer, so layers, taken together in small blocks, bind each other only by which variables each block has.
Within a block everything is a recursion over variables whose only state is the set of neurons used there:

    count_i[used] = Σ   over allowed sites S disjoint from used of count_(i+1)[used ∪ S]
    least_i[used] = min over the same S of cost_i(S) + least_(i+1)[used ∪ S]

Blocks are then put together by going through the ways to divide the variables among them.

``least`` is an exact lower bound, so a beam that keeps, variable after variable, the partial placements whose bound is
among the k lowest loses none of the k best: each partial placement has a completion that attains its bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.neuron_sets import SiteTable
from pluriscope.analysis.running.work import DEFAULT_WORK, Work

Array = NDArray[np.int64]
Keys = tuple[Behaviour, ...]

NEVER = 1 << 58  # cost of a site that is not allowed; a few of them add up without overflow
MAX_STEPS = 1 << 22  # pairs of a site and a set of used neurons in its block
_BLOCK = 8  # neurons of a block that is more than one layer
_CELLS = 2_000_000  # largest table held at once
_HELD = 16_000_000  # numbers of eight bytes that are remembered


class Block:
    """Some neighbouring layers, with the ways to use neurons in them.

    Args:
        table: every site.
        layers: its layers, from 1.
    """

    def __init__(self, table: SiteTable, layers: Sequence[int]) -> None:
        self.numbers = np.array([i for i, site in enumerate(table.sites) if site.layer in layers], dtype=np.intp)
        self.offset = sum(table.hidden_sizes[: layers[0] - 1])
        self.n_neurons = sum(table.hidden_sizes[layer - 1] for layer in layers)
        self.n_states = 1 << self.n_neurons
        self._masks = table.masks[self.numbers] >> self.offset

    @property
    def n_steps(self) -> int:
        """Pairs of a site and a set of neurons that it does not meet."""
        return int(np.exp2(self.n_neurons - np.bitwise_count(self._masks), dtype=np.float64).sum())

    def used(self, states: Array) -> Array:
        """The neurons of this block that are used."""
        return (states >> self.offset) & (self.n_states - 1)

    @cached_property
    def steps(self) -> tuple[Array, Array, Array]:
        """Sites, the neurons used after each, and for each set of used neurons where its own begin.

        Each has one more step, to no site (their number) and to nothing else used, so that none is without any.
        """
        states = np.arange(self.n_states, dtype=np.int64)
        site, used = np.nonzero((self._masks[:, None] & states) == 0)
        site, used = np.append(site, np.full(self.n_states, len(self._masks))), np.append(used, states)
        order = np.argsort(used, kind="stable")
        site, used = site[order], used[order]
        return site, used | np.append(self._masks, 0)[site], np.searchsorted(used, states)


class PlacementCounter:
    """Counts placements on disjoint sites.

    Args:
        work: may end between two tables.
    """

    def __init__(self, table: SiteTable, work: Work = DEFAULT_WORK) -> None:
        self.table = table
        self.work = work
        groups: list[list[int]] = []
        for layer, width in enumerate(table.hidden_sizes, start=1):
            if groups and sum(table.hidden_sizes[i - 1] for i in groups[-1]) + width <= _BLOCK:
                groups[-1].append(layer)
            else:
                groups.append([layer])
        self.blocks = tuple(Block(table, layers) for layers in groups)
        self.n_steps = sum(block.n_steps for block in self.blocks)
        self._ways: dict[tuple[int, tuple[bytes, ...]], NDArray[Any]] = {}

    def check(self, n_variables: int) -> None:
        """Refuse work that would not end.

        Raises:
            BeyondLimits: more than one variable on too many sites.
        """
        if n_variables > 1 and self.n_steps > MAX_STEPS:
            raise BeyondLimits(
                "alignments",
                f"{n_variables} variables on {len(self.table.sites)} neuron sets need {self.n_steps} steps for each "
                f"variable, against a limit of {MAX_STEPS}",
                "use a narrower network, a smaller depth, or single neurons as sites",
            )

    def count(self, allowed: Sequence[NDArray[np.bool_]]) -> int:
        """Count the placements.

        Args:
            allowed: ``[sites]`` for each variable, where it may be put.

        Raises:
            BeyondLimits: see :meth:`check`.
        """
        n_variables, n_neurons = len(allowed), self.table.n_neurons
        if n_variables > n_neurons or any(not sites.any() for sites in allowed):
            return 0
        self.check(n_variables)
        # there are at most (variables + 1)^neurons placements: beyond 64 bits Python's integers take over
        dtype: Any = object if (n_variables + 1) ** n_neurons >= 1 << 63 else np.int64
        ways: NDArray[Any] = np.ones(1, dtype=dtype)
        for number, block in enumerate(self.blocks):
            rows = [sites[block.numbers].tobytes() for sites in allowed]
            here = _divided(n_variables, first=number == 0, last=number == len(self.blocks) - 1)
            own = {
                some: self._ways_of(number, tuple(sorted(rows[i] for i in range(n_variables) if some >> i & 1)))[0]
                for some in set(here.here.tolist())
            }
            own_of = np.zeros(1 << n_variables, dtype=dtype)
            own_of[list(own)] = list(own.values())
            ways = np.add.reduceat(ways[here.before] * own_of[here.here], here.starts)
        return int(ways[0])

    def _ways_of(self, number: int, rows: tuple[bytes, ...]) -> NDArray[Any]:
        """Count the ways to put variables, each known by its allowed sites, into one block, ``[sets of
        used neurons]``.
        """
        block, known = self.blocks[number], self._ways.get((number, rows))
        if known is not None:
            return known
        if not rows:
            known = np.ones(block.n_states, dtype=np.int64)
        elif len(rows) > block.n_neurons or not any(rows[0]):
            known = np.zeros(block.n_states, dtype=np.int64)
        else:
            rest = self._ways_of(number, rows[1:])
            self.work.check()
            if (len(rows) + 1) ** block.n_neurons >= 1 << 63:
                rest = rest.astype(object)
            site, after, starts = block.steps
            allowed = np.append(np.frombuffer(rows[0], dtype=np.bool_), False)
            known = np.add.reduceat(allowed[site] * rest[after], starts)
        if (len(self._ways) + 1) * block.n_states > _HELD:
            self._ways.clear()
        self._ways[number, rows] = known
        return known


class _Division(NamedTuple):
    """Ways to divide variables among blocks, by the set of variables that the blocks so far have together.

    Args:
        before: ``[ways]`` the set that the earlier blocks have.
        here: ``[ways]`` the set that this block has.
        starts: ``[sets]`` where the ways of each set begin.
    """

    before: NDArray[np.int32]
    here: NDArray[np.int32]
    starts: NDArray[np.intp]


@lru_cache(maxsize=64)
def _divided(n_variables: int, *, first: bool, last: bool) -> _Division:
    """The ways for one block; the first has nothing before it, and after the last every variable has its place."""
    before = here = np.zeros(1, dtype=np.int32)
    for bit in (1 << i for i in range(n_variables)):
        options = [(bit, 0)] * (not first) + [(0, bit)] + [(0, 0)] * (not last)
        before, here = (
            np.concatenate([sets + option[k] for option in options]) for k, sets in enumerate((before, here))
        )
    order = np.argsort(before | here, kind="stable")
    before, here = before[order], here[order]
    return _Division(before, here, np.flatnonzero(np.diff(before | here, prepend=-1)))


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
    """The cheapest placements of variables, known by their behaviours; remembers bounds, which algorithms share.

    A state is the index of the used neurons, plus 2^neurons once some variable was put on a site where it fails.

    Args:
        counter: of placements on the sites.
        costs: ``[sites]`` of a variable, :data:`NEVER` where the variable may not be put.
        fails: ``[sites]`` of a variable, where it fails, to ask for placements with a failing variable; or None.
    """

    def __init__(
        self,
        counter: PlacementCounter,
        costs: Callable[[Behaviour], Array],
        fails: Callable[[Behaviour], NDArray[np.bool_]] | None = None,
    ) -> None:
        self._counter = counter
        self._masks = counter.table.masks
        self._failure_bit = 1 << counter.table.n_neurons
        self._costs = costs
        self._fails = fails
        self._forget()

    def cheapest(self, keys: Sequence[Behaviour], keep: int, *, at_most: int | None = None) -> tuple[Array, Array]:
        """The ``keep`` cheapest placements.

        Args:
            keys: one per variable, at least one; equal variables should stand in a fixed order.
            keep: how many, at least 1.
            at_most: also return placements that cost as much as the last one kept, up to so many in all. Ties are cut
                in the order of sites, first variable first.

        Returns:
            ``[placements, variables]`` site numbers and ``[placements]`` costs, cheapest first, ties in site order.

        Raises:
            BeyondLimits: see :meth:`PlacementCounter.check`.
        """
        return self.cheapest_of_each([keys], keep, at_most=at_most)[0]

    def cheapest_of_each(
        self, problems: Sequence[Sequence[Behaviour]], keep: int, *, at_most: int | None = None
    ) -> list[tuple[Array, Array]]:
        """Find the cheapest placements of each of several lists of keys, as :meth:`cheapest` does of one, in a few
        array operations for all.

        A beam keeps, variable after variable, the partial placements whose bound is among the lowest.
        """
        most = at_most or keep
        at_once = max(1, _CELLS // (most * len(self._masks)))
        found = [(np.zeros((0, len(keys)), dtype=np.int64), np.zeros(0, dtype=np.int64)) for keys in problems]
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, keys in enumerate(problems):
            by_length[len(keys)].append(number)
        for n_variables, numbers in by_length.items():
            if n_variables > self._counter.table.n_neurons:
                continue
            self._counter.check(n_variables)
            for start in range(0, len(numbers), at_once):
                part = numbers[start : start + at_once]
                for number, result in zip(part, self._beams([problems[i] for i in part], keep, most), strict=True):
                    found[number] = result
        return found

    def _beams(self, problems: Sequence[Sequence[Behaviour]], keep: int, at_most: int) -> list[tuple[Array, Array]]:
        """The cheapest placements of problems with equally many variables, side by side."""
        keys = list({key: None for problem in problems for key in problem})
        numbers = {key: number for number, key in enumerate(keys)}
        chosen = np.array([[numbers[key] for key in problem] for problem in problems])
        costs = np.stack([self._costs(key) for key in keys])
        fails = None if self._fails is None else np.stack([self._fails(key) for key in keys])
        # a partial placement: its problem, the sites picked so far, the neurons they use, and what they cost
        problem = np.arange(len(problems))
        picks = np.zeros((len(problems), 0), dtype=np.int64)
        states = np.full(len(problems), self._failure_bit if fails is None else 0, dtype=np.int64)
        spent = np.zeros(len(problems), dtype=np.int64)
        for position in range(chosen.shape[1]):
            # what the variables that are still to be placed cost at least, for every set of used neurons
            bounds = self._bounds([tuple(keys[position + 1 :]) for keys in problems])
            key = chosen[problem, position]
            found = np.zeros((6, 0), dtype=np.int64)
            step = max(1, _CELLS // len(self._masks))
            for start in range(0, len(problem), step):
                part = slice(start, start + step)
                # extend each by every site that meets none of its neurons and where the variable may be put
                row, site = np.nonzero(((states[part, None] & self._masks) == 0) & (costs[key[part]] < NEVER))
                row += start
                after = states[row] | self._masks[site]
                if fails is not None:  # from here on a failing variable is there
                    after |= np.where(fails[key[row], site], self._failure_bit, 0)
                cost = spent[row] + costs[key[row], site]
                more = np.stack([problem[row], row, site, after, cost, cost + bounds.at(problem[row], after)])
                # keep the lowest sums of cost and bound: each has a completion that costs just that, so none of the
                # cheapest placements is lost
                found = np.concatenate([found, more], axis=1)
                found = found[:, _cheapest_of_each(found[0], found[-1], keep, at_most)]
            problem, rows, sites, states, spent, _ = found
            picks = np.column_stack([picks[rows], sites])
        order = np.lexsort((spent, problem))
        ends = np.searchsorted(problem, np.arange(1, len(problems)))
        return list(zip(np.split(picks[order], ends), np.split(spent[order], ends), strict=True))

    def _forget(self) -> None:
        """Begin with the tables of no variable: nothing is to pay, but a failing one must have been there."""
        self._held: list[dict[Keys, Array]] = [
            {(): np.repeat([NEVER, 0], block.n_states)} for block in self._counter.blocks
        ]

    def _bounds(self, rests: Sequence[Keys]) -> _Bounds:
        """Bound from below what the rest of each problem's variables costs."""
        blocks, n_variables = self._counter.blocks, len(rests[0])
        divisions = [
            _divided(n_variables, first=number == 0, last=number == len(blocks) - 1) for number in range(len(blocks))
        ]
        if sum(len(held) * 2 * block.n_states for held, block in zip(self._held, blocks, strict=True)) > _HELD:
            self._forget()
        tables, rows = [], []
        different = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
        for number, division in enumerate(divisions):
            sets = np.unique(division.here).tolist()
            parts = [
                [tuple(rest[i] for i in range(n_variables) if some >> i & 1) for some in sets] for rest in different
            ]
            distinct = {part: row for row, part in enumerate(dict.fromkeys(part for of in parts for part in of))}
            self._hold(number, distinct)
            tables.append(np.stack([self._held[number][part] for part in distinct]))
            row_of = np.zeros((len(different), 1 << n_variables), dtype=np.intp)
            row_of[:, sets] = [[distinct[part] for part in of] for of in parts]
            rows.append(row_of[[different[rest] for rest in rests]][:, division.here])
        return _Bounds(self._counter, tables, rows, divisions)

    def _hold(self, number: int, wanted: Iterable[Keys]) -> None:
        """Build, where they are missing, the tables of these lists of keys in one block, and of all their ends."""
        held, block = self._held[number], self._counter.blocks[number]
        missing: dict[int, dict[Keys, None]] = defaultdict(dict)
        for keys in wanted:
            while keys not in held:
                missing[len(keys)][keys] = None
                keys = keys[1:]
        site, after, starts = block.steps
        at_once = max(1, _CELLS // len(site))
        # shorter lists first: the table of a list follows from that of the list without its first key
        for _, group in sorted(missing.items()):
            todo = list(group)
            for start in range(0, len(todo), at_once):
                self._counter.work.check()
                part = todo[start : start + at_once]
                firsts = {key: row for row, key in enumerate(dict.fromkeys(keys[0] for keys in part))}
                of = np.array([firsts[keys[0]] for keys in part])[:, None]
                none = np.zeros((len(firsts), 1), dtype=np.int64)
                costs = np.column_stack([[self._costs(key)[block.numbers] for key in firsts], none + NEVER])[of, site]
                rest = np.stack([held[keys[1:]] for keys in part])
                # with a failure before: the first variable may be anywhere, and the rest has its failure already
                failed = rest[:, block.n_states :][:, after]
                upper = np.minimum.reduceat(costs + failed, starts, axis=1)
                # without one: it fails here, so that the rest is free to, or the rest must
                lower = np.full_like(upper, NEVER)
                if self._fails is not None:
                    fails = np.column_stack([[self._fails(key)[block.numbers] for key in firsts], none > 0])[of, site]
                    following = np.where(fails, failed, rest[:, : block.n_states][:, after])
                    lower = np.minimum.reduceat(costs + following, starts, axis=1)
                held.update(zip(part, np.minimum(np.concatenate([lower, upper], axis=1), NEVER), strict=True))


@dataclass(frozen=True, eq=False)
class _Bounds:
    """Lower bounds of what the rest of the variables costs, for several problems with equally many left.

    Args:
        tables: for each block ``[parts of variables, 2 · 2^neurons]``.
        rows: for each block ``[problems, ways]`` the part that it has, by the ways of its division.
        divisions: of the variables, for each block.
    """

    counter: PlacementCounter
    tables: Sequence[Array]
    rows: Sequence[NDArray[np.intp]]
    divisions: Sequence[_Division]

    def at(self, problem: Array, states: Array) -> Array:
        """Return the bounds of partial placements, ``[partial placements]``."""
        n_neurons, last = self.counter.table.n_neurons, len(self.tables) - 1
        if not last:  # states as its table has them
            found: Array = self.tables[0][self.rows[0][problem, 0], states]
            return found
        whole = np.empty(len(states), dtype=np.int64)
        step = max(1, _CELLS // len(self.divisions[last].here))
        for start in range(0, len(states), step):
            part = slice(start, start + step)
            lower, upper = self._up_to(last, problem[part], states[part])
            whole[part] = np.where(states[part] >> n_neurons, upper[:, 0], lower[:, 0])
        return whole

    def _up_to(self, number: int, problem: Array, states: Array) -> tuple[Array, Array]:
        """Return the least costs up to one block, with and without a failure, ``[partial placements, sets of
        variables]``.
        """
        block, division = self.counter.blocks[number], self.divisions[number]
        lower, upper = np.full((1, 1), NEVER), np.zeros((1, 1), dtype=np.int64)  # of no variable
        if number:  # partial placements that use the same neurons below share what is below
            below = states & ((1 << block.offset) - 1)
            _, first, back = np.unique(problem << block.offset | below, return_index=True, return_inverse=True)
            lower, upper = (least[back] for least in self._up_to(number - 1, problem[first], below[first]))
        row = self.rows[number][problem]
        used = block.used(states)[:, None]
        free, failed = self.tables[number][row, used], self.tables[number][row, used + block.n_states]
        # for each way to divide the variables: what the blocks below cost, and this one; a failure is below or here
        lower, upper = lower[:, division.before], upper[:, division.before]
        lower = np.minimum(lower + failed, upper + free)
        sums = (np.minimum.reduceat(least, division.starts, axis=1) for least in (lower, upper + failed))
        lower, upper = (np.minimum(least, NEVER) for least in sums)
        return lower, upper


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
