"""The search of protocol ``paper`` in plain Python, as one would write it first: loops, lists, one forward pass each.

It answers "how much does the engine's cleverness buy?" and is a second opinion on every count. It is written from the
definitions, shares no code with the engine, and is not slowed down on purpose: on networks this small lists of floats
are quicker than one numpy call per circuit. Everything is listed: every node mask, every edge mask, every
interpretation, every set of negations, every placement.

A network here is a list of (weights [out][in], biases) and an activation; circuits are lists of edge matrices.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

Row = Sequence[float]
Matrix = Sequence[Sequence[float]]
Edges = tuple[tuple[tuple[int, ...], ...], ...]  # per layer [out][in] of 0/1


@dataclass(frozen=True)
class PlainNetwork:
    """A network with one output.

    Args:
        layers: (weights, biases) from the first hidden layer to the output.
        activation: name of the activation, the same in every layer.
        slope: slope of leaky_relu below 0.
    """

    layers: Sequence[tuple[Matrix, Row]]
    activation: str
    slope: float

    @property
    def sizes(self) -> list[int]:
        return [len(self.layers[0][0][0])] + [len(biases) for _, biases in self.layers]

    def activate(self, value: float) -> float:
        if self.activation == "leaky_relu":
            return value if value >= 0 else self.slope * value
        if self.activation == "relu":
            return max(value, 0.0)
        if self.activation == "tanh":
            return math.tanh(value)
        if self.activation == "sigmoid":
            return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
        return value


def boolean_rows(n_inputs: int) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=n_inputs))


# ---------------------------------------------------------------- where: circuits


def forward(network: PlainNetwork, edges: Edges, row: Row) -> list[list[float]]:
    """Activations of every layer with absent edges carrying 0; neurons without an edge in are 0."""
    layers = [list(row)]
    for (weights, biases), kept in zip(network.layers, edges, strict=True):
        below = layers[-1]
        values = []
        for weight, bias, keep in zip(weights, biases, kept, strict=True):
            if not any(keep):
                values.append(0.0)
                continue
            total = bias
            for w, h, k in zip(weight, below, keep, strict=True):
                if k:
                    total += w * h
            values.append(network.activate(total))
        layers.append(values)
    return layers


def edge_masks(active_in: Sequence[int], active_out: Sequence[int], n_in: int, n_out: int) -> Iterator[Matrix]:
    """Every edge matrix in which each active neuron has an edge on either side and no other has one."""
    places = [(o, i) for o in range(n_out) if active_out[o] for i in range(n_in) if active_in[i]]
    for bits in itertools.product((0, 1), repeat=len(places)):
        matrix = [[0] * n_in for _ in range(n_out)]
        for (o, i), bit in zip(places, bits, strict=True):
            matrix[o][i] = bit
        rows_used = all(any(matrix[o]) for o in range(n_out) if active_out[o])
        columns_used = all(any(matrix[o][i] for o in range(n_out)) for i in range(n_in) if active_in[i])
        if rows_used and columns_used:
            yield tuple(tuple(line) for line in matrix)


def possible_circuits(sizes: Sequence[int], *, paper: bool) -> Iterator[Edges]:
    """Every structurally possible circuit; ``paper`` leaves out full node masks and, in wide networks, dense ones."""
    hidden = sizes[1:-1]
    widest = max(hidden)
    sparser_than = Fraction(0) if widest < 4 else Fraction(1, 5) if widest == 4 else Fraction(3, 10)
    for nodes in itertools.product(*(itertools.product((0, 1), repeat=n) for n in hidden)):
        kept, total = sum(map(sum, nodes)), sum(hidden)
        if paper and (kept == total or (sparser_than and not Fraction(total - kept, total) > sparser_than)):
            continue
        active = [(1,) * sizes[0], *nodes, (1,) * sizes[-1]]
        per_layer = [list(edge_masks(active[k], active[k + 1], sizes[k], sizes[k + 1])) for k in range(len(sizes) - 1)]
        yield from itertools.product(*per_layer)


def valid_circuits(network: PlainNetwork, labels: Sequence[int], *, paper: bool) -> tuple[list[Edges], int]:
    """Circuits whose rounded output is right on more than 99% of the rows, and how many were tried."""
    rows = boolean_rows(network.sizes[0])
    valid, possible = [], 0
    for edges in possible_circuits(network.sizes, paper=paper):
        possible += 1
        right = sum(
            round(forward(network, edges, row)[-1][0]) == label for row, label in zip(rows, labels, strict=True)
        )
        if right / len(rows) > 0.99:
            valid.append(edges)
    return valid, possible


def mask_of(edges: Edges) -> int:
    """The circuit as an integer: bit k is edge k, layer by layer, row-major [out][in]."""
    bits = [bit for matrix in edges for line in matrix for bit in line]
    return sum(bit << k for k, bit in enumerate(bits))


# ---------------------------------------------------------------- then what: interpretations


def cuts_of(values: Sequence[float]) -> list[tuple[int, ...]]:
    """Bits over the rows for each cut between neighbouring distinct values."""
    distinct: list[float] = []
    for value in sorted(values):
        if not distinct or value - distinct[-1] > 1e-12 * max(1.0, abs(value)):
            distinct.append(value)
    middles = [(low + high) / 2 for low, high in itertools.pairwise(distinct)]
    return [tuple(int(value > middle) for value in values) for middle in middles]


def gate_tables(bits: tuple[int, ...], parents: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Every local gate over the parents' bits that agrees with the neuron's bits; none if they contradict."""
    known: dict[tuple[int, ...], int] = {}
    for row, bit in enumerate(bits):
        seen = tuple(parent[row] for parent in parents)
        if known.setdefault(seen, bit) != bit:
            return []
    combinations = list(itertools.product((0, 1), repeat=len(parents)))
    free = [c for c in combinations if c not in known]
    tables = []
    for completion in itertools.product((0, 1), repeat=len(free)):
        whole = {**known, **dict(zip(free, completion, strict=True))}
        table = tuple(whole[c] for c in combinations)
        if len(parents) == 2 and table in ((0, 1, 1, 0), (1, 0, 0, 1)):
            continue
        tables.append(table)
    return tables


