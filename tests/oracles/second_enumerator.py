"""A second enumerator of the answer key, of a perceptron's circuits, wiring by wiring. Shares no code with the engine.

The layers below the last hidden one are wired in every way, one after the other. On top of each wiring every neuron of
the last hidden layer has a few options, and the output's sum is one term of each: all combinations are tried, those of
the first neurons in a loop and those of the others in arrays. What an output must be on each row is an interval of its
sum, found by halving. So it is quick enough for networks 2-5-5-1, whose 10¹⁰ combinations take a minute or two.
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np

from tests.oracles.brute_force_answer_key import runs_of
from tests.oracles.brute_force_circuits import bent, edges_of

TAIL = 1 << 15  # combinations of the last neurons that are tried at once


def facts_of(network, labels, condition, most_listed=1_000_000):
    """Number, fewest edges, backbone and masks of all valid circuits; masks None where there are more.

    Args:
        network: of one output, as a network file has it.
        labels: 0 or 1 on each Boolean input.
        condition: with "ablation", "judge" and "structure".
    """
    found = SimpleNamespace(n_valid=0, smallest=None, backbone=2 ** len(edges_of(network)) - 1, masks=[])
    for masks in _valid(network, labels, condition):
        found.n_valid += len(masks)
        fewest = int(np.bitwise_count(masks).min())
        found.smallest = fewest if found.smallest is None else min(fewest, found.smallest)
        found.backbone &= int(np.bitwise_and.reduce(masks))
        if found.masks is not None:
            found.masks = [*found.masks, masks] if found.n_valid <= most_listed else None
    found.backbone = found.backbone if found.n_valid else 0
    if found.masks is not None:
        found.masks = sorted(np.concatenate([np.empty(0, np.uint64), *found.masks]).tolist())
    return found


def combinations(network, condition):
    """Number of combinations that are tried, at most."""
    *below, last = network.sizes[:-1]
    pairs = sum(one * other for one, other in pairwise(below))
    return 2**pairs * (2 ** below[-1] + (condition.structure == "free")) ** last if below else 2**last


def _valid(network, labels, condition):
    """Arrays of valid masks, none empty, none twice."""
    runs = runs_of(network, labels, condition.ablation)
    passes = _judge(network, runs, condition.judge)
    strict, sizes = condition.structure == "strict", network.sizes
    top = len(sizes) - 2  # the last layer below the output
    weights, bias = network.weights[-1][0], float(network.biases[-1][0])
    for mask, values, active, required in _wirings(network, runs, strict, max(top - 1, 0)):
        options = []
        for neuron in range(sizes[top]):
            out, carried = 1 << _bit(sizes, top + 1, 0, neuron), [one[top][neuron] for _, _, one in runs]
            if top == 0:
                each = [(out, 1 << neuron, values[neuron]), *([] if strict else [(0, 0, carried)])]
            else:
                sets = _subsets(active if strict else 2 ** sizes[top - 1] - 1)
                given = [_value(network, runs, top, neuron, one, values) for one in sets]
                read = list(zip((_edges(sizes, top, neuron, one) | out for one in sets), sets, given, strict=True))
                each = [(0, 0, carried), *(one for one in read if one[1] or not strict)]
            terms = np.array([one[2] for one in each]) * float(weights[neuron])
            options.append((np.array([one[0] for one in each], np.uint64), np.array([one[1] for one in each]), terms))
        yield from _combined(mask, required if top else 0, bias, options, passes)


def _combined(mask, required, bias, options, passes):
    """Valid masks among all combinations of an option for each neuron that use all that is required."""
    n_lead = 0
    while math.prod(len(one[0]) for one in options[n_lead:]) > TAIL:
        n_lead += 1
    masks, used, sums = np.array([mask], np.uint64), np.array([0]), np.zeros((1, options[0][2].shape[1]))
    for more_masks, more_used, terms in options[n_lead:]:
        masks = (masks[:, None] | more_masks).ravel()
        used = (used[:, None] | more_used).ravel()
        sums = (sums[:, None] + terms).reshape(len(masks), -1)
    sums, enough = np.ascontiguousarray(sums.T), {}
    for lead in product(*(range(len(one[0])) for one in options[:n_lead])):
        chosen = [(one[0][at], int(one[1][at]), one[2][at]) for one, at in zip(options, lead, strict=False)]
        lead_mask, lead_used, stem = 0, 0, np.full(len(sums), bias)
        for one_mask, one_used, term in chosen:
            lead_mask, lead_used, stem = lead_mask | int(one_mask), lead_used | one_used, stem + term
        missing = required & ~lead_used
        if missing not in enough:
            enough[missing] = (used & missing) == missing
        valid = passes(stem, sums) & enough[missing]
        if valid.any():
            yield masks[valid] | np.uint64(lead_mask)


def _wirings(network, runs, strict, layer):
    """Every way to wire the layers up to one: its mask, values ``[neuron][run]``, neurons with an edge in, and which of
    them somebody above must read.
    """
    sizes = network.sizes
    if layer == 0:
        every = 2 ** sizes[0] - 1
        yield 0, [[row[place] for row, _, _ in runs] for place in range(sizes[0])], every, every if strict else 0
        return
    for mask, below, active, required in _wirings(network, runs, strict, layer - 1):
        sets = _subsets(active if strict else 2 ** sizes[layer - 1] - 1)
        table = [{one: _value(network, runs, layer, n, one, below) for one in sets} for n in range(sizes[layer])]
        for choice in product(sets, repeat=sizes[layer]):
            read = 0
            for one in choice:
                read |= one
            if read & required == required:
                more = sum(_edges(sizes, layer, neuron, one) for neuron, one in enumerate(choice))
                has_in = sum(1 << neuron for neuron, one in enumerate(choice) if one)
                if has_in or not strict:
                    yield mask | more, [of[one] for of, one in zip(table, choice, strict=True)], has_in, has_in


def _bit(sizes, layer, out, source):
    return sum(a * b for a, b in pairwise(sizes[:layer])) + out * sizes[layer - 1] + source


def _edges(sizes, layer, out, sources):
    """Mask of the edges from a set of sources into a neuron."""
    return sum(1 << _bit(sizes, layer, out, one) for one in range(sizes[layer - 1]) if sources >> one & 1)


def _subsets(among):
    return [one for one in range(among + 1) if one & among == one]


def _value(network, runs, layer, neuron, sources, below):
    """Values of a neuron on each run if it reads a set of sources."""
    found = []
    for run, (_, _, carried) in enumerate(runs):
        total = float(network.biases[layer - 1][neuron])
        for source, weight in enumerate(network.weights[layer - 1][neuron]):
            total += float(weight) * (below[source][run] if sources >> source & 1 else carried[layer - 1][source])
        found.append(bent(total, network.activation, network.negative_slope))
    return found


def _judge(network, runs, judge):
    """Stem ``[runs]`` and sums ``[runs, combinations]`` → which combinations pass."""

    def bend(total):
        return bent(total, network.output_activation, network.negative_slope)

    def last(holds):
        """The largest sum whose value has a property that only small values have."""
        low, high = -600.0, 600.0
        if holds(bend(high)) or not holds(bend(low)):
            return math.inf if holds(bend(high)) else -math.inf
        for _ in range(200):
            low, high = ((low + high) / 2, high) if holds(bend((low + high) / 2)) else (low, (low + high) / 2)
        return low

    if judge == "outputs":
        whole = [_whole(network, row) for row, _, _ in runs]

        def near(stem, sums):
            given = np.vectorize(bend)(stem[:, None] + sums)
            return np.abs(given - np.array(whole)[:, None]).sum(axis=0) / len(runs) <= 0.25

        return near
    half = last(lambda value: value <= 0.5)
    least, most = (last(lambda value: value < -0.5), last(lambda value: value < 1.5))
    if judge == "threshold":
        least, most = -math.inf, math.inf
    intervals = [(half, most) if label else (least, half) for _, label, _ in runs]

    def within(stem, sums):
        passed = np.ones(sums.shape[1], dtype=bool)
        for (low, high), added, row in zip(intervals, stem, sums, strict=True):
            total = row + added
            passed &= (total > low) & (total <= high)
        return passed

    return within


def _whole(network, row):
    values = list(row)
    for layer in range(1, len(network.sizes)):
        kind = network.output_activation if layer == len(network.sizes) - 1 else network.activation
        values = [
            bent(
                float(network.biases[layer - 1][out])
                + sum(float(w) * v for w, v in zip(network.weights[layer - 1][out], values, strict=True)),
                kind,
                network.negative_slope,
            )
            for out in range(network.sizes[layer])
        ]
    return values[0]
