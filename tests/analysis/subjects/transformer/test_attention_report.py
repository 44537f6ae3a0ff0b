"""Tests of the report on heads, on a transformer made by hand whose heads do what they are called."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.masks import figures_of
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer import model as attention
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import FORMAT, read_attention

GOLDEN = Path(__file__).parents[3] / "golden" / "attention"
V, N = 3, 4


def by_hand():
    """Head 1.0 attends to the token before and writes it beside the token; head 2.0 attends to where what stands there
    is the present token, and writes the token at that place: the induction circuit (Olsson et al. 2022).
    """
    d, k = V + N + V, 4
    token, position, before = slice(0, V), slice(V, V + N), slice(V + N, d)
    embedding, positions, unembedding = np.zeros((V, d)), np.zeros((N, d)), np.zeros((d, V))
    embedding[:, token], positions[:, position], unembedding[token] = np.eye(V), np.eye(N), np.eye(V)

    def matrix(rows, values):
        found = np.zeros((1, d, k))
        found[0, rows, : values.shape[1]] = values
        return found

    def output(columns, size):
        found = np.zeros((1, k, d))
        found[0, :V, columns] = size * np.eye(V)
        return found

    first = {
        "query": matrix(position, 100.0 * np.eye(N, k=-1)),
        "key": matrix(position, np.eye(N)),
        "value": matrix(token, np.eye(V)),
        "output": output(before, 1.0),
    }
    second = {
        "query": matrix(token, 100.0 * np.eye(V)),
        # less the token itself: the first position has none before it, and is given its own
        "key": matrix(before, np.eye(V)) - matrix(token, np.eye(V)),
        "value": matrix(token, np.eye(V)),
        "output": output(token, 5.0),
    }
    rows = [[0, 1, 2, 0], [0, 2, 1, 0], [1, 0, 2, 1], [1, 2, 0, 1], [2, 0, 1, 2], [2, 1, 0, 2]]
    return read_attention(
        {
            "format": FORMAT,
            "name": "by hand",
            **dict(zip(attention.LIMITS, (2, 1, d, k, V, N), strict=True)),
            "token_embedding": embedding.tolist(),
            "position_embedding": positions.tolist(),
            "attention": [{name: array.tolist() for name, array in layer.items()} for layer in (first, second)],
            "unembedding": unembedding.tolist(),
            "tasks": [{"name": "induction", "rows": rows, "answers": [row[1] for row in rows]}],
        }
    )


def whole(space):
    return np.ones(space.graph.n_bits, dtype=bool)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "mean", "nodes", "split"])
@pytest.mark.parametrize("name", ["own_2x1_0"])
def test_the_figures_agree_with_the_runs(name, text):
    model = read_attention(json.loads((GOLDEN / f"{name}.json").read_text())["network"])
    space = model.space(TRANSFORMER.rules(text))
    mask = whole(space)
    [heads] = space.inside(mask)
    for number, row in enumerate(heads.rows):
        without = mask.copy()
        node = space.graph.removable[number]
        bits = [
            bit for bit, edge in enumerate(space.graph.edges) if text != "nodes" and node in (edge.source, edge.target)
        ]
        without[bits if bits else [number]] = False
        without = space.reduce(without[None])[0]
        if without.any():
            judged = figures_of(GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(text)), without[None])
            assert row[4:] == (judged["right"][0], judged["worst"][0])
