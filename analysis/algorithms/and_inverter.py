"""Candidate algorithms in canonical and-inverter form (spec §4).

A tree is an input, or a gate: the AND of two literals, a literal being a tree or its negation. Children are unordered
and different trees. An algorithm is a literal whose function is the task.

1. List every tree of depth ≤ D − 1 (62 over two inputs for D = 3, 8,586 over six).
2. Never list depth D. Sort all literals over those trees by text, group them by function, and match pairs: a gate over
   literals x, y computes the task if x ∧ y is the task, or its complement and the root is negated.
3. Literal texts are prefix-free, so the text order of two gates is the order of (left literal, right literal). Depth,
   gates, root polarity, left and right rank make one integer; the N smallest are kept, all are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node, input_pattern

_GATES_BASE = 64  # more than the gates of any tree of depth ≤ 5


@dataclass(frozen=True)
class Literal:
    """A tree or its negation.

    Args:
        node: the tree, under a NOT node if negated.
        tree: running number of the tree, shared by its two literals.
        function: truth table as an integer.
        gates: number of gates.
        children: ranks of a gate's two literals among the literals of one depth less, ascending; (−1, −1) for an input.
    """

    node: Node
    tree: int
    function: int
    gates: int
    children: tuple[int, int] = (-1, -1)


def and_inverter_candidates(
    pattern: int, n_inputs: int, depth: int, max_candidates: int, check: Callable[[], None] | None = None
) -> tuple[tuple[HighLevelModel, ...], int]:
    """Every algorithm of depth ≤ ``depth`` that computes a truth table, in canonical order: depth, gates, text.

    Args:
        pattern: the truth table as an integer over the 2^n inputs.
        n_inputs: 1 to 6.
        depth: largest depth in gates, at least 1.
        max_candidates: how many are kept.
        check: called now and then; may raise.

    Returns:
        The first ``max_candidates`` algorithms and the exact number of all.
    """
    leaves = inputs_that_compute(pattern, n_inputs)
    kept, n_gates_found = matching_gates(pattern, n_inputs, depth, max_candidates, check)
    models = [*leaves, *(gate_of_code(code, n_inputs, depth) for code in kept.tolist())]
    return tuple(models[:max_candidates]), len(leaves) + n_gates_found


def inputs_that_compute(pattern: int, n_inputs: int) -> tuple[HighLevelModel, ...]:
    """The algorithms without a gate: an input or its negation, where that is the task."""
    leaves = [literal for literal in literals(n_inputs, 0) if literal.function == pattern]
    return tuple(HighLevelModel("and_inverter", n_inputs, literal.node) for literal in leaves)


def gate_of_code(code: int, n_inputs: int, depth: int) -> HighLevelModel:
    """The algorithm that a code of :func:`matching_gates` stands for."""
    below = literals(n_inputs, depth - 1)
    rest, right = divmod(code, len(below))
    rest, left = divmod(rest, len(below))
    gate = Node("and", (below[left].node, below[right].node))
    return HighLevelModel("and_inverter", n_inputs, gate if rest % 2 else Node("not", (gate,)))


@lru_cache(maxsize=16)
def literals(n_inputs: int, depth: int) -> tuple[Literal, ...]:
    """Both literals of every tree of depth ≤ ``depth``, sorted by text."""
    full = (1 << (1 << n_inputs)) - 1
    if depth == 0:
        trees = [Literal(Node("input", input=i), i, input_pattern(i, n_inputs), 0) for i in range(n_inputs)]
    else:
        below = literals(n_inputs, depth - 1)
        trees = [Literal(x.node, 0, x.function, 0) for x in below if x.node.operator == "input"]
        for i, left in enumerate(below):
            for j, right in enumerate(below[i + 1 :], start=i + 1):
                if left.tree != right.tree:
                    gate = Node("and", (left.node, right.node))
                    gates = 1 + left.gates + right.gates
                    trees.append(Literal(gate, 0, left.function & right.function, gates, (i, j)))
    both = []
    for number, tree in enumerate(trees):
        both.append(replace(tree, tree=number))
        both.append(replace(both[-1], node=Node("not", (tree.node,)), function=full & ~tree.function))
    return tuple(sorted(both, key=lambda literal: literal.node.text))


@dataclass(frozen=True, eq=False)
class LiteralTable:
    """The literals of one depth as arrays ``[literals]`` in the order of their texts.

    Args:
        functions: truth tables.
        trees: running number of the tree.
        depths: depth in gates.
        gates: number of gates.
        left: rank of the first child among the literals of one depth less, −1 for an input.
        right: rank of the second child.
        negated: whether the literal is a negation.
    """

    functions: NDArray[np.uint64]
    trees: NDArray[np.int64]
    depths: NDArray[np.int64]
    gates: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    negated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.functions)

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The ranks of each tree's two literals, the plain one first, ``[trees, 2]``."""
        both = np.empty((len(self) // 2, 2), dtype=np.int64)
        both[self.trees, self.negated.astype(np.int64)] = np.arange(len(self))
        return both

    @cached_property
    def distinct(self) -> NDArray[np.uint64]:
        """The functions that occur, ascending."""
        return np.unique(self.functions)

    def codes(self, left: NDArray[np.int64], right: NDArray[np.int64], positive: int) -> NDArray[np.int64]:
        """Number the root gates over pairs of these literals; the numbers sort like depth, gates, text.

        A code is ((depth · base + gates) · 2 + positive root) · width² + left rank · width + right rank.

        Args:
            left: lower ranks.
            right: higher ranks.
            positive: 1, or 0 where the root is negated (``!`` sorts first).
        """
        depth = 1 + np.maximum(self.depths[left], self.depths[right])
        level = depth * _GATES_BASE + 1 + self.gates[left] + self.gates[right]
        return ((level * 2 + positive) * len(self) + left) * len(self) + right


@lru_cache(maxsize=16)
def literal_table(n_inputs: int, depth: int) -> LiteralTable:
    """Both literals of every tree of depth ≤ ``depth`` as arrays."""
    every = literals(n_inputs, depth)

    def column(values: Iterable[int]) -> NDArray[np.int64]:
        return np.fromiter(values, dtype=np.int64, count=len(every))

    return LiteralTable(
        np.array([x.function for x in every], dtype=np.uint64),
        column(x.tree for x in every),
        column(x.node.depth for x in every),
        column(x.gates for x in every),
        column(x.children[0] for x in every),
        column(x.children[1] for x in every),
        np.array([x.node.operator == "not" for x in every], dtype=bool),
    )


def matching_gates(
    pattern: int, n_inputs: int, depth: int, keep: int, check: Callable[[], None] | None = None
) -> tuple[NDArray[np.int64], int]:
    """Codes of the first ``keep`` root gates that compute the pattern, ascending, and the exact number of all.

    For codes see :meth:`LiteralTable.codes`.
    """
    below = literal_table(n_inputs, depth - 1)
    full = (1 << (1 << n_inputs)) - 1
    functions, trees = below.functions, below.trees
    smallest = Smallest(keep)
    for positive, wanted in ((0, full & ~pattern), (1, pattern)):
        value = np.uint64(wanted)
        usable = np.flatnonzero((functions & value) == value)  # x ∧ y = value needs both to cover it
        order = usable[np.argsort(functions[usable], kind="stable")]
        distinct, starts = np.unique(functions[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        for a in range(len(distinct)):
            partners = a + np.flatnonzero((distinct[a] & distinct[a:]) == value)
            if not len(partners):
                continue
            xs = order[starts[a] : ends[a]]
            ys = np.concatenate([order[starts[b] : ends[b]] for b in partners])
            own = len(xs) if partners[0] == a else 0  # pairs inside one group come once, not twice
            for x_slice in _slices(len(xs), len(ys)):
                if check:
                    check()
                x, y = xs[x_slice, None], ys[None, :]
                fresh = trees[x] != trees[y]
                fresh[:, :own] &= x < y[:, :own]
                smallest.add(below.codes(np.minimum(x, y)[fresh], np.maximum(x, y)[fresh], positive))
    return smallest.sorted(), smallest.n_seen


def _slices(n_rows: int, n_columns: int) -> list[slice]:
    """Row slices of at most about a million cells each."""
    step = max(1, 1_000_000 // max(1, n_columns))
    return [slice(start, start + step) for start in range(0, n_rows, step)]


class Smallest:
    """The smallest ``keep`` of a stream of integers, and how many there were."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.n_seen = 0
        self._chunks: list[NDArray[np.int64]] = []
        self._held = 0

    def add(self, values: NDArray[np.int64]) -> None:
        self.n_seen += len(values)
        self._chunks.append(values)
        self._held += len(values)
        if self._held > 4 * self.keep + 1_000_000:
            kept = self.sorted()
            self._chunks, self._held = [kept], len(kept)

    def sorted(self) -> NDArray[np.int64]:
        if not self._chunks:
            return np.empty(0, dtype=np.int64)
        return np.sort(np.concatenate(self._chunks))[: self.keep]
