"""Valid circuits of a rounded perceptron as models of a formula.

1. On each judged row every neuron is a whole number that the edges determine. It is written as a tree of decisions on
   edges where that has few leaves (a first-layer neuron of two inputs has at most four values), and so are its products
   with the weights above; sums of more are bit vectors, as wide as intervals of their values need.
2. A row is right where the output's pre-activation lies in an interval of whole numbers. That of "inside" leaves as
   much room as rounding may move the output, so that its circuits are valid in the given network too; that of
   "outside" is as much wider, so that no valid circuit is missed (:mod:`pluriscope_large.formulas.rounding`).
3. A circuit of the protocol's space has, at each hidden neuron, an edge in if and only if it has one out; at each input
   one out and at the output one in; and no more active neurons than the protocol's filters leave.
4. z3 turns the bit vectors into clauses by Tseitin's definitions, which the edges determine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isfinite, prod
from typing import Any, Final, Literal

import numpy as np

from pluriscope.analysis.circuits.decision_intervals import decision_box
from pluriscope.analysis.errors import BeyondLimits, needing
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Carried, Question
from pluriscope_large.formulas.formula import Formula
from pluriscope_large.formulas.rounding import Interval, RoundedQuestion, error_bounds, rounded, whole

Band = Literal["inside", "rounded", "outside"]
DEFAULT_BITS: Final = 8
MAX_SIZE: Final = 50_000
"""Bits · rows · edges of what is encoded."""
_LEAVES: Final = 128  # of a tree that is not yet written as bits
Tree = Any  # a whole number, a bit vector, or (edge, tree if it is kept, tree if it is absent)


def encode(
    question: Question, bits: int = DEFAULT_BITS, band: Band = "rounded", absent: Carried | None = None
) -> Formula:
    """The circuits of the protocol's space that decide enough rows right, as models of a formula.

    Args:
        bits: weights and inputs are rounded to multiples of 2^−bits, from 1 to 24.
        band: "rounded" for those of the rounded network; "inside" for some of the given network's valid circuits, and
            "outside" for all of them and others. A formula that no circuit can fulfil has no models.
        absent: what absent edges carry, ``[n_l]`` for layers 0 … L − 1, if not what the protocol's ablation says.

    Raises:
        NotOffered: see :func:`~pluriscope_large.formulas.rounding.refusal`.
        MissingLibrary: z3 is not installed.
        BeyondLimits: too many bits, rows and edges, or see :func:`~pluriscope_large.formulas.rounding.rounded`.
    """
    with needing("z3", "circuits as models of a formula", "pluriscope-large[solvers]"):
        import z3
    coarse = rounded(question, bits, absent)
    rows = np.unique(np.column_stack([*question.judged]), axis=0)
    sizes = {"bits": bits, "rows": len(rows), "edges": question.layout.n_edges}
    if (size := prod(sizes.values())) > MAX_SIZE:
        cause = f"{' × '.join(f'{n:,} {name}' for name, n in sizes.items())} are {size:,}, the limit {MAX_SIZE:,}"
        would_do = [f"{n * MAX_SIZE // size:,} {name}" for name, n in sizes.items() if n * MAX_SIZE >= 2 * size]
        raise BeyondLimits("the formula of all circuits", cause, f"use at most {' or '.join(would_do)}")
    errors = error_bounds(question, bits, absent) if band != "rounded" else ((Fraction(0),) * 2,) * question.n_rows
    return _Encoder(z3, coarse, question.network).formula(band, errors)


@dataclass(frozen=True)
class _Bits:
    """A bit vector of z3 with two's complement, and the ends of its values."""

    vector: Any
    low: int
    high: int


