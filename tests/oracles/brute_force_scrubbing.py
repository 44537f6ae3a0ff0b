"""Causal scrubbing the slow way: every run of the unrolled circuit. Shares no code with the engine."""

from __future__ import annotations

import math
from itertools import product

from tests.oracles.brute_force_circuits import bent, boolean_rows, edges_of, run


def possible_values(network, kept, claimed, layer, neuron, own, memo):
    """Every value that an occurrence of a neuron can take if its own input is the `own`-th.

    `claimed[layer, neuron]` is what the neuron is said to be on each input.
    """
    if (layer, neuron, own) in memo:
        return memo[layer, neuron, own]
    rows = boolean_rows(network.sizes[0])
    if layer == 0:
        return {rows[own][neuron]}
    clean = [run(network, set(edges_of(network)), row) for row in rows]
    last = len(network.sizes) - 1
    kind = network.output_activation if layer == last else network.activation
    sources = range(network.sizes[layer - 1])
    important = [s for s in sources if (layer, neuron, s) in kept]
    choices = []
    for source in important:
        if layer == 1:
            choices.append({rows[own][source]})
            continue
        bits = claimed[layer - 1, source]
        agreeing = [other for other in range(len(rows)) if bits[other] == bits[own]]
        values = [possible_values(network, kept, claimed, layer - 1, source, other, memo) for other in agreeing]
        choices.append(set().union(*values))
    found = set()
    for other in range(len(rows)):  # of all sources that are not kept
        for values in product(*choices):
            carried = dict(zip(important, values, strict=True))
            parts = [float(network.biases[layer - 1][neuron])]
            parts += [
                float(network.weights[layer - 1][neuron][s]) * carried.get(s, clean[other][layer - 1][s])
                for s in sources
            ]
            found.add(bent(math.fsum(parts), kind, network.negative_slope))
    memo[layer, neuron, own] = found
    return found


def scrubbed(network, kept, claimed):
    """Least and largest output of all runs for each base."""
    memo = {}
    last = len(network.sizes) - 1
    outputs = [possible_values(network, kept, claimed, last, 0, base, memo) for base in range(2 ** network.sizes[0])]
    return [(min(values), max(values)) for values in outputs]
