"""Valid circuits the slow way: every subset of edges, one number at a time. Shares no code with the engine."""

from __future__ import annotations

import math
from itertools import product


def bent(value, written, slope=0.01):
    """Apply an activation as a network file writes it, such as ``elu(alpha=0.5)``; ``slope`` is a perceptron's own."""
    kind, _, rest = written.rstrip(")").partition("(")
    given = dict(part.split("=") for part in rest.replace(" ", "").split(",") if part)
    given = {name: float(number) for name, number in given.items()}
    if kind == "leaky_relu":
        return value if value > 0 else value * given.get("negative_slope", slope)
    if kind == "relu":
        return max(value, 0.0)
    if kind == "tanh":
        return math.tanh(value)
    if kind == "sigmoid":
        return 1 / (1 + math.exp(-value)) if value > 0 else 1 - 1 / (1 + math.exp(value))
    if kind == "gelu":
        return value * math.erfc(-value / math.sqrt(2)) / 2
    if kind == "silu":
        return value / (1 + math.exp(-value))
    if kind == "elu":
        return value if value > 0 else given.get("alpha", 1.0) * math.expm1(value)
    if kind == "softplus":
        beta = given.get("beta", 1.0)
        return max(value, 0.0) + math.log1p(math.exp(-abs(beta * value))) / beta
    if kind == "hardtanh":
        return min(max(value, given.get("min", -1.0)), given.get("max", 1.0))
    if kind == "gelu_new":
        return 0.5 * value * (1 + math.tanh(math.sqrt(2 / math.pi) * (value + 0.044715 * value**3)))
    assert kind == "linear", kind
    return value


def boolean_rows(n):
    return [list(row) for row in product([0.0, 1.0], repeat=n)]


def edges_of(network):
    """(layer, out, source) in mask order; layer 1 is the first hidden one."""
    sizes = network.sizes
    return [
        (layer, o, s) for layer in range(1, len(sizes)) for o in range(sizes[layer]) for s in range(sizes[layer - 1])
    ]


def run(network, kept, row, absent=None):
    """Activations by layer with only some edges kept; `absent[layer][source]` is what the others carry."""
    layers = [list(row)]
    last = len(network.sizes) - 1
    for layer in range(1, last + 1):
        kind = network.output_activation if layer == last else network.activation
        current = []
        for out in range(network.sizes[layer]):
            if layer < last and not any((layer, out, s) in kept for s in range(network.sizes[layer - 1])):
                current.append(None)
                continue
            parts = [float(network.biases[layer - 1][out])]
            for source in range(network.sizes[layer - 1]):
                weight = float(network.weights[layer - 1][out][source])
                if (layer, out, source) in kept:
                    parts.append(weight * layers[-1][source])
                elif absent is not None:
                    parts.append(weight * absent[layer - 1][source])
            current.append(bent(math.fsum(parts), kind, network.negative_slope))
        layers.append(current)
    return layers


def mean_activations(network, rows):
    everything = set(edges_of(network))
    runs = [run(network, everything, row) for row in rows]
    return [
        [math.fsum(r[layer][n] for r in runs) / len(rows) for n in range(network.sizes[layer])]
        for layer in range(len(network.sizes) - 1)
    ]


def is_possible(network, kept):
    sizes = network.sizes
    for layer in range(len(sizes)):
        for neuron in range(sizes[layer]):
            into = any(edge[:2] == (layer, neuron) for edge in kept)
            out_of = any((edge[0] - 1, edge[2]) == (layer, neuron) for edge in kept)
            if layer == 0 and not out_of:
                return False
            if layer == len(sizes) - 1 and not into:
                return False
            if 0 < layer < len(sizes) - 1 and into != out_of:
                return False
    return True


def possible_masks(network):
    edges = edges_of(network)
    for mask in range(2 ** len(edges)):
        kept = {edge for k, edge in enumerate(edges) if mask >> k & 1}
        if is_possible(network, kept):
            yield mask, kept


def right(output, label, rule):
    return (round(output) if rule == "rounding" else int(output > 0.5)) == label


def valid_circuits(network, rows, labels, threshold, rule="rounding", ablation="zero", admit=lambda n_active: True):
    """{mask: outputs on the rows} of every valid circuit, and how many were possible."""
    absent = mean_activations(network, boolean_rows(network.sizes[0])) if ablation == "mean" else None
    found, n_possible = {}, 0
    for mask, kept in possible_masks(network):
        n_active = len({edge[:2] for edge in kept if edge[0] < len(network.sizes) - 1})
        if not admit(n_active):
            continue
        n_possible += 1
        outputs = [run(network, kept, row, absent)[-1][0] for row in rows]
        n_right = sum(right(output, label, rule) for output, label in zip(outputs, labels, strict=True))
        if n_right / len(rows) > threshold:
            found[mask] = outputs
    return found, n_possible
