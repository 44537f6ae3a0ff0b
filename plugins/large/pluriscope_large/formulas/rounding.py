"""A question with weights rounded to multiples of 2^−bits, on which float64 is exact, and how far that moves outputs.

1. Weights and inputs are rounded to multiples of 2^−bits, slopes to those of 2^−(bits + 2). Biases, and what absent
   edges carry, are rounded to the finest multiples that occur in the sum they are added to, which costs nothing.
2. Every product and sum is then a whole number over a power of two. As long as these numbers stay below 2^53, float64
   gives them exactly, whatever the circuit.
3. How far outputs may move is followed layer by layer with intervals in fractions: for each edge the hull of what it
   moves if it is kept and if it is absent, so that the bound holds for all circuits at once. float64's own error on the
   given network is added by the usual bound for sums (Higham 2002, Accuracy and Stability, §4.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits, NotOffered
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, Activation, activation_of
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Carried, Question

ENCODED: Final = ("leaky_relu", "relu", "linear", "hardtanh")
"""Activations that give fractions where they are given fractions."""
_SLOPE_BITS: Final = 2  # more for slopes: what they multiply is larger than most activations
_EXACT: Final = 2.0**52  # half of the whole numbers that float64 has, as bounds on them are floats too
_HALF_UNIT: Final = Fraction(1, 1 << 53)
_UNDERFLOW: Final = Fraction(1, 1 << 1000)  # more than what a sum of thousands loses to subnormal numbers
Interval = tuple[Fraction, Fraction]
Fractions = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class RoundedQuestion(Question):
    """A question on which float64 is exact.

    Args:
        values: what absent edges carry, ``[n_l]`` for layers 0 … L − 1.
    """

    values: Carried

    @cached_property
    def data(self) -> DataRecord:
        """The rounded rows; no others are drawn."""
        return self.record

    def carried(self, ablation: str) -> Carried:
        """Values that absent edges carry, which follow from the network before it was rounded."""
        return self.values

    @cached_property
    def scales(self) -> tuple[tuple[int, int], ...]:
        """Exponents s of the multiples of 2^−s that each layer 1 … L reads, and that its sums are."""
        reads, scales = _scale(self.judged[0], self.values[0]), []
        for layer, weights in enumerate(self.network.weights, start=1):
            sums = reads + _scale(weights)
            scales.append((reads, sums))
            known = self.network.function_of(layer)
            slope, ends = known.parameters.get("negative_slope", 0.0), [known.low, known.high]
            reads = max(sums + _scale(np.array(slope)), _scale(np.array([end for end in ends if np.isfinite(end)])))
        return tuple(scales)


def refusal(question: Question) -> str:
    """Reason why a question cannot be encoded, "" if it can."""
    network = question.network
    for one in (network.function_of(layer) for layer in range(1, len(network.weights) + 1)):
        if one.name not in ENCODED:
            return f"{one.label} gives numbers that are no fractions, unlike {', '.join(ENCODED)}"
    if question.protocol.circuit_family != "own":
        return f"protocol {question.protocol.name} looks at several ablations at once, and a formula has one"
    return ""


def rounded(question: Question, bits: int, absent: Carried | None = None) -> RoundedQuestion:
    """The question with numbers so coarse that float64 is exact on every circuit.

    Args:
        bits: at least 1; weights and inputs are rounded to multiples of 2^−bits.
        absent: what absent edges carry, ``[n_l]`` for layers 0 … L − 1, if not what the protocol's ablation says.

    Raises:
        NotOffered: see :func:`refusal`.
        BeyondLimits: float64 is not exact with so many bits; the cure names how many would do.
    """
    if why := refusal(question):
        raise NotOffered("circuits as models of a formula", why, "use such a network, or protocol complete")
    absent = question.absent if absent is None else absent
    made = _rounded(question, bits, absent)
    if _is_exact(made):
        return made
    fewer = next((n for n in reversed(range(1, bits)) if _is_exact(_rounded(question, n, absent))), 0)
    cause = f"weights rounded to multiples of 1/{2**bits} lead to numbers beyond float64's 53 bits"
    raise BeyondLimits(f"{bits} bits", cause, f"use at most {fewer}" if fewer else "scale the weights down")


def error_bounds(question: Question, bits: int, absent: Carried | None = None) -> tuple[Interval, ...]:
    """Bound how far rounding may move the output, as low and high ends for each judged row.

    The pre-activation of the output of every circuit in the given network, as float64 computes it, less that in the
    rounded network lies between them.

    Args:
        bits, absent: see :func:`rounded`.

    Raises:
        NotOffered, BeyondLimits: see :func:`rounded`.
    """
    near, absent = rounded(question, bits, absent), question.absent if absent is None else absent
    rows, of_rows = np.unique(question.judged[0], axis=0, return_inverse=True)
    same = near.network == question.network and np.array_equal(near.judged[0], question.judged[0])
    same = same and all(map(np.array_equal, near.values, absent))
    low, given = _fractions(_nearest(rows, bits)), _fractions(rows)
    high, under, over = low, given - low, given - low  # values in the rounded network, and how far the given one is off
    for layer, biases in enumerate(question.network.biases, start=1):
        w, v = (_fractions(one.network.weights[layer - 1]) for one in (question, near))
        b, c = (_fractions(one) for one in (biases, near.network.biases[layer - 1]))
        lost, near_lost = _fractions(absent[layer - 1]), _fractions(near.values[layer - 1])
        size = np.maximum(np.maximum(-low - under, high + over), abs(lost))[:, None]
        loss = (abs(b) + (abs(w) * size).sum(axis=2)) * (0 if same else (len(lost) + 3) * _HALF_UNIT)
        low, high, under, over = (one[:, None] for one in (low, high, under, over))
        moved = (x + y for x, y in zip(_ends(w * under, w * over), _ends((w - v) * low, (w - v) * high), strict=True))
        under, over = (b - c + one.sum(axis=2) for one in _ends(*moved, w * lost - v * near_lost))
        low, high = (c + one.sum(axis=2) for one in _ends(v * low, v * high, v * near_lost))
        under, over = under - loss, over + loss
        if layer < len(near.network.weights):
            known, near_known = (one.network.function_of(layer) for one in (question, near))
            low, high, under, over = _activated(known, near_known, low, high, under, over)
        under, over = under - (not same) * _UNDERFLOW, over + (not same) * _UNDERFLOW
    return tuple((under[row, 0], over[row, 0]) for row in of_rows.reshape(-1).tolist())


def whole(values: NDArray[np.float64], scale: int) -> Any:
    """Multiples of 2^−scale as Python's whole numbers, in nested lists of the same shape."""
    return np.vectorize(int, otypes=[object])(np.ldexp(values, scale)).tolist()


