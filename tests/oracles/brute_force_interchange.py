"""Interchange interventions and what gates say about them, one at a time in plain Python. No code of the engine."""

from __future__ import annotations

from itertools import combinations

from tests.oracles.brute_force_circuits import bent, boolean_rows, edges_of


def run(network, row, patch=None, kept=None):
    """Activations by layer; `patch` is {(layer, neuron): value}, written over each layer as it is computed.

    `kept` has the edges that carry something; None for all.
    """
    patch = patch or {}
    layers = [[float(patch.get((0, i), value)) for i, value in enumerate(row)]]
    last = len(network.weights)
    for layer in range(1, last + 1):
        kind = network.output_activation if layer == last else network.activation
        values = []
        for neuron, (weights, bias) in enumerate(
            zip(network.weights[layer - 1].tolist(), network.biases[layer - 1].tolist(), strict=True)
        ):
            total = bias
            for source, (weight, value) in enumerate(zip(weights, layers[-1], strict=True)):
                if kept is None or (layer, neuron, source) in kept:
                    total += weight * value
            values.append(patch.get((layer, neuron), bent(total, kind, network.negative_slope)))
        layers.append(values)
    return layers


def hidden_sites(network):
    return [(layer, n) for layer in range(1, len(network.weights)) for n in range(network.sizes[layer])]


def active_sites(network, mask):
    kept = {edge for k, edge in enumerate(edges_of(network)) if mask >> k & 1}
    return [(layer, n) for layer, n in hidden_sites(network) if any(e[:2] == (layer, n) for e in kept)]


def sets_tested(network, mask, family):
    """Every neuron set that a circuit's interpretations are tested on."""
    sites = hidden_sites(network) if family == "all" else active_sites(network, mask)
    sizes = [1] if family == "alone" else range(1, len(sites) + 1)
    return [chosen for size in sizes for chosen in combinations(sites, size) if chosen]


def interchanged(network, sites, source, base, kept=None):
    """The network's output with some neurons as on source; with only some edges kept also there."""
    rows = boolean_rows(network.sizes[0])
    clean = run(network, rows[source], kept=kept)
    return run(network, rows[base], {(layer, n): clean[layer][n] for layer, n in sites}, kept)[-1][0]


def interchanged_in_circuit(network, mask, sites, source, base):
    """The circuit's output, absent edges carrying 0, with some neurons as on source in the circuit."""
    kept = {edge for k, edge in enumerate(edges_of(network)) if mask >> k & 1}
    return interchanged(network, sites, source, base, kept)


def decision(network, sites, source, base):
    """Decision of the unablated network with some neurons as on source."""
    return int(interchanged(network, sites, source, base) > 0.5)


def predicted(network, mask, gates, sites, source, base):
    """Prediction of gates (layer, neuron, low, high, bits, table), as listed by brute_force_interpretations."""
    kept = {edge for k, edge in enumerate(edges_of(network)) if mask >> k & 1}
    last = len(network.weights)
    bits = {}
    for layer, neuron, _, _, own, table in gates:
        if (layer, neuron) in sites:
            bits[layer, neuron] = own[source]
        elif layer == 1:
            bits[layer, neuron] = own[base]
        else:
            row = 0
            for s in range(network.sizes[layer - 1]):
                if (layer, neuron, s) in kept and (layer - 1, s) in bits:
                    row = 2 * row + bits[layer - 1, s]
            bits[layer, neuron] = table[row]
    return bits.get((last, 0))


def scores(network, mask, found, family, *, in_circuit=False):
    """(interventions, [right for each interpretation in `found`]); None if the output has no gate."""
    if not found or not any(gate[0] == len(network.weights) for gate in found[0]) or len(network.weights) < 2:
        return None
    n_rows = 2 ** network.sizes[0]
    cases = [
        (sites, source, base)
        for sites in sets_tested(network, mask, family)
        for source in range(n_rows)
        for base in range(n_rows)
        if source != base
    ]
    if in_circuit:
        decided = [int(interchanged_in_circuit(network, mask, *case) > 0.5) for case in cases]
    else:
        decided = [decision(network, *case) for case in cases]
    right = [
        sum(predicted(network, mask, gates, *case) == d for case, d in zip(cases, decided, strict=True))
        for gates in found
    ]
    return len(cases), right
