"""Count the candidate algorithms of a task and the irredundant ones among them, without listing them (spec §4).

An algorithm of depth D is a literal over a gate over two literals of depth ≤ D − 1. Those are listed (17,172 over six
inputs for D = 3), and whether a pair of them is a candidate, or an irredundant one, depends on little of each:

- a candidate: on the two functions, f ∧ g = the task or its complement, and on the two trees being different;
- without a trivial gate: on the functions again, and on whether either side has a trivial gate;
- without a repeated function: on whether either side repeats one, or contains the task's function up to negation;
- without a redundant literal: fixing an edge to 1 inside one side turns its function f into a variant v, and the edge
  is redundant if v ∧ g is still the root's function; fixing an edge into the root leaves g alone.

So each count is a sum over pairs of functions of a product of two numbers, less the pairs of a tree with its own
negation, which occur only where the root's gate is constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.and_inverter import LiteralTable, inputs_that_compute, literal_table
from pluriscope.analysis.algorithms.high_level_model import input_pattern

Functions = NDArray[np.uint64]

_CELLS = 4_000_000  # largest table held at once
_NO_GATE = np.uint64(1)  # stands where there is no gate: a function up to negation has bit 0 clear


@dataclass(frozen=True)
class CandidateCounts:
    """Exact numbers of algorithms that compute one task.

    Args:
        candidates: all of them.
        irredundant_gates: those in which no gate is constant or equal to an input or its negation.
        irredundant_functions: those in which no gate repeats, up to negation, the function of a gate below it.
        irredundant_literals: those in which no edge may be fixed to 1 without changing the output.
    """

    candidates: int
    irredundant_gates: int
    irredundant_functions: int
    irredundant_literals: int

    @property
    def by_class(self) -> dict[str, int]:
        """The three classes by criterion key."""
        return {
            "irredundant-gates": self.irredundant_gates,
            "irredundant-functions": self.irredundant_functions,
            "irredundant-literals": self.irredundant_literals,
        }


@lru_cache(maxsize=256)
def count_candidates(pattern: int, n_inputs: int, depth: int) -> int:
    """Count the and-inverter algorithms of depth ≤ ``depth`` that compute a truth table.

    Args:
        pattern: the truth table as an integer over the 2^n inputs.
        n_inputs: 1 to 6.
        depth: largest depth in gates, at least 1.
    """
    table = literal_table(n_inputs, depth - 1)
    every = np.ones(len(table), dtype=bool)
    n_gates = sum(_pairs(table, every, value) for value in _root_values(pattern, n_inputs))
    return len(inputs_that_compute(pattern, n_inputs)) + n_gates


@lru_cache(maxsize=256)
def count_irredundant(pattern: int, n_inputs: int, depth: int) -> CandidateCounts:
    """Count the candidates of a truth table in each of the three redundancy classes; arguments as in
    :func:`count_candidates`.
    """
    table, marks = literal_table(n_inputs, depth - 1), _marks(n_inputs, depth - 1)
    n_leaves = len(inputs_that_compute(pattern, n_inputs))  # without a gate nothing is redundant
    root = _plain(np.array([pattern], dtype=np.uint64), n_inputs)
    fresh = marks.no_repeat & (marks.inner != root).all(axis=1)
    gates = functions = whole = 0
    for value in _root_values(pattern, n_inputs):
        if int(root[0]) not in _trivial(n_inputs):
            gates += _pairs(table, marks.no_trivial, value)
        functions += _pairs(table, fresh, value)
        whole += _pairs_that_need_all(table, marks, value, n_inputs)
    return CandidateCounts(
        count_candidates(pattern, n_inputs, depth), n_leaves + gates, n_leaves + functions, n_leaves + whole
    )


def _root_values(pattern: int, n_inputs: int) -> tuple[int, int]:
    """Return the functions that the root's gate may compute: the task, or its complement under a negation."""
    return pattern, ((1 << (1 << n_inputs)) - 1) & ~pattern


def _pairs(table: LiteralTable, usable: NDArray[np.bool_], value: int) -> int:
    """Unordered pairs of usable literals of different trees whose AND is ``value``."""
    target = np.uint64(value)
    covering = table.functions[usable & ((table.functions & target) == target)]
    functions, counts = np.unique(covering, return_counts=True)
    n_ordered = 0
    for rows in _row_slices(len(functions), len(functions)):
        fits = (functions[rows, None] & functions) == target
        n_ordered += int((counts[rows] * (fits @ counts)).sum())
    n_alone = int(counts[functions == target].sum())  # x ∧ x is no gate
    n_negations = int(usable[table.ranks].all(axis=1).sum()) if value == 0 else 0  # nor is x ∧ ¬x
    return (n_ordered - n_alone) // 2 - n_negations


