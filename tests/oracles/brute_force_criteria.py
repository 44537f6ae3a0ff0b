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


def subsets(items):
    return [chosen for size in range(len(items) + 1) for chosen in combinations(items, size)]


def active_neurons(network, kept):
    return [neuron for neuron in hidden(network) if neuron in with_edge_in(kept)]


def knockouts_alike(network, kept, rows, rule, neurons=None):
    """Count the pairs of knock-out and input that circuit and network decide alike, and all pairs.

    Knocked out are the neurons of the circuit, or others if they are given.
    """
    everything = set(edges_of(network))
    alike = total = 0
    for dead in subsets(active_neurons(network, kept) if neurons is None else neurons):
        for row in rows:
            circuit = run_without(network, kept, row, set(dead), with_edge_in(kept))
            whole = run_without(network, everything, row, set(dead), set(hidden(network)))
            alike += decision(circuit, rule) == decision(whole, rule)
            total += 1
    return alike, total


def needed_neurons(network, kept, rows, rule):
    """The neurons v of a circuit C for which C∖K and C∖(K ∪ v) decide differently for some K without v."""
    active = with_edge_in(kept)

    def decisions(dead):
        return [decision(run_without(network, kept, row, set(dead), active), rule) for row in rows]

    neurons = active_neurons(network, kept)
    return [
        v
        for v in neurons
        if any(decisions(dead) != decisions((*dead, v)) for dead in subsets([n for n in neurons if n != v]))
    ]


def without_dead_neurons(network, kept):
    """The edges left once every hidden neuron without an edge in or without one out has lost all its edges."""
    left = set(kept)
    while True:
        into = {edge[:2] for edge in left}
        out_of = {(edge[0] - 1, edge[2]) for edge in left}
        dead = {neuron for neuron in hidden(network) if neuron not in into or neuron not in out_of}
        rest = {edge for edge in left if edge[:2] not in dead and (edge[0] - 1, edge[2]) not in dead}
        if rest == left:
            return left
        left = rest


def sets_that_will_do(network, rows, labels, rule, threshold, absent=None):
    """The masks of all sets of edges that decide right once dead neurons are pruned, whatever their shape."""
    edges = edges_of(network)
    found = set()
    for mask in range(2 ** len(edges)):
        kept = {edge for k, edge in enumerate(edges) if mask >> k & 1}
        if share_right(network, without_dead_neurons(network, kept), rows, labels, rule, absent) > threshold:
            found.add(mask)
    return found


def minimal_kinds_by_function(mask, sufficient, n_edges):
    """(quasi, local, subset, cardinal) of a circuit among all sets of edges that will do."""
    left = [mask & ~(1 << e) in sufficient for e in range(n_edges) if mask >> e & 1]
    return (
        not all(left),
        not any(left),
        not any(other != mask and other & mask == other for other in sufficient),
        not any(other.bit_count() < mask.bit_count() for other in sufficient),
    )


def complement_right(network, kept, rows, labels, rule):
    rest = set(edges_of(network)) - kept
    outputs = [run_without(network, rest, row, set(), with_edge_in(rest)) for row in rows]
    return sum(right(o, y, rule) for o, y in zip(outputs, labels, strict=True))


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
