"""All interpretations of a circuit listed straight from the definition, in the fixed order. No code of the engine."""

from __future__ import annotations

from itertools import pairwise, product
from math import prod

from tests.oracles.brute_force_circuits import boolean_rows, edges_of, mean_activations, run


def cuts_of(values):
    """(low, high, bits over the inputs) of every cut, lowest first."""
    ordered = sorted(values)
    gaps = [(a, b) for a, b in pairwise(ordered) if b - a > 1e-12 * max(1.0, abs(a), abs(b))]
    return [(a, b, tuple(int(v >= b) for v in values)) for a, b in gaps]


def completions(bits, parent_bits, barred):
    """Every local gate as a table over parent rows, ordered by its free rows' bits, lowest row least significant."""
    n_rows = 2 ** len(parent_bits)
    reached = {}
    for i, bit in enumerate(bits):
        row = int("".join(str(p[i]) for p in parent_bits) or "0", 2)
        reached.setdefault(row, set()).add(bit)
    if any(len(seen) == 2 for seen in reached.values()):
        return []
    free = [row for row in range(n_rows) if row not in reached]
    tables = []
    for backwards in product([0, 1], repeat=len(free)):
        filled = dict(zip(reversed(free), backwards, strict=True))
        table = tuple(filled[row] if row in filled else next(iter(reached[row])) for row in range(n_rows))
        if table not in barred:
            tables.append(table)
    return tables


def options_by_cuts(network, mask, rows=None, ablation="zero", read=lambda output: int(output > 0.5)):
    """List every choice of cuts, lexicographically, with each neuron's (layer, neuron, low, high, bits, table)."""
    kept = {edge for k, edge in enumerate(edges_of(network)) if mask >> k & 1}
    absent = mean_activations(network, boolean_rows(network.sizes[0])) if ablation == "mean" else None
    runs = [run(network, kept, row, absent) for row in (rows or boolean_rows(network.sizes[0]))]
    last = len(network.sizes) - 1
    gated = []
    for layer in range(1, last + 1):
        for neuron in range(network.sizes[layer]):
            values = [r[layer][neuron] for r in runs]
            if values[0] is None:
                continue
            cuts = cuts_of([read(v) for v in values] if layer == last else values)
            if cuts:
                gated.append((layer, neuron, cuts))
    inputs = [tuple(bits) for bits in zip(*product([0, 1], repeat=network.sizes[0]), strict=True)]
    for chosen in product(*(range(len(cuts)) for _, _, cuts in gated)):
        bits = {(layer, neuron): cuts[c][2] for (layer, neuron, cuts), c in zip(gated, chosen, strict=True)}
        options = []
        for (layer, neuron, cuts), cut in zip(gated, chosen, strict=True):
            low, high, own = cuts[cut]
            if layer == 1:
                parents, barred = inputs, ()
            else:
                sources = [s for s in range(network.sizes[layer - 1]) if (layer, neuron, s) in kept]
                parents = [bits[layer - 1, s] for s in sources if (layer - 1, s) in bits]
                barred = ((0, 1, 1, 0), (1, 0, 0, 1)) if len(parents) == 2 else ()
            options.append([(layer, neuron, low, high, own, table) for table in completions(own, parents, barred)])
            if not options[-1]:
                break
        else:
            yield chosen, options


def interpretations(network, mask, rows=None, ablation="zero"):
    """Every interpretation in order, one tuple of gates each, and in parallel the choice of cuts it belongs to."""
    found, classes = [], []
    for chosen, options in options_by_cuts(network, mask, rows, ablation):
        for combination in product(*options):
            found.append(combination)
            classes.append(chosen)
    return found, classes


def count(network, mask, read):
    """Count interpretations and choices of cuts with any, for circuits with too many to list."""
    numbers = [prod(len(tables) for tables in options) for _, options in options_by_cuts(network, mask, read=read)]
    return sum(numbers), len(numbers)
