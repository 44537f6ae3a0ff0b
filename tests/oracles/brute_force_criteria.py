"""Criteria for circuits the slow way: one circuit, one input, one number at a time. Shares no code with the engine.

A circuit is its set of kept edges (layer, out, source); `run` of :mod:`tests.oracles.brute_force_circuits` runs it.
"""

from __future__ import annotations

import math
from itertools import combinations, permutations, product

from tests.oracles.brute_force_circuits import bent, edges_of, mean_activations, right, run


def decision(output, rule):
    if rule == "threshold":
        return 1 if output > 0.5 else 0
    rounded = round(output)
    return rounded if rounded in (0, 1) else -1


def share_right(network, kept, rows, labels, rule, absent=None):
    outputs = [run(network, kept, row, absent)[-1][0] for row in rows]
    return sum(right(o, y, rule) for o, y in zip(outputs, labels, strict=True)) / len(rows)


def passes_zero(network, kept, rows, labels, rule, threshold):
    return share_right(network, kept, rows, labels, rule) > threshold


def passes_mean(network, kept, rows, labels, rule, threshold):
    return share_right(network, kept, rows, labels, rule, mean_activations(network, rows)) > threshold


def passes_resample(network, kept, rows, labels, rule, threshold):
    everything = set(edges_of(network))
    return all(
        share_right(network, kept, rows, labels, rule, run(network, everything, source)) > threshold for source in rows
    )


def largest_difference(network, kept, rows):
    everything = set(edges_of(network))
    return max(abs(run(network, kept, row)[-1][0] - run(network, everything, row)[-1][0]) for row in rows)


def run_without(network, kept, row, dead, active):
    """The output with the values of `dead` neurons set to 0 after they are computed; inactive neurons are 0 too."""
    before = list(row)
    last = len(network.sizes) - 1
    for layer in range(1, last + 1):
        kind = network.output_activation if layer == last else network.activation
        current = []
        for out in range(network.sizes[layer]):
            total = math.fsum(
                [float(network.biases[layer - 1][out])]
                + [
                    float(network.weights[layer - 1][out][s]) * before[s]
                    for s in range(network.sizes[layer - 1])
                    if (layer, out, s) in kept
                ]
            )
            alive = layer == last or ((layer, out) not in dead and (layer, out) in active)
            current.append(bent(total, kind, network.negative_slope) if alive else 0.0)
        before = current
    return before[0]


def hidden(network):
    return [(layer, n) for layer in range(1, len(network.sizes) - 1) for n in range(network.sizes[layer])]


def with_edge_in(kept):
    return {edge[:2] for edge in kept}


def knockouts_alike(network, kept, rows, rule):
    """How many pairs of knock-out and input circuit and network decide alike, and how many there are."""
    everything, neurons = set(edges_of(network)), hidden(network)
    alike = total = 0
    for size in range(len(neurons) + 1):
        for dead in combinations(neurons, size):
            for row in rows:
                circuit = run_without(network, kept, row, set(dead), with_edge_in(kept))
                whole = run_without(network, everything, row, set(dead), set(neurons))
                alike += decision(circuit, rule) == decision(whole, rule)
                total += 1
    return alike, total


def complement_right(network, kept, rows, labels, rule):
    rest = set(edges_of(network)) - kept
    outputs = [run_without(network, rest, row, set(), with_edge_in(rest)) for row in rows]
    return sum(right(o, y, rule) for o, y in zip(outputs, labels, strict=True))


def survives_patching(network, kept, rows, labels, rule, threshold):
    """Every neuron of every layer but the last takes its value from every input, all neurons independent."""
    everything = set(edges_of(network))
    clean = [run(network, everything, row) for row in rows]
    active = with_edge_in(kept) | {(len(network.sizes) - 1, 0)}
    places = [
        (layer, n)
        for layer in range(len(network.sizes) - 1)
        for n in range(network.sizes[layer])
        if any((layer + 1, o) in active and (layer + 1, o, n) not in kept for o in range(network.sizes[layer + 1]))
    ]
    robust = [True] * len(rows)
    for sources in product(range(len(rows)), repeat=len(places)):
        absent = [[0.0] * width for width in network.sizes[:-1]]
        for (layer, n), source in zip(places, sources, strict=True):
            absent[layer][n] = clean[source][layer][n]
        for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
            if robust[number]:
                robust[number] = right(run(network, kept, row, absent)[-1][0], label, rule)
    return sum(robust) / len(rows) > threshold


def minimal_kinds(mask, valid, n_edges):
    """(quasi, local, subset, cardinal) of a circuit among all valid masks."""
    removals = [mask & ~(1 << e) for e in range(n_edges) if mask >> e & 1]
    left = [smaller in valid for smaller in removals]
    return (
        not all(left),
        not any(left),
        not any(other != mask and other & mask == other for other in valid),
        not any(other.bit_count() < mask.bit_count() for other in valid),
    )


def least_of_class(network, mask):
    """The least mask over all permutations of hidden neurons that leave every weight and bias equal."""
    sizes, edges = network.sizes, edges_of(network)
    weight = {edge: float(network.weights[edge[0] - 1][edge[1]][edge[2]]) for edge in edges}
    least = mask
    for moves in product(*(permutations(range(width)) for width in sizes[1:-1])):
        to = [tuple(range(sizes[0])), *moves, tuple(range(sizes[-1]))]
        moved = {(layer, o, s): (layer, to[layer][o], to[layer - 1][s]) for layer, o, s in edges}
        biases = all(
            network.biases[layer - 1][n] == network.biases[layer - 1][to[layer][n]]
            for layer in range(1, len(sizes))
            for n in range(sizes[layer])
        )
        if biases and all(weight[edge] == weight[moved[edge]] for edge in edges):
            image = sum(1 << edges.index(moved[edge]) for k, edge in enumerate(edges) if mask >> k & 1)
            least = min(least, image)
    return least
