"""Interventions by hand on a transformer, against a forward pass in which each of them is written out."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from analysis.models.attention import ATTENTION
from analysis.models.model import Change
from tests.analysis.models.attention_models import random_attention

SIZES = ((2, 2, 5, 3, 4, 4), (3, 2, 4, 2, 3, 3), (1, 3, 4, 3, 4, 5))


class Plain:
    """A transformer's pass on one row, source by source and edge by edge, with nothing shared with the engine.

    ``node`` and ``edge`` say what stands in place of a value: (name, position) → vector. ``kept`` says which edges are
    kept, by name; all others carry what ``absent`` has of their source, an array ``[context, d_model]``.
    """

    def __init__(self, model, split, slots):
        self.model, self.split, self.slots = model, split, slots

    def run(self, row, kept=None, absent=None, node=None, edge=None):
        model, node, edge = self.model, node or {}, edge or {}
        tokens = model.tokens[row]
        n, d = len(tokens), model.embedding.shape[1]
        token = np.array([model.embedding[one] for one in tokens])
        positions = np.zeros((n, d)) if model.positions is None else model.positions
        values = {"t": token, "p": positions} if self.split else {"x": token + positions}
        values = {name: self.replaced(node, name, value) for name, value in values.items()}
        patterns = {}
        for layer, (w_q, w_k, w_v, w_o) in enumerate(model.layers, start=1):
            given = {}
            for head in range(model.n_heads):
                name = f"{layer}.{head}"
                read = {slot: self.read(values, name, slot, kept, absent, edge) for slot in self.slots}
                q, k, v = (read.get(slot, read.get("")) for slot in "qkv")
                scores = (q @ w_q[head]) @ (k @ w_k[head]).T / sqrt(w_q.shape[2])
                scores[np.triu_indices(n, 1)] = -np.inf
                shares = np.exp(scores - scores.max(axis=1, keepdims=True))
                patterns[name] = shares / shares.sum(axis=1, keepdims=True)
                given[name] = self.replaced(node, name, patterns[name] @ (v @ w_v[head]) @ w_o[head])
            values |= given
        return self.read(values, "logits", "", kept, absent, edge)[-1] @ model.unembedding, values, patterns

    def read(self, values, target, slot, kept, absent, edge):
        total = 0.0
        for source, value in values.items():
            name = f"{source}-{target}" + (f".{slot}" if slot else "")
            there = kept is None or name in kept
            carried = value if there else np.zeros_like(value) if absent is None else absent[source]
            total = total + self.replaced(edge, name, carried)
        return total

    @staticmethod
    def replaced(instead, name, value):
        value = value.copy()
        for (other, position), vector in instead.items():
            if other == name:
                value[position] = vector
        return value


def written_out(plain, model, kept, absent, changes, source, graph):
    """What the changes write, vector by vector: (node, edge) for :meth:`Plain.run`."""
    runs = [plain.run(row, kept, absent)[1] for row in range(len(model.tokens))]
    node, edge = {}, {}
    for change in changes:
        name = graph.nodes[change.part].name if change.kind == "node" else graph.edge_names[change.part]
        of = name.split("-")[0]
        value = {
            "zero": 0.0 * runs[0][of],
            "source": runs[source][of],
            "mean": sum(run[of] for run in runs) / len(runs),
        }
        for position in range(len(runs[0][of])) if change.at is None else [change.at]:
            (node if change.kind == "node" else edge)[name, position] = value[change.written][position]
    return node, edge


def drawn_changes(draws, graph, context):
    changes = []
    for _ in range(int(draws.integers(1, 5))):
        kind = ("node", "edge")[int(draws.integers(2))]
        part = int(draws.integers(len(graph.nodes) - 1 if kind == "node" else len(graph.edges)))
        at = None if draws.random() < 0.5 else int(draws.integers(context))
        changes.append(Change(kind, part, at, ("zero", "mean", "source")[int(draws.integers(3))]))
    return tuple(changes)


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["", "mean", "heads", "heads-mean", "split", "nodes", "nodes-mean"])
@pytest.mark.parametrize("sizes", SIZES)
def test_changes_do_what_a_plain_pass_with_them_written_out_does(sizes, rules):
    draws = np.random.default_rng(len(rules) + 10 * sizes[0])
    for seed in range(6):
        model = random_attention(seed, sizes, n_rows=6)
        setting = ATTENTION.rules(rules)
        space = model.space(setting)
        graph = space.graph
        plain = Plain(
            model, setting["embedding"] == "split", ("q", "k", "v") if setting["granularity"] == "qkv" else ("",)
        )
        mask = np.ones(graph.n_bits, dtype=bool) if seed % 2 else draws.random(graph.n_bits) < 0.7
        kept = {graph.edge_names[edge] for edge in np.flatnonzero(graph.kept_edges(mask[None])[0])}
        whole = [plain.run(row)[1] for row in range(6)]
        means = {name: sum(run[name] for run in whole) / 6 for name in whole[0]}
        absent = means if setting["ablation"] == "mean" else None
        changes = drawn_changes(draws, graph, sizes[5])
        row, source = int(draws.integers(6)), int(draws.integers(6))
        node, edge = written_out(plain, model, kept, absent, changes, source, graph)
        logits, values, patterns = plain.run(row, kept, absent, node, edge)
        found = space.run_row(mask, row, changes, source)
        np.testing.assert_allclose(found.outputs, logits, atol=1e-9)
        np.testing.assert_allclose(found.given, np.array(list(values.values())), atol=1e-9)
        for pattern, expected in zip(found.patterns, patterns.values(), strict=True):
            if pattern is not None:
                np.testing.assert_allclose(pattern, expected, atol=1e-9)


@pytest.mark.parametrize("rules", ["", "heads-mean", "nodes"])
def test_without_changes_it_is_the_plain_masked_run_to_the_bit_and_patches_from_the_same_row_change_nothing(rules):
    model = random_attention(3, SIZES[0])
    space = model.space(ATTENTION.rules(rules))
    draws = np.random.default_rng(1)
    for mask in (np.ones(space.graph.n_bits, dtype=bool), draws.random(space.graph.n_bits) < 0.6):
        outputs = space.run(mask[None])[0]
        for row in range(len(model.tokens)):
            assert (space.run_row(mask, row).outputs == outputs[row]).all()
            patched = [Change("node", part, None, "source") for part in range(len(space.graph.nodes) - 1)]
            assert (space.run_row(mask, row, patched, row).outputs == outputs[row]).all()


def test_a_head_that_is_off_has_a_pattern_once_an_edge_to_it_is_changed():
    space = random_attention(3, SIZES[0]).space(ATTENTION.default_rules)
    mask = np.zeros(space.graph.n_bits, dtype=bool)
    mask[space.graph.edge_names.index("x-logits")] = True
    assert space.run_row(mask, 0).patterns == (None,) * 4
    edge = space.graph.edge_names.index("x-2.1.k")
    patterns = space.run_row(mask, 0, [Change("edge", edge, None, "source")], 1).patterns
    assert [pattern is None for pattern in patterns] == [True, True, True, False]
