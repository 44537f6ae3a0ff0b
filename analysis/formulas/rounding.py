"""A question with weights rounded to multiples of 2^−bits, on which float64 is exact, and how far that moves outputs.

1. Weights and inputs are rounded to multiples of 2^−bits, slopes to those of 2^−(bits + 2). Biases, and what absent
   edges carry, are rounded to the finest multiples that occur in the sum they are added to, which costs nothing.
2. Every product and sum is then a whole number over a power of two. As long as these numbers stay below 2^53, float64
   gives them exactly, whatever the circuit.
3. How far outputs may move is followed layer by layer with intervals in fractions: for each edge the hull of what it
   moves if it is kept and if it is absent, so that the bound holds for all circuits at once. float64's own error on the
   given network is added by the usual bound for sums (Higham 2002, Accuracy and Stability, (3.5) and §4.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.data import DataRecord
from analysis.errors import BeyondLimits, NotOffered
from analysis.question import Carried, Question
from analysis.subjects.perceptron.activations import FAMILIES, Activation
from analysis.subjects.perceptron.network import Network

ENCODED: Final = ("leaky_relu", "relu", "linear", "hardtanh")
"""Activations whose values are whole numbers where their pre-activations are."""
MAX_BITS: Final = 24
_SLOPE_BITS: Final = 2  # more for slopes: what they multiply is larger than most activations
_EXACT: Final = 1 << 53  # below, float64 has every whole number
_HALF_UNIT: Final = Fraction(1, 1 << 53)
_UNDERFLOW: Final = Fraction(1, 1 << 1000)  # more than all that a sum of a few thousand loses to subnormal numbers
Interval = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False, repr=False)
class RoundedQuestion(Question):
    """A question on which float64 is exact.

    Args:
        values: what absent edges carry.
    """

    values: Carried

    @cached_property
    def data(self) -> DataRecord:
        """The rounded rows; no others are drawn."""
        return self.record

    def carried(self, ablation: str) -> Carried:
        """What absent edges carry, which follows from the network before it was rounded."""
        return self.values

    @cached_property
    def scales(self) -> tuple[tuple[int, int], ...]:
        """For layers 1 … L the exponents s of the multiples of 2^−s that it reads, and that its sums are."""
        reads, scales = _scale(self.judged[0], self.values[0]), []
        for layer, weights in enumerate(self.network.weights, start=1):
            sums = reads + _scale(weights)
            scales.append((reads, sums))
            known = self.network.function_of(layer).parameters
            slopes, ends = ([v for k, v in known.items() if (k == "negative_slope") == one] for one in (True, False))
            reads = max(sums + _scale(np.array(slopes)), _scale(np.array(ends)))
        return tuple(scales)


def refusal(question: Question) -> str:
    """Why a question cannot be encoded, "" if it can."""
    network = question.network
    for one in dict.fromkeys(network.function_of(layer) for layer in range(1, len(network.weights) + 1)):
        if one.name not in ENCODED:
            return f"{one.label} gives numbers that are no fractions; {', '.join(ENCODED)} can be encoded"
    if question.protocol.circuit_family != "own":
        return f"protocol {question.protocol.name} looks at several ablations at once; ask with one of them"
    return ""


def rounded(question: Question, bits: int, absent: Carried | None = None) -> RoundedQuestion:
    """The question with numbers so coarse that float64 is exact on every circuit.

    Args:
        bits: from 1 to 24; weights and inputs are rounded to multiples of 2^−bits.
        absent: what absent edges carry, ``[n_l]`` for layers 0 … L − 1, if not what the protocol's ablation says.

    Raises:
        NotOffered: see :func:`refusal`.
        BeyondLimits: float64 is not exact with so many bits; the cure names how many would do.
    """
    if why := refusal(question):
        raise NotOffered("circuits as models of a formula", why, "use a network or a protocol that can be")
    absent = question.absent if absent is None else absent
    made = _rounded(question, bits, absent)
    if _is_exact(made):
        return made
    fewer = next((n for n in reversed(range(1, bits)) if _is_exact(_rounded(question, n, absent))), 0)
    cause = f"weights rounded to multiples of 1/{2**bits} lead to numbers beyond float64's 53 bits"
    raise BeyondLimits(f"{bits} bits", cause, f"use at most {fewer}" if fewer else "scale the weights down")


def error_bounds(question: Question, bits: int, absent: Carried | None = None) -> tuple[Interval, ...]:
    """How far outputs may move by rounding, as low and high ends for each judged row.

    The output of every circuit in the given network, as float64 computes it, less that in the rounded network lies
    between them.

    Args:
        bits, absent: see :func:`rounded`.

    Raises:
        NotOffered, BeyondLimits: see :func:`rounded`.
    """
    coarse = rounded(question, bits, absent)
    carried = question.absent if absent is None else absent
    same = _numbers(coarse, coarse.values) == _numbers(question, carried)
    known: dict[bytes, Interval] = {}
    for given, row in zip(question.judged[0], coarse.judged[0], strict=True):
        if (key := given.tobytes()) not in known:
            known[key] = _Errors(question.network, coarse.network, same).of_output(given, row, carried, coarse.values)
    return tuple(known[given.tobytes()] for given in question.judged[0])


def whole(values: NDArray[np.float64] | float, scale: int) -> Any:
    """Multiples of 2^−scale as Python's whole numbers, in nested lists of the same shape."""
    scaled = np.ldexp(values, scale)
    return np.vectorize(int, otypes=[object])(scaled).tolist() if np.ndim(values) else int(scaled)


