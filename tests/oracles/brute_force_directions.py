"""Interchange along linear directions, one run at a time in plain Python: the twin of
pluriscope.analysis.directions.
"""

from __future__ import annotations

from itertools import product

from pluriscope.analysis.subjects.perceptron.network import Network
from tests.oracles.brute_force_interchange import run


def output_with(network: Network, layer: int, values: list[float], base) -> float:
    """The output on ``base`` with a whole layer set to some values."""
    return run(network, base, {(layer, neuron): value for neuron, value in enumerate(values)})[-1][0]


def dot(left, right) -> float:
    return sum(x * y for x, y in zip(left, right, strict=True))


def orthogonal_swap(network: Network, layer: int, w, source, base) -> float:
    """The output on ``base`` with w·h as on ``source``, moved by the shortest way."""
    own, other = run(network, base)[layer], run(network, source)[layer]
    step = (dot(w, other) - dot(w, own)) / dot(w, w)
    return output_with(network, layer, [x + step * y for x, y in zip(own, w, strict=True)], base)


def oblique_swap(network: Network, layer: int, w, d, source, base) -> float:
    own, other = run(network, base)[layer], run(network, source)[layer]
    step = (dot(w, other) - dot(w, own)) / dot(w, d)
    return output_with(network, layer, [x + step * y for x, y in zip(own, d, strict=True)], base)


def two_at_once(network: Network, layer: int, w1, w2, sources, base) -> float:
    """Both read-outs of one layer set by the shortest change, by Cramer's rule."""
    own = run(network, base)[layer]
    g11, g12, g22 = dot(w1, w1), dot(w1, w2), dot(w2, w2)
    c1, c2 = (dot(w, run(network, s)[layer]) - dot(w, own) for w, s in zip((w1, w2), sources, strict=True))
    det = g11 * g22 - g12 * g12
    x1, x2 = (c1 * g22 - c2 * g12) / det, (c2 * g11 - c1 * g12) / det
    return output_with(network, layer, [h + x1 * a + x2 * b for h, a, b in zip(own, w1, w2, strict=True)], base)


def small_integer_rows(width: int) -> list[tuple[int, ...]]:
    """−1, 0, 1, up to sign and without the zero row."""
    found: list[tuple[int, ...]] = []
    for row in product((-1, 0, 1), repeat=width):
        if any(row) and tuple(-x for x in row) not in found:
            found.append(row)
    return found
