"""Attention-only transformers: layers of attention heads and nothing else, read out at the last position.

    x_i = E[t_i] + P[i]                    token ids t, positions i from 1; P may be left out
    a_ij = softmax over j ≤ i of q_i · k_j / √d_head,   q, k, v = x W_Q, x W_K, x W_V, each head its own
    x_i ← x_i + Σ_heads (Σ_j a_ij v_j) W_O
    z = x_n U

after Elhage et al., "A Mathematical Framework for Transformer Circuits", 2021. There is no LayerNorm, bias or MLP.

What a head reads is cut edge by edge. Sources are the embedding (whole, or token and position apart) and the heads of
earlier layers; each head reads a subset of them as query, key and value ("qkv") or for all three at once ("heads"), and
the logits read a subset of all. An edge that is cut carries 0, or the mean of its source over the task's rows. With
"nodes" a mask says which heads are there.

Sums are taken in one order, and exp is :func:`analysis.fixed_order.exp_of_negative`, so every machine finds the same
circuits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.digest import canonical_json, sha256_hex
from analysis.errors import AnalysisError, BeyondLimits, InvalidData, InvalidNetwork, InvalidProtocol
from analysis.fixed_order import inner, mean
from analysis.models.attention_engine import MAX_BYTES, AttentionEngine, Wiring
from analysis.models.attention_heads import Array, HeadWeights, attend, attention, attention_to, mixed, read_slopes
from analysis.models.attention_masks import n_masks_idle, n_masks_pruned
from analysis.models.attention_report import (
    Trace,
    composition_table,
    copying_table,
    direct_table,
    head_table,
    lens_table,
    places_looked_for,
    row_look,
)
from analysis.models.model import (
    Change,
    Edge,
    Graph,
    Inside,
    Masks,
    ModelKind,
    Node,
    Role,
    RowRun,
    Rules,
    Slope,
    Table,
    gaps,
)
from analysis.network_files.files import MAX_ATTRIBUTION, checked_name
from analysis.strict_json import check_keys, combined, kind_of, plain_text

FORMAT: Final = "pluriscope-attention/1"
LIMITS: Final = {
    "layers": (1, 3),
    "heads": (1, 8),
    "d_model": (1, 256),
    "d_head": (1, 256),
    "vocabulary": (2, 256),
    "context": (1, 32),
}
MAX_ROWS: Final = 4_096
MAX_NUMBER: Final = 1e300
_BATCH: Final = 1 << 21  # numbers in one array of a batch
_MAX_BRANCH: Final = 16  # edges into one head whose subsets are listed
MAX_MULTIPLICATIONS: Final = 1 << 30
"""Of the whole model on all rows of its task: a second or two."""
_MAX_TOLD: Final = 1 << 28  # multiplications for the tables of a circuit: half a second
_MAX_ROLES: Final = 1 << 34  # multiplications for the roles of all heads in all circuits: half a minute
_HALF: Final = 0.5
_MILLISECONDS: Final = 1.5e-6  # for one of them
_REQUIRED: Final = (
    "format",
    "name",
    *LIMITS,
    "token_embedding",
    "position_embedding",
    "attention",
    "unembedding",
    "tasks",
)
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
        "Heads that give more than half of their attention to what followed earlier occurrences of the same token.",
    ),
    Role(
        "copying",
        "Copying heads",
        "Heads that by their own edge to the logits raise the token that they attend to most above all others, on "
        "more than half of the rows.",
    ),
)
"""After Olsson et al. 2022 (arXiv:2209.11895) and Wang et al. 2023 (arXiv:2211.00593), on each circuit's own run."""
MATRICES: Final = ("query", "key", "value", "output")
"""Of each layer, in the order of a model's layers."""
_FILE: Final = "model file"
_Changed = Mapping[tuple[Literal["node", "edge"], int], Sequence[tuple[slice, Array]]]
"""Of a node or edge, at which positions it has other values by hand, and these ``[positions, d_model]``."""
_UNCHANGED: Final[_Changed] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class AttentionModel:
    """A transformer with its task.

    Args:
        name: one line.
        attribution: whose work it is, or "".
        outputs: a text for each token.
        embedding: ``[vocabulary, d_model]``.
        positions: ``[context, d_model]``, or None.
        layers: for each layer query, key, value ``[heads, d_model, d_head]`` and output ``[heads, d_head, d_model]``.
        unembedding: ``[d_model, vocabulary]``.
        task: its name, "" if it has none.
        tokens: ``[rows, context]`` token ids, each row once.
        answers: ``[rows]`` token ids.
    """

    name: str
    attribution: str
    outputs: tuple[str, ...]
    embedding: Array
    positions: Array | None
    layers: tuple[tuple[Array, Array, Array, Array], ...]
    unembedding: Array
    task: str
    tokens: NDArray[np.int64]
    answers: NDArray[np.int64]

    @property
    def n_heads(self) -> int:
        """Heads of each layer."""
        return len(self.layers[0][0])

    def head(self, layer: int, number: int) -> HeadWeights:
        """The weights of one head.

        Args:
            layer: from 1.
            number: from 0.
        """
        query, key, value, output = (one[number] for one in self.layers[layer - 1])
        return query, key, value, output

    @property
    def per_row(self) -> int:
        """Multiplications of one head on one row."""
        context, (_, d_model, d_head) = self.tokens.shape[1], self.layers[0][0].shape
        return int(context * (4 * d_model * d_head + 2 * context * d_head))

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes as files have them."""
        vocabulary, d_model = self.embedding.shape
        d_head, context = self.layers[0][0].shape[2], self.tokens.shape[1]
        return dict(zip(LIMITS, (len(self.layers), self.n_heads, d_model, d_head, vocabulary, context), strict=True))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of sizes and weights."""
        sizes = {**self.sizes, "format": FORMAT, "positions": self.positions is not None}
        arrays = [self.embedding, *([] if self.positions is None else [self.positions])]
        arrays += [matrix for layer in self.layers for matrix in layer] + [self.unembedding]
        return sha256_hex(canonical_json(sizes), b"\n", *((array + 0.0).astype("<f8").tobytes() for array in arrays))

    @property
    def task_document(self) -> dict[str, Any]:
        """Its name, rows and answers."""
        return {"name": self.task, "rows": self.tokens.tolist(), "answers": self.answers.tolist()}

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The tokens of each row."""
        return tuple(" ".join(self.row_tokens(row)) for row in range(len(self.tokens)))

    def row_tokens(self, row: int) -> tuple[str, ...]:
        """What stands at each position of a row, for people."""
        return tuple(self.outputs[token] for token in self.tokens[row].tolist())

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Its sizes."""
        vocabulary, d_model = self.embedding.shape
        d_head = self.layers[0][0].shape[2]
        return (
            ("Layers", str(len(self.layers))),
            ("Heads in each layer", str(self.n_heads)),
            ("Dimensions", f"{d_model}, {d_head} in each head"),
            ("Vocabulary", f"{vocabulary} tokens: {' '.join(self.outputs)}"),
            ("Context", f"{self.tokens.shape[1]} tokens"),
            ("Positions", "none" if self.positions is None else "learned"),
        )

    @cached_property
    def by_head(self) -> tuple[tuple[HeadWeights, ...], ...]:
        """The weights of each head, layer by layer."""
        layers = range(1, len(self.layers) + 1)
        return tuple(tuple(self.head(layer, number) for number in range(self.n_heads)) for layer in layers)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Which heads copy, and which compose."""
        copying = copying_table(self.by_head, self.embedding, self.unembedding)
        return (copying,) if len(self.layers) == 1 else (copying, composition_table(self.by_head))

    def space(self, rules: Rules) -> AttentionSpace:
        """Its circuits under some rules.

        Raises:
            InvalidProtocol: "split" without positions, with means or with nodes.
        """
        if rules["embedding"] == "split":
            if self.positions is None:
                raise InvalidProtocol("embedding", "the model has no positions to set apart", "use joined")
            if rules["ablation"] == "mean":
                raise InvalidProtocol(
                    "embedding", "a position's mean is itself, so kept and cut edges would carry the same", "use joined"
                )
            if rules["granularity"] == "nodes":
                raise InvalidProtocol("embedding", "nodes are heads, which read all of the embedding", "use joined")
        return AttentionSpace(self, rules["granularity"], rules["ablation"] == "mean", rules["embedding"] == "split")


class AttentionSpace:
    """The circuits of a transformer.

    Args:
        model: the transformer.
        granularity: "qkv", "heads" or "nodes".
        means: whether a cut edge carries its source's mean, otherwise 0.
        split: whether token and position are sources of their own.
    """

    def __init__(self, model: AttentionModel, granularity: str, means: bool, split: bool) -> None:
        self._model, self._granularity, self._means = model, granularity, means
        n_layers, n_heads = len(model.layers), model.n_heads
        if split:
            nodes = [Node("t", "token", 0, False, ("token",)), Node("p", "position", 0, False, ("position",))]
        else:
            nodes = [Node("x", "embedding", 0, False, ("input", "embedding"))]  # EAP-IG's graphs have "input", "a0.h0"
        e = self._n_given = len(nodes)
        heads = [(layer, head) for layer in range(1, n_layers + 1) for head in range(n_heads)]
        nodes += [
            Node(f"{layer}.{head}", f"head {layer}.{head}", layer, aliases=(f"a{layer - 1}.h{head}",))
            for layer, head in heads
        ]
        nodes.append(Node("logits", "logits", n_layers + 1, False))
        slots = ("q", "k", "v") if granularity == "qkv" else ("",)
        reads = [
            (e + number, slot, e + (layer - 1) * n_heads) for number, (layer, _) in enumerate(heads) for slot in slots
        ]
        reads.append((len(nodes) - 1, "", len(nodes) - 1))
        edges = tuple(Edge(source, target, slot) for target, slot, before in reads for source in range(before))
        self._graph = Graph(tuple(nodes), edges, "nodes" if granularity == "nodes" else "edges")
        self._heads = range(e, e + len(heads))
        # of each reader and slot the edges into it, in the order of sources; of each source the edges out of it
        into = [(edge.target, edge.slot) for edge in edges]
        self._into = {read: [i for i, one in enumerate(into) if one == read] for read in dict.fromkeys(into)}
        self._out_of = {node: [i for i, edge in enumerate(edges) if edge.source == node] for node in self._heads}

    @property
    def graph(self) -> Graph:
        return self._graph

    @cached_property
    def possible(self) -> int:
        return self._weighted(1)

    @cached_property
    def possible_by_bits(self) -> dict[int, int]:
        """With a power of two as the weight that no count reaches, the sum's digits to that base are the counts."""
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
        n_layers, n_heads = len(self._model.layers), self._model.n_heads

        def count(layer: int, s: int) -> int:
            ways = self._ways(s, weight)
            if layer == n_layers:
                return int((1 + weight * ways) ** n_heads * (1 + weight) ** s)
            return sum(
                comb(n_heads, m) * ways**m * (1 - ways) ** (n_heads - m) * count(layer + 1, s + m)
                for m in range(n_heads + 1)
            )

        return count(1, self._n_given) - 1

    def _ways(self, s: int, weight: int = 1) -> int:
        some = int((1 + weight) ** s) - 1
        if self._granularity == "heads":
            return some
        return int((1 + some) ** 3) - 1 if self._means else some * (some * some + 1)

    @cached_property
    def n_combinations(self) -> int:
        if self._granularity == "nodes":
            return 1 << self._graph.n_bits
        n_layers, n_heads, e = len(self._model.layers), self._model.n_heads, self._n_given
        total = 1 << e + (n_layers - 1) * n_heads  # what the logits read, the heads of the last layer aside
        for layer in range(n_layers):
            total *= int((1 + self._ways(e + layer * n_heads)) ** n_heads)
        return total

    @cached_property
    def batch(self) -> int:
        n_rows, vocabulary = len(self._model.tokens), len(self._model.embedding)
        wide = n_rows * max(vocabulary, self._width if len(self._model.layers) > 1 else 0)
        return max(1, min(1 << 13, _BATCH // wide))

    @property
    def _width(self) -> int:
        """Most numbers that a head has for one row in an array."""
        context, (_, d_model, d_head) = self._model.tokens.shape[1], self._model.layers[0][0].shape
        return int(context * max(context, d_model, d_head))

    @property
    def milliseconds(self) -> float:
        """By the multiplications of each batch: many masks keep the same edges into a head, which then runs once."""
        n_rows, vocabulary, n_layers = len(self._model.tokens), len(self._model.embedding), len(self._model.layers)
        # bits that change fastest and concern no head
        final = 0 if self._granularity == "nodes" else self._n_given + (n_layers - 1) * self._model.n_heads
        logits = self.batch * n_rows * vocabulary * (len(self._graph.nodes) - 1)
        heads = sum(
            min(1 << len(self._concerning(head)), max(1, self.batch >> final)) * n_rows * self._model.per_row
            for head in self._heads
        )
        return -(-self.n_combinations // self.batch) * (logits + heads) * _MILLISECONDS

    @property
    def run_milliseconds(self) -> float:
        """By the multiplications of all heads on all rows."""
        return len(self._heads) * len(self._model.tokens) * self._model.per_row * _MILLISECONDS

    @property
    def _pruned(self) -> bool:
        """Whether a head needs a value, and a query and a key or neither."""
        return self._granularity == "qkv" and not self._means

    def _slots(self, head: int) -> dict[str, list[int]]:
        """The edges into each slot of a head."""
        return {slot: edges for (target, slot), edges in self._into.items() if target == head}

    def _own(self, head: int) -> list[int]:
        """The edges into a head."""
        return [edge for edges in self._slots(head).values() for edge in edges]

    def branches(self) -> tuple[Masks, ...]:
        """What each head reads, a head of the last layer with its edge to the logits; and what else those read."""
        n_bits, last = self._graph.n_bits, len(self._graph.nodes) - 1
        if self._granularity == "nodes":
            return tuple(np.array([np.zeros(n_bits, bool), np.arange(n_bits) == bit]) for bit in range(n_bits))
        found = []
        logits = self._into[last, ""]
        for head in self._heads:
            masks = _subsets(self._own(head), n_bits)
            some = [_any(masks, edges) for edges in self._slots(head).values()]
            active = np.logical_or.reduce(some)
            if self._pruned:
                query, key, value = some
                active = value & (query == key)
            masks = masks[active | ~masks.any(axis=1)]
            if self._graph.nodes[head].layer == len(self._model.layers):
                masks[masks.any(axis=1), logits[head]] = True
            found.append(masks)
        final = [logits[node] for node in range(last) if self._graph.nodes[node].layer < len(self._model.layers)]
        return (*found, _subsets(final, n_bits))

    def reduce(self, masks: Masks) -> Masks:
        """Without edges into heads that nothing reads or that read nothing, and so on; with zeros a head needs a value,
        and a query and a key or neither.
        """
        if self._granularity == "nodes":
            return masks
        left, before = masks.copy(), ~masks
        while not np.array_equal(left, before):
            before = left.copy()
            for head in self._heads:
                slots, out, own = self._slots(head), self._out_of[head], self._own(head)
                values = slots["v"] if self._pruned else own
                left[:, own + out] &= (_any(left, values) & _any(left, out))[:, None]
                if self._pruned:
                    left[:, slots["q"] + slots["k"]] &= (_any(left, slots["q"]) & _any(left, slots["k"]))[:, None]
        return left

    def run_from(self, masks: Masks, row: int) -> Array:
        """Logits ``[masks, rows, vocabulary]`` where cut edges carry what they do in the whole model on one row."""
        kept, absent = self._graph.kept_edges(masks), self._on_row(row)
        parts = [self._logits(kept, tokens, absent) for tokens in self._row_parts(len(masks))]
        return np.concatenate(parts, axis=1)

    def effects(self, slope: Slope, at: float) -> Array:
        """By one pass back through the model in closed form."""
        whole = np.ones((1, len(self._graph.edges)), dtype=np.bool_)
        e, last = self._n_given, len(self._graph.nodes) - 1
        parts, start = [], 0
        for tokens in self._row_parts(1):
            rows = slice(start, start := start + len(tokens))
            sources = self._sources(whole, self._absent, tokens, every_position=True)
            lost = [
                (0.0 if absent is None else absent) - values[0]
                for (_, values), absent in zip(sources, self._absent, strict=True)
            ]
            moved = sum(
                values[0] + (1.0 - at) * change for (_, values), change in zip(sources[:e], lost[:e], strict=True)
            )
            by_head, by_logits = read_slopes(self._model.by_head, self._model.unembedding, moved, slope, rows)
            found = []
            for edge in self._graph.edges:
                if edge.target == last:
                    slopes = by_logits
                else:
                    slots = by_head[edge.target - e]
                    slopes = slots["qkv".index(edge.slot)] if edge.slot else slots[0] + slots[1] + slots[2]
                products = (lost[edge.source] * slopes).reshape(len(tokens), -1)
                found.append(np.add.accumulate(products, axis=1)[:, -1])
            parts.append(np.array(found))
        edges = mean(np.concatenate(parts, axis=1).T)
        if self._graph.cut == "edges":
            return edges
        # a head that is not there is cut from all that read it
        return np.array([np.add.accumulate(edges[self._out_of[head]])[-1] for head in self._heads])

    def _on_row(self, row: int) -> list[Array | None]:
        """What each source is in the whole model on one row, ``[context, d_model]``."""
        whole = np.ones((1, len(self._graph.edges)), dtype=np.bool_)
        nothing: list[Array | None] = [None] * (len(self._graph.nodes) - 1)
        tokens = self._model.tokens[row : row + 1]
        return [values[0, 0] for _, values in self._sources(whole, nothing, tokens, every_position=True)]

    def roles(self, masks: Masks) -> Masks | None:
        """By the scores of :mod:`analysis.models.attention_report` on each circuit's own run, above one half."""
        model = self._model
        kept = self._graph.kept_edges(masks)
        alike = {head: _alike(kept[:, self._concerning(head)]) for head in self._heads}
        n_runs = sum(len(first) for first, _ in alike.values())
        takes = n_runs * len(self._heads) * len(model.tokens) * model.per_row
        if takes > _MAX_ROLES or len(model.tokens) * self._width > _BATCH:
            return None
        active = self._graph.active_nodes(masks)
        found = np.zeros((len(masks), len(ROLES), len(self._heads)), dtype=np.bool_)
        together = max(1, _BATCH // (len(model.tokens) * self._width))
        places = places_looked_for(model.tokens)
        for number, head in enumerate(self._heads):
            first, which = alike[head]
            some = [
                self._roles_of(head, kept[first[start : start + together]], places)
                for start in range(0, len(first), together)
            ]
            found[:, :, number] = np.concatenate(some)[which] & active[:, number, None]
        # what a head copies reaches the logits only by its own edge to them
        to_logits = [self._into[len(self._graph.nodes) - 1, ""][head] for head in self._heads]
        found[:, -1] &= kept[:, to_logits]
        return found

    def _roles_of(self, head: int, kept: Masks, places: tuple[NDArray[np.bool_], ...]) -> Masks:
        """``[masks, roles]`` of one head, by what it looks at and what it writes for the logits to read."""
        model, absent = self._model, self._absent
        found = self._sources(kept, absent, model.tokens, every_position=True, before=self._graph.nodes[head].layer)
        w_query, w_key, w_value, w_output = self._weights(head)
        query, key, value = self._read_by(head, kept, found, absent)
        shares = attention(inner(query, w_query.T), inner(key, w_key.T))
        scores = [attention_to(shares, where) for where in places]
        heard = mixed(shares[:, :, -1:], inner(value, w_value.T))
        raised = inner(inner(heard, w_output.T), model.unembedding.T)[:, :, 0].argmax(axis=2)
        looked_at = np.take_along_axis(model.tokens[None], shares[:, :, -1].argmax(axis=2)[..., None], axis=2)
        copied = (raised == looked_at[..., 0]).sum(axis=1) / len(model.tokens)
        nothing = np.zeros(len(kept))
        return np.stack([(nothing if one is None else one) > _HALF for one in (*scores, copied)], axis=1)

    def _weights(self, head: int) -> HeadWeights:
        """The weights of a node that is a head."""
        return self._model.head(self._graph.nodes[head].layer, (head - self._n_given) % self._model.n_heads)

    def _read_by(
        self,
        head: int,
        kept: Masks,
        found: list[tuple[NDArray[np.intp], Array]],
        absent: list[Array | None],
        changed: _Changed = _UNCHANGED,
    ) -> tuple[Array, Array, Array]:
        """What a head reads as query, key and value, ``[masks, rows, context, d_model]`` each."""
        read = [self._read(kept, edges, found, absent, changed) for edges in self._slots(head).values()]
        query, key, value = read if len(read) == 3 else read * 3
        return query, key, value

    def inside(self, mask: Masks) -> Inside:
        """What heads look at and what is left without each, the logit lens, and direct effects; and each row."""
        model = self._model
        n_rows, context = model.tokens.shape
        runs = (len(self._heads) + 2) * n_rows * len(self._heads) * model.per_row
        if runs > _MAX_TOLD or len(self._heads) * n_rows * context * context > _BATCH:
            return Inside()
        kept = self._graph.kept_edges(mask[None])
        trace = self._trace(mask, self._sources(kept, self._absent, model.tokens, every_position=True))
        masks = np.repeat(mask[None], 1 + len(self._heads), axis=0)  # the circuit, then without each head
        for number, head in enumerate(self._heads, start=1):
            gone = [number - 1] if self._granularity == "nodes" else self._own(head) + self._out_of[head]
            masks[number, gone] = False
        outputs = self.run(self.reduce(masks))
        apart = gaps(outputs, model.answers)
        tables = (
            head_table(trace, model.tokens, apart[1:]),
            lens_table(trace, lambda logits: gaps(logits[None], model.answers)[0]),
            direct_table(trace, model.answers),
        )
        given = outputs.argmax(axis=2)
        return Inside(tables, lambda row: row_look(trace, row, model.row_tokens(row), given[:, row], apart[:, row]))

    def run_row(self, mask: Masks, row: int, changes: Sequence[Change] = (), source: int = 0) -> RowRun:
        """By a plain run, in which every value that is changed is replaced once it is computed, or where it is read."""
        kept = self._graph.kept_edges(mask[None])
        changed = self._changed(kept, changes, source)
        tokens = self._model.tokens[row : row + 1]
        found = self._sources(kept, self._absent, tokens, every_position=True, changed=changed)
        trace = self._trace(mask, found, changed)
        touched = {end for kind, part in changed if kind == "edge" for end in self._ends(part)}
        return RowRun(
            places=self._model.row_tokens(row),
            outputs=np.add.accumulate(trace.carried[:, 0])[-1],
            given=np.stack([values[0, 0] for _, values in found]),
            patterns=tuple(
                pattern[0] if is_on or head in touched else None
                for pattern, is_on, head in zip(trace.patterns, trace.is_on, self._heads, strict=True)
            ),
        )

    def _ends(self, edge: int) -> tuple[int, int]:
        return self._graph.edges[edge].source, self._graph.edges[edge].target

    def _changed(self, kept: Masks, changes: Sequence[Change], source: int) -> _Changed:
        """What each change puts where, from runs of the same circuit in which nothing is changed."""
        values: dict[str, list[Array]] = {}
        changed: dict[tuple[Literal["node", "edge"], int], list[tuple[slice, Array]]] = {}
        for change in changes:
            if change.written not in values:
                values[change.written] = self._values_instead(kept, change.written, source)
            node = change.part if change.kind == "node" else self._ends(change.part)[0]
            places = slice(None) if change.at is None else slice(change.at, change.at + 1)
            changed.setdefault((change.kind, change.part), []).append((places, values[change.written][node][places]))
        return changed

    def _values_instead(self, kept: Masks, written: str, source: int) -> list[Array]:
        """Of each source what stands in its place, ``[context, d_model]``."""
        if written == "mean":
            return self._mean_values(kept, self._absent)
        tokens = self._model.tokens[source : source + 1]
        values = [values[0, 0] for _, values in self._sources(kept, self._absent, tokens, every_position=True)]
        return [np.zeros_like(one) for one in values] if written == "zero" else values

    def _trace(self, mask: Masks, found: list[tuple[NDArray[np.intp], Array]], changed: _Changed = _UNCHANGED) -> Trace:
        """One circuit run on the rows that its sources were found on."""
        kept, nodes = self._graph.kept_edges(mask[None]), self._graph.nodes
        unembedding = self._model.unembedding.T
        patterns = []
        for head in self._heads:
            w_query, w_key, _, _ = self._weights(head)
            query, key, _ = self._read_by(head, kept, found, self._absent, changed)
            patterns.append(attention(inner(query, w_query.T), inner(key, w_key.T))[0])
        edges = self._into[len(nodes) - 1, ""]
        carried = [
            inner(self._carried(kept, edge, source, found, self._absent, changed)[0, :, -1], unembedding)
            for source, edge in enumerate(edges)
        ]
        return Trace(
            heads=tuple(nodes[head].label for head in self._heads),
            is_on=tuple(self._graph.active_nodes(mask[None])[0].tolist()),
            patterns=np.stack(patterns),
            sources=tuple(node.label for node in nodes[:-1]),
            layers=tuple(node.layer for node in nodes[:-1]),
            carried=np.stack(carried),
            is_read=tuple(kept[0, edges].tolist()),
        )

    def n_meaning(self, masks: Masks) -> int | None:
        """By the masks that mean a circuit of each form; None for three layers of heads that need a value."""
        if self._granularity == "nodes":
            return len(masks)
        n_layers, n_heads = len(self._model.layers), self._model.n_heads
        if self._pruned and n_layers > 2:
            return None
        on = [_any(masks, self._slots(head)["v"] if self._pruned else self._own(head)) for head in self._heads]
        forms = [~one for one in on]
        if self._pruned:
            forms += [one & ~_any(masks, self._slots(head)["q"]) for one, head in zip(on, self._heads, strict=True)]
        by_layer = np.array(forms).reshape(-1, n_heads, len(masks)).sum(axis=1)  # numbers below 9
        codes, total = np.bincount(np.tensordot(9 ** np.arange(len(by_layer)), by_layer, 1)), 0
        for code in np.flatnonzero(codes).tolist():
            form = [code // 9**digit % 9 for digit in range(len(by_layer))]
            if self._pruned:
                each = n_masks_pruned(form[:n_layers], form[n_layers:], n_heads, self._n_given)
            else:
                each = n_masks_idle(form, n_heads, self._n_given, 3 if self._granularity == "qkv" else 1)
            total += int(codes[code]) * each
        return total

    def engine(self) -> AttentionEngine | None:
        """One that sums what heads of the last layer add; None where its tables would take too much memory."""
        engine = AttentionEngine(self._wiring)
        return engine if engine.n_bytes <= MAX_BYTES else None

    @cached_property
    def _wiring(self) -> Wiring:
        fixed, qkv = self._granularity == "nodes", self._granularity == "qkv"

        def bit(source: int, reader: int, slot: str) -> int:
            return self._graph.removable.index(reader) if fixed else self._into[reader, slot][source]

        return Wiring(
            heads=self._model.by_head,
            unembedding=self._model.unembedding,
            n_given=self._n_given,
            find_given=lambda: self._given(self._model.tokens),
            find_absent=lambda: self._absent,
            context=self._model.tokens.shape[1],
            answers=self._model.answers,
            slots=("q", "k", "v") if qkv else ("",),
            pruned=self._pruned,
            fixed=fixed,
            bit=bit,
        )

    def run(self, masks: Masks) -> Array:
        """Logits ``[masks, rows, vocabulary]``."""
        kept, absent = self._graph.kept_edges(masks), self._absent
        parts = [self._logits(kept, tokens, absent) for tokens in self._row_parts(len(masks))]
        return np.concatenate(parts, axis=1)

    def _row_parts(self, n_masks: int) -> list[NDArray[np.int64]]:
        """The rows in parts small enough for what heads have of so many masks at once."""
        into_head = max(len(self._concerning(head)) for head in self._heads)
        distinct = min(n_masks, 1 << into_head) if len(self._model.layers) == 1 else n_masks
        size = max(1, _BATCH // (max(1, distinct) * self._width))
        tokens = self._model.tokens
        return [tokens[start : start + size] for start in range(0, len(tokens), size)]

    @cached_property
    def _absent(self) -> list[Array | None]:
        """What a cut edge carries from each source, ``[context, d_model]``; None for nothing."""
        nothing: list[Array | None] = [None] * (len(self._graph.nodes) - 1)
        if not self._means:
            return nothing
        return [*self._mean_values(np.ones((1, len(self._graph.edges)), dtype=np.bool_), nothing)]

    def _mean_values(self, kept: Masks, absent: list[Array | None]) -> list[Array]:
        """Of each source its mean over the rows of the task in one circuit, ``[context, d_model]``."""
        totals: list[Array] = []
        for tokens in self._row_parts(1):
            parts = [values[0] for _, values in self._sources(kept, absent, tokens, every_position=True)]
            if totals:  # go on with the sum where the rows before have ended
                parts = [np.concatenate([total[None], part]) for total, part in zip(totals, parts, strict=True)]
            totals = [np.add.accumulate(part)[-1] for part in parts]
        return [total / len(self._model.tokens) for total in totals]

    def _logits(self, kept: Masks, tokens: NDArray[np.int64], absent: list[Array | None]) -> Array:
        unembedding = self._model.unembedding.T
        total = np.zeros((len(kept), len(tokens), len(unembedding)))
        edges = self._into[len(self._graph.nodes) - 1, ""]
        for source, (which, values) in enumerate(self._sources(kept, absent, tokens)):
            carried, other = inner(values[:, :, -1], unembedding), absent[source]
            cut = np.zeros_like(carried[:1]) if other is None else inner(other[-1:], unembedding)
            # what a cut edge carries is one value more, so that each mask takes its own at once
            carried = np.concatenate([carried, np.broadcast_to(cut, carried[:1].shape)])
            total += carried[np.where(kept[:, edges[source]], which, -1)]
        return total

    def _given(self, tokens: NDArray[np.int64]) -> list[Array]:
        """What the model is given, source by source, ``[rows, context, d_model]``."""
        token, positions = self._model.embedding[tokens], self._model.positions
        if positions is None:
            return [token]
        return [token, np.broadcast_to(positions, token.shape)] if self._n_given == 2 else [token + positions]

    def _concerning(self, head: int) -> list[int]:
        """The edges on which a head's value depends: those into it and into all heads of layers before."""
        layer = self._graph.nodes[head].layer
        return [
            number
            for number, edge in enumerate(self._graph.edges)
            if edge.target == head or self._graph.nodes[edge.target].layer < layer
        ]

    def _sources(
        self,
        kept: Masks,
        absent: list[Array | None],
        tokens: NDArray[np.int64],
        *,
        every_position: bool = False,
        before: int | None = None,
        changed: _Changed = _UNCHANGED,
    ) -> list[tuple[NDArray[np.intp], Array]]:
        """What each source is in each circuit: for each mask the number of its value, and the different values ``[·,
        rows, positions, d_model]``; of the last layer the last position only unless ``every_position``. With ``before``
        the sources of the layers before that one alone.

        Masks that keep the same edges into a head and into all heads of layers before it give it the same value, which
        is computed once.
        """
        found = [
            (np.zeros(len(kept), dtype=np.intp), _with(given[None], changed.get(("node", number))))
            for number, given in enumerate(self._given(tokens))
        ]
        for head in self._heads:
            layer = self._graph.nodes[head].layer
            if before is not None and layer >= before:
                break
            first, which = _alike(kept[:, self._concerning(head)])
            last_only = layer == len(self._model.layers) and not every_position
            query, key, value = self._read_by(head, kept[first], [(w[first], v) for w, v in found], absent, changed)
            value = attend(query, key, value, self._weights(head), last_only=last_only)
            found.append((which, _with(value, changed.get(("node", head)))))
        return found

    def _read(
        self,
        kept: Masks,
        edges: list[int],
        sources: list[tuple[NDArray[np.intp], Array]],
        absent: list[Array | None],
        changed: _Changed,
    ) -> Array:
        """The sum of what a slot reads, ``[masks, rows, context, d_model]``."""
        total = np.zeros((len(kept), *sources[0][1].shape[1:]))
        for source, edge in enumerate(edges):
            total += self._carried(kept, edge, source, sources, absent, changed)
        return total

    def _carried(
        self,
        kept: Masks,
        edge: int,
        source: int,
        sources: list[tuple[NDArray[np.intp], Array]],
        absent: list[Array | None],
        changed: _Changed,
    ) -> Array:
        """What one edge carries, ``[masks, rows, context, d_model]``."""
        (which, values), other = sources[source], absent[source]
        carried = np.where(kept[:, edge, None, None, None], values[which], 0.0 if other is None else other)
        return _with(carried, changed.get(("edge", edge)))


def _with(values: Array, written: Sequence[tuple[slice, Array]] | None) -> Array:
    """Values ``[…, context, d_model]`` with others at some positions."""
    if written is None:
        return values
    values = values.copy()
    for places, others in written:
        values[..., places, :] = others
    return values


def _alike(masks: Masks) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each different mask stands first, and for each mask which of those it is."""
    packed = np.packbits(masks, axis=1)
    if packed.shape[1] <= 8:  # numbers are sorted many times faster than rows
        numbers = np.zeros((len(packed), 8), dtype=np.uint8)
        numbers[:, : packed.shape[1]] = packed
        _, first, which = np.unique(numbers.view(np.uint64)[:, 0], return_index=True, return_inverse=True)
    else:
        _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return first, which.ravel()


def _any(masks: Masks, edges: list[int]) -> NDArray[np.bool_]:
    """Which masks have one of some bits."""
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


def read_attention(document: dict[str, Any]) -> AttentionModel:
    """The transformer in a file of the format ``pluriscope-attention/1``.

    Raises:
        AnalysisError: naming every problem of the first step that has one: keys and sizes, then weights, then rows.
    """
    problems = check_keys(document, _REQUIRED, ("tokens", "attribution"), _FILE, InvalidNetwork)
    if any("unknown" in problem.cause for problem in problems):
        problems[-1].cure += "; only attention without biases is read"
    for size, (least, most) in LIMITS.items():
        given = document.get(size, least)
        if not isinstance(given, int) or isinstance(given, bool):
            problems.append(InvalidNetwork(size, f"is {kind_of(given)}, not a whole number", f"use {least} to {most}"))
        elif not least <= given <= most:
            problems.append(InvalidNetwork(size, f"is {given:,}", f"use {least} to {most}"))
    if problems:
        raise combined(problems, _FILE, InvalidNetwork)
    name = checked_name(document["name"])
    attribution = plain_text(
        document.get("attribution", ""), "attribution", InvalidNetwork, empty=True, limit=MAX_ATTRIBUTION
    )
    heads, d, k, v, n = (document[size] for size in ("heads", "d_model", "d_head", "vocabulary", "context"))
    embedding = _array(document["token_embedding"], "token_embedding", (v, d))
    given = document["position_embedding"]
    positions = None if given is None else _array(given, "position_embedding", (n, d))
    layers = _layers(document["attention"], document["layers"], (heads, d, k))
    unembedding = _array(document["unembedding"], "unembedding", (d, v))
    _check_magnitude(embedding, positions, layers, unembedding)
    tokens, task, rows, answers = read_tokens_and_task(document.get("tokens"), document["tasks"], v, n)
    model = AttentionModel(name, attribution, tokens, embedding, positions, layers, unembedding, task, rows, answers)
    needed = len(rows) * (len(layers) * heads * model.per_row + d * v)
    if needed > MAX_MULTIPLICATIONS:
        cause = f"running it on its {len(rows):,} rows takes {needed:,} multiplications; the most are "
        raise BeyondLimits("model", f"{cause}{MAX_MULTIPLICATIONS:,}", "use smaller sizes or fewer rows")
    return model


def read_tokens_and_task(
    tokens: Any, tasks: Any, vocabulary: int, context: int
) -> tuple[tuple[str, ...], str, NDArray[np.int64], NDArray[np.int64]]:
    """The texts of tokens, and the name, rows ``[rows, context]`` and answers ``[rows]`` of the task.

    Args:
        tokens: as a file has them; None for their numbers.
        tasks: likewise, a list of one.
        vocabulary: how many tokens there are.
        context: tokens of a row.

    Raises:
        AnalysisError: naming the first text, row or answer that is none.
    """
    return _token_texts(tokens, vocabulary), *_task(tasks, vocabulary, context)


def _layers(given: Any, n_layers: int, sizes: tuple[int, int, int]) -> tuple[tuple[Array, Array, Array, Array], ...]:
    heads, d, k = sizes
    if not isinstance(given, list) or len(given) != n_layers:
        cause = f"has {len(given)} layers" if isinstance(given, list) else f"is {kind_of(given)}"
        raise InvalidNetwork("attention", f"{cause}, the sizes say {n_layers}", "give a list with one object per layer")
    layers = []
    for number, layer in enumerate(given):
        item = f"attention[{number}]"
        if not isinstance(layer, dict):
            raise InvalidNetwork(item, f"is {kind_of(layer)}", f"give an object with {', '.join(MATRICES)}")
        problems = check_keys(layer, MATRICES, (), item, InvalidNetwork)
        if problems:
            raise combined(problems, item, InvalidNetwork)
        shapes = ((heads, d, k), (heads, d, k), (heads, d, k), (heads, k, d))
        query, key, value, output = (
            _array(layer[name], f"{item}.{name}", shape) for name, shape in zip(MATRICES, shapes, strict=True)
        )
        layers.append((query, key, value, output))
    return tuple(layers)


def _array(given: Any, item: str, shape: tuple[int, ...]) -> Array:
    """Nested lists of finite numbers of one shape.

    Raises:
        InvalidNetwork: another shape, or something else than a number.
    """
    cure = f"give {' × '.join(map(str, shape))} finite numbers"
    level, found = [given], []
    for size in shape:
        for one in level:
            if not isinstance(one, list):
                raise InvalidNetwork(item, f"holds {kind_of(one)} where a list belongs", cure)
        lengths = {len(one) for one in level}
        if len(lengths) > 1:
            raise InvalidNetwork(item, "has lists of different lengths", cure)
        found += sorted(lengths)
        if lengths != {size}:
            break
        level = [value for one in level for value in one]
    if found != list(shape):
        while level and isinstance(level[0], list) and level[0] and len(found) < len(shape):
            level = level[0]
            if isinstance(level[0], list):
                found.append(len(level[0]))
        was = " × ".join(map(str, found))
        raise InvalidNetwork(item, f"has the shape {was}, the sizes say {' × '.join(map(str, shape))}", cure)
    for value in level:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidNetwork(item, f"holds {kind_of(value)} where a number belongs", cure)
    try:
        array = np.array(given, dtype=np.float64)
    except OverflowError:
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise InvalidNetwork(item, "holds a number too large for float64", cure)
    return array


def _check_magnitude(embedding: Array, positions: Array | None, layers: Any, unembedding: Array) -> None:
    """Refuse weights with which a sum could pass 1e300: bounds on the largest entry, layer by layer."""

    def times(bound: float, matrix: Array) -> float:
        """Largest entry of a product with ``[…, in, out]``."""
        return bound * float(np.abs(matrix).sum(axis=-2).max())

    with np.errstate(over="ignore", invalid="ignore"):
        bound = float(np.abs(embedding).max()) + (0.0 if positions is None else float(np.abs(positions).max()))
        largest = bound
        for query, key, value, output in layers:
            scores = times(bound, query) * times(bound, key) * query.shape[2]
            bound += times(times(bound, value), output) * len(query)
            largest = max(largest, scores, bound)
        largest = max(largest, times(bound, unembedding))
    if not largest < MAX_NUMBER:
        raise InvalidNetwork("weights", "scores could pass 1e300, too large for float64", "scale them down")


def _token_texts(given: Any, vocabulary: int) -> tuple[str, ...]:
    if given is None:
        return tuple(map(str, range(vocabulary)))
    cure = f"give {vocabulary} different texts of one line"
    if not isinstance(given, list):
        raise InvalidNetwork("tokens", f"is {kind_of(given)}", cure)
    texts = tuple(
        plain_text(one, f"tokens[{number}]", InvalidNetwork, limit=40) for number, one in enumerate(given[:257])
    )
    if len(given) != vocabulary or len(set(texts)) != len(texts):
        cause = f"has {len(given):,} texts" if len(given) != vocabulary else "has a text twice"
        raise InvalidNetwork("tokens", cause, cure)
    return texts


def _task(given: Any, vocabulary: int, context: int) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        cause = f"has {len(given)}, a transformer has one" if isinstance(given, list) else f"is {kind_of(given)}"
        raise InvalidData("tasks", cause, "give a list with one object: name, rows and answers")
    problems = check_keys(given[0], ("name", "rows", "answers"), (), "tasks[0]", InvalidData)
    if problems:
        raise combined(problems, "tasks[0]", InvalidData)
    name = plain_text(given[0]["name"], "tasks[0].name", InvalidData, empty=True)
    rows, answers = given[0]["rows"], given[0]["answers"]
    for item, value in (("rows", rows), ("answers", answers)):
        if not isinstance(value, list):
            raise InvalidData(item, f"is {kind_of(value)}", "give a list")
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidData("rows", f"has {len(rows):,}, the most is {MAX_ROWS:,}", "give one row or more, none twice")
    seen: dict[tuple[int, ...], int] = {}
    for number, row in enumerate(rows):
        item = f"rows[{number}]"
        if not isinstance(row, list) or len(row) != context:
            cause = f"has {len(row)} tokens" if isinstance(row, list) else f"is {kind_of(row)}"
            raise InvalidData(item, f"{cause}, the context is {context}", f"give {context} token ids")
        for position, token in enumerate(row):
            _check_token(token, f"{item}[{position}]", vocabulary)
        if tuple(row) in seen:
            raise InvalidData(item, f"is rows[{seen[tuple(row)]}] again", "give each row once")
        seen[tuple(row)] = number
    if len(answers) != len(rows):
        raise InvalidData("answers", f"has {len(answers)} for {len(rows)} rows", "give one token id for each row")
    for number, answer in enumerate(answers):
        _check_token(answer, f"answers[{number}]", vocabulary)
    return name, np.array(rows, dtype=np.int64), np.array(answers, dtype=np.int64)


def _check_token(token: Any, item: str, vocabulary: int) -> None:
    error: AnalysisError | None = None
    if isinstance(token, bool) or not isinstance(token, int):
        error = InvalidData(item, f"is {kind_of(token)}, not a whole number", f"use 0 to {vocabulary - 1}")
    elif not 0 <= token < vocabulary:
        error = InvalidData(item, f"is {token}, the vocabulary has {vocabulary}", f"use 0 to {vocabulary - 1}")
    if error:
        raise error


ATTENTION: Final = ModelKind(
    key="attention",
    noun="attention-only transformer",
    plural="attention-only transformers",
    definition="A transformer of attention heads and nothing else, read out at the last position. Its edges are what "
    "each head reads as query, key and value, and what the logits read.",
    format=FORMAT,
    settings={
        "granularity": ("qkv", "heads", "nodes"),
        "ablation": ("zero", "mean"),
        "embedding": ("joined", "split"),
    },
    read=read_attention,
    roles=ROLES,
)
