"""Algorithms with shared gates the slow way: every program written down, every place and every interchange tried.

Shares no code with the engine. A program is a list of ANDs, each of two sides (node, negated): nodes are the inputs and
after them the gates in order. The last gate is the root, whose value may be negated too. Each other gate is a variable.
A network has ``weights[layer][out][in]``, ``biases``, ``sizes``, the two activations and ``negative_slope``.
"""

from __future__ import annotations

from itertools import combinations, permutations, product

from tests.oracles.brute_force_circuits import bent

LETTERS = "ABCDEF"


def rows(n_inputs):
    return list(product([0, 1], repeat=n_inputs))


def texts(gates, n_inputs):
    """Write each node; the two sides of a gate stand in the order of the alphabet."""
    found = list(LETTERS[:n_inputs])
    for sides in gates:
        found.append("({}&{})".format(*sorted("!" * negated + found[node] for node, negated in sides)))
    return found


def output(program, row, fixed, idle=None):
    """Output of a program while some gates are fixed; the side ``idle``, (gate, which), is always 1."""
    gates, negated_root = program
    values = list(row)
    for gate, sides in enumerate(gates):
        value = all(idle == (gate, which) or values[node] ^ negated for which, (node, negated) in enumerate(sides))
        values.append(fixed.get(gate, int(value)))
    return values[-1] ^ negated_root


def depths(gates, n_inputs):
    found = [0] * n_inputs
    for sides in gates:
        found.append(1 + max(found[node] for node, _ in sides))
    return found


def irredundant_programs(table, n_inputs, most_gates, most_depth=3):
    """Text → program of every one that computes the table and needs each side of each gate."""
    found = {}
    for n_gates in range(1, most_gates + 1):
        steps = [
            [
                tuple(zip(nodes, signs, strict=True))
                for nodes in combinations(range(n_inputs + at), 2)
                for signs in product((0, 1), repeat=2)
            ]
            for at in range(n_gates)
        ]
        for gates in product(*steps):
            names = texts(gates, n_inputs)
            read = {node for sides in gates for node, _ in sides}
            if len(set(names)) < len(names) or not set(range(n_inputs, n_inputs + n_gates - 1)) <= read:
                continue
            if depths(gates, n_inputs)[-1] > most_depth:
                continue
            for negated in (0, 1):
                program = (gates, negated)
                if [output(program, row, {}) for row in rows(n_inputs)] == list(table) and all(
                    [output(program, row, {}, (gate, which)) for row in rows(n_inputs)] != list(table)
                    for gate in range(n_gates)
                    for which in (0, 1)
                ):
                    found["!" * negated + names[-1]] = program
    return found


def run(network, row, patches):
    """Values by layer; ``patches[layer, neuron]`` is written over a neuron before the next layer reads it."""
    layers = [[float(x) for x in row]]
    last = len(network.sizes) - 1
    for layer in range(1, last + 1):
        kind = network.output_activation if layer == last else network.activation
        values = []
        for neuron in range(network.sizes[layer]):
            total = float(network.biases[layer - 1][neuron])
            for source, value in enumerate(layers[-1]):
                total += float(network.weights[layer - 1][neuron][source]) * value
            values.append(patches.get((layer, neuron), bent(total, kind, network.negative_slope)))
        layers.append(values)
    return layers


class Places:
    """Placements of a program's variables in a network."""

    def __init__(self, network, program):
        self.network, self.program = network, program
        self.rows = rows(network.sizes[0])
        self.clean = [run(network, row, {}) for row in self.rows]
        gates, _ = program
        self.variables = range(len(gates) - 1)
        self.values = [[_gate(program, row, gate) for row in self.rows] for gate in self.variables]

    def agrees(self, places, sources, base):
        """Whether network and program decide alike with each variable taken from a source of its own."""
        patches = {
            (layer, neuron): self.clean[source][layer][neuron]
            for (layer, neurons), source in zip(places.values(), sources, strict=True)
            for neuron in neurons
        }
        fixed = {gate: self.values[gate][source] for gate, source in zip(places, sources, strict=True)}
        decided = int(run(self.network, self.rows[base], patches)[-1][0] > 0.5)
        return decided == output(self.program, self.rows[base], fixed)

    def valid(self):
        """Every placement on disjoint sets of neurons, each within a layer, right under all single interchanges."""
        pairs = list(permutations(range(len(self.rows)), 2))
        sites = [
            (layer, neurons)
            for layer in range(1, len(self.network.sizes) - 1)
            for size in range(1, self.network.sizes[layer] + 1)
            for neurons in combinations(range(self.network.sizes[layer]), size)
        ]
        fitting = [
            [site for site in sites if all(self.agrees({gate: site}, (source,), base) for source, base in pairs)]
            for gate in self.variables
        ]
        return [
            dict(enumerate(chosen))
            for chosen in product(*fitting)
            if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in combinations(chosen, 2))
        ]

    def minimal_joint(self):
        """Count the valid ones that are right under every joint interchange, and contain no other such one."""
        n_rows = range(len(self.rows))
        right = [
            places
            for places in self.valid()
            if all(
                self.agrees(places, sources, base) for sources in product(n_rows, repeat=len(places)) for base in n_rows
            )
        ]

        def inside(small, large):
            return all(small[g][0] == large[g][0] and set(small[g][1]) <= set(large[g][1]) for g in large)

        return sum(not any(other is not one and inside(other, one) for other in right) for one in right)


def _gate(program, row, gate):
    """The value of one gate on a row: that of the program that ends there."""
    gates, _ = program
    return output((gates[: gate + 1], 0), row, {})
