"""The circuits of a transformer: what each keeps, how many there are, and what they return.

What a head reads is cut edge by edge. Sources are the embedding (whole, or token and position apart) and the heads and
MLP blocks before; each head reads a subset of them as query, key and value ("qkv") or for all three at once ("heads"),
an MLP block and the logits read a subset of all before. An edge that is cut carries 0, or the mean of its source over
the task's rows. With "nodes" a mask says which heads and MLP blocks are there.

Biases are no edges: where there are blocks of any sort, what is given carries one more number, which is 1 whether the
edge is kept or cut, and biases are the weights of that number.

Sums are taken in one order, and exp is :func:`pluriscope.analysis.numerics.fixed_order.exp_of_negative`, so every
machine finds the same circuits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from math import comb, prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.numerics.fixed_order import inner, mean
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.analysis.subjects.graph import Edge, Graph, Masks, Node
from pluriscope.analysis.subjects.subject import Change, Role, RowRun, Slope, Space, Table
from pluriscope.analysis.subjects.transformer.blocks import mean_of
from pluriscope.analysis.subjects.transformer.engine import MAX_BYTES, AttentionEngine, Wiring
from pluriscope.analysis.subjects.transformer.head_scores import (
    Trace,
    answer_positions,
    chance_of,
    head_table,
    positions_looked_for,
)
from pluriscope.analysis.subjects.transformer.heads import (
    Array,
    HeadWeights,
    Reads,
    Step,
    attend,
    attention,
    attention_to,
    head_slopes,
    mixed,
    read_slopes,
)
from pluriscope.analysis.subjects.transformer.sized_draws import SizedDraws
from pluriscope.analysis.subjects.transformer.weights import Transformer

_BATCH: Final = 1 << 21  # numbers in one array of a batch
_MAX_BRANCH: Final = 16  # edges into one head whose subsets are listed
_MAX_TOLD: Final = 1 << 28  # multiplications for the tables of a circuit: half a second
_MAX_ROLES: Final = 1 << 34  # multiplications for the roles of all heads in all circuits: half a minute
_MOST_THROWN: Final = 32  # masks drawn for one that is a circuit
_HALF: Final = 0.5
_MILLISECONDS: Final = 1.5e-6  # for one of them
ROLES: Final = (
    Role("previous", "Previous-token heads", "Heads that give more than half of their attention to the token before."),
    Role(
        "duplicate",
        "Duplicate-token heads",
        "Heads that give more than half of their attention to earlier occurrences of the same token, where there are.",
    ),
    Role(
        "induction",
        "Induction heads",
        "Heads that give more than half of their attention to what followed an earlier occurrence of the same token.",
    ),
    Role(
        "copying",
        "Copying heads",
        "Heads that by their own edge to the logits raise the token that they attend to most above all others, on "
        "more than half of the rows.",
    ),
    Role(
        "name_mover",
        "Name movers",
        "Heads whose last position gives more than half of its attention to the answer's token, where a row has it, "
        "and that by their own edge to the logits raise the answer above the mean of the others.",
    ),
    Role("negative_name_mover", "Negative name movers", "The same, but that lower the answer."),
)
"""After Olsson et al. 2022 (arXiv:2209.11895) and Wang et al. 2023 (arXiv:2211.00593), on each circuit's own run: by
where heads look, which is to be above chance as well, and what their own edge adds. What is lost without a head is not
asked of each circuit.
"""


class AttentionSpace(Space):
    """The circuits of a transformer.

    Args:
        model: the transformer.
        granularity: "qkv", "heads" or "nodes".
        means: whether a cut edge carries its source's mean, otherwise 0.
        split: whether token and position are sources of their own.
    """

    def __init__(self, model: Transformer, granularity: str, means: bool, split: bool) -> None:
        super().__init__(model, means)
        self.model, self._granularity = model, granularity
        blocks, n_layers = model.blocks, len(model.layers)
        if split:
            nodes = [Node("t", "token", 0, False, ("token",)), Node("p", "position", 0, False, ("position",))]
        else:
            nodes = [Node("x", "embedding", 0, False, ("input", "embedding"))]  # EAP-IG's graphs have "input", "a0.h0"
        self._n_given = len(nodes)
        self._layer_of: dict[int, int] = {}  # of each head and MLP block; MLP blocks stand in columns of their own
        stages = 2 if blocks.mlps else 1  # columns of nodes that each layer has
        for layer in range(1, n_layers + 1):
            for head in range(model.n_heads):
                self._layer_of[len(nodes)] = layer
                column = stages * (layer - 1) + 1
                nodes.append(
                    Node(f"{layer}.{head}", f"head {layer}.{head}", column, aliases=(f"a{layer - 1}.h{head}",))
                )
            if blocks.mlps:
                self._layer_of[len(nodes)] = layer
                alias = (f"m{layer - 1}",)
                nodes.append(Node(f"{layer}.mlp", f"MLP {layer}", stages * layer, aliases=alias, looks=False))
        self._last = stages * n_layers
        nodes.append(Node("logits", "logits", self._last + 1, False))
        self._parts = range(self._n_given, len(nodes) - 1)
        self._heads = [node for node in self._parts if nodes[node].looks]
        before = {column: sum(node.layer < column for node in nodes) for column in range(self._last + 2)}
        slots = ("q", "k", "v") if granularity == "qkv" else ("",)
        reads = [(node, slot) for node in self._parts for slot in (slots if nodes[node].looks else ("",))]
        reads.append((len(nodes) - 1, ""))
        edges = tuple(
            Edge(source, target, slot) for target, slot in reads for source in range(before[nodes[target].layer])
        )
        self._graph = Graph(tuple(nodes), edges, "nodes" if granularity == "nodes" else "edges")
        # of each reader and slot the edges into it, in the order of sources; of each source the edges out of it
        into = [(edge.target, edge.slot) for edge in edges]
        self._into = {read: [i for i, one in enumerate(into) if one == read] for read in dict.fromkeys(into)}
        self._out_of = {node: [i for i, edge in enumerate(edges) if edge.source == node] for node in self._parts}
        self._extended = bool(blocks.sizes)  # whether what is given carries a 1 for biases
        d_model = len(model.unembedding)
        self._constants = [blocks.constant(layers, d_model) for layers in range(n_layers + 1)]

    @property
    def graph(self) -> Graph:
        return self._graph

    @cached_property
    def possible(self) -> int:
        return self._weighted(1)

    @cached_property
    def possible_by_bits(self) -> dict[int, int]:
        """The number of circuits by bits: with a power of two as the weight that no count reaches, the sum's digits to
        that base are the counts.
        """
        digit = self._graph.n_bits + 1
        total, low = self._weighted(1 << digit), (1 << digit) - 1
        counts = {bits: total >> bits * digit & low for bits in range(self._graph.n_bits + 1)}
        return {bits: count for bits, count in counts.items() if count}

    def _weighted(self, weight: int) -> int:
        """The sum over all circuits of a weight to the power of their bits, by the formula for how many ways a head
        with s sources has to be active.
        """
        if self._granularity == "nodes":
            return int((1 + weight) ** self._graph.n_bits)
        columns = self._columns

        def count(column: int, s: int) -> int:
            if column == self._last:
                return int((1 + weight) ** s)
            ways, n = self._ways(columns[column][0], s, weight), len(columns[column])
            return sum(comb(n, m) * ways**m * (1 - ways) ** (n - m) * count(column + 1, s + m) for m in range(n + 1))

        return count(0, self._n_given) - 1

    @cached_property
    def _columns(self) -> list[list[int]]:
        """Heads and MLP blocks by column."""
        return [[node for node in self._parts if self._graph.nodes[node].layer == at + 1] for at in range(self._last)]

    @cached_property
    def sizes_drawn(self) -> tuple[int, ...]:
        """The sizes at which at least one mask in ``_MOST_THROWN`` is a circuit."""
        nodes, counts = self._granularity == "nodes", self.possible_by_bits
        return tuple(bits for bits, n in counts.items() if nodes or n * _MOST_THROWN >= self._draws.count(bits))

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        if self._granularity == "nodes":
            return chance.permuted(np.tile(np.arange(self._graph.n_bits), (len(bits), 1)), axis=1) < bits[:, None]
        masks, wanting = np.zeros((len(bits), self._graph.n_bits), dtype=np.bool_), np.arange(len(bits))
        while len(wanting):
            masks[wanting] = self._draws.draw(bits[wanting], chance)
            wanting = wanting[~are_circuits(self, masks[wanting])]
        return masks

    @cached_property
    def _draws(self) -> SizedDraws:
        return SizedDraws(self._columns, self._into, self._graph.n_bits, self._ways, pruned=self._pruned)

    def _ways(self, node: int, s: int, weight: int = 1) -> int:
        """The sum over all choices of a node with so many sources that are not to read nothing."""
        some = int((1 + weight) ** s) - 1
        if self._granularity == "heads" or not self._graph.nodes[node].looks:
            return some
        return int((1 + some) ** 3) - 1 if not self._pruned else some * (some * some + 1)

    def _n_before(self, node: int) -> int:
        """Count the sources that a node may read."""
        return sum(other.layer < self._graph.nodes[node].layer for other in self._graph.nodes)

    @property
    def _n_free(self) -> int:
        """Sources that the logits may read whatever else is read: all but those of the last column."""
        return sum(node.layer < self._last for node in self._graph.nodes)

    @cached_property
    def n_combinations(self) -> int:
        if self._granularity == "nodes":
            return super().n_combinations
        return prod((1 + self._ways(node, self._n_before(node)) for node in self._parts), start=1 << self._n_free)

    @cached_property
    def batch(self) -> int:
        n_rows, vocabulary = len(self.model.tokens), len(self.model.embedding)
        wide = n_rows * max(vocabulary, self._width if self._last > 1 else 0)
        return max(1, min(1 << 13, _BATCH // wide))

    @property
    def _width(self) -> int:
        """Most numbers that a node has for one row in an array."""
        context, (_, d_model, d_head) = self.model.tokens.shape[1], self.model.layers[0][0].shape
        return int(context * max(context, d_model, d_head, self.model.blocks.d_mlp))

    @property
    def milliseconds(self) -> float:
        """The predicted time, by the multiplications of each batch: many masks keep the same edges into a head, which
        then runs once.
        """
        n_rows, (d_model, vocabulary) = len(self.model.tokens), self.model.unembedding.shape
        # bits that change fastest and concern no node
        final = 0 if self._granularity == "nodes" else self._n_free
        n_sources = len(self._graph.nodes) - 1
        # the logits are a sum of what sources add; with LayerNorm they are made of the sum of sources
        each = vocabulary * n_sources if self.model.blocks.epsilon is None else d_model * (n_sources + vocabulary)
        logits = self.batch * n_rows * each
        nodes = sum(
            min(1 << len(self._concerning(node)), max(1, self.batch >> final)) * n_rows * self._per_row(node)
            for node in self._parts
        )
        return float(-(-self.n_combinations // self.batch) * (logits + nodes) * _MILLISECONDS)

    def _per_row(self, node: int) -> int:
        """Multiplications of a node on one row."""
        return self.model.per_row if self._graph.nodes[node].looks else self.model.per_mlp

    @property
    def run_milliseconds(self) -> float:
        """The predicted time of a run, by the multiplications of all nodes on all rows."""
        return sum(map(self._per_row, self._parts)) * len(self.model.tokens) * _MILLISECONDS

    @property
    def _pruned(self) -> bool:
        """Whether a head needs a value, and a query and a key or neither: without these it is given nothing else."""
        return self._granularity == "qkv" and not self._means and not self.model.blocks.biases

    def _slots(self, head: int) -> dict[str, list[int]]:
        """The edges into each slot of a head."""
        return {slot: edges for (target, slot), edges in self._into.items() if target == head}

    def _own(self, head: int) -> list[int]:
        """The edges into a head."""
        return [edge for edges in self._slots(head).values() for edge in edges]

    def branches(self) -> tuple[Masks, ...]:
        """Return the choices of what each head reads, a head of the last layer with its edge to the logits; and what
        else those read.
        """
        n_bits, last = self._graph.n_bits, len(self._graph.nodes) - 1
        if self._granularity == "nodes":
            return super().branches()
        found = []
        logits = self._into[last, ""]
        for node in self._parts:
            masks = _subsets(self._own(node), n_bits)
            some = [_any(masks, edges) for edges in self._slots(node).values()]
            active = np.logical_or.reduce(some)
            if self._pruned and len(some) == 3:
                query, key, value = some
                active = value & (query == key)
            masks = masks[active | ~masks.any(axis=1)]
            if self._graph.nodes[node].layer == self._last:
                masks[masks.any(axis=1), logits[node]] = True
            found.append(masks)
        final = [logits[node] for node in range(self._n_free)]
        return (*found, _subsets(final, n_bits))

    def reduce(self, masks: Masks) -> Masks:
        """Reduce masks by the edges of nodes that nothing reads or that read nothing, and so on; with zeros and without
        biases a head needs a value, and a query and a key or neither.
        """
        if self._granularity == "nodes":
            return masks
        left, before = masks.copy(), ~masks
        while not np.array_equal(left, before):
            before = left.copy()
            for node in self._parts:
                slots, out, own = self._slots(node), self._out_of[node], self._own(node)
                values = slots["v"] if self._pruned and "v" in slots else own
                left[:, own + out] &= (_any(left, values) & _any(left, out))[:, None]
                if self._pruned and "v" in slots:
                    left[:, slots["q"] + slots["k"]] &= (_any(left, slots["q"]) & _any(left, slots["k"]))[:, None]
        return left

    def run_from(self, masks: Masks, row: int) -> Array:
        """Logits ``[masks, rows, vocabulary]`` where cut edges carry what they do in the whole model on one row."""
        return self.outputs(masks, self._on_row(row))

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute effects by one pass back through the model in closed form."""
        whole = np.ones((1, len(self._graph.edges)), dtype=np.bool_)
        e, last = self._n_given, len(self._graph.nodes) - 1
        parts, start = [], 0
        for tokens in self._row_parts(1):
            rows = slice(start, start := start + len(tokens))
            sources = self._sources(whole, self.absent, tokens, every_position=True)
            lost = [
                (0.0 if absent is None else absent) - values[0]
                for (_, values), absent in zip(sources, self.absent, strict=True)
            ]
            moved = sum(
                values[0] + (1.0 - at) * change for (_, values), change in zip(sources[:e], lost[:e], strict=True)
            )
            by_node, by_logits = read_slopes(self._steps, moved, partial(self._at_end, slope, rows))
            found = []
            for edge in self._graph.edges:
                if edge.target == last:
                    slopes = by_logits
                else:
                    slots = by_node[edge.target - e]
                    slopes = slots["qkv".index(edge.slot)] if edge.slot else sum(slots[1:], slots[0])
                products = (lost[edge.source] * slopes).reshape(len(tokens), -1)
                found.append(np.add.accumulate(products, axis=1)[:, -1])
            parts.append(np.array(found))
        edges = mean(np.concatenate(parts, axis=1).T)
        if self._graph.cut == "edges":
            return edges
        # a node that is not there is cut from all that read it
        return np.array([np.add.accumulate(edges[self._out_of[node]])[-1] for node in self._parts])

    def gate_slopes(self, gates: Array, slope: Slope) -> Array:
        """Compute the derivatives by one run in which every slot reads a sum of its own, and one pass back."""
        parts, start = [], 0
        for tokens in self._row_parts(1):
            rows = slice(start, start := start + len(tokens))
            parts.append(self._gate_slopes(gates, tokens, partial(self._at_end, slope, rows)))
        return mean(np.concatenate(parts, axis=1).T)

    def _gate_slopes(self, gates: Array, tokens: NDArray[np.int64], at_end: Callable[[Array], Array]) -> Array:
        """Compute the derivatives on each of some rows, ``[edges, rows]``."""
        e, last, values, reads = self._n_given, len(self._graph.nodes) - 1, self._given(tokens), list[Reads]()
        steps = [step for column in self._steps for step in column]
        absent = [np.zeros(values[0].shape[1:]) if one is None else one for one in self.absent]

        def read(edges: list[int]) -> Array:
            """The sum of what edges into a slot carry."""
            total = np.zeros_like(values[0])
            for source, edge in enumerate(edges):
                total = total + gates[edge] * values[source] + (1.0 - gates[edge]) * absent[source]
            return total

        for node, step in zip(self._parts, steps, strict=True):
            own = [read(edges) for edges in self._slots(node).values()]
            reads.append(tuple(own * (step.n_slots // len(own))))  # a head of one slot reads the same three times
            values.append(step.adds(reads[-1]))
        # from the last node back: derivatives by what a node gives are complete once all its readers were met
        by_value, found = [np.zeros_like(one) for one in values], np.zeros((len(gates), len(tokens)))
        for node in range(last, e - 1, -1):
            slots = list(self._slots(node).values())
            by_reads = (
                (at_end(read(slots[0])),) if node == last else steps[node - e].slopes(reads[node - e], by_value[node])
            )
            if len(slots) < len(by_reads):
                by_reads = (np.asarray(sum(by_reads[1:], by_reads[0])),)
            for edges, by_read in zip(slots, by_reads, strict=True):
                for source, edge in enumerate(edges):
                    products = ((values[source] - absent[source]) * by_read).reshape(len(tokens), -1)
                    found[edge] = np.add.accumulate(products, axis=1)[:, -1]
                    by_value[source] = by_value[source] + gates[edge] * by_read
        return found

    @cached_property
    def _steps(self) -> list[list[Step]]:
        """The computation of each node, column by column."""
        columns: list[list[Step]] = [[] for _ in range(self._last)]
        for node in self._parts:
            columns[self._graph.nodes[node].layer - 1].append(self._step(node))
        return columns

    def _step(self, node: int) -> Step:
        layer = self._layer_of[node]
        if not self._graph.nodes[node].looks:
            return Step(1, lambda reads: self._mlp(layer, reads[0]), partial(self._mlp_slopes, layer))
        weights = self._weights(node)

        def seen(reads: Reads) -> Reads:
            return tuple(self._seen(read, layer - 1) for read in reads)

        def adds(reads: Reads) -> Array:
            query, key, value = seen(reads)
            return np.asarray(attend(query[None], key[None], value[None], weights)[0])

        def slopes(reads: Reads, later: Array) -> Reads:
            by_seen = head_slopes(seen(reads), weights, later)
            return tuple(self._unseen(read, one, layer - 1) for read, one in zip(reads, by_seen, strict=True))

        return Step(3, adds, slopes)

    def _at_end(self, slope: Slope, rows: slice, stream: Array) -> Array:
        """Derivatives by what the logits read of the stream after the last column."""
        n_layers, by_seen = len(self.model.layers), np.zeros_like(stream)
        logits = inner(self._seen(stream[:, -1], n_layers), self._unembedding.T)
        by_seen[:, -1] = inner(slope(logits, rows), self._unembedding)
        return self._unseen(stream, by_seen, n_layers)

    def _mlp_slopes(self, layer: int, reads: Reads, later: Array) -> Reads:
        """Derivatives by what an MLP block reads, from those by what it adds."""
        (read,) = reads
        by_seen = self.model.blocks.mlp_slopes(layer, self._seen_by_mlp(layer, read), later[..., :-1])
        return (self._unseen(read, _padded(by_seen), layer),)

    def _unseen(self, read: Array, by_seen: Array, n_layers: int) -> Array:
        """Derivatives by what a reader reads, from those by what it sees of it."""
        blocks = self.model.blocks
        if blocks.epsilon is None:
            return by_seen
        return _padded(blocks.normalised_slopes(read[..., :-1] + self._constants[n_layers], by_seen[..., :-1]))

    def _on_row(self, row: int) -> list[Array | None]:
        """Return the value of each source in the whole model on one row, ``[context, d_model]``."""
        whole = np.ones((1, len(self._graph.edges)), dtype=np.bool_)
        tokens = self.model.tokens[row : row + 1]
        return [values[0, 0] for _, values in self._sources(whole, self._nothing, tokens, every_position=True)]

    def roles(self, masks: Masks) -> Masks | None:
        """Find roles by scores above one half on each circuit's own run
        (:mod:`pluriscope.analysis.subjects.transformer.head_scores`).
        """
        model = self.model
        kept = self._graph.kept_edges(masks)
        alike = {head: first_alike(kept[:, self._concerning(head)]) for head in self._heads}
        n_runs = sum(len(first) for first, _ in alike.values())
        takes = n_runs * len(model.tokens) * sum(map(self._per_row, self._parts))
        if takes > _MAX_ROLES or len(model.tokens) * self._width > _BATCH:
            return None
        active = self._graph.active_nodes(masks)
        found = np.zeros((len(masks), len(ROLES), len(self._parts)), dtype=np.bool_)
        together = max(1, _BATCH // (len(model.tokens) * self._width))
        positions = (*positions_looked_for(model.tokens), answer_positions(model.tokens, model.answers))
        for head in self._heads:
            number, (first, which) = self._parts.index(head), alike[head]
            some = [
                self._roles_of(head, kept[first[start : start + together]], positions)
                for start in range(0, len(first), together)
            ]
            found[:, :, number] = np.concatenate(some)[which] & active[:, number, None]
        # what a head copies reaches the logits only by its own edge to them
        to_logits = [self._into[len(self._graph.nodes) - 1, ""][node] for node in self._parts]
        found[:, len(positions) - 1 :] &= kept[:, None, to_logits]
        return found

    def _roles_of(self, head: int, kept: Masks, positions: tuple[NDArray[np.bool_], ...]) -> Masks:
        """Find the roles of one head, ``[masks, roles]``, by where it looks and what it writes for the
        logits to read.
        """
        model, absent = self.model, self.absent
        found = self._sources(kept, absent, model.tokens, every_position=True, before=self._graph.nodes[head].layer)
        query, key, value = self._read_by(head, kept, found, absent)
        shares = attention(query, key)
        scores = [attention_to(shares, where) for where in positions]
        heard = inner(mixed(shares[:, :, -1:], value), self._weights(head)[3].T)
        raised = inner(self._direct(heard), model.unembedding.T)[:, :, 0]
        looked_at = np.take_along_axis(model.tokens[None], shares[:, :, -1].argmax(axis=2)[..., None], axis=2)
        copied = (raised.argmax(axis=2) == looked_at[..., 0]).sum(axis=1) / len(model.tokens)
        nothing = np.zeros(len(kept))
        *looks, at_answer = (nothing if one is None else one for one in scores)
        own = raised[:, np.arange(len(model.answers)), model.answers]
        others = (np.add.accumulate(raised, axis=2)[..., -1] - own) / (raised.shape[2] - 1)
        effect = mean((own - others).T)
        *looked, to_answer = (max(_HALF, chance_of(where)) for where in positions)
        above = (*looked, _HALF, to_answer, to_answer)
        answer = [one > least for one, least in zip((*looks, copied, at_answer, at_answer), above, strict=True)]
        return np.stack([*answer[:-2], answer[-2] & (effect > 0.0), answer[-1] & (effect < 0.0)], axis=1)

    def _direct(self, given: Array) -> Array:
        """Return what nodes add for the logits to read, ``[…, d_model]``; centred where these read it through a
        LayerNorm, whose scale, the same for all logits, is left out.
        """
        numbers = given[..., : len(self.model.unembedding)]
        if self.model.blocks.epsilon is None:
            return numbers
        return np.asarray(numbers - mean_of(numbers))

    @cached_property
    def _by_head(self) -> tuple[tuple[HeadWeights, ...], ...]:
        """The weights of each head, layer by layer; those of biases are the last ones that a head reads with."""
        model = self.model
        if not self._extended:
            return model.by_head
        found = []
        for layer, heads in enumerate(model.by_head):
            biases = model.blocks.biases[layer] if model.blocks.biases else None
            extended = []
            for number, (query, key, value, output) in enumerate(heads):
                reads = [
                    self._with_bias(matrix, None if biases is None else biases[slot][number], layer)
                    for slot, matrix in enumerate((query, key, value))
                ]
                extended.append((reads[0], reads[1], reads[2], np.pad(output, ((0, 0), (0, 1)))))
            found.append(tuple(extended))
        return tuple(found)

    @cached_property
    def _unembedding(self) -> Array:
        model = self.model
        if not self._extended:
            return model.unembedding
        return self._with_bias(model.unembedding, model.blocks.unembedding_bias, len(model.layers))

    def _with_bias(self, matrix: Array, bias: Array | None, n_layers: int) -> Array:
        """A matrix that reads what there is after so many layers, with what it adds whatever it reads: its own bias,
        and without LayerNorm what it makes of the output biases of these layers.
        """
        added = np.zeros(matrix.shape[1]) if bias is None else bias
        if self.model.blocks.epsilon is None:
            added = added + inner(self._constants[n_layers][None], matrix.T)[0]
        return np.concatenate([matrix, added[None]])

    def _weights(self, head: int) -> HeadWeights:
        """The weights of a node that is a head."""
        return self._by_head[self._layer_of[head] - 1][self._heads.index(head) % self.model.n_heads]

    def _read_by(
        self,
        head: int,
        kept: Masks,
        found: list[tuple[NDArray[np.intp], Array]],
        absent: list[Array | None],
        *,
        last_only: bool = False,
    ) -> list[Array]:
        """Queries, of the last position only where that is all, keys and values of a head ``[masks, rows, positions,
        d_head]``. What one slot reads is made once for all masks that keep the same of what it depends on.
        """
        weights, slots, made = self._weights(head)[:3], self._slots(head), list[Array]()
        for number, (slot, edges) in enumerate(slots.items()):
            first, which = first_alike(kept[:, self._concerning(head, slot)])
            some = [(w[first], values) for w, values in found]
            read = self._seen(self._read(kept[first], edges, some, absent), self._layer_of[head] - 1)
            for matrix in weights if len(slots) == 1 else weights[number : number + 1]:
                made.append(inner(read[:, :, -1:] if last_only and not made else read, matrix.T)[which])
        return made

    def inside(self, mask: Masks) -> tuple[Table, ...]:
        """Tabulate where heads look and what is left without each."""
        model = self.model
        n_rows, context = model.tokens.shape
        runs = (len(self._parts) + 2) * n_rows * sum(map(self._per_row, self._parts))
        if runs > _MAX_TOLD or len(self._heads) * n_rows * context * context > _BATCH:
            return ()
        kept = self._graph.kept_edges(mask[None])
        trace = self._trace(mask, self._sources(kept, self.absent, model.tokens, every_position=True))
        masks = np.repeat(mask[None], len(self._parts), axis=0)
        for number, node in enumerate(self._parts):
            gone = [number] if self._granularity == "nodes" else self._own(node) + self._out_of[node]
            masks[number, gone] = False
        without = self.margins(self.run(self.reduce(masks)))
        return (head_table(trace, model.tokens, without),)

    def run_row(self, mask: Masks, row: int) -> RowRun:
        """Run a circuit on a row by a plain run."""
        kept, tokens = self._graph.kept_edges(mask[None]), self.model.tokens[row : row + 1]
        trace = self._trace(mask, self._sources(kept, self.absent, tokens, every_position=True))
        return RowRun(
            places=self.model.row_tokens(row),
            patterns=tuple(
                pattern[0] if is_on else None
                for pattern, is_on in zip(trace.patterns, trace.is_on, strict=True)
                if pattern is not None
            ),
        )

    def _trace(self, mask: Masks, found: list[tuple[NDArray[np.intp], Array]]) -> Trace:
        """Trace a circuit on the rows that its sources were found on."""
        kept, nodes = self._graph.kept_edges(mask[None]), self._graph.nodes
        patterns: list[Array | None] = []
        for node in self._parts:
            if not nodes[node].looks:
                patterns.append(None)
                continue
            query, key, _ = self._read_by(node, kept, found, self.absent)
            patterns.append(attention(query, key)[0])
        return Trace(
            parts=tuple(nodes[node].label for node in self._parts),
            is_on=tuple(self._graph.active_nodes(mask[None])[0].tolist()),
            patterns=tuple(patterns),
        )

    def engine(self) -> AttentionEngine | None:
        """Return the engine that sums what heads of the last layer add; None where logits are no such sum, as with MLP
        blocks and LayerNorm, where masks name the few nodes, or where its tables would take too much memory.
        """
        if not self.model.blocks.is_linear or self._granularity == "nodes":
            return None
        engine = AttentionEngine(self.wiring)
        return engine if engine.n_bytes <= MAX_BYTES else None

    @cached_property
    def wiring(self) -> Wiring:
        return Wiring(
            heads=self._by_head,
            unembedding=self._unembedding,
            n_given=self._n_given,
            find_given=partial(self._given, self.model.tokens),
            find_absent=partial(getattr, self, "absent"),
            context=self.model.tokens.shape[1],
            answers=self.model.answers,
            slots=("q", "k", "v") if self._granularity == "qkv" else ("",),
            pruned=self._pruned,
            bit=self._bit,
        )

    def _bit(self, source: int, reader: int, slot: str) -> int:
        return self._into[reader, slot][source]

    def outputs(
        self, masks: Masks, absent: Any, data: NDArray[np.int64] | None = None, change: Change | None = None
    ) -> Array:
        """Compute logits; nodes that change are what heads and MLP blocks add: at each position, those of the last
        column at the last alone.
        """
        kept, parts = self._graph.kept_edges(masks), self._row_parts(len(masks)) if data is None else [data]
        return np.concatenate([self._logits(kept, tokens, absent, change) for tokens in parts], axis=1)

    def _row_parts(self, n_masks: int) -> list[NDArray[np.int64]]:
        """The rows in parts small enough for what heads have of so many masks at once."""
        concerning = max(len(self._concerning(node)) for node in self._parts)
        distinct = min(n_masks, 1 << concerning) if self._last == 1 else n_masks
        size = max(1, _BATCH // (max(1, distinct) * self._width))
        tokens = self.model.tokens
        return [tokens[start : start + size] for start in range(0, len(tokens), size)]

    @cached_property
    def absent(self) -> list[Array | None]:
        """The values that a cut edge carries from each source, ``[context, d_model]``; None for nothing."""
        if not self._means:
            return self._nothing
        whole, totals = np.ones((1, len(self._graph.edges)), dtype=np.bool_), list[Array]()
        for tokens in self._row_parts(1):
            parts = [values[0] for _, values in self._sources(whole, self._nothing, tokens, every_position=True)]
            if totals:  # go on with the sum where the rows before have ended
                parts = [np.concatenate([total[None], part]) for total, part in zip(totals, parts, strict=True)]
            totals = [np.add.accumulate(part)[-1] for part in parts]
        return [total / len(self.model.tokens) for total in totals]

    @cached_property
    def _nothing(self) -> list[Array | None]:
        """The values of edges that carry nothing, by source: None, or of the first the 1 of biases alone."""
        found: list[Array | None] = [None] * (len(self._graph.nodes) - 1)
        if self._extended:
            found[0] = np.eye(len(self.model.unembedding) + 1)[[-1] * self.model.tokens.shape[1]]
        return found

    def _logits(
        self, kept: Masks, tokens: NDArray[np.int64], absent: list[Array | None], change: Change | None = None
    ) -> Array:
        unembedding, edges = self._unembedding.T, self._into[len(self._graph.nodes) - 1, ""]
        if self.model.blocks.epsilon is not None:  # the logits read the last position of a sum, normalised
            found = [(which, values[:, :, -1:]) for which, values in self._sources(kept, absent, tokens, change=change)]
            last = [None if one is None else one[-1:] for one in absent]
            read = self._seen(self._read(kept, edges, found, last), len(self.model.layers))
            return inner(read[:, :, -1], unembedding)
        total = np.zeros((len(kept), len(tokens), len(unembedding)))
        for source, (which, values) in enumerate(self._sources(kept, absent, tokens, change=change)):
            carried, other = inner(values[:, :, -1], unembedding), absent[source]
            cut = np.zeros_like(carried[:1]) if other is None else inner(other[-1:], unembedding)
            # what a cut edge carries is one value more, so that each mask takes its own at once
            carried = np.concatenate([carried, np.broadcast_to(cut, carried[:1].shape)])
            total += carried[np.where(kept[:, edges[source]], which, -1)]
        return total

    def _given(self, tokens: NDArray[np.int64]) -> list[Array]:
        """Return the inputs of the model, source by source, ``[rows, context, d_model]``."""
        token, positions = self.model.embedding[tokens], self.model.positions
        if self._extended:
            token = np.concatenate([token, np.ones((*tokens.shape, 1))], axis=2)
            positions = None if positions is None else np.pad(positions, ((0, 0), (0, 1)))
        if positions is None:
            return [token]
        return [token, np.broadcast_to(positions, token.shape)] if self._n_given == 2 else [token + positions]

    def _concerning(self, node: int, slot: str | None = None) -> list[int]:
        """The edges on which a node's value, or what one slot of it reads, depends: those into it and into all nodes of
        columns before.
        """
        layer = self._graph.nodes[node].layer
        return [
            number
            for number, edge in enumerate(self._graph.edges)
            if (edge.target == node and slot in (None, edge.slot)) or self._graph.nodes[edge.target].layer < layer
        ]

    def _sources(
        self,
        kept: Masks,
        absent: list[Array | None],
        tokens: NDArray[np.int64],
        *,
        every_position: bool = False,
        before: int | None = None,
        change: Change | None = None,
    ) -> list[tuple[NDArray[np.intp], Array]]:
        """Compute each source in each circuit: for each mask the number of its value, and the different values ``[·,
        rows, positions, d_model]``; of the last column the last position only unless ``every_position``. With
        ``before`` the sources of the columns before that one alone. With ``change``, of a single circuit, nodes carry
        what it returns.

        Masks that keep the same edges into a node and into all nodes of columns before it give it the same value, which
        is computed once.
        """
        found = [(np.zeros(len(kept), dtype=np.intp), given[None]) for given in self._given(tokens)]
        for node in self._parts:
            column = self._graph.nodes[node].layer
            if before is not None and column >= before:
                break
            first, which = first_alike(kept[:, self._concerning(node)])
            last_only = column == self._last and not every_position
            some = [(w[first], v) for w, v in found]
            if self._graph.nodes[node].looks:
                query, key, value = self._read_by(node, kept[first], some, absent, last_only=last_only)
                value = inner(mixed(attention(query, key), value), self._weights(node)[3].T)
            else:
                read = self._read(kept[first], self._own(node), some, absent)
                value = self._mlp(self._layer_of[node], read[:, :, -1:] if last_only else read)
            if change is not None:
                added = value[0, ..., : len(self.model.unembedding)]  # without the 1 of biases, which is 0 here
                added[...] = change(self._graph.nodes[node].name, added.copy())
            found.append((which, value))
        return found

    def _mlp(self, layer: int, read: Array) -> Array:
        """Compute what an MLP block adds, of what it reads ``[…, d_model]``."""
        return _padded(self.model.blocks.mlp(layer, self._seen_by_mlp(layer, read)))

    def _seen_by_mlp(self, layer: int, read: Array) -> Array:
        """The numbers that the neurons of an MLP block are made of, ``[…, d_model]``."""
        seen = self._seen(read, layer)[..., :-1]
        return seen if self.model.blocks.epsilon is not None else seen + self._constants[layer]

    def _seen(self, read: Array, n_layers: int) -> Array:
        """Compute what a reader after so many layers makes its queries, keys, values, neurons or logits of, from the
        sum of what it reads ``[…, d_model]``: with LayerNorm that sum and the output biases before it, normalised.
        """
        blocks = self.model.blocks
        if blocks.epsilon is None:
            return read
        seen = blocks.normalised(read[..., :-1] + self._constants[n_layers])
        return np.concatenate([seen, read[..., -1:]], axis=-1)

    def _read(
        self, kept: Masks, edges: list[int], sources: list[tuple[NDArray[np.intp], Array]], absent: list[Array | None]
    ) -> Array:
        """The sum of what a slot reads, ``[masks, rows, context, d_model]``."""
        total = np.zeros((len(kept), *sources[0][1].shape[1:]))
        for source, edge in enumerate(edges):
            total += self._carried(kept, edge, source, sources, absent)
        return total

    def _carried(
        self,
        kept: Masks,
        edge: int,
        source: int,
        sources: list[tuple[NDArray[np.intp], Array]],
        absent: list[Array | None],
    ) -> Array:
        """Return what one edge carries, ``[masks, rows, context, d_model]``."""
        (which, values), other = sources[source], absent[source]
        return np.where(kept[:, edge, None, None, None], values[which], 0.0 if other is None else other)


def _padded(values: Array) -> Array:
    """Values ``[…, d_model]`` with a 0 where what is given has the 1 of biases."""
    return np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)


def first_alike(masks: Masks) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the different masks: the position where each stands first, and for each mask which of them it is."""
    packed = np.packbits(masks, axis=1)
    if packed.shape[1] <= 8:  # numbers are sorted many times faster than rows
        numbers = np.zeros((len(packed), 8), dtype=np.uint8)
        numbers[:, : packed.shape[1]] = packed
        _, first, which = np.unique(numbers.view(np.uint64)[:, 0], return_index=True, return_inverse=True)
    else:
        _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return first, which.ravel()


def _any(masks: Masks, edges: list[int]) -> NDArray[np.bool_]:
    """Decide which masks have one of some bits."""
    return np.asarray(masks[:, edges].any(axis=1))


def _subsets(edges: list[int], n_bits: int) -> Masks:
    """All masks on some bits, by ascending number of them."""
    if len(edges) > _MAX_BRANCH:
        raise BeyondLimits(
            "circuits",
            f"a node has {len(edges)} edges into it, whose subsets are listed up to {_MAX_BRANCH}",
            "use coarser rules or a smaller model",
        )
    numbers = np.arange(1 << len(edges))
    chosen = (numbers[:, None] >> np.arange(len(edges)) & 1).astype(np.bool_)
    masks = np.zeros((len(numbers), n_bits), dtype=np.bool_)
    masks[:, edges] = chosen[np.argsort(chosen.sum(axis=1), kind="stable")]
    return masks
