"""The doses at which a row's answer changes, exactly: where all above the site is piecewise linear.

Along a direction everything above the site is a piecewise linear function of the dose, whose pieces end where a neuron
crosses its kink. Numbers are fractions, so no rounding decides where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pluriscope.analysis.subjects.perceptron.network import Network

MOST_PRODUCTS: Final = 300_000
"""About how many products of fractions are taken; a second or so."""
Line = tuple[Fraction, Fraction]
"""A number and its slope, as functions of the dose."""


def exact_threshold(network: Network, layer: int, n_rows: int) -> Fraction | None:
    """The sum of the output above which the network answers 1; None where flips are not found exactly.

    Args:
        network: with one output.
        layer: that is steered.
        n_rows: whose flips are wanted.
    """
    above = range(layer + 1, len(network.weights) + 1)
    last = network.function_of(above[-1])
    pieces = 1 + sum(network.sizes[layer + 1 : -1])
    products = n_rows * pieces * sum(network.weights[one - 1].size for one in above)
    if not last.monotone or last.inverse is None or products > MOST_PRODUCTS:
        return None
    if any(network.function_of(one).below is None for one in above[:-1]):
        return None
    return last.inverse(Fraction(1, 2))


def exact_flips(
    network: Network, layer: int, values: Sequence[float], direction: Sequence[float], most: float, edge: Fraction
) -> list[tuple[Fraction, int]]:
    """Every dose within ±most at which the answer changes with the dose, ascending, and the answer above it.

    Args:
        network: with one output.
        layer: that is steered.
        values: ``[d]`` of one row there.
        direction: ``[d]``.
        most: the largest dose.
        edge: from :func:`exact_threshold`.
    """
    start = [(Fraction(value), Fraction(slope)) for value, slope in zip(values, direction, strict=True)]
    answers = []
    for low, high, (value, slope) in _pieces(network, layer + 1, start, -Fraction(most), Fraction(most)):
        at = (edge - value) / slope if slope else low
        for first, last in pairwise(sorted({low, high, min(max(at, low), high)})):
            answers.append((first, int(value + slope * (first + last) / 2 > edge)))
    return [(at, now) for (_, before), (at, now) in pairwise(answers) if now != before]


def _pieces(
    network: Network, layer: int, below: list[Line], low: Fraction, high: Fraction
) -> Iterator[tuple[Fraction, Fraction, Line]]:
    """The output's sum, piece by piece from one dose to the other, from the values of the layer below."""
    weights, biases = network.weights[layer - 1].tolist(), network.biases[layer - 1].tolist()
    sums = []
    for row, bias in zip(weights, biases, strict=True):
        parts = [(Fraction(weight), *line) for weight, line in zip(row, below, strict=True)]
        value = Fraction(bias) + sum(weight * at for weight, at, _ in parts)
        sums.append((value, sum((weight * slope for weight, _, slope in parts), Fraction(0))))
    if layer == len(network.weights):
        yield low, high, sums[0]
        return
    factor = Fraction(network.function_of(layer).below or 0.0)
    kinks = {-value / slope for value, slope in sums if slope and low < -value / slope < high}
    for first, last in pairwise(sorted({low, high, *kinks})):
        middle = (first + last) / 2
        bent = [
            (value, slope) if value + slope * middle > 0 else (factor * value, factor * slope) for value, slope in sums
        ]
        yield from _pieces(network, layer + 1, bent, first, last)
