"""Candidate algorithms as the authors of "Everything, Everywhere, All at Once" enumerate them (protocol ``paper``).

1. Skeletons are trees over AND and OR without negation. One of depth d has a left child of depth exactly d − 1 and a
   right child of any smaller depth than d whose string is greater than the left one's (no mirrored duplicate, no
   ``x op x``). Strings are compared without outer brackets, by code point. Order: depth, left, right, ``*`` first.
2. Any set of nodes may be negated, inputs and root included. For each skeleton only the first set that gives the task
   counts: smallest first, then lexicographic over pre-order positions.

The first set is found by dynamic programming: for every sub-skeleton and every function that negations can give it, the
best set inside it. A set of positions is a pair (size, −bits) with the first position as the most significant bit, so
"smaller first, then lexicographic" is the order of pairs, and pairs of disjoint parts add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node, input_pattern
from pluriscope.analysis.questions.tasks import INPUT_NAMES

Negations = tuple[int, int]  # (how many, −bits); first pre-order position = most significant bit


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A tree over AND and OR without negations.

    Args:
        text: the authors' string without outer brackets.
        node: the tree.
        n_nodes: nodes in pre-order, inputs included.
        depth: depth in gates.
        best: function that negations can give it → the first set of negated positions that does.
        reach: sorted functions of ``best``; the operators do not matter for it (De Morgan), so few are distinct.
    """

    text: str
    node: Node
    n_nodes: int
    depth: int
    best: dict[int, Negations]
    reach: tuple[int, ...]


def formula_tree_candidates(
    pattern: int,
    n_inputs: int,
    depth: int,
    max_candidates: int,
    show: Callable[[int, int, int], None] | None = None,
    found: list[Node] | None = None,
) -> tuple[tuple[HighLevelModel, ...], int]:
    """The authors' candidate formulas for a truth table, in their order.

    Args:
        pattern: the truth table as an integer over the 2^n inputs.
        n_inputs: 1 to 6.
        depth: largest depth of a skeleton in gates, at least 1.
        max_candidates: how many are kept.
        show: called for each left child of a root with how many are done, of how many, and formulas found; may raise.
        found: an empty list, to which the formulas are added; so what was found before ``show`` raised is known.

    Returns:
        The first ``max_candidates`` formulas and the exact number of all.
    """
    found = [] if found is None else found
    count = 0
    below = skeletons(n_inputs, depth - 1)
    for skeleton in below:
        negations = skeleton.best.get(pattern)
        if negations is not None:
            count += 1
            if len(found) < max_candidates:
                found.append(_negated(skeleton.node, skeleton.n_nodes, -negations[1]))
    pairs = _Pairs(pattern, n_inputs)
    # a child comes back with many partners; skeletons are compared by identity, which is quick
    negated_child = lru_cache(maxsize=1 << 16)(lambda child, bits: _negated(child.node, child.n_nodes, bits))
    lefts = [left for left in below if left.depth == depth - 1]
    for done, left in enumerate(lefts):
        if show:
            show(done, len(lefts), count)
        for right in below:
            if not (left.text < right.text and pairs.can_match(left, right)):
                continue
            count += 2
            for operator in ("and", "or"):
                if len(found) < max_candidates:
                    bits = -pairs.first_negations(left, right, operator)[1]
                    root, left_bits = divmod(bits >> right.n_nodes, 1 << left.n_nodes)
                    children = (negated_child(left, left_bits), negated_child(right, bits & ((1 << right.n_nodes) - 1)))
                    node = Node("and" if operator == "and" else "or", children)
                    found.append(Node("not", (node,)) if root else node)
    return tuple(HighLevelModel("formula_trees", n_inputs, node) for node in found), count


@lru_cache(maxsize=16)
def skeletons(n_inputs: int, depth: int) -> tuple[Skeleton, ...]:
    """Every skeleton of depth ≤ ``depth`` in the authors' order."""
    full = (1 << (1 << n_inputs)) - 1
    if depth == 0:
        leaves = []
        for i in range(n_inputs):
            function = input_pattern(i, n_inputs)
            best = {function: (0, 0), full & ~function: (1, -1)}
            leaves.append(Skeleton(INPUT_NAMES[i], Node("input", input=i), 1, 0, best, tuple(sorted(best))))
        return tuple(leaves)
    below = skeletons(n_inputs, depth - 1)
    found = list(below)
    for left in below:
        if left.depth != depth - 1:
            continue
        for right in below:
            if left.text < right.text:
                found += [_join(left, right, "*", full), _join(left, right, "+", full)]
    return tuple(found)


