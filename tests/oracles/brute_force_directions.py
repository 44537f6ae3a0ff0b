"""Interchange along linear directions, one run at a time in plain Python: the twin of analysis.directions."""

from __future__ import annotations

from itertools import product

from analysis.subjects.perceptron.network import Network
from tests.oracles.brute_force_circuits import bent


def layer_values(network: Network, layer: int, below: list[float]) -> list[float]:
    kind = network.output_activation if layer == len(network.weights) else network.activation
    return [
        bent(bias + sum(w * x for w, x in zip(row, below, strict=True)), kind, network.negative_slope)
        for row, bias in zip(network.weights[layer - 1].tolist(), network.biases[layer - 1].tolist(), strict=True)
    ]


def hidden_at(network: Network, layer: int, row) -> list[float]:
    values = [float(x) for x in row]
    for number in range(1, layer + 1):
        values = layer_values(network, number, values)
    return values


def output_from(network: Network, layer: int, values: list[float]) -> float:
    for number in range(layer + 1, len(network.weights) + 1):
        values = layer_values(network, number, values)
    return values[0]


def dot(left, right) -> float:
    return sum(x * y for x, y in zip(left, right, strict=True))


def orthogonal_swap(network: Network, layer: int, w, source, base) -> float:
    """The output on ``base`` with w·h as on ``source``, moved by the shortest way."""
    own, other = hidden_at(network, layer, base), hidden_at(network, layer, source)
    step = (dot(w, other) - dot(w, own)) / dot(w, w)
    return output_from(network, layer, [x + step * y for x, y in zip(own, w, strict=True)])


def oblique_swap(network: Network, layer: int, w, d, source, base) -> float:
    own, other = hidden_at(network, layer, base), hidden_at(network, layer, source)
    step = (dot(w, other) - dot(w, own)) / dot(w, d)
    return output_from(network, layer, [x + step * y for x, y in zip(own, d, strict=True)])


def two_at_once(network: Network, layer: int, w1, w2, sources, base) -> float:
    """Both read-outs of one layer set by the shortest change, by Cramer's rule."""
    own = hidden_at(network, layer, base)
    g11, g12, g22 = dot(w1, w1), dot(w1, w2), dot(w2, w2)
    c1, c2 = (dot(w, hidden_at(network, layer, s)) - dot(w, own) for w, s in zip((w1, w2), sources, strict=True))
    det = g11 * g22 - g12 * g12
    x1, x2 = (c1 * g22 - c2 * g12) / det, (c2 * g11 - c1 * g12) / det
    return output_from(network, layer, [h + x1 * a + x2 * b for h, a, b in zip(own, w1, w2, strict=True)])


def small_integer_rows(width: int) -> list[tuple[int, ...]]:
    """−1, 0, 1, up to sign and without the zero row."""
    found: list[tuple[int, ...]] = []
    for row in product((-1, 0, 1), repeat=width):
        if any(row) and tuple(-x for x in row) not in found:
            found.append(row)
    return found