def _rounded(question: Question, bits: int, absent: Carried) -> RoundedQuestion:
    data, given = question.data, question.subject
    judged = None if data.validation_inputs is None else _nearest(data.validation_inputs, bits)
    record = replace(data, representatives=_nearest(data.representatives, bits), validation_inputs=judged)
    weights = [_nearest(one, bits) for one in given.weights]
    slope = given.negative_slope
    network = Network.from_arrays(
        weights,
        given.biases,
        activation=_text(given.function_of(1), bits) if len(weights) > 1 else given.activation,
        output_activation=_text(given.function_of(len(weights)), bits),
        negative_slope=None if slope is None else float(_nearest(np.array(slope), bits + _SLOPE_BITS)),
    )
    values = (_nearest(absent[0], bits), *absent[1:])
    made = RoundedQuestion(network, question.output, question.task, question.protocol, record, values)
    biases = {
        f"b{n}": _nearest(b, sums) for n, (b, (_, sums)) in enumerate(zip(given.biases, made.scales, strict=True), 1)
    }
    values = tuple(_nearest(one, reads) for one, (reads, _) in zip(values, made.scales, strict=True))
    return replace(made, subject=network.with_parameters(network.parameters | biases), values=values)


def _text(known: Activation, bits: int) -> str:
    """An activation with rounded ends; the slope of a leaky ReLU is the network's."""
    if known.name != "hardtanh":
        return known.name
    return FAMILIES[known.name].text({k: float(_nearest(np.array(v), bits)) for k, v in known.parameters.items()})


