"""Stories of XOR circuits the slow way: every mask of a small network, every swap written out.

Shares no code with the engine. A network is plain lists ``weights[layer][out][in]`` and ``biases[layer][out]``.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

INPUTS = [(0, 0), (0, 1), (1, 0), (1, 1)]
ALGORITHMS = {
    "alice": ([lambda a, b: a & (1 - b), lambda a, b: (1 - a) & b], lambda u, v: u | v),
    "bob": ([lambda a, b: 1 - (a & b), lambda a, b: a | b], lambda u, v: u & v),
}
"""The two ways to compute XOR without a redundant literal: the variables, and what joins them."""


def activate(value, kind, slope):
    if kind == "leaky_relu":
        return value if value > 0 else slope * value
    if kind == "relu":
        return max(value, 0.0)
    if kind == "tanh":
        return float(np.tanh(value))
    if kind == "sigmoid":
        return float(1 / (1 + np.exp(-value)))
    return value


class Plain:
    """One network with a single output."""

    def __init__(self, weights, biases, activation, output_activation, slope):
        self.weights, self.biases = weights, biases
        self.kinds = [activation] * (len(weights) - 1) + [output_activation]
        self.slope = slope
        self.sizes = [len(weights[0][0]), *(len(rows) for rows in weights)]
        self.edges = [
            (layer, out, source)
            for layer in range(len(weights))
            for out in range(self.sizes[layer + 1])
            for source in range(self.sizes[layer])
        ]

    def run(self, row, kept=None, swap=None):
        """All layers' values; ``kept`` holds the edges that carry something, ``swap`` (layer, neuron) -> value."""
        layers = [list(row)]
        for layer, rows in enumerate(self.weights):
            values = []
            for out, weights in enumerate(rows):
                total = self.biases[layer][out]
                for source, weight in enumerate(weights):
                    if kept is None or (layer, out, source) in kept:
                        total += weight * layers[-1][source]
                value = activate(total, self.kinds[layer], self.slope)
                if swap and (layer + 1, out) in swap:
                    value = swap[layer + 1, out]
                values.append(value)
            layers.append(values)
        return layers

    def kept(self, mask):
        return {edge for bit, edge in enumerate(self.edges) if mask >> bit & 1}

    def valid_masks(self, absent=None):
        """Every structurally possible mask that decides XOR right by rounding, ascending; all 2^edges are tried.

        ``absent[layer][source]`` is what absent edges carry, 0 where nothing is given.
        """
        if absent is None:
            absent = [[0.0] * size for size in self.sizes]
        n = len(self.edges)
        masks = np.arange(1 << n, dtype=np.int64)
        bit = {edge: (masks >> k & 1).astype(bool) for k, edge in enumerate(self.edges)}
        possible = np.ones(len(masks), dtype=bool)
        for layer in range(len(self.sizes)):
            for neuron in range(self.sizes[layer]):
                into = np.zeros(len(masks), dtype=bool)
                out_of = np.zeros(len(masks), dtype=bool)
                if layer:
                    for source in range(self.sizes[layer - 1]):
                        into |= bit[layer - 1, neuron, source]
                if layer < len(self.sizes) - 1:
                    for target in range(self.sizes[layer + 1]):
                        out_of |= bit[layer, target, neuron]
                if layer == 0:
                    possible &= out_of
                elif layer == len(self.sizes) - 1:
                    possible &= into
                else:
                    possible &= into == out_of
        right = possible.copy()
        for row in INPUTS:
            values = [np.full(len(masks), float(x)) for x in row]
            for layer, rows in enumerate(self.weights):
                following = []
                for out, weights in enumerate(rows):
                    total = np.full(len(masks), self.biases[layer][out])
                    for source, weight in enumerate(weights):
                        carried = np.where(bit[layer, out, source], values[source], absent[layer][source])
                        total += weight * carried
                    following.append(_vector(total, self.kinds[layer], self.slope))
                values = following
            label = row[0] ^ row[1]
            right &= (values[0] > 0.5) & (values[0] < 1.5) if label else (values[0] >= -0.5) & (values[0] <= 0.5)
        return masks[right].tolist()

    def story(self, mask=None):
        """Which of the two algorithms have a place on the network, or on what is left of it by a mask."""
        kept = None if mask is None else self.kept(mask)
        active = {
            layer: [
                neuron
                for neuron in range(self.sizes[layer])
                if kept is None or any((layer - 1, neuron, source) in kept for source in range(self.sizes[layer - 1]))
            ]
            for layer in range(1, len(self.sizes) - 1)
        }
        clean = {row: self.run(row, kept) for row in INPUTS}
        decided = {}
        for layer, neurons in active.items():
            for size in range(1, len(neurons) + 1):
                for site in combinations(neurons, size):
                    decided[layer, site] = {
                        (source, base): int(
                            self.run(base, kept, {(layer, n): clean[source][layer][n] for n in site})[-1][0] > 0.5
                        )
                        for source, base in product(INPUTS, INPUTS)
                        if source != base
                    }
        answer = set()
        for name, (variables, join) in ALGORITHMS.items():
            fitting = [
                [
                    (layer, site)
                    for (layer, site), outcome in decided.items()
                    if all(
                        value == join(*(v(*(source if k == number else base)) for k, v in enumerate(variables)))
                        for (source, base), value in outcome.items()
                    )
                ]
                for number in range(2)
            ]
            if any(
                one[0] != other[0] or not set(one[1]) & set(other[1]) for one, other in product(fitting[0], fitting[1])
            ):
                answer.add(name)
        return frozenset(answer)


def _vector(values, kind, slope):
    if kind == "leaky_relu":
        return np.where(values > 0, values, slope * values)
    if kind == "relu":
        return np.maximum(values, 0.0)
    if kind == "tanh":
        return np.tanh(values)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-values))
    return values
