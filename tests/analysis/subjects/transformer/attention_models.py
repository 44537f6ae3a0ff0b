"""Small transformers of random weights, for tests."""

from __future__ import annotations

from itertools import islice, product
from math import sqrt

import numpy as np

from analysis.subjects.transformer.model import FORMAT, read_attention

SIZES = ("layers", "heads", "d_model", "d_head", "vocabulary", "context")


def random_attention(seed, sizes, *, whole=False, positions=True, n_rows=5):
    """A transformer of random weights that answers each row with its first token.

    Args:
        seed: of the weights.
        sizes: layers, heads, d_model, d_head, vocabulary, context.
        whole: whether weights are −1, 0 and 1, with which many sums tie.
        positions: whether it has an embedding of positions.
        n_rows: of its task, at most.
    """
    draws = np.random.default_rng(seed)
    layers, heads, d, k, v, n = sizes

    def array(*shape):
        drawn = draws.integers(-1, 2, size=shape) if whole else draws.normal(size=shape) * 2.0
        return drawn.astype(float).tolist()

    rows = [list(row) for row in islice(product(range(v), repeat=n), n_rows)]
    return read_attention(
        {
            "format": FORMAT,
            "name": "random",
            **dict(zip(SIZES, sizes, strict=True)),
            "token_embedding": array(v, d),
            "position_embedding": array(n, d) if positions else None,
            "attention": [
                {**{name: array(heads, d, k) for name in ("query", "key", "value")}, "output": array(heads, k, d)}
                for _ in range(layers)
            ],
            "unembedding": array(d, v),
            "tasks": [{"name": "first", "rows": rows, "answers": [row[0] for row in rows]}],
        }
    )


class Plain:
    """A transformer's pass on one row, source by source and edge by edge, with nothing shared with the engine.

    ``kept`` says which edges are kept, by name; all others carry what ``absent`` has of their source, an array
    ``[context, d_model]``.
    """

    def __init__(self, model, rules):
        self.model, self.rules = model, rules
        self.split = rules["embedding"] == "split"
        self.slots = ("q", "k", "v") if rules["granularity"] == "qkv" else ("",)

    def absent(self):
        """What the rules say that cut edges carry, by source; None for nothing."""
        if self.rules["ablation"] == "zero":
            return None
        whole = [self.run(row)[1] for row in range(len(self.model.tokens))]
        return {name: sum(run[name] for run in whole) / len(whole) for name in whole[0]}

    def run(self, row, kept=None, absent=None):
        model = self.model
        tokens = model.tokens[row]
        n, d = len(tokens), model.embedding.shape[1]
        token = np.array([model.embedding[one] for one in tokens])
        positions = np.zeros((n, d)) if model.positions is None else model.positions
        values = {"t": token, "p": positions} if self.split else {"x": token + positions}
        patterns = {}
        for layer, (w_q, w_k, w_v, w_o) in enumerate(model.layers, start=1):
            given = {}
            for head in range(model.n_heads):
                name = f"{layer}.{head}"
                read = {slot: self.read(values, name, slot, kept, absent) for slot in self.slots}
                q, k, v = (read.get(slot, read.get("")) for slot in "qkv")
                scores = (q @ w_q[head]) @ (k @ w_k[head]).T / sqrt(w_q.shape[2])
                scores[np.triu_indices(n, 1)] = -np.inf
                shares = np.exp(scores - scores.max(axis=1, keepdims=True))
                patterns[name] = shares / shares.sum(axis=1, keepdims=True)
                given[name] = patterns[name] @ (v @ w_v[head]) @ w_o[head]
            values |= given
        return self.read(values, "logits", "", kept, absent)[-1] @ model.unembedding, values, patterns

    def read(self, values, target, slot, kept, absent):
        total = 0.0
        for source, value in values.items():
            name = f"{source}-{target}" + (f".{slot}" if slot else "")
            there = kept is None or name in kept
            carried = value if there else np.zeros_like(value) if absent is None else absent[source]
            total = total + carried
        return total


def names_kept(graph, mask):
    """The names of the edges that a mask ``[bits]`` keeps."""
    return {graph.edge_names[edge] for edge in np.flatnonzero(graph.kept_edges(mask[None])[0])}


def plain_run(model, graph, given, carried):
    """Logits and what every node gives, by matrix products: layer by layer, head by head.

    Args:
        model: the transformer.
        graph: of its circuits.
        given: what the nodes that are given have, ``[rows, context, d_model]`` each.
        carried: place of an edge and the values so far → what the edge carries.
    """
    values = list(given)
    for number, node in enumerate(graph.nodes[len(given) :], start=len(given)):
        read = {}
        for place, edge in enumerate(graph.edges):
            if edge.target == number:
                for slot in [edge.slot] if edge.slot else ["q", "k", "v"]:
                    read[slot] = read.get(slot, 0) + carried(place, values)
        if node.name == "logits":
            return read["q"][:, -1] @ model.unembedding, values
        query, key, value, output = model.head(node.layer, int(node.name.split(".")[1]))
        scores = (read["q"] @ query) @ (read["k"] @ key).transpose(0, 2, 1) / np.sqrt(query.shape[1])
        scores[:, np.triu(np.ones(scores.shape[1:]), 1).astype(bool)] = -np.inf
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        values.append(shares / shares.sum(axis=-1, keepdims=True) @ (read["v"] @ value) @ output)
    raise AssertionError("there are logits")