class _Encoder:
    def __init__(self, z3: Any, question: RoundedQuestion, given: Network) -> None:
        self.z3, self.question, self.given, self.context = z3, question, given, z3.Context()
        self.network = question.network
        self.edges = [z3.Bool(f"e{k}", self.context) for k in range(question.layout.n_edges)]
        self.reads, self.sums = zip(*question.scales, strict=True)
        network, scales = question.network, question.scales
        self.weights = [whole(w, sums - reads) for w, (reads, sums) in zip(network.weights, scales, strict=True)]
        self.biases = [whole(b, sums) for b, sums in zip(network.biases, self.sums, strict=True)]
        self.absent = [whole(a, reads) for a, reads in zip(question.values, self.reads, strict=True)]

    def formula(self, band: Band, errors: Sequence[Interval]) -> Formula:
        question = self.question
        rows, labels = question.judged
        region = Counter(
            (tuple(whole(row, self.reads[0])), self._ends(label, band, error))
            for row, label, error in zip(rows, labels.tolist(), errors, strict=True)
        )
        outputs = {row: self._output(row) for row in dict.fromkeys(row for row, _ in region)}
        wrong = [(self.z3.Not(self._between(outputs[row], *ends)), times) for (row, ends), times in region.items()]
        most = max_wrong(len(rows), question.share)
        goal = self.z3.Goal(ctx=self.context)
        goal.add(*self._structure(), self._at_most(wrong, most))
        return self._clauses(goal)

    # numbers

    def _output(self, row: Sequence[int]) -> Tree:
        """The output's pre-activation."""
        layout, values = self.question.layout, list[Tree](row)
        for layer in range(1, len(self.weights) + 1):
            weights, sums = self.weights[layer - 1], []
            for out, bias in enumerate(self.biases[layer - 1]):
                terms: list[Tree] = [bias]
                for source, (value, lost) in enumerate(zip(values, self.absent[layer - 1], strict=True)):
                    weight = weights[out][source]
                    edge = layout.edge_index(layer, out, source)
                    terms.append(_decision(edge, self._scaled(value, weight), weight * lost))
                sums.append(self._sum(terms))
            if layer == len(self.weights):
                return sums[0]
            values = [self._activated(layer, one) for one in sums]
        raise AssertionError

    def _scaled(self, value: Tree, factor: int) -> Tree:
        return self._mapped(value, lambda number: number * factor, lambda bits: self._times(bits, factor))

    def _activated(self, layer: int, value: Tree) -> Tree:
        known, reads = self.network.function_of(layer), self.reads[layer]
        one = 1 << reads - self.sums[layer - 1]
        if known.below is not None:
            slope = int(known.below * one)
            return self._mapped(value, lambda v: v * (one if v > 0 else slope), lambda b: self._bent(b, one, slope))
        low, high = (int(np.ldexp(end, reads)) for end in (known.low, known.high))
        return self._mapped(
            value, lambda v: min(max(v * one, low), high), lambda b: self._clipped(self._times(b, one), low, high)
        )

    def _clipped(self, value: _Bits, least: int, most: int) -> _Bits:
        """The value, or the nearer of two ends."""
        z3, (low, high) = self.z3, (min(max(end, least), most) for end in (value.low, value.high))
        width = max(_width(value.low, value.high), _width(least, most))
        wide, first, last = self._fit(value.vector, width), *(self._vector(end, width) for end in (least, most))
        clipped = z3.If(wide < first, first, z3.If(wide > last, last, wide))
        return _Bits(self._fit(clipped, _width(low, high)), low, high)

    def _bent(self, value: _Bits, above: int, below: int) -> _Bits:
        """The value times one factor above 0 and another below, neither of them negative."""
        if value.low >= 0 or value.high <= 0 or above == below:
            return self._times(value, above if value.low >= 0 else below)
        low, high = value.low * below, value.high * above
        parts = (self._fit(self._times(value, factor).vector, _width(low, high)) for factor in (above, below))
        return _Bits(self.z3.If(value.vector > 0, *parts), low, high)

    def _times(self, value: _Bits, factor: int) -> _Bits:
        ends = value.low * factor, value.high * factor
        low, high = min(ends), max(ends)
        width = _width(low, high)
        return _Bits(self._fit(value.vector, width) * self.z3.BitVecVal(factor, width, self.context), low, high)

    def _sum(self, terms: Sequence[Tree]) -> Tree:
        """The sum: a tree where it has few leaves, else bits."""
        joined: list[Tree] = []
        for term in sorted(terms, key=_leaves):
            if joined and _leaves(joined[-1]) * _leaves(term) <= _LEAVES:
                joined[-1] = _added(joined[-1], term)
            else:
                joined.append(term)
        if len(joined) == 1 and _leaves(joined[0]) <= _LEAVES:
            return joined[0]
        total, *others = (self._bits(one) for one in joined)
        for other in others:
            low, high = total.low + other.low, total.high + other.high
            width = _width(low, high)
            total = _Bits(self._fit(total.vector, width) + self._fit(other.vector, width), low, high)
        return total

    def _bits(self, tree: Tree) -> _Bits:
        low, high = _ends(tree)
        return _Bits(self._vector(tree, _width(low, high)), low, high)

    def _vector(self, tree: Tree, width: int) -> Any:
        if isinstance(tree, tuple):
            return self.z3.If(self.edges[tree[0]], *(self._vector(one, width) for one in tree[1:]))
        if isinstance(tree, _Bits):
            return self._fit(tree.vector, width)
        return self.z3.BitVecVal(tree, width, self.context)

    def _fit(self, vector: Any, width: int) -> Any:
        """A vector made wider by its sign, or narrower where its value leaves room."""
        more = width - vector.size()
        if more > 0:
            return self.z3.SignExt(more, vector)
        return self.z3.Extract(width - 1, 0, vector) if more else vector

    def _mapped(self, tree: Tree, number: Callable[[int], int], bits: Callable[[_Bits], _Bits]) -> Tree:
        if isinstance(tree, tuple):
            return _decision(tree[0], self._mapped(tree[1], number, bits), self._mapped(tree[2], number, bits))
        return bits(tree) if isinstance(tree, _Bits) else number(tree)

    # conditions

    def _ends(self, label: float, band: Band, error: Interval) -> tuple[float, float]:
        """The least and the largest pre-activation of the output that is right; infinite without an end."""
        network, rule = self.network if band == "rounded" else self.given, self.question.protocol.circuit_decision
        box = decision_box(label, rule, network.function_of(len(self.weights)))
        off = error[::-1] if band == "outside" else error
        scale = 1 << self.sums[-1]
        low = ceil((Fraction(box.low) - off[0]) * scale) if isfinite(box.low) else box.low
        high = floor((Fraction(box.high) - off[1]) * scale) if isfinite(box.high) else box.high
        return low, high

    def _between(self, tree: Tree, low: float, high: float) -> Any:
        """Whether a number lies between two ends."""
        if isinstance(tree, tuple):
            return self.z3.If(self.edges[tree[0]], *(self._between(one, low, high) for one in tree[1:]))
        least, most = _ends(tree)
        if low > most or high < least:
            return self.z3.BoolVal(False, self.context)
        parts = [tree.vector >= low] if low > least else []
        parts += [tree.vector <= high] if high < most else []
        return self.z3.And(*parts, self.context)

    def _structure(self) -> list[Any]:
        layout, z3 = self.question.layout, self.z3

        def some(edges: int) -> Any:
            return z3.Or(*(one for k, one in enumerate(self.edges) if edges >> k & 1), self.context)

        into, out_of = layout.edges_into, layout.edges_out_of
        ends = [some(edges) for edges in (*out_of[0], *into[-1])]
        hidden = [
            (some(a), some(b)) for i, o in zip(into[1:-1], out_of[1:-1], strict=True) for a, b in zip(i, o, strict=True)
        ]
        n_hidden = sum(layout.sizes[1:-1])
        allowed = [n for n in range(n_hidden + 1) if in_space(n, layout.sizes, self.question.protocol)]
        active = self._at_most([(used, 1) for used, _ in hidden], max(allowed, default=-1))
        return [*ends, *(used == read for used, read in hidden), active]

    def _at_most(self, conditions: Sequence[tuple[Any, int]], most: int) -> Any:
        """Bound the sum of conditions, each counted so many times."""
        z3, total = self.z3, sum(times for _, times in conditions)
        if most >= total or most < 0:
            return z3.BoolVal(most >= 0, self.context)
        width = total.bit_length() + 1
        count = sum(
            z3.If(one, *(z3.BitVecVal(n, width, self.context) for n in (times, 0))) for one, times in conditions
        )
        return count <= most

    def _clauses(self, goal: Any) -> Formula:
        z3 = self.z3
        result = z3.Then(*(z3.Tactic(name, self.context) for name in ("simplify", "bit-blast", "tseitin-cnf")))(goal)[0]
        n_edges = len(self.edges)
        if result.inconsistent():
            return Formula(n_edges, n_edges, np.array([1, 0, -1, 0], dtype=np.int32))
        head, *lines = result.dimacs().splitlines()
        n_variables, n_clauses = map(int, head.split()[2:])
        names = {name: int(number) for _, number, name in map(str.split, lines[n_clauses:])}
        edges = [names[str(edge)] for edge in self.edges]  # each occurs, as the structure is made of all of them
        order = np.concatenate([[0], edges, np.setdiff1d(np.arange(1, n_variables + 1), edges)])
        literals = np.array(" ".join(lines[:n_clauses]).split(), dtype=np.int32)
        return Formula(n_edges, n_variables, np.sign(literals) * np.argsort(order).astype(np.int32)[abs(literals)])


def _decision(edge: int, kept: Tree, lost: Tree) -> Tree:
    return kept if kept is lost or (not isinstance(kept, _Bits) and kept == lost) else (edge, kept, lost)


def _leaves(tree: Tree) -> int:
    """Numbers at the ends of a tree; too many if there are bits among them."""
    if isinstance(tree, tuple):
        return _leaves(tree[1]) + _leaves(tree[2])
    return _LEAVES + 1 if isinstance(tree, _Bits) else 1


def _added(one: Tree, other: Tree) -> Tree:
    if isinstance(one, tuple):
        return _decision(one[0], _added(one[1], other), _added(one[2], other))
    if isinstance(other, tuple):
        return _decision(other[0], _added(one, other[1]), _added(one, other[2]))
    return one + other


def _ends(tree: Tree) -> tuple[int, int]:
    if isinstance(tree, tuple):
        ends = [_ends(one) for one in tree[1:]]
        return min(low for low, _ in ends), max(high for _, high in ends)
    return (tree.low, tree.high) if isinstance(tree, _Bits) else (tree, tree)


def _width(low: int, high: int) -> int:
    """Bits of two's complement."""
    return max(high.bit_length(), (~low).bit_length() if low < 0 else 0) + 1
