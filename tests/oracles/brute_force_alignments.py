"""Alignments the slow way: every placement listed, every interchange run alone. Shares no code with the engine."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from itertools import combinations, product

from tests.oracles.brute_force_algorithms import evaluate, rows, variables
from tests.oracles.brute_force_interchange import run


def neuron_sets(network, single=False):
    return [
        (layer, chosen)
        for layer in range(1, len(network.weights))
        for size in range(1, (1 if single else network.sizes[layer]) + 1)
        for chosen in combinations(range(network.sizes[layer]), size)
    ]


def pairs(n, rule):
    """(source, base) as row numbers in binary order."""
    order = sorted(range(2**n), key=lambda row: rows(n)[row][::-1])  # first input least significant
    if rule == "ordered":
        return [(s, b) for s in order for b in order if s != b]
    return [(order[i], order[j]) for i in range(2**n) for j in range(i + 1, 2**n)]


def decision(output, rule):
    if rule == "threshold":
        return int(output > 0.5)
    return {0: 0, 1: 1}.get(round(output), -1)


class Interchange:
    """Interchanges on one network with its rows, one at a time."""

    def __init__(self, network, data_rows, pair_rule="ordered", decision_rule="threshold"):
        self.network = network
        self.data_rows = [list(map(float, row)) for row in data_rows]
        self.n = network.n_inputs
        self.pairs = pairs(self.n, pair_rule)
        self.decision_rule = decision_rule
        self.output = lru_cache(maxsize=None)(self._output)

    def _output(self, site, source, base):
        layer, neurons = site
        taken = run(self.network, self.data_rows[source])[layer]
        patch = {(layer, neuron): taken[neuron] for neuron in neurons}
        return run(self.network, self.data_rows[base], patch)[-1][0]

    def agreed(self, text, path, site):
        """Pairs on which the network does what the algorithm says."""
        sub = variables(text, "&" not in text and "!" not in text)[path]
        boolean = rows(self.n)
        return sum(
            decision(self.output(site, s, b), self.decision_rule)
            == evaluate(text, boolean[b], {path: evaluate(sub, boolean[s])})
            for s, b in self.pairs
        )

    def margin(self, site):
        edges = (0.5,) if self.decision_rule == "threshold" else (-0.5, 0.5, 1.5)
        return min(abs(self.output(site, s, b) - edge) for s, b in self.pairs for edge in edges)


def alignment_id(text, places):
    sites = json.dumps([[path, layer, list(neurons)] for path, (layer, neurons) in sorted(places.items())])
    return hashlib.sha256((text + sites.replace(" ", "")).encode()).hexdigest()[:16]


def alignments(interchange, text, single=False):
    """(valid, failing): every placement of an algorithm's variables.

    Each is (agreed, of, number of neurons, id, places, minimal); valid by (neurons, id), failing best first.
    """
    paths = sorted(variables(text, "&" not in text and "!" not in text))
    sites = neuron_sets(interchange.network, single)
    scores = {(path, site): interchange.agreed(text, path, site) for path in paths for site in sites}
    of = len(interchange.pairs) * len(paths)
    valid, failing = [], []
    for chosen in product(sites, repeat=len(paths)):
        neurons = [(layer, neuron) for layer, members in chosen for neuron in members]
        if len(set(neurons)) < len(neurons):
            continue
        places = dict(zip(paths, chosen, strict=True))
        agreed = sum(scores[place] for place in places.items())
        entry = (agreed, of, len(neurons), alignment_id(text, places), places)
        (valid if agreed == of else failing).append(entry)

    def inside(small, large):
        return all(small[path][0] == large[path][0] and set(small[path][1]) <= set(large[path][1]) for path in paths)

    marked = [
        (*entry, not any(other is not entry and inside(other[4], entry[4]) for other in valid)) for entry in valid
    ]
    marked.sort(key=lambda entry: (entry[2], entry[3]))
    failing.sort(key=lambda entry: (-entry[0], entry[2], entry[3]))
    return marked, [(*entry, False) for entry in failing]