def _pairs_that_need_all(table: LiteralTable, marks: _Marks, value: int, n_inputs: int) -> int:
    """Unordered pairs of literals of different trees whose AND is ``value``, but not with any edge fixed to 1."""
    target = np.uint64(value)
    needed_alone = ~(marks.edges & (marks.variants == table.functions[:, None])).any(axis=1)
    ranks = np.flatnonzero(needed_alone & ((table.functions & target) == target) & (table.functions != target))
    if not len(ranks):
        return 0
    own, variants = table.functions[ranks], marks.variants_for(value, n_inputs)[ranks]
    functions, group = np.unique(own, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(functions)))
    own, variants = own[order], variants[order]
    # [own function, partner's function]; of six inputs there are 17,172 literals in all
    needed = np.zeros((len(functions), len(functions)), dtype=np.uint16)
    for columns in _row_slices(len(functions), len(own)):
        partner = functions[columns]
        needs = (own[:, None] & partner) == target
        for column in range(variants.shape[1]):
            needs &= (variants[:, column, None] & partner) != target
        needed[:, columns] = np.add.reduceat(needs.astype(np.int64), starts, axis=0)
    n_ordered = sum(  # no function is its own partner: f ∧ f = value was left out
        int((needed[rows].astype(np.int64) * needed[:, rows].T).sum())
        for rows in _row_slices(len(functions), len(functions))
    )
    return n_ordered // 2 - (_own_negations_that_need_all(table, marks, n_inputs) if value == 0 else 0)


def _own_negations_that_need_all(table: LiteralTable, marks: _Marks, n_inputs: int) -> int:
    """Trees x for which x ∧ ¬x = 0 would pass as a pair that needs all of its edges."""
    full = np.uint64((1 << (1 << n_inputs)) - 1)
    others = full & ~table.functions
    needs = ((marks.variants_for(0, n_inputs) & others[:, None]) != 0).all(axis=1)
    needs &= (table.functions != 0) & (others != 0)
    return int(needs[table.ranks].all(axis=1).sum())


@dataclass(frozen=True, eq=False)
class _Marks:
    """The properties of each literal that the redundancy classes depend on, ``[literals]``.

    Args:
        no_trivial: no gate in it is constant or equal to an input or its negation.
        no_repeat: no gate in it repeats the function of a gate below, up to negation.
        inner: ``[literals, gates]`` functions of its gates up to negation, :data:`_NO_GATE` where it has fewer.
        variants: ``[literals, edges]`` its function with one edge into a gate fixed to 1.
        edges: ``[literals, edges]`` whether it has so many edges.
    """

    no_trivial: NDArray[np.bool_]
    no_repeat: NDArray[np.bool_]
    inner: Functions
    variants: Functions
    edges: NDArray[np.bool_]

    def variants_for(self, value: int, n_inputs: int) -> Functions:
        """The variants, with a function that never makes an edge redundant where there is no edge.

        Against a partner g ≠ value: 0 ∧ g ≠ value unless the value is 0, and then 1 ∧ g ≠ value.
        """
        harmless = np.uint64((1 << (1 << n_inputs)) - 1 if value == 0 else 0)
        return np.where(self.edges, self.variants, harmless)


@lru_cache(maxsize=16)
def _marks(n_inputs: int, depth: int) -> _Marks:
    table = literal_table(n_inputs, depth)
    n = len(table)
    is_gate = table.left >= 0
    full = np.uint64((1 << (1 << n_inputs)) - 1)
    if depth == 0:
        every = np.ones(n, dtype=bool)
        nothing = np.empty((n, 0), dtype=np.uint64)
        return _Marks(every, every, nothing, nothing, np.empty((n, 0), dtype=bool))
    below, lower = literal_table(n_inputs, depth - 1), _marks(n_inputs, depth - 1)
    left, right = table.left, table.right  # −1 for inputs picks something that the masks then hide
    f, g = below.functions[left], below.functions[right]
    own = _plain(table.functions, n_inputs)
    inner_below = np.concatenate([lower.inner[left], lower.inner[right]], axis=1)
    trivial = np.isin(own, np.array(sorted(_trivial(n_inputs)), dtype=np.uint64))
    no_trivial = ~is_gate | (lower.no_trivial[left] & lower.no_trivial[right] & ~trivial)
    no_repeat = lower.no_repeat[left] & lower.no_repeat[right] & (inner_below != own[:, None]).all(axis=1)
    inner = np.where(is_gate[:, None], np.concatenate([own[:, None], inner_below], axis=1), _NO_GATE)
    variants = np.concatenate(
        [g[:, None], f[:, None], lower.variants[left] & g[:, None], f[:, None] & lower.variants[right]], axis=1
    )
    edges = np.concatenate([np.ones((n, 2), dtype=bool), lower.edges[left], lower.edges[right]], axis=1)
    return _Marks(
        no_trivial,
        ~is_gate | no_repeat,
        inner,
        np.where(table.negated[:, None], full & ~variants, variants),
        edges & is_gate[:, None],
    )


def _plain(functions: Functions, n_inputs: int) -> Functions:
    """Functions up to negation: the one with bit 0 clear."""
    full = np.uint64((1 << (1 << n_inputs)) - 1)
    return np.where(functions & np.uint64(1), full & ~functions, functions)


@lru_cache(maxsize=8)
def _trivial(n_inputs: int) -> frozenset[int]:
    """Return the truth tables of constants and inputs, up to negation, as integers."""
    inputs = np.array([input_pattern(i, n_inputs) for i in range(n_inputs)], dtype=np.uint64)
    return frozenset({0, *_plain(inputs, n_inputs).tolist()})


def _row_slices(n_rows: int, n_columns: int) -> list[slice]:
    """Slices of rows of at most about :data:`_CELLS` cells."""
    step = max(1, _CELLS // max(1, n_columns))
    return [slice(start, start + step) for start in range(0, n_rows, step)]
