"""The answer key of a perceptron the slow way: every raw mask, row by row, neuron by neuron. Shares no code with the
engine but reads what a network file says.
"""

from __future__ import annotations

from itertools import product

from tests.oracles.brute_force_circuits import bent, boolean_rows, edges_of

ABLATIONS, JUDGES, STRUCTURES = ("zero", "mean", "pairs"), ("threshold", "rounding", "outputs"), ("strict", "free")


def run(network, kept, row, carried):
    """Values by layer; a left out edge carries `carried[layer][source]`, and a neuron without edges in is run too."""
    layers, last = [list(row)], len(network.sizes) - 1
    for layer in range(1, last + 1):
        kind = network.output_activation if layer == last else network.activation
        values = []
        for out in range(network.sizes[layer]):
            total = float(network.biases[layer - 1][out])
            for source in range(network.sizes[layer - 1]):
                given = layers[-1][source] if (layer, out, source) in kept else carried[layer - 1][source]
                total += float(network.weights[layer - 1][out][source]) * given
            values.append(bent(total, kind, network.negative_slope))
        layers.append(values)
    return layers


def runs_of(network, labels, ablation):
    """(row, label, what left out edges carry by layer) of each run of an ablation."""
    rows, everything = boolean_rows(network.sizes[0]), set(edges_of(network))
    whole = [run(network, everything, row, None) for row in rows]
    if ablation == "pairs":
        pairs = [(x, c) for x, c in product(range(len(rows)), repeat=2) if labels[x] != labels[c]]
        return [(rows[x], labels[x], whole[c]) for x, c in pairs]
    means = [
        [sum(one[layer][neuron] for one in whole) / len(rows) for neuron in range(size)]
        for layer, size in enumerate(network.sizes)
    ]
    nothing = [[0.0] * size for size in network.sizes]
    return [(row, label, nothing if ablation == "zero" else means) for row, label in zip(rows, labels, strict=True)]


def pruned(network, kept, structure):
    """Drop edges that lead nowhere, and under "strict" those that come from nowhere."""
    left, last, before = set(kept), len(network.sizes) - 1, None
    while left != before:
        before = set(left)
        has_in, has_out = {edge[:2] for edge in left}, {(edge[0] - 1, edge[2]) for edge in left}
        left = {edge for edge in left if edge[0] == last or edge[:2] in has_out}
        if structure == "strict":
            left = {edge for edge in left if edge[0] == 1 or (edge[0] - 1, edge[2]) in has_in}
    return left


def reads_all(network, kept):
    """Whether every input has an edge."""
    return {edge[2] for edge in kept if edge[0] == 1} == set(range(network.sizes[0]))


def passes(outputs, labels, whole, judge):
    if judge == "outputs":
        return sum(abs(one - other) for one, other in zip(outputs, whole, strict=True)) / len(outputs) <= 0.25
    if judge == "threshold":
        return all((one > 0.5) == (label == 1) for one, label in zip(outputs, labels, strict=True))
    return all(round(one) == label for one, label in zip(outputs, labels, strict=True))


def every_raw_mask(network, labels):
    """Run each raw mask: its kept edges, and by ablation its outputs, the labels and the whole network's outputs."""
    edges = edges_of(network)
    found = [({edge for bit, edge in enumerate(edges) if mask >> bit & 1}, {}) for mask in range(2 ** len(edges))]
    for ablation in ABLATIONS:
        runs = runs_of(network, labels, ablation)
        whole = [run(network, set(edges), row, None)[-1][0] for row, _, _ in runs]
        for kept, by_ablation in found:
            outputs = [run(network, kept, row, carried)[-1][0] for row, _, carried in runs]
            by_ablation[ablation] = outputs, [label for _, label, _ in runs], whole
    return found


def number(network, kept):
    return sum(1 << bit for bit, edge in enumerate(edges_of(network)) if edge in kept)


def every_truth(network, labels, every=None):
    """{"zero-threshold-strict": set of valid masks, …} for all 18 conditions."""
    found = {f"{a}-{j}-{s}": set() for a, j, s in product(ABLATIONS, JUDGES, STRUCTURES)}
    for mask, (kept, by_ablation) in enumerate(every or every_raw_mask(network, labels)):
        for structure in STRUCTURES:
            is_circuit = pruned(network, kept, structure) == kept
            if structure == "strict":
                is_circuit &= reads_all(network, kept)
            for ablation, judge in product(ABLATIONS, JUDGES):
                if is_circuit and passes(*by_ablation[ablation], judge):
                    found[f"{ablation}-{judge}-{structure}"].add(mask)
    return found


def minimal(masks):
    """Select the masks that no other is a part of."""
    return {one for one in masks if not any(other != one and other & one == other for other in masks)}
