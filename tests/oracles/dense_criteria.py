"""Criteria for circuits once more, over arrays: many circuits at once, so that whole golden networks can be judged.

Written from the definitions and without code of the engine; :mod:`tests.oracles.brute_force_criteria` says the same of
one circuit and one input at a time, and the two are compared. Arrays are ``[circuit, row, neuron]``.
"""

from __future__ import annotations

from itertools import product

import numpy as np


def bend(z, kind, slope):
    if kind == "leaky_relu":
        return np.where(z > 0, z, z * slope)
    if kind == "relu":
        return np.where(z > 0, z, 0.0)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "sigmoid":
        return 0.5 + 0.5 * np.tanh(z / 2)
    return z


def decided(outputs, rule):
    """0, 1 or −1 for neither."""
    if rule == "threshold":
        return (outputs > 0.5).astype(int)
    rounded = np.rint(outputs)
    return np.where((rounded == 0) | (rounded == 1), rounded, -1).astype(int)


class DenseCriteria:
    """Criteria of circuits of one network, under zero ablation."""

    def __init__(self, network, labels, masks, rule="rounding", threshold=0.99):
        self.sizes, self.rule, self.threshold = network.sizes, rule, threshold
        self.weights = [np.array(w, dtype=float) for w in network.weights]
        self.biases = [np.array(b, dtype=float) for b in network.biases]
        self.kinds = [network.activation] * (len(self.sizes) - 2) + [network.output_activation]
        self.slope = network.negative_slope
        self.masks = [int(mask) for mask in masks]
        self.rows = np.array(list(product([0.0, 1.0], repeat=self.sizes[0])))
        self.labels = np.array(labels)
        n_edges = sum(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))
        bits = np.array([[mask >> k & 1 for k in range(n_edges)] for mask in self.masks], dtype=bool)
        self.keep, start = [], 0
        for n_in, n_out in zip(self.sizes, self.sizes[1:], strict=False):
            self.keep.append(
                bits.reshape(len(self.masks), -1)[:, start : start + n_in * n_out].reshape(-1, n_out, n_in)
            )
            start += n_in * n_out
        self.n_edges = n_edges
        self.full = [np.ones((1, *matrix.shape[1:]), dtype=bool) for matrix in self.keep]
        self.clean = self.run(self.full, self.rows)

    def run(self, keep, rows, absent=None, dead=()):
        """Values by layer; ``absent[layer]`` is ``[neuron]``; dead neurons are 0 once computed."""
        values = [np.broadcast_to(rows, (len(keep[0]), *rows.shape))]
        for layer, (weight, bias, kind) in enumerate(zip(self.weights, self.biases, self.kinds, strict=True)):
            kept = np.where(keep[layer], weight, 0.0)
            total = np.einsum("con,crn->cro", kept, values[-1]) + bias
            if absent is not None:
                carried = np.broadcast_to(absent[layer], (len(rows), weight.shape[1]))
                total = total + np.einsum("con,rn->cro", weight - kept, carried)
            current = bend(total, kind, self.slope)
            if layer < len(self.weights) - 1:
                current = current * keep[layer].any(axis=2)[:, None, :]
                for place, neuron in dead:
                    if place == layer + 1:
                        current[:, :, neuron] = 0.0
            values.append(current)
        return values

    def outputs(self, absent=None, dead=(), keep=None, rows=None):
        keep = self.keep if keep is None else keep
        return self.run(keep, self.rows if rows is None else rows, absent, dead)[-1][:, :, 0]

    def valid(self, outputs):
        return (decided(outputs, self.rule) == self.labels).mean(axis=1) > self.threshold

    def zero(self):
        return self.valid(self.outputs())

    def mean(self):
        return self.valid(self.outputs([layer[0].mean(axis=0) for layer in self.clean[:-1]]))

    def resample(self):
        each = [self.valid(self.outputs([layer[0, s] for layer in self.clean[:-1]])) for s in range(len(self.rows))]
        return np.all(each, axis=0)

    def all_ablations(self):
        return self.zero() & self.mean() & self.resample()

    def largest_difference(self):
        return np.abs(self.outputs() - self.clean[-1][:, :, 0]).max(axis=1)

    def hidden(self):
        return [(layer, n) for layer in range(1, len(self.sizes) - 1) for n in range(self.sizes[layer])]

    def active(self):
        """[circuit, hidden neuron], layer by layer."""
        return np.concatenate([matrix.any(axis=2) for matrix in self.keep[:-1]], axis=1)

    def without_each_set(self):
        """Decisions of circuits and network without each set of hidden neurons, as a number."""
        neurons = self.hidden()
        for number in range(2 ** len(neurons)):
            dead = [neuron for k, neuron in enumerate(neurons) if number >> k & 1]
            whole = decided(self.run(self.full, self.rows, dead=dead)[-1][:, :, 0], self.rule)
            yield number, decided(self.outputs(dead=dead), self.rule), whole

    def complete(self):
        """Over the sets within each circuit."""
        alike = np.ones(len(self.masks), dtype=bool)
        outside = ~self.active() @ (1 << np.arange(len(self.hidden())))
        for number, circuits, whole in self.without_each_set():
            alike &= (circuits == whole).all(axis=1) | ((outside & number) != 0)
        return alike

    def minimal_by_knockouts(self):
        """Whether every neuron of a circuit changes a decision without some set of its others."""
        active = self.active()
        decisions = np.array([circuits for _, circuits, _ in self.without_each_set()])
        outside = ~active @ (1 << np.arange(active.shape[1]))
        needed = np.ones(len(self.masks), dtype=bool)
        for neuron in range(active.shape[1]):
            somewhere = np.zeros(len(self.masks), dtype=bool)
            for number in range(len(decisions)):
                if not number >> neuron & 1:
                    differs = (decisions[number] != decisions[number | 1 << neuron]).any(axis=1)
                    somewhere |= differs & ((outside & number) == 0)
            needed &= somewhere | ~active[:, neuron]
        return needed

    def necessary(self):
        return ~self.valid(self.outputs(keep=[~matrix for matrix in self.keep]))

    def noisy_shares(self, radius=0.1, n_points=1000, seed=0):
        """The least share of points around a clean input that are decided as by the network."""
        offsets = np.random.default_rng(seed).uniform(-radius, radius, (len(self.rows), n_points, self.sizes[0]))
        shares = [self.agreement(row + around) for row, around in zip(self.rows, offsets, strict=True)]
        return np.min(shares, axis=0)

    def agreement(self, points):
        """Share of points on which circuit and network decide alike."""
        whole = decided(self.run(self.full, points)[-1][:, :, 0], self.rule)
        return (decided(self.outputs(rows=points), self.rule) == whole).mean(axis=1)

    def survives_patching(self):
        """Every absent neuron of every layer takes its value from every clean input, each combination run."""
        return np.array([self._survives(k) for k in range(len(self.masks))], dtype=bool)

    def _survives(self, k):
        keep = [matrix[k] for matrix in self.keep]
        places = [
            (layer, n)
            for layer, matrix in enumerate(keep)
            for n in range(matrix.shape[1])
            if (~matrix[:, n] & (matrix.any(axis=1) | (layer == len(keep) - 1))).any()
        ]
        if places:
            sources = np.indices((len(self.rows),) * len(places)).reshape(len(places), -1).T
        else:
            sources = np.zeros((1, 0), dtype=int)
        wrong = np.zeros(len(self.rows), dtype=bool)
        for part in np.array_split(sources, max(1, len(sources) // 8192)):
            carried = [np.zeros((len(part), width)) for width in self.sizes[:-1]]
            for column, (layer, n) in enumerate(places):
                carried[layer][:, n] = self.clean[layer][0, part[:, column], n]
            for number, row in enumerate(self.rows):
                values = np.broadcast_to(row, (len(part), len(row)))
                for layer, (weight, bias, kind) in enumerate(zip(self.weights, self.biases, self.kinds, strict=True)):
                    total = values @ np.where(keep[layer], weight, 0.0).T + bias
                    total = total + carried[layer] @ np.where(keep[layer], 0.0, weight).T
                    values = bend(total, kind, self.slope)
                wrong[number] |= (decided(values[:, 0], self.rule) != self.labels[number]).any()
            if not (~wrong).mean() > self.threshold:
                return False
        return True

    def minimal(self, alike=lambda mask: mask):
        """quasi, local, subset, cardinal, among these circuits; by function if removals are first made alike."""
        valid = set(self.masks)
        kinds = []
        by_size = sorted(self.masks, key=int.bit_count)
        fewest = by_size[0].bit_count() if by_size else 0
        smallest = []
        for mask in by_size:
            if not any(small & mask == small for small in smallest):
                smallest.append(mask)
        for mask in self.masks:
            left = [alike(mask & ~(1 << e)) in valid for e in range(self.n_edges) if mask >> e & 1]
            kinds.append((not all(left), not any(left), mask in smallest, mask.bit_count() == fewest))
        return np.array(kinds, dtype=bool).reshape(-1, 4).T

    def without_dead(self, mask):
        """A mask without the edges of neurons that nothing reaches or that reach nothing, found from both ends."""
        edges, start = [], 0
        for layer, (n_in, n_out) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), start=1):
            edges += [
                (start + k, (layer - 1, k % n_in), (layer, k // n_in))
                for k in range(n_in * n_out)
                if mask >> start + k & 1
            ]
            start += n_in * n_out
        last = len(self.sizes) - 1
        reached = {(0, n) for n in range(self.sizes[0])}
        for _, source, target in edges:  # layer by layer
            if source in reached:
                reached.add(target)
        reaching = {(last, 0)}
        for _, source, target in reversed(edges):
            if target in reaching:
                reaching.add(source)
        return sum(1 << k for k, source, target in edges if source in reached and target in reaching)

    def margins(self):
        edges = np.array([0.5] if self.rule == "threshold" else [-0.5, 0.5, 1.5])
        return np.abs(self.outputs()[:, :, None] - edges).min(axis=(1, 2))

    def passed(self):
        """{key: [circuit] bool} of every criterion with default settings but the certified ones and symmetry."""
        kinds = ("quasi", "local", "subset", "cardinal")
        structural = {f"minimal-{k}-structural": v for k, v in zip(kinds, self.minimal(), strict=True)}
        functional = {f"minimal-{k}": v for k, v in zip(kinds, self.minimal(self.without_dead), strict=True)}
        return {
            "zero-ablation": self.zero(),
            "mean-ablation": self.mean(),
            "resample-ablation": self.resample(),
            "all-ablations": self.all_ablations(),
            "output-faithfulness": self.largest_difference() <= 0.1,
            "knockout-completeness": self.complete(),
            "necessity": self.necessary(),
            "input-noise": self.noisy_shares() >= 0.99,
            "minimal-wang": self.minimal_by_knockouts(),
            **functional,
            **structural,
            "margin": self.margins() >= 1e-6,
        }