def _join(left: Skeleton, right: Skeleton, sign: str, full: int) -> Skeleton:
    text = sign.join(f"({s.text})" if s.depth else s.text for s in (left, right))
    node = Node("and" if sign == "*" else "or", (left.node, right.node))
    n_nodes = 1 + left.n_nodes + right.n_nodes
    root_bit = 1 << (n_nodes - 1)
    best: dict[int, Negations] = {}
    for f, (f_size, f_bits) in left.best.items():
        for g, (g_size, g_bits) in right.best.items():
            value = f & g if sign == "*" else f | g
            size, bits = f_size + g_size, (f_bits << right.n_nodes) + g_bits
            for function, negations in ((value, (size, bits)), (full & ~value, (size + 1, bits - root_bit))):
                known = best.get(function)
                if known is None or negations < known:
                    best[function] = negations
    return Skeleton(text, node, n_nodes, 1 + max(left.depth, right.depth), best, tuple(sorted(best)))


class _Pairs:
    """Matches the two children of a root gate without trying every negation of the whole tree."""

    def __init__(self, pattern: int, n_inputs: int) -> None:
        self._full = (1 << (1 << n_inputs)) - 1
        self._pattern = pattern
        self._wanted = (pattern, self._full & ~pattern)
        self._known: dict[tuple[tuple[int, ...], tuple[int, ...]], bool] = {}
        self._covers: dict[tuple[tuple[int, ...], int], NDArray[np.uint64]] = {}
        self._options: dict[tuple[str, str, int], list[tuple[int, Negations]]] = {}

    def can_match(self, left: Skeleton, right: Skeleton) -> bool:
        """Whether some negations make left ∧ right the task; then others make left ∨ right the task (De Morgan)."""
        key = (left.reach, right.reach)
        if key not in self._known:
            self._known[key] = any(
                bool(((self._cover(left, v)[:, None] & self._cover(right, v)) == np.uint64(v)).any())
                for v in self._wanted
            )
        return self._known[key]

    def _cover(self, skeleton: Skeleton, value: int) -> NDArray[np.uint64]:
        key = (skeleton.reach, value)
        if key not in self._covers:
            covering = [f for f in skeleton.reach if f & value == value]
            self._covers[key] = np.array(covering, dtype=np.uint64)
        return self._covers[key]

    def first_negations(self, left: Skeleton, right: Skeleton, operator: str) -> Negations:
        """The first set of negated positions that makes left op right the task; there must be one."""
        root_bit = 1 << (left.n_nodes + right.n_nodes)
        best: Negations = (root_bit, 0)
        for negated, value in enumerate(self._wanted):
            rights = self._inside(right, operator, value)
            for f, (f_size, f_bits) in self._inside(left, operator, value):
                room = best[0] - negated - f_size
                for g, (g_size, g_bits) in rights:
                    if g_size > room:
                        break  # options come fewest negations first
                    if (f & g if operator == "and" else f | g) == value:
                        bits = (f_bits << right.n_nodes) + g_bits - negated * root_bit
                        best = min(best, (negated + f_size + g_size, bits))
                        room = best[0] - negated - f_size
        return best

    def _inside(self, skeleton: Skeleton, operator: str, value: int) -> list[tuple[int, Negations]]:
        """The functions that a child may have if the gate is to give ``value``: above it for AND, below it for OR."""
        key = (skeleton.text, operator, value)
        if key not in self._options:
            inside = [
                (f, negations)
                for f, negations in skeleton.best.items()
                if (f & value == value if operator == "and" else f | value == value)
            ]
            self._options[key] = sorted(inside, key=lambda option: option[1])
        return self._options[key]


def _negated(node: Node, n_nodes: int, bits: int) -> Node:
    """The tree with a NOT put on each negated pre-order position, the first one the most significant bit."""
    position = n_nodes

    def rebuild(node: Node) -> Node:
        nonlocal position
        position -= 1
        marked = bits >> position & 1
        if node.children:
            node = Node(node.operator, tuple(rebuild(child) for child in node.children))
        return Node("not", (node,)) if marked else node

    return rebuild(node)