def interpretations(network: PlainNetwork, edges: Edges) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every interpretation of a circuit: a gate for each neuron that is not constant."""
    rows = boolean_rows(network.sizes[0])
    runs = [forward(network, edges, row) for row in rows]
    options: list[list[tuple[int, ...]]] = []
    names: list[tuple[int, int]] = []
    last = len(network.layers)
    for layer in range(1, last + 1):
        for neuron in range(network.sizes[layer]):
            if not any(edges[layer - 1][neuron]):
                continue
            values = [run[layer][neuron] for run in runs]
            cuts = cuts_of([float(round(v)) for v in values] if layer == last else values)
            if cuts:
                names.append((layer, neuron))
                options.append(cuts)
    for choice in itertools.product(*options):
        bits = dict(zip(names, choice, strict=True))
        gates = []
        for layer, neuron in names:
            if layer == 1:
                gates.append([bits[layer, neuron]])
                continue
            kept = edges[layer - 1][neuron]
            parents = [bits[layer - 1, p] for p in range(len(kept)) if kept[p] and (layer - 1, p) in bits]
            gates.append(gate_tables(bits[layer, neuron], parents))
            if not gates[-1]:
                break
        else:
            yield from itertools.product(*gates)


# ---------------------------------------------------------------- what: formulas

# A tree is an input's index or (sign, left, right); a formula adds ("¬", tree) around any part.
Tree = int | tuple


def text_of(tree: Tree, outer: bool = True) -> str:
    if isinstance(tree, int):
        return "ABCDEF"[tree]
    if tree[0] == "¬":
        return "¬" + text_of(tree[1], outer=False)
    inside = tree[0].join(text_of(child, outer=False) for child in tree[1:])
    return inside if outer else f"({inside})"


def value_of(tree: Tree, row: Sequence[int], fixed: dict[int, int] | None = None) -> int:
    """Value on one input row; ``fixed`` sets sub-trees, by identity, to values of their own."""
    if fixed and id(tree) in fixed:
        return fixed[id(tree)]
    if isinstance(tree, int):
        return row[tree]
    if tree[0] == "¬":
        return 1 - value_of(tree[1], row, fixed)
    left, right = value_of(tree[1], row, fixed), value_of(tree[2], row, fixed)
    return left & right if tree[0] == "*" else left | right


def skeletons(n_inputs: int, depth: int) -> list[tuple[Tree, int]]:
    """Trees without negation up to a depth, with their depth: left child one shallower, right text greater."""
    found: list[tuple[Tree, int]] = [(index, 0) for index in range(n_inputs)]
    for level in range(1, depth + 1):
        below = list(found)
        for left, left_depth in below:
            if left_depth != level - 1:
                continue
            for right, _ in below:
                if text_of(left) < text_of(right):
                    found += [((sign, left, right), level) for sign in "*+"]
    return found


def n_nodes(tree: Tree) -> int:
    return 1 if isinstance(tree, int) else 1 + sum(n_nodes(child) for child in tree[1:])


def negated_at(tree: Tree, positions: Sequence[int]) -> Tree:
    """The tree with a NOT around each of the given pre-order positions."""
    counter = itertools.count()

    def rebuild(node: Tree) -> Tree:
        marked = next(counter) in positions
        if not isinstance(node, int):
            node = (node[0], rebuild(node[1]), rebuild(node[2]))
        return ("¬", node) if marked else node

    return rebuild(tree)


def formulas(labels: Sequence[int], n_inputs: int, depth: int) -> list[Tree]:
    """List the first negation pattern of every skeleton, smallest first, that computes the task."""
    rows = boolean_rows(n_inputs)
    found = []
    for tree, _ in skeletons(n_inputs, depth):
        for positions in powerset(n_nodes(tree)):
            candidate = negated_at(tree, positions)
            if all(value_of(candidate, row) == label for row, label in zip(rows, labels, strict=True)):
                found.append(candidate)
                break
    return found


def powerset(n: int) -> Iterator[tuple[int, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(range(n), size) for size in range(n + 1))


# ---------------------------------------------------------------- then where: mappings

Site = tuple[int, tuple[int, ...]]  # layer, neurons


def mapped_nodes(tree: Tree) -> list[Tree]:
    """Inner nodes but the root; what a NOT negates is left to the NOT."""
    nodes: list[Tree] = []

    def visit(node: Tree, skip: bool) -> None:
        if isinstance(node, int):
            return
        if not skip:
            nodes.append(node)
        for child in node[1:]:
            visit(child, skip=node[0] == "¬")

    visit(tree, skip=True)
    return nodes


def sites_of(sizes: Sequence[int]) -> list[Site]:
    """Every nonempty neuron set of one hidden layer."""
    return [
        (layer, neurons)
        for layer in range(1, len(sizes) - 1)
        for count in range(1, sizes[layer] + 1)
        for neurons in itertools.combinations(range(sizes[layer]), count)
    ]


def run_with(network: PlainNetwork, base: Row, source: Row, site: Site) -> float:
    """Output on ``base`` with the site's neurons set to what they are on ``source``."""
    donor, values = list(source), list(base)
    for layer, (weights, biases) in enumerate(network.layers, start=1):
        donor, values = (
            [
                network.activate(sum(w * v for w, v in zip(weight, below, strict=True)) + bias)
                for weight, bias in zip(weights, biases, strict=True)
            ]
            for below in (donor, values)
        )
        if layer == site[0]:
            for neuron in site[1]:
                values[neuron] = donor[neuron]
    return values[0]


def minimal_mappings(
    network: PlainNetwork, formula: Tree, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[tuple[Site, ...]]:
    """Placements of the formula's nodes on disjoint sets that pass every pair, without those that contain another.

    A formula without such nodes has one empty placement.

    Args:
        network: where the nodes are to be placed.
        formula: the tree whose nodes are placed.
        pairs: (source, base) input rows to test.
    """
    nodes = mapped_nodes(formula)
    passing: list[list[Site]] = []
    for node in nodes:
        good = []
        for site in sites_of(network.sizes):
            for source, base in pairs:
                expected = value_of(formula, base, {id(node): value_of(node, source)})
                if int(run_with(network, base, source, site) > 0.5) != expected:
                    break
            else:
                good.append(site)
        passing.append(good)
    valid = [
        sites
        for sites in itertools.product(*passing)
        if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(sites, 2))
    ]

    def contains(larger: tuple[Site, ...], smaller: tuple[Site, ...]) -> bool:
        return all(a[0] == b[0] and set(b[1]) <= set(a[1]) for a, b in zip(larger, smaller, strict=True))

    return [m for m in valid if not any(other != m and contains(m, other) for other in valid)]
