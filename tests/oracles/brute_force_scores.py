"""The scores of the answer key the slow way: over every valid circuit, edge by edge. Reads masks as sets of edge
numbers, and what a raw mask gives from the table of every raw mask; shares no code with the engine.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from tests.oracles import brute_force_answer_key as plain

SHARES_OF_MIB = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def mean(values):
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def bits(mask):
    return {bit for bit in range(mask.bit_length()) if mask >> bit & 1}


def number(edges):
    return sum(1 << edge for edge in edges)


class Answer:
    """Answer about one network under one condition, and what is known of both."""

    def __init__(self, network, every, valid, key, submission, planted=None, random_regret=0.5):
        self.network, self.every, self.n = network, every, len(every).bit_length() - 1
        self.ablation, self.judge, self.structure = key.split("-")
        self.valid, self.submission, self.planted, self.random_regret = valid, submission, planted, random_regret
        self.whole = 2**self.n - 1
        self.edges = plain.edges_of(network)

    # --- single masks

    def pruned(self, mask):
        kept = {self.edges[bit] for bit in bits(mask)}
        return plain.number(self.network, plain.pruned(self.network, kept, self.structure))

    def right(self, mask):
        return plain.passes(*self.every[mask][1][self.ablation], self.judge)

    def metric(self, mask):
        outputs, labels, _ = self.every[mask][1][self.ablation]
        return sum((1 if label else -1) * out for out, label in zip(outputs, labels, strict=True)) / len(labels)

    def faithful(self, mask):
        empty, whole = self.metric(0), self.metric(self.whole)
        return None if abs(whole - empty) < 1e-9 else (self.metric(mask) - empty) / (whole - empty)

    def divergence(self, mask):
        outputs, _, whole = self.every[mask][1][self.ablation]
        total = 0.0
        for own, all_ in zip(outputs, whole, strict=True):
            p, q = 1 / (1 + math.exp(-all_)), 1 / (1 + math.exp(-own))
            total += p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
        return total / len(outputs)

    # --- the answer

    def importance(self):
        answer = self.submission
        if answer.mask is not None:
            return [float(edge in bits(answer.mask)) for edge in range(self.n)]
        if answer.family is not None:
            return [sum(edge in bits(one) for one in answer.family) / len(answer.family) for edge in range(self.n)]
        largest = max(abs(score) for score in answer.scores) or 1.0
        return [round(score / largest, 9) for score in answer.scores]

    def orders(self):
        values, found = self.importance(), []
        for seed in range(20 if len(set(values)) < self.n else 1):
            place = np.random.Generator(np.random.PCG64(seed)).permutation(self.n).tolist()
            found.append(sorted(range(self.n), key=lambda edge: (-values[edge], place[edge])))
        return found

    def families(self):
        answer = self.submission
        if answer.scores is None:
            return [[answer.mask] if answer.family is None else list(answer.family)]
        return [[number(order[:size]) for size in range(self.n + 1)] for order in self.orders()]

    def first_valid(self):
        found = []
        for family in self.families():
            circuits = [self.pruned(raw) for raw in family]
            found.append(next((one for one in circuits if one in self.valid), None))
        return found

    def own(self):
        answer = self.submission
        if answer.own is not None or answer.mask is not None:
            return [answer.mask if answer.own is None else answer.own]
        if self.faithful(0) is None:
            return []
        return [next((r for r in family if self.faithful(r) >= 0.95), family[-1]) for family in self.families()]

    # --- scores

    def regret_of(self, circuits):
        if not self.valid:
            return None
        least = min(len(bits(one)) for one in self.valid)
        spare = self.n - least or 1
        return mean([1.0 if one is None else (len(bits(one)) - least) / spare for one in circuits])

    def deleted(self, order):
        left = self.pruned(self.whole)
        if left not in self.valid:
            return None
        for edge in reversed(order):
            without = self.pruned(number(bits(left) - {edge}))
            left = without if without in self.valid else left
        return left

    def overlap(self, circuit):
        """The largest recall of a minimal circuit, with its largest precision."""
        best = None
        for one in plain.minimal(self.valid):
            shared = len(bits(one & circuit))
            recall = shared / len(bits(one)) if one else 1.0
            best = max(best or (recall, shared), (recall, shared))
        return best and (best[0], best[1] / len(bits(circuit)) if circuit else None)

    def auc(self, wanted):
        values = self.importance()
        inside = [edge for edge in range(self.n) if edge in bits(wanted)]
        outside = [edge for edge in range(self.n) if edge not in bits(wanted)]
        if not inside or not outside:
            return None
        wins = [(values[a] > values[b]) + (values[a] == values[b]) / 2 for a in inside for b in outside]
        return sum(wins) / len(wins)

    def member(self, family, size):
        """The largest with at most so many edges."""
        small = [0, *(raw for raw in family if len(bits(raw)) <= size)]
        return max(small, key=lambda raw: len(bits(raw)))

    def areas(self, mib):
        if self.submission.mask is not None or self.faithful(0) is None:
            return None, None
        x = SHARES_OF_MIB if mib else [size / self.n for size in range(self.n + 1)]
        found = []
        for family in self.families():
            y = [self.faithful(self.member(family, math.floor(share * self.n + 1e-12))) for share in x]
            beside = [abs(1 - one) for one in y]
            found.append((np.trapezoid(y, x), np.trapezoid(beside, x)))
        return mean([one[0] for one in found]), mean([one[1] for one in found])

    def scores(self):
        own, regret = self.own(), self.regret_of(self.first_valid())
        circuits = [self.pruned(one) for one in own]
        overlaps = [one for one in map(self.overlap, circuits) if one]
        backbone = self.whole if self.valid else 0
        for one in self.valid:
            backbone &= one
        return {
            "regret": regret,
            "valid": mean([float(one in self.valid) for one in circuits]),
            "valid_raw": mean([float(self.right(one)) for one in own]),
            "regret_while_valid": self.regret_of([self.deleted(order) for order in self.orders()]),
            "recall": mean([recall for recall, _ in overlaps]),
            "precision": mean([precision for _, precision in overlaps]),
            "hamming": mean([min((len(bits(c ^ v)) for v in self.valid), default=None) for c in circuits]),
            "auc": self.auc(backbone),
            "beyond_random": None if regret is None else 1 - regret / self.random_regret,
            "cpr": self.areas(mib=False)[0],
            "cmd": self.areas(mib=False)[1],
            "cpr_mib": self.areas(mib=True)[0],
            "cmd_mib": self.areas(mib=True)[1],
            "faithfulness": mean([self.faithful(one) for one in own]),
            "kl": mean([self.divergence(one) for one in own]),
            "auc_planted": None if self.planted is None else self.auc(self.planted),
        }


def stability(answers):
    """Stability of an answer over seeds."""
    own = [one.pruned(one.own()[0]) for one in answers if one.own()]
    pairs = [(bits(a), bits(b)) for a, b in combinations(own, 2)]
    return mean([len(a & b) / len(a | b) if a | b else 1.0 for a, b in pairs])