def _rounded(question: Question, bits: int, absent: Carried) -> RoundedQuestion:
    data, given, slope = question.data, question.subject, question.subject.negative_slope
    judged = None if data.validation_inputs is None else _nearest(data.validation_inputs, bits)
    network = Network.from_arrays(
        [_nearest(one, bits) for one in given.weights],
        given.biases,
        activation=_text(given.activation, bits),
        output_activation=_text(given.output_activation, bits),
        negative_slope=None if slope is None else float(_nearest(np.array(slope), bits + _SLOPE_BITS)),
    )
    record = replace(data, representatives=_nearest(data.representatives, bits), validation_inputs=judged)
    values = (_nearest(absent[0], bits), *absent[1:])
    made = RoundedQuestion(network, question.output, question.task, question.protocol, record, values)
    values = tuple(_nearest(one, reads) for one, (reads, _) in zip(values, made.scales, strict=True))
    numbers = network.parameters
    numbers |= {
        f"b{layer}": _nearest(numbers[f"b{layer}"], sums) for layer, (_, sums) in enumerate(made.scales, start=1)
    }
    return replace(made, subject=network.with_parameters(numbers), values=values)


def _text(text: str, bits: int) -> str:
    """An activation with rounded ends; the slope of a leaky ReLU is the network's."""
    known = activation_of(text)
    if known.name != "hardtanh":
        return text
    return FAMILIES[known.name].text({k: float(_nearest(np.array(v), bits)) for k, v in known.parameters.items()})


def _nearest(values: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """The nearest multiples of 2^−scale, of two the even one."""
    return np.asarray(np.ldexp(np.rint(np.ldexp(values, scale)), -scale))


def _scale(*arrays: NDArray[np.float64]) -> int:
    """The least s such that all numbers are multiples of 2^−s."""
    return max((float(x).as_integer_ratio()[1].bit_length() - 1 for one in arrays for x in one.flat), default=0)


def _is_exact(question: RoundedQuestion) -> bool:
    """Whether every product and partial sum is below 2^53 as a whole number, whatever the circuit."""
    network, values = question.network, abs(question.judged[0]).max(axis=0)
    for layer, (reads, sums) in enumerate(question.scales, start=1):
        values = np.maximum(values, abs(question.values[layer - 1]))
        bounds = abs(network.weights[layer - 1]) @ values + abs(network.biases[layer - 1])
        if max(np.ldexp(values.max(), reads), np.ldexp(bounds.max(), sums)) > _EXACT:
            return False
        values = np.array([network.function_of(layer).largest(float(one)) for one in bounds])
    return True


def _fractions(values: Any) -> Fractions:
    return np.asarray(np.vectorize(Fraction, otypes=[object])(values))


def _ends(*values: Fractions) -> tuple[Fractions, Fractions]:
    """The least and the largest of each."""
    return reduce(np.minimum, values), reduce(np.maximum, values)


def _activated(
    given: Activation, near: Activation, low: Fractions, high: Fractions, under: Fractions, over: Fractions
) -> tuple[Fractions, ...]:
    """Ends of rounded activations and of how far the given ones are off, from those of pre-activations."""
    if near.below is None:  # hardtanh
        (least, most), moves = _fractions([near.low, near.high]), _fractions([0, given.low, given.high])
        moves[1:] -= least, most
        clipped = (np.minimum(np.maximum(one, least), most) for one in (low, high))
        return *clipped, np.minimum(under, 0) + min(moves), np.maximum(over, 0) + max(moves)
    slope, rounded_slope = _fractions([given.below, near.below])
    flat = np.where(np.minimum(low, low + under) < 0, slope, 1)
    steep = np.where(np.maximum(high, high + over) > 0, 1, slope)
    moved = _ends(flat * under, flat * over, steep * under, steep * over)
    bent = _ends(*((slope - rounded_slope) * np.minimum(one, 0) for one in (low, high)))
    values = (np.where(one > 0, one, rounded_slope * one) for one in (low, high))
    return *values, *(x + y for x, y in zip(moved, bent, strict=True))
