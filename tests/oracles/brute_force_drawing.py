"""Networks drawn until one computes a task, the slow way: one draw after the other. Shares no code with the engine."""

from __future__ import annotations

import hashlib
import json
import math
from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np

from tests.oracles.brute_force_circuits import bent


def stream(seed, sizes, spreading, scale):
    """The random numbers of a seed, a prior and layer sizes: PCG64, seeded with the seed and the hash of the rest."""
    name = json.dumps([list(sizes), spreading, scale], separators=(",", ":"))
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, int(hashlib.sha256(name.encode()).hexdigest(), 16)]))
    )


def unflattened(numbers, sizes, activation, output_activation, slope):
    """A network of W1, b1, W2, … row by row."""
    weights, biases, at = [], [], 0
    for n_in, n_out in pairwise(sizes):
        weights.append([numbers[at + o * n_in : at + (o + 1) * n_in] for o in range(n_out)])
        at += n_in * n_out
        biases.append(numbers[at : at + n_out])
        at += n_out
    return SimpleNamespace(
        sizes=tuple(sizes),
        weights=weights,
        biases=biases,
        activation=activation,
        output_activation=output_activation,
        negative_slope=slope,
    )


def outputs(network):
    found = []
    for row in product([0.0, 1.0], repeat=network.sizes[0]):
        values = list(row)
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            kind = network.output_activation if layer == len(network.weights) else network.activation
            values = [
                bent(math.fsum([b, *(w * x for w, x in zip(ws, values, strict=True))]), kind, network.negative_slope)
                for ws, b in zip(weights, biases, strict=True)
            ]
        found.append(values[0])
    return found


def moments(sizes, spreading, scale):
    """(mean, deviation) of each parameter; where these are matched, ``scale`` has four numbers for each layer."""
    found = []
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        if spreading == "matched":
            weight, spread, bias, bias_spread = scale[layer]
            found += [(weight, spread)] * (n_in * n_out) + [(bias, bias_spread)] * n_out
        else:
            spread = scale / math.sqrt(n_in) if spreading == "fan-in" else scale
            found += [(0.0, spread)] * ((n_in + 1) * n_out)
    return found


def first_accepted(table, seed, sizes, spreading, scale, target, most_draws, activation="leaky_relu", slope=0.01):
    """(draws, loss, numbers) of the first draw right on every row with a mean squared error below the target."""
    random, spread = stream(seed, sizes, spreading, scale), moments(sizes, spreading, scale)
    for draw in range(1, most_draws + 1):
        normal = random.standard_normal(len(spread), dtype=np.float32)
        numbers = [
            float(np.float32(x) * np.float32(s) + np.float32(m)) for x, (m, s) in zip(normal, spread, strict=True)
        ]
        found = outputs(unflattened(numbers, sizes, activation, activation, slope))
        loss = math.fsum((o - y) ** 2 for o, y in zip(found, table, strict=True)) / len(table)
        if loss < target and all(round(o) == y for o, y in zip(found, table, strict=True)):
            return draw, loss, numbers
    return most_draws, None, None
