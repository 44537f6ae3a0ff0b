"""Small transformers of random weights, for tests."""

from __future__ import annotations

from itertools import islice, product

import numpy as np

from pluriscope.analysis.subjects.transformer.model import FORMAT, read_attention

SIZES = ("layers", "heads", "d_model", "d_head", "vocabulary", "context")


def random_attention(seed, sizes, *, whole=False, positions=True, n_rows=5, scale=2.0):
    """A transformer of random weights that answers each row with its first token.

    Args:
        seed: of the weights.
        sizes: layers, heads, d_model, d_head, vocabulary, context.
        whole: whether weights are −1, 0 and 1, with which many sums tie.
        positions: whether it has an embedding of positions.
        n_rows: of its task, at most.
        scale: standard deviation of weights that are not whole.
    """
    draws = np.random.default_rng(seed)
    layers, heads, d, k, v, n = sizes

    def array(*shape):
        drawn = draws.integers(-1, 2, size=shape) if whole else draws.normal(size=shape) * scale
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


def given_to(model, graph):
    """Values of the input nodes on every row: one for the token, one for the position where these are apart."""
    token, position = model.embedding[model.tokens], 0 if model.positions is None else model.positions
    return [token, np.broadcast_to(position, token.shape)] if graph.nodes[0].name == "t" else [token + position]


def run_of_circuit(model, space, mask):
    """Logits of the circuit of a mask ``[bits]``, cut edges carrying what the rules say."""
    graph, given, kept = space.graph, given_to(model, space.graph), space.graph.kept_edges(mask[None])[0]
    sources = [edge.source for edge in graph.edges]
    _, clean = plain_run(model, graph, given, lambda place, values: values[sources[place]])
    absent = [(one.mean(axis=0) if space._means else 0.0) + np.zeros_like(one) for one in clean]
    return plain_run(model, graph, given, lambda at, values: (values if kept[at] else absent)[sources[at]])[0]


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
