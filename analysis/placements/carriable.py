"""Every aligned algorithm of a task without listing its candidates (and-inverter form).

The candidates may be tens of thousands or millions, but a network carries few variables (:class:`Support`). So trees
are grown from the root down, and only where every variable is carried by some neuron set:

1. A gate stands in a context: the output l or u of the whole algorithm when the gate is 0 or 1. The root's is (0, 1),
   or (1, 0) under a negation. The literal x of a gate x ∧ y with context (l, u) has context (l, l or u as y is 0 or 1):
   it depends on the function of y alone, not on y's tree. A negation exchanges l and u.
2. So a gate with function f in context (l, u) has a known behaviour before anything below it is chosen. If no neuron
   set carries it, no tree with such a gate there can be aligned, and all of them are left out at once. What is below
   is chosen by function: pairs g, h of functions of shallower literals with g ∧ h = f, each in its own context.
3. Trees whose variables have the same behaviours, whatever their shape, have the same placements. They are kept
   together by that multiset, their *needs*, and counted by it. Needs that cannot be placed on disjoint neuron sets are
   dropped as soon as they appear, for more variables do not make it easier.

Nothing else is left out, so every algorithm with a valid placement is counted, and each once: a tree is an unordered
pair of different literals, matched by functions f ≤ g as integers, and within one function by rank.

The sums of valid and minimal placements are exact as well: trees times placements of their needs. Of the aligned
algorithms the first in canonical order are kept; those that fail are not listed at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.and_inverter import Smallest, gate_of_code, inputs_that_compute, literal_table
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Response
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.counting import PlacementCounter
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.neuron_sets import SiteDecisions
from pluriscope.analysis.placements.result import CandidateTotals
from pluriscope.analysis.running.work import DEFAULT_WORK, Work

Array = NDArray[np.int64]
Functions = NDArray[np.uint64]
Needs = tuple[int, ...]  # numbers of behaviours, ascending, one per variable
Grown = dict[Needs, Array]  # ranks of literals by what their variables need

_CELLS = 4_000_000  # largest table of pairs held at once
MAX_WORK = 5 << 30  # entries of tables gone through in one search, small ones taken to have as many as their overhead
_OVERHEAD = 20_000  # entries that could be gone through while one table is made


class _Pairs(NamedTuple):
    """Pairs of functions f ≤ g with a given conjunction, and the output when the literal is 1."""

    first: Functions
    second: Functions
    first_high: Functions
    second_high: Functions


def aligned_algorithms(
    pattern: int, depth: int, sites: SiteDecisions, work: Work = DEFAULT_WORK, *, max_aligned: int
) -> tuple[CandidateTotals, tuple[HighLevelModel, ...]]:
    """Search a task's candidates for those that can be aligned with a network: how many there are, without redundancy,
    and the first of them in canonical order.

    Args:
        pattern: the task's truth table as an integer.
        depth: largest depth in gates, at least 1.
        sites: what the network decides.
        work: reports "alignments" for each pair of functions below the root; may cancel there.
        max_aligned: how many aligned algorithms are kept.

    Raises:
        BeyondLimits: more than one variable on too many sites, or more than :data:`MAX_WORK` entries to go through. A
            network over six inputs with idle neurons carries so many variables that this would take hours.
        Cancelled: the report stopped the work.
    """
    return _Growth(pattern, depth, sites, work).run(max_aligned)


class _Growth:
    """A search, which remembers the literals that can stand in a context."""

    def __init__(self, pattern: int, depth: int, sites: SiteDecisions, work: Work) -> None:
        self._pattern = pattern
        self._depth = depth
        self._n_inputs = sites.n_inputs
        self._full = (1 << (1 << self._n_inputs)) - 1
        self._support = Support(sites, pattern)
        self._table = sites.table
        self._counter = PlacementCounter(sites.table, work)
        self._work = work
        self._numbers: dict[Behaviour, int] = {}  # −1 for those that are not carried
        self._valid: list[NDArray[np.bool_]] = []  # [sites] by number
        self._minimal: list[NDArray[np.bool_]] = []
        self._n_trees: dict[Needs, int] = defaultdict(int)
        self._can_be_placed: dict[Needs, bool] = {}
        self._inputs = literal_table(self._n_inputs, 0).functions
        self._grown = lru_cache(maxsize=None)(self._grow)
        self._work_left = MAX_WORK

    def run(self, max_aligned: int) -> tuple[CandidateTotals, tuple[HighLevelModel, ...]]:
        """Grow every root, then multiply what is known of needs by how many trees have them."""
        leaves = inputs_that_compute(self._pattern, self._n_inputs)
        below = literal_table(self._n_inputs, self._depth - 1)
        smallest = Smallest(max_aligned)
        # a tree may compute the task itself, or its negation under a NOT, which exchanges the two outputs
        roots = ((0, self._full & ~self._pattern, self._full, 0), (1, self._pattern, 0, self._full))
        for positive, value, low, high in roots:
            for needs, left, right in self._gates(self._depth, value, low, high, None):
                self._n_trees[needs] += len(left)
                smallest.add(below.codes(left, right, positive))
        kept = [*leaves, *(gate_of_code(c, self._n_inputs, self._depth) for c in smallest.sorted().tolist())]
        aligned = valid = minimal = len(leaves)  # without variables there is the empty placement
        for needs, n_trees in self._n_trees.items():
            aligned += n_trees
            valid += n_trees * self._count(needs, self._valid)
            minimal += n_trees * self._count(needs, self._minimal)
        return CandidateTotals(aligned, valid, minimal), tuple(kept[:max_aligned])

    def _report(self) -> None:
        """Report; the number of steps is not known beforehand."""
        self._work.report_step("alignments", 0, 1, f"{sum(self._n_trees.values())} algorithms that can be placed")

    def _spend(self, entries: int) -> None:
        """Take the entries of a table off the work that is allowed."""
        self._work_left -= entries + _OVERHEAD
        if self._work_left < 0:
            raise BeyondLimits(
                "alignments",
                f"the network carries so many variables that a search of all candidates goes through more than "
                f"{MAX_WORK:,} entries of tables",
                "look at the first candidates, use a smaller depth, or a network with fewer inputs",
            )

    def _grow(self, depth: int, function: int, low: int, high: int) -> Grown:
        """The literals of depth ≤ ``depth`` with a function that can stand in a context, by their needs."""
        found: dict[Needs, list[Array]] = defaultdict(list)
        table = literal_table(self._n_inputs, depth)
        leaves = np.flatnonzero((table.functions == np.uint64(function)) & (table.left < 0))
        if len(leaves):
            found[()].append(leaves)
        number = self._number(function, low, high) if depth else None
        if number is not None:
            ranks = _gate_ranks(self._n_inputs, depth)
            for negated, value, zero, one in ((0, function, low, high), (1, self._full & ~function, high, low)):
                for needs, x, y in self._gates(depth, value, zero, one, number):
                    found[needs].append(table.ranks[table.trees[ranks[x, y]], negated])
        return {needs: np.concatenate(parts) for needs, parts in found.items()}

    def _gates(
        self, depth: int, value: int, low: int, high: int, number: int | None
    ) -> Iterator[tuple[Needs, Array, Array]]:
        """Gates of depth ≤ ``depth`` with a function in a context, as pairs of literals by what they need.

        Args:
            depth: at least 1.
            value: the gate's function.
            low: the output when the gate is 0.
            high: the output when the gate is 1.
            number: what the gate itself needs, None for a root.
        """
        for pairs in self._pairs(depth - 1, value, low, high):
            for f, g, f_high, g_high in zip(*(column.tolist() for column in pairs), strict=True):
                if number is None:
                    self._report()
                one, other = self._grown(depth - 1, f, low, f_high), self._grown(depth - 1, g, low, g_high)
                yield from self._joined(one, other, f, g, depth - 1, number)

    def _pairs(self, depth: int, value: int, low: int, high: int) -> Iterator[_Pairs]:
        """Functions f ≤ g of literals of depth ≤ ``depth`` with f ∧ g = value, where each is an input's or carried."""
        functions = literal_table(self._n_inputs, depth).distinct
        target, zero, one = np.uint64(value), np.uint64(low), np.uint64(high)
        covering = functions[(functions & target) == target]
        step = max(1, _CELLS // max(1, len(covering)))
        for start in range(0, len(covering), step):
            self._spend(min(step, len(covering) - start) * len(covering))
            rows, columns = np.nonzero((covering[start : start + step, None] & covering) == target)
            upper = rows + start <= columns
            first, second = covering[rows[upper] + start], covering[columns[upper]]
            kept = self._stands(depth, first, zero, (second & one) | (~second & zero))
            first, second = first[kept], second[kept]
            kept = self._stands(depth, second, zero, (first & one) | (~first & zero))
            first, second = first[kept], second[kept]
            yield _Pairs(first, second, (second & one) | (~second & zero), (first & one) | (~first & zero))

    def _stands(self, depth: int, functions: Functions, low: np.uint64, highs: Functions) -> NDArray[np.bool_]:
        """Whether literals of depth ≤ ``depth`` with these functions may stand in their contexts."""
        stands = np.isin(functions, self._inputs)
        if depth:
            gates = np.flatnonzero(~stands)
            stands[gates] = self._support.carried(functions[gates], low, highs[gates])
        return stands

    def _joined(
        self, one: Grown, other: Grown, first: int, second: int, depth: int, number: int | None = None
    ) -> Iterator[tuple[Needs, Array, Array]]:
        """Unordered pairs of literals of different trees by what a gate over them needs; the lower rank comes first.

        Args:
            one: literals with the function ``first``.
            other: literals with the function ``second``, the same ones if the functions are equal.
            first: a function.
            second: a function, not less.
            depth: of the literals.
            number: what the gate itself needs, None for a root.
        """
        trees = literal_table(self._n_inputs, depth).trees
        own = () if number is None else (number,)
        for needs, x in one.items():
            for further, y in other.items():
                if first == second and needs > further:
                    continue  # both orders of two different needs are the same pairs
                together = tuple(sorted((*needs, *further, *own)))
                if not self._placeable(together):
                    continue
                step = max(1, _CELLS // len(y))
                for start in range(0, len(x), step):
                    self._spend(min(step, len(x) - start) * len(y))
                    left, right = np.broadcast_arrays(x[start : start + step, None], y)
                    fresh = trees[left] != trees[right]
                    if first == second and needs == further:
                        fresh &= left < right
                    left, right = left[fresh], right[fresh]
                    if len(left):
                        yield together, np.minimum(left, right), np.maximum(left, right)

    def _number(self, function: int, low: int, high: int) -> int | None:
        """The number of a variable's behaviour, None if no neuron set carries it."""
        behaviour = Behaviour.of(Response(function, low, high), self._n_inputs)
        if behaviour not in self._numbers:
            valid = self._support.valid(behaviour)
            self._numbers[behaviour] = len(self._valid) if valid.any() else -1
            if valid.any():
                self._valid.append(valid)
                self._minimal.append(self._table.minimal(valid))
        number = self._numbers[behaviour]
        return None if number < 0 else number

    def _placeable(self, needs: Needs) -> bool:
        """Whether there are disjoint neuron sets for these behaviours; if there are, then minimal ones among them."""
        if needs not in self._can_be_placed:
            self._can_be_placed[needs] = self._count(needs, self._minimal) > 0
        return self._can_be_placed[needs]

    def _count(self, needs: Needs, allowed: Sequence[NDArray[np.bool_]]) -> int:
        """Placements of these behaviours on disjoint sites, where there are few places by the sets that they use."""
        if len(needs) > self._table.n_neurons:
            return 0
        chosen = sorted((allowed[number] for number in needs), key=lambda sites: int(sites.sum()))
        used, ways = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
        for sites in chosen:
            masks = self._table.masks[sites]
            if len(used) * len(masks) > _CELLS:
                return self._counter.count(chosen)
            row, column = np.nonzero((used[:, None] & masks) == 0)
            if not len(row):
                return 0
            joined = used[row] | masks[column]
            order = np.argsort(joined, kind="stable")
            used, starts = np.unique(joined[order], return_index=True)
            ways = np.add.reduceat(ways[row][order], starts)  # at most 7^20 placements: 64 bits hold them
        return int(ways.sum())


@lru_cache(maxsize=16)
def _gate_ranks(n_inputs: int, depth: int) -> Array:
    """Ranks of the gates by their two literals of one depth less, ``[literals, literals]``; −1 where there is none."""
    table, below = literal_table(n_inputs, depth), literal_table(n_inputs, depth - 1)
    ranks = np.full((len(below), len(below)), -1, dtype=np.int64)
    gates = np.flatnonzero((table.left >= 0) & ~table.negated)
    ranks[table.left[gates], table.right[gates]] = gates
    return ranks


# --- which variables a network can carry, whatever tree they stand in
#
# A variable enters a test only through three functions: its own f, and the output l or u when it alone is fixed to 0 or
# 1. On a neuron set it is valid if the network decides, for every tested source s and base b,
#
#     D[s, b] = u[b] if f[s] else l[b].
#
# In an algorithm that computes the task t, fixing a variable to the value that it has anyway changes nothing: t[b] =
# u[b] if f[b] else l[b]. So D may be completed by D[b, b] = t[b], and where every pair source ≠ base is tested nothing
# is left open: each row of D must be l or u. A neuron set therefore carries
#
# - nothing, if D has three different rows or an undecided entry;
# - one behaviour (f, l, u), up to negating the variable, if D has two rows;
# - every variable that never matters (l = u = t, or f constant) and no other, if all rows of D are t.
#
# A network with N neuron sets thus carries at most N behaviours besides the idle one, out of all that the trees over n
# inputs have. Where a protocol tests fewer pairs, more behaviours fit one set, and each is tried on each different D.


class Support:
    """The behaviours that neuron sets of one network carry.

    Args:
        sites: what the network decides.
        pattern: the task's truth table as an integer.
    """

    def __init__(self, sites: SiteDecisions, pattern: int) -> None:
        self._sites = sites
        n_rows = 1 << sites.n_inputs
        self._full = np.uint64((1 << n_rows) - 1)
        own = np.left_shift(np.uint64(1), np.arange(n_rows, dtype=np.uint64))
        self._rows_known = bool((sites.tested_bits | own == self._full).all())
        completed = sites.decided_bits | (own & np.uint64(pattern) & ~sites.tested_bits)
        self._different = np.unique(completed[sites.always_decided], axis=0)
        self._carries_idle = False
        self._carried: set[tuple[int, int, int]] = set()
        if self._rows_known:
            self._read_behaviours()
        self._values = np.array(sorted({values for values, _, _ in self._carried}), dtype=np.uint64)
        self.valid = lru_cache(maxsize=None)(self._valid)

    def _read_behaviours(self) -> None:
        """The behaviour of each completed table of decisions, rows known."""
        for rows in self._different.tolist():
            first = rows[0]
            others = {row for row in rows if row != first}
            if not others:
                self._carries_idle = True
            elif len(others) == 1:  # bit 0 of the variable is 0, so it is on where its source's row is not the first
                values = sum(1 << source for source, row in enumerate(rows) if row != first)
                self._carried.add((values, first, others.pop()))

    def carried(
        self, functions: Functions, when_false: Functions | np.uint64, when_true: Functions
    ) -> NDArray[np.bool_]:
        """Whether some neuron set carries a variable, for many at once.

        Args:
            functions: ``[variables]`` their own truth tables; each is one of an algorithm that computes the task.
            when_false: ``[variables]`` the output with the variable fixed to 0.
            when_true: ``[variables]`` the output with the variable fixed to 1.
        """
        functions, when_false, when_true = np.broadcast_arrays(functions, when_false, when_true)
        if not self._rows_known:
            return self._tried(functions, when_false, when_true)
        flip = (functions & np.uint64(1)).astype(bool)
        values = np.where(flip, self._full & ~functions, functions)
        low, high = np.where(flip, when_true, when_false), np.where(flip, when_false, when_true)
        idle = (values == 0) | (low == high)
        found = idle & self._carries_idle
        for i in np.flatnonzero(~idle & np.isin(values, self._values)).tolist():
            found[i] = (int(values[i]), int(low[i]), int(high[i])) in self._carried
        return np.asarray(found, dtype=bool)

    def _tried(self, functions: Functions, when_false: Functions, when_true: Functions) -> NDArray[np.bool_]:
        """Decide which functions are carried where some pairs stay open: each variable on each different table of
        decisions.
        """
        found = np.zeros(len(functions), dtype=bool)
        tested = self._sites.tested_bits
        for rows in self._different:
            left = np.flatnonzero(~found)
            for source, row in enumerate(rows):
                if not len(left):
                    break
                on = (functions[left] >> np.uint64(source)) & np.uint64(1) == 1
                wrong = (np.where(on, when_true[left], when_false[left]) ^ row) & tested[source]
                left = left[wrong == 0]
            found[left] = True
        return found

    def _valid(self, behaviour: Behaviour) -> NDArray[np.bool_]:
        """Decide which neuron sets carry a behaviour, every tested pair compared, ``[sites]``."""
        values, low, high = behaviour
        wanted = np.array(
            [high if values >> source & 1 else low for source in range(len(self._sites.tested))], dtype=np.uint64
        )
        wrong = (self._sites.decided_bits ^ wanted) & self._sites.tested_bits
        valid: NDArray[np.bool_] = self._sites.always_decided & (wrong == 0).all(axis=1)
        return valid