def _nearest(values: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """The nearest multiples of 2^−scale, of two the even one."""
    return np.asarray(np.ldexp(np.rint(np.ldexp(values, scale)), -scale))


def _scale(*arrays: NDArray[np.float64]) -> int:
    """The least s such that all numbers are multiples of 2^−s."""
    return max((float(x).as_integer_ratio()[1].bit_length() - 1 for one in arrays for x in one.flat), default=0)


def _is_exact(question: RoundedQuestion) -> bool:
    """Whether every product and partial sum is below 2^53 as a whole number, whatever the circuit."""
    network, values = question.network, np.abs(question.judged[0]).max(axis=0)
    for layer, (weights, biases, (reads, sums)) in enumerate(
        zip(network.weights, network.biases, question.scales, strict=True), start=1
    ):
        values = np.maximum(values, np.abs(question.values[layer - 1]))
        bounds = np.abs(weights) @ values + np.abs(biases)
        if max(np.ldexp(values.max(), reads), np.ldexp(bounds.max(), sums)) > _EXACT // 2:  # these are floats too
            return False
        values = np.array([network.function_of(layer).largest(float(one)) for one in bounds])
    return True


def _numbers(question: Question, carried: Carried) -> tuple[object, ...]:
    """All that outputs follow from."""
    rows = question.judged[0]
    return question.network.digest, rows.tobytes(), tuple((one + 0.0).tobytes() for one in carried)


def _times(factor: Fraction, one: Interval) -> Interval:
    ends = factor * one[0], factor * one[1]
    return min(ends), max(ends)


def _plus(one: Interval, other: Interval) -> Interval:
    return one[0] + other[0], one[1] + other[1]


def _hull(*points: Fraction) -> Interval:
    return min(points), max(points)


def _size(one: Interval) -> Fraction:
    return max(-one[0], one[1])


@dataclass(frozen=True)
class _Errors:
    """Values of a rounded network, and how far the given one's may be from them, layer by layer."""

    given: Network
    coarse: Network
    same: bool

    def of_output(
        self, given: NDArray[np.float64], coarse: NDArray[np.float64], absent: Carried, carried: Carried
    ) -> Interval:
        """How far outputs may be off on one row ``[n0]``, whatever the circuit."""
        exact = [Fraction(float(x)) for x in coarse]
        values = [(x, x) for x in exact]
        errors = [(Fraction(float(one)) - x,) * 2 for one, x in zip(given, exact, strict=True)]
        for layer in range(1, len(self.given.weights) + 1):
            pairs = zip(absent[layer - 1].tolist(), carried[layer - 1].tolist(), strict=True)
            lost = [(Fraction(one), Fraction(other)) for one, other in pairs]
            neurons = [self._neuron(layer, n, values, errors, lost) for n in range(len(self.given.biases[layer - 1]))]
            values, errors = [one for one, _ in neurons], [one for _, one in neurons]
        return errors[0]

    def _neuron(
        self, layer: int, n: int, values: list[Interval], errors: list[Interval], lost: list[tuple[Fraction, Fraction]]
    ) -> tuple[Interval, Interval]:
        """One neuron's activation in the rounded network, and how far it is off."""
        bias, near_bias = (Fraction(float(one.biases[layer - 1][n])) for one in (self.given, self.coarse))
        weights, near_weights = (map(Fraction, one.weights[layer - 1][n].tolist()) for one in (self.given, self.coarse))
        value, error, size = (near_bias, near_bias), (bias - near_bias,) * 2, abs(bias)
        for weight, near, kept, off, (absent, carried) in zip(weights, near_weights, values, errors, lost, strict=True):
            value = _plus(value, _hull(near * carried, *_times(near, kept)))
            moved = _plus(_times(weight, off), _times(weight - near, kept))
            error = _plus(error, _hull(weight * absent - near * carried, *moved))
            size += abs(weight) * max(abs(absent), _size(_plus(kept, off)))
        error = self._loosened(error, size * (len(values) + 2))
        return self._activation(layer, value, error) if layer < len(self.given.weights) else (value, error)

    def _activation(self, layer: int, value: Interval, error: Interval) -> tuple[Interval, Interval]:
        """The same after the activation, from the pre-activation and how far that is off."""
        given, coarse = self.given.function_of(layer), self.coarse.function_of(layer)
        low, high = min(value[0], value[0] + error[0]), max(value[1], value[1] + error[1])
        if given.below is None:  # hardtanh
            ends = [(Fraction(one.low), Fraction(one.high)) for one in (given, coarse)]
            shifts = [one - other for one, other in zip(*ends, strict=True)]
            steep = _hull(Fraction(0), *error)
            result = (min(max(value[0], ends[1][0]), ends[1][1]), min(max(value[1], ends[1][0]), ends[1][1]))
            return result, _plus(steep, _hull(Fraction(0), *shifts))
        below, near = Fraction(given.below), Fraction(coarse.below or 0)
        slopes = {Fraction(1)} if low >= 0 else {below} if high <= 0 else {below, Fraction(1)}
        moved = _hull(*(slope * end for slope in slopes for end in error))
        bent = _times(below - near, (min(value[0], Fraction(0)), min(value[1], Fraction(0))))
        result = (value[0] * (1 if value[0] > 0 else near), value[1] * (1 if value[1] > 0 else near))
        return result, self._loosened(_plus(moved, bent), below * max(-low, Fraction(0)))

    def _loosened(self, error: Interval, size: Fraction) -> Interval:
        """An interval with float64's own error on a sum or product of so much."""
        loss = Fraction(0) if self.same else size * _HALF_UNIT + _UNDERFLOW
        return error[0] - loss, error[1] + loss
