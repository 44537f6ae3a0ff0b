"""Oblique swaps: of all directions d with w·d = 1 that could carry a variable's interchange, which make it right?

The read-out w stays, and the base moves along d instead of w: h_b + d if the variable is 0 on the base and 1 on the
source, h_b − d the other way round. So there is one condition for each base that is moved at all, on a family of
dimension width − 1, and pairs on which the variable does not change only ask that the network decides right anyway.
Here the read-out's values count as exactly 0 and 1; they are within the residual.

- *Last hidden layer*: the output sees d only through t = p·d with p the output's weights. Each base bounds t on one
  side or both. p and w not parallel: t is any number, and some d pass exactly if the bounds leave an interval; all pass
  only if nothing is bounded. p and w parallel: t is fixed, all pass or none.
- *Deeper*, or where the output's activation is not known to take one value at one pre-activation: a witness by a seeded
  search, run through the network, and one that fails; else undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.interventions.swaps import run_from, settled
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.placements.iia import Behaviour, tested_pairs
from pluriscope.analysis.questions.decisions import DecisionRule, decide, decided_as, margin_to_edge
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.subjects.perceptron.activations import decision_edge, inverse
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.directions.minimum_norm import rounded

Array = NDArray[np.float64]
Answer = Literal["all", "some", "none", "undecided"]
Method = Literal["interval", "witness", "clean"]

_PARALLEL: Final = 1e-9  # what is left of p beside w, as a share of it, below which they count as parallel
_N_SAMPLES: Final = 2_048
_N_ROUNDS: Final = 24
_N_BEST: Final = 32


class Case(NamedTuple):
    """One condition: the network must decide ``wanted`` at ``start + sign · d``."""

    start: Array
    sign: int
    wanted: int


class Side(NamedTuple):
    """A bound on the output's pre-activation: ``sign · value ≤ bound``, or < if strict."""

    sign: int
    bound: Fraction
    strict: bool


@dataclass(frozen=True)
class ObliqueFamily:
    """All oblique swaps of one variable's read-out on one layer.

    Args:
        layer: from 1.
        dimension: of the family of directions d with w·d = 1: width − 1.
        answer: whether all of it, some or none pass every tested interchange; "undecided" where that is not known.
        method: how it was decided: "interval" (last hidden layer, exact), "witness" (one was run, and one that fails),
            "clean" (the network decides wrongly where the variable does not change, so nothing can pass).
        witness: a direction d that passes, for the read-out w; None if none is known.
    """

    layer: int
    dimension: int
    answer: Answer
    method: Method
    witness: tuple[float, ...] | None = None


def oblique_family(question: Question, place: Subspace, behaviour: Behaviour) -> ObliqueFamily:
    """Decide how much of the family passes.

    Args:
        place: the read-out w of the behaviour's variable, one row.
        behaviour: the variable's values and what the algorithm says.
    """
    return _Family(question, place, behaviour).decide()


class _Family:
    def __init__(self, question: Question, place: Subspace, behaviour: Behaviour) -> None:
        network = question.network
        self.network, self.layer, self.weights = network, place.layer, place.matrix[0]
        self.rule = question.protocol.alignment_decision
        clean = activations(network, question.data.clean_rows)
        tested = tested_pairs(network.n_inputs, question.protocol.interchange_pairs)
        # A swap moves a base only where source and base give the variable different values. Where they agree the
        # network does what it does anyway, which no direction changes: that must be right by itself.
        values, when_false, when_true = (pattern_bits(pattern, network.n_inputs) for pattern in behaviour)
        differs = values[:, None] != values[None, :]
        moved = (tested & differs).any(axis=0)
        stays = (tested & ~differs).any(axis=0)
        says_clean = np.where(values, when_true, when_false)
        self.clean_right = bool((decide(clean[-1][:, 0], self.rule) == says_clean)[stays].all())
        # w·d = 1, so the variable's own change of ±1 along w is ±d, from whichever source: one case for each base
        says_moved = np.where(values, when_false, when_true)
        self.cases = tuple(
            Case(clean[place.layer][base], -1 if values[base] else 1, int(says_moved[base]))
            for base in np.flatnonzero(moved).tolist()
        )
        self.own = clean[-1][moved, 0]

    @property
    def dimension(self) -> int:
        return len(self.weights) - 1

    def decide(self) -> ObliqueFamily:
        if not self.clean_right:
            return self._answer("none", "clean")
        if not self.cases:
            return self._answer("all", "clean", self._shortest())
        if self.dimension == 0:
            passes = self._clearance(self._shortest()[None])[0] > 0
            return self._answer("all" if passes else "none", "interval", self._shortest() if passes else None)
        if self.layer == self.network.n_hidden_layers and self.network.function_of(self.layer + 1).monotone:
            return self._last_layer()
        return self._deeper()

    def _answer(self, answer: Answer, method: Method, witness: Array | None = None) -> ObliqueFamily:
        written = None if witness is None else self._written(witness)
        if answer == "some" and written is None:
            answer = "undecided"  # one passes, but none that can be written down and set again is known
        return ObliqueFamily(self.layer, self.dimension, answer, method, written)

    def _written(self, witness: Array) -> tuple[float, ...] | None:
        """The witness at twelve digits, or as it is where it passes only so; None where it cannot be set."""
        plain = rounded(witness[None])[0]
        chosen = plain if self._clearance(plain[None])[0] > 0 else witness
        row = tuple(chosen.tolist())
        swap = Subspace(self.layer, (tuple(self.weights.tolist()),), (row,))
        return None if swap.problem else row

    def _shortest(self) -> Array:
        shortest: Array = self.weights / fixed_order.dot(self.weights, self.weights)
        return shortest

    def _clearance(self, directions: Array) -> Array:
        """``[directions]`` smallest distance from the decision's edge over the cases, below 0 where one is wrong."""
        starts = np.array([case.start for case in self.cases])
        signs = np.array([case.sign for case in self.cases])
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = run_from(self.network, self.layer, starts + signs[:, None] * directions[:, None, :])
        outputs = settled(outputs, self.own)
        cleared = margin_to_edge(outputs, self.rule)
        for column, case in enumerate(self.cases):
            right = decided_as(outputs[:, column], case.wanted, self.rule)
            # right but on the edge still passes: 0 ≤ .5
            cleared[:, column] = np.where(
                right, np.maximum(cleared[:, column], np.finfo(float).tiny), -cleared[:, column]
            )
        worst: Array = np.nan_to_num(cleared, nan=-np.inf).min(axis=1)
        return worst

    # --- last hidden layer

    def _last_layer(self) -> ObliqueFamily:
        # The output sees d through t = p·d alone, p being its weights; where p is parallel to w, all d have the same t.
        weights, biases = self.network.weights[-1][0], self.network.biases[-1]
        shortest = self._shortest()
        beside = weights - fixed_order.dot(weights, self.weights) * shortest
        if fixed_order.length(beside) <= _PARALLEL * fixed_order.length(weights):
            passes = self._clearance(shortest[None])[0] > 0
            return self._answer("all" if passes else "none", "interval", shortest if passes else None)
        # Else every case bounds t from one side, exactly, and the family passes where t lies within all bounds.
        exact = [Fraction(w) for w in weights.tolist()]
        low: list[tuple[Fraction, bool]] = []
        high: list[tuple[Fraction, bool]] = []
        for case in self.cases:
            start = _dot(exact, case.start) + Fraction(float(biases[0]))
            for side in output_sides(self.network, self.rule, case.wanted):
                # side.sign · (start + case.sign · t) ≤ bound
                room = side.bound - side.sign * start
                (high if side.sign * case.sign > 0 else low).append((side.sign * case.sign * room, side.strict))
        if not low and not high:
            return self._answer("all", "interval", shortest)
        bottom = max(low, default=None)
        top = min(high, key=lambda bound: (bound[0], not bound[1]), default=None)
        if bottom and top and (bottom[0] > top[0] or (bottom[0] == top[0] and (bottom[1] or top[1]))):
            return self._answer("none", "interval")
        # The witness: in the middle of the interval, or, where it is open on one side, near the orthogonal swap.
        centre = fixed_order.dot(weights, shortest)
        if bottom and top:
            goal = float((bottom[0] + top[0]) / 2)
        elif bottom:
            goal = max(centre, float(bottom[0]) + max(1.0, abs(float(bottom[0]))))
        else:
            goal = min(centre, float(top[0]) - max(1.0, abs(float(top[0])))) if top else centre
        witness = shortest + (goal - centre) / fixed_order.dot(beside, beside) * beside
        if self._clearance(witness[None])[0] > 0:
            return self._answer("some", "interval", witness)
        return self._answer("undecided", "interval")  # the interval is too short for float64

    # --- deeper layers

    def _deeper(self) -> ObliqueFamily:
        witness, failing = self._searched()
        return self._answer("some" if witness is not None and failing else "undecided", "witness", witness)

    def _searched(self) -> tuple[Array | None, bool]:
        """A direction that passes, the best of a seeded search, and whether one that fails was seen."""
        # 1. Draw directions around the shortest one, at distances from far below to far above the layer's numbers, for
        #    nothing says at which scale one passes. The powers are of e, in arithmetic that is the same everywhere.
        random = np.random.default_rng(0)
        width = len(self.weights)
        shortest = self._shortest()
        largest = max(1e-12, fixed_order.length(shortest), max(float(np.abs(c.start).max()) for c in self.cases))
        powers = random.normal(scale=1.5, size=(_N_SAMPLES, 1))
        decay = fixed_order.exp_of_negative(-np.abs(powers))
        spread = largest * np.where(powers > 0, 1.0 / decay, decay)
        tried = self._on_family(shortest + spread * random.normal(size=(_N_SAMPLES, width)))
        tried[0] = shortest
        cleared = self._clearance(tried)
        failing = bool((cleared < 0).any())
        # 2. Draw around the best ones, ever nearer, until one clears all cases with room to spare.
        step = largest
        for _ in range(_N_ROUNDS):
            best = np.argsort(-cleared, kind="stable")[:_N_BEST]
            if cleared[best[0]] > 0.1:
                break
            near = tried[best].repeat(8, axis=0)
            near = self._on_family(near + step * random.normal(size=near.shape))
            tried = np.concatenate([tried[best], near])
            cleared = np.concatenate([cleared[best], self._clearance(near)])
            step *= 0.8
        best_one = int(np.argmax(cleared))
        return (tried[best_one] if cleared[best_one] > 0 else None), failing

    def _on_family(self, directions: Array) -> Array:
        """Moved along w until w·d = 1."""
        missing = 1.0 - fixed_order.inner(directions, self.weights[None])[:, 0]
        moved: Array = directions + missing[:, None] * self._shortest()
        return moved


def output_sides(network: Network, rule: DecisionRule, wanted: int) -> list[Side]:
    """Bounds on the output's pre-activation under which it is decided as wanted.

    Args:
        network: cut to one output.
        rule: decision rule.
        wanted: 0 or 1.

    Raises:
        BeyondLimits: the output's activation falls somewhere.
    """
    output = network.function_of(len(network.weights))
    edge = decision_edge(output)
    sides = [Side(1, edge, False)] if wanted == 0 else [Side(-1, -edge, True)]
    if rule == "rounding":
        other = inverse(output, Fraction(3 if wanted else -1, 2))
        if other is not None:
            sides.append(Side(1, other, True) if wanted else Side(-1, -other, False))
    return sides


def _dot(row: Sequence[Fraction], values: Array) -> Fraction:
    return sum((w * Fraction(x) for w, x in zip(row, values.tolist(), strict=True)), Fraction(0))
