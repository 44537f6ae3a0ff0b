"""Biases, MLP blocks and LayerNorm of transformers, held against masked runs by matrix products."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch.nn import functional

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.enumeration import are_circuits, number_bits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.blocks import BIASES
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.analysis.subjects.transformer.tasks import TokenTask
from pluriscope.analysis.subjects.transformer.training import AttentionSpec, train_attention
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.oracles.brute_force_circuits import bent

EPSILON = 1e-3


def with_blocks(seed, sizes, *, biases=False, mlp="", norm=False, n_rows=5):
    """The document of a transformer of random weights with some of what may come beside attention."""
    document = attention_document(random_attention(seed, sizes, n_rows=n_rows))
    draws = np.random.default_rng(seed + 1_000)
    layers, heads, d, k, v, _ = sizes

    def array(*shape):
        return draws.normal(size=shape).tolist()

    if biases:
        for layer in document["attention"]:
            layer |= {name: array(heads, k) for name in BIASES[:3]} | {"output_bias": array(d)}
        document["unembedding_bias"] = array(v)
    if mlp:
        block = [
            {"in": array(d, 7), "in_bias": array(7), "out": array(7, d), "out_bias": array(d)} for _ in range(layers)
        ]
        document |= {"mlp": block, "activation": mlp}
    return document | ({"layer_norm_epsilon": EPSILON} if norm else {})


def run_masked(document, kept, means=None, *, slots=True):
    """Logits ``[rows, vocabulary]`` of one circuit, written anew from what a file says.

    Args:
        document: of the model.
        kept: by the name of an edge, how much of its source it carries, 0 if it is not named; None for all of all.
        means: what cut edges carry, by source ``[context, d_model]``; None for 0.
        slots: whether edges are named by query, key and value.

    Returns:
        Logits, and what every source gives ``[rows, context, d_model]``.
    """
    arrays = {key: np.array(document[key]) for key in ("token_embedding", "position_embedding", "unembedding")}
    values = {"x": arrays["token_embedding"][np.array(document["tasks"][0]["rows"])] + arrays["position_embedding"]}
    constant = np.zeros(document["d_model"])

    def read(reader):
        total = 0.0
        for source, value in before.items():
            other = np.zeros_like(value) if means is None else np.broadcast_to(means[source], value.shape)
            share = 1.0 if kept is None else kept.get(f"{source}-{reader}", 0.0)
            total = total + share * value + (1.0 - share) * other
        total = total + constant
        if "layer_norm_epsilon" not in document:
            return total
        centred = total - total.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + document["layer_norm_epsilon"])

    for number, layer in enumerate(document["attention"], start=1):
        before = dict(values)
        for head in range(document["heads"]):
            q, k, v = (
                read(f"{number}.{head}{slot if slots else ''}") @ np.array(layer[name][head])
                + np.array(layer.get(f"{name}_bias", np.zeros((document["heads"], document["d_head"]))))[head]
                for name, slot in (("query", ".q"), ("key", ".k"), ("value", ".v"))
            )
            scores = q @ k.transpose(0, 2, 1) / np.sqrt(document["d_head"])
            scores[:, np.triu(np.ones(scores.shape[1:]), 1).astype(bool)] = -np.inf
            shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
            values[f"{number}.{head}"] = (
                shares / shares.sum(axis=-1, keepdims=True) @ v @ np.array(layer["output"][head])
            )
        constant = constant + np.array(layer.get("output_bias", 0.0))
        if "mlp" in document:
            before, block = dict(values), {key: np.array(one) for key, one in document["mlp"][number - 1].items()}
            h = read(f"{number}.mlp") @ block["in"] + block["in_bias"]
            hidden = np.vectorize(lambda value: bent(value, document["activation"]))(h)
            out = hidden @ block["out"] + block["out_bias"]
            values[f"{number}.mlp"] = out
    before = dict(values)
    logits = read("logits")[:, -1] @ arrays["unembedding"] + np.array(document.get("unembedding_bias", 0.0))
    return logits, values


def space_of(document, text=""):
    model = read_attention(document)
    space = model.space(TRANSFORMER.rules(text))
    return model, space


ALL = {"biases": True, "mlp": "gelu_new", "norm": True}
NEW = ("gelu", "silu", "elu(alpha=0.5)", "softplus(beta=2)", "hardtanh(min=-2, max=0.75)", "tanh")
NEW += ("leaky_relu(negative_slope=0.2)",)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "sizes", "blocks"),
    [
        ("", (2, 2, 5, 3, 4, 3), {"biases": True}),
        ("", (1, 2, 5, 3, 4, 3), ALL),
        ("mean", (2, 1, 5, 3, 4, 3), {"biases": True, "mlp": "relu"}),
        ("heads", (2, 2, 5, 3, 4, 3), {"mlp": "relu"}),
        ("heads-mean", (2, 1, 5, 3, 4, 3), {"norm": True}),
        ("nodes", (2, 2, 5, 3, 4, 3), ALL),
        *(("heads", (2, 1, 5, 3, 4, 3), {"mlp": written, "norm": True}) for written in NEW),
    ],
)
def test_circuits_give_the_logits_of_a_masked_run(text, sizes, blocks):
    """50 random circuits and 20 that differ from one of them by a bit, for each of some sets of rules and blocks."""
    document = with_blocks(5, sizes, **blocks)
    model, space = space_of(document, text)
    draws = np.random.default_rng(7)
    masks = draws.random((50, space.graph.n_bits)) < draws.uniform(0.3, 1.0, size=(50, 1))
    near = masks[:20].copy()
    near[np.arange(20), draws.integers(space.graph.n_bits, size=20)] ^= True
    masks = space.reduce(np.concatenate([masks, near]))
    means = None
    if "mean" in text:
        means = {name: value.mean(axis=0) for name, value in run_masked(document, None)[1].items()}
    found = space.run(masks)
    kept = space.graph.kept_edges(masks)
    for edges, logits in zip(kept, found, strict=True):
        names = dict(zip(space.graph.edge_names, edges.astype(float).tolist(), strict=True))
        expected, _ = run_masked(document, names, means, slots=text in ("", "mean"))
        assert logits == pytest.approx(expected, rel=1e-9, abs=1e-9)
        apart = CLASSES.margins(expected[None], model.answers)
        assert ((CLASSES.margins(logits[None], model.answers) > 0) == (apart > 0)).all()


@pytest.mark.parametrize(
    ("text", "sizes", "blocks"),
    [
        ("", (1, 2, 4, 2, 3, 2), {"biases": True}),
        ("", (2, 1, 4, 2, 3, 2), {"biases": True}),
        ("heads", (2, 1, 4, 2, 3, 2), {"mlp": "relu"}),
        ("", (1, 2, 4, 2, 3, 2), {"mlp": "relu", "norm": True}),
        ("mean", (1, 1, 4, 2, 3, 2), ALL),
        ("nodes", (2, 2, 4, 2, 3, 2), ALL),
    ],
)
def test_every_circuit_is_counted_and_tried_once(text, sizes, blocks, monkeypatch):
    document = with_blocks(11, sizes, **blocks)
    model, space = space_of(document, text)
    every = np.array(list(product([False, True], repeat=space.graph.n_bits)))
    reduced = space.reduce(every)
    circuits = every[(reduced == every).all(axis=1) & (every.any(axis=1) | (space.graph.cut == "nodes"))]
    assert space.possible == len(circuits)
    sizes_of = np.bincount(circuits.sum(axis=1))
    assert space.possible_by_bits == {bits: n for bits, n in enumerate(sizes_of.tolist()) if n}
    apart = CLASSES.margins(space.run(circuits), model.answers)
    valid = circuits[(apart > 0).sum(axis=1) >= 3]
    monkeypatch.setattr("pluriscope.analysis.subjects.subject.ACCURACY_THRESHOLD", 0.5)
    found = find_masks(GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(text)))
    assert found.n_tested == space.possible
    assert sorted(map(space.graph.number, number_bits(found.masks, space.graph.n_bits))) == sorted(
        map(space.graph.number, valid)
    )
    assert (space.engine() is None) == bool(text == "nodes" or blocks.get("mlp") or blocks.get("norm"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "sizes", "blocks"),
    [
        ("", (1, 2, 4, 2, 3, 2), {}),
        ("", (1, 2, 4, 2, 3, 2), {"mlp": "relu"}),
        ("heads", (2, 1, 4, 2, 3, 2), {"mlp": "relu"}),
        ("heads-split", (2, 1, 4, 2, 3, 2), {}),
        ("mean", (1, 2, 4, 2, 3, 2), ALL),
        ("nodes", (2, 2, 4, 2, 3, 2), ALL),
    ],
)
def test_circuits_of_a_size_are_drawn_alike(text, sizes, blocks):
    _, space = space_of(with_blocks(11, sizes, **blocks), text)
    every = np.array(list(product([False, True], repeat=space.graph.n_bits)))
    circuits = every[are_circuits(space, every)]
    number = max(space.sizes_drawn, key=lambda one: min(space.possible_by_bits[one], 200))
    for bits in (number, min(space.sizes_drawn) + 1):
        some = [space.graph.number(mask) for mask in circuits if mask.sum() == bits]
        drawn = space.draw(np.full(6 * len(some), bits), np.random.default_rng(0))
        found = Counter(map(space.graph.number, drawn))
        assert set(found) <= set(some)
        assert chisquare([found[one] for one in some]).pvalue > 1e-3
    mixed = np.random.default_rng(1).choice(list(space.sizes_drawn), 50)
    assert (space.draw(mixed, np.random.default_rng(1)).sum(axis=1) == mixed).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "sizes", "blocks", "left_out"),
    [("", (2, 8, 4, 2, 3, 2), {}, 0.0), ("mean", (3, 4, 4, 2, 3, 2), {}, 0.0), ("", (2, 8, 4, 2, 3, 2), ALL, 1e-3)],
)
def test_nearly_all_circuits_are_of_sizes_that_are_drawn(text, sizes, blocks, left_out):
    _, space = space_of(with_blocks(11, sizes, **blocks), text)
    counts = space.possible_by_bits
    assert sum(counts.values()) == space.possible
    assert sum(n for bits, n in counts.items() if bits not in space.sizes_drawn) <= left_out * space.possible
    assert space.draw(np.array([max(counts, key=counts.get)]), np.random.default_rng(0)).shape == (
        1,
        len(space.graph.edges),
    )


@pytest.mark.parametrize("blocks", [{"biases": True}, ALL])
def test_a_run_by_hand_and_the_tables_agree_with_masked_runs(blocks):
    document = with_blocks(6, (2, 2, 5, 3, 4, 3), **blocks)
    _, space = space_of(document)
    whole, names = np.ones(space.graph.n_bits, dtype=bool), space.graph.edge_names
    [heads] = space.inside(whole)
    assert len(heads.rows) == len(space.graph.removable)
    for node in space.graph.removable:
        name = space.graph.nodes[node].name
        mask = np.array([not edge.startswith(f"{name}-") for edge in names])
        expected, _ = run_masked(document, {edge: 1.0 for edge, kept in zip(names, mask, strict=True) if kept})
        assert space.run(mask[None])[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert len(space.run_row(mask, 2).patterns) == 4


@pytest.mark.parametrize(
    "blocks", [{"biases": True}, {"mlp": "relu"}, ALL, *({"mlp": one, "norm": True} for one in NEW)]
)
def test_first_order_effects_are_differences_of_masked_runs(blocks):
    """Half the sum of squared logits is the loss, and an edge carries a little of what it carries once it is cut."""
    document = with_blocks(4, (2, 2, 4, 3, 4, 3), **blocks)
    _, space = space_of(document, "heads-mean")
    names, step = space.graph.edge_names, 1e-5
    means = {name: value.mean(axis=0) for name, value in run_masked(document, None)[1].items()}

    def loss(edge, cut):
        logits, _ = run_masked(document, dict.fromkeys(names, 1.0) | {edge: 1.0 - cut}, means, slots=False)
        return 0.5 * (logits**2).sum(axis=1).mean()

    expected = [(loss(edge, step) - loss(edge, -step)) / (2 * step) for edge in names]
    assert space.effects(lambda logits, rows: logits, 1.0) == pytest.approx(np.array(expected), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("text", ["", "mean", "heads", "heads-split", "nodes-mean"])
@pytest.mark.parametrize("blocks", [{}, {"biases": True}, ALL], ids=["attention", "biases", "all"])
def test_slopes_by_gates_are_differences_of_runs_that_open_and_close_them(text, blocks):
    _, space = space_of(with_blocks(3, (2, 2, 3, 2, 4, 3), **blocks), text)
    draws, n = np.random.default_rng(0), len(space.graph.edges)

    def run(gates):
        """The outputs, the mean over rows of the sum of √(1 + y²) over them, and its slopes."""
        parts = []
        slopes = space.gate_slopes(gates, lambda logits, _: parts.append(logits) or logits / np.sqrt(1 + logits**2))
        outputs = np.concatenate(parts)
        return outputs, np.sqrt(1 + outputs**2).sum() / len(outputs), slopes

    bits = draws.random((4, space.graph.n_bits)) < 0.6
    for gates, outputs in zip(space.graph.kept_edges(bits), space.run(bits), strict=True):
        assert run(gates.astype(float))[0] == pytest.approx(outputs, rel=1e-9, abs=1e-9)
    gates, step = draws.random(n), 1e-6
    differences = [(run(gates + step * one)[1] - run(gates - step * one)[1]) / (2 * step) for one in np.eye(n)]
    assert run(gates)[2] == pytest.approx(np.array(differences), rel=1e-4, abs=1e-6 * run(gates)[1])


def test_files_come_back_to_the_bit_and_zero_biases_are_none():
    document = with_blocks(2, (2, 2, 4, 2, 3, 2), **ALL)
    model = read_attention(document)
    assert read_attention(json.loads(json.dumps(attention_document(model)))).digest == model.digest
    plain = random_attention(2, (2, 2, 4, 2, 3, 2))
    digests = {model.digest, plain.digest}
    for blocks in ({"biases": True}, {"mlp": "relu"}, {"mlp": "gelu_new"}, {"norm": True}):
        digests.add(read_attention(with_blocks(2, (2, 2, 4, 2, 3, 2), **blocks)).digest)
    assert len(digests) == 6
    zero = attention_document(plain)
    zero["attention"][0]["query_bias"] = [[0.0, 0.0]] * 2
    zero["unembedding_bias"] = [0.0] * 3
    assert read_attention(zero).digest == plain.digest


def changed(**more):
    document = with_blocks(2, (1, 2, 4, 2, 3, 2), **ALL)
    for key, value in more.items():
        if value is None:
            del document[key]
        else:
            document[key] = value
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed(activation="mish"), "activation 'mish': is not a known activation"),
        (changed(activation=None), "activation: is missing beside mlp"),
        (changed(mlp=None), "activation: is 'gelu_new' without mlp. Give one with MLP blocks, and none without"),
        (changed(mlp=[]), "the sizes say 1 layers"),
        (changed(mlp=[{"in": [[1.0]] * 4}]), "mlp[0] out: "),
        (
            changed(mlp=[{"in": [[1.0]] * 4, "out": [[1.0] * 3]}]),
            "mlp[0].out: has the shape 1 × 3, the sizes say 1 × 4",
        ),
        (changed(mlp=[{"in": [[]] * 4, "out": []}]), "mlp[0].in: has 0 neurons. Use 1 to 1,024"),
        (changed(layer_norm_epsilon=0), "layer_norm_epsilon: "),
        (changed(unembedding_bias=[1.0]), "unembedding_bias: has the shape 1, the sizes say 3"),
        (changed(unembedding_bias=[1e200, 1e301, 0.0]), "weights: scores could pass 1e300"),
    ],
)
def test_what_does_not_fit_is_refused(document, message):
    with pytest.raises(AnalysisError) as refused:
        read_attention(document)
    assert message in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("norm", "activation"), [(False, "relu"), (True, "relu"), (False, "elu(alpha=0.5)"), (True, "gelu")]
)
def test_training_writes_the_model_that_was_trained(norm, activation):
    task = TokenTask("xor", ("0", "1", "="), ((0, 0, 2), (0, 1, 2), (1, 0, 2), (1, 1, 2)), (0, 1, 1, 0))
    spec = AttentionSpec(task=task, layers=1, heads=1, d_model=8, d_head=4, steps=50, d_mlp=8, layer_norm=norm)
    outcome = train_attention(spec.model_copy(update={"activation": activation}))
    assert outcome.model.blocks.activation == activation
    space = outcome.model.space(TRANSFORMER.default_rules)
    logits = space.run(np.ones((1, space.graph.n_bits), dtype=bool))[0]
    loss = functional.cross_entropy(torch.tensor(logits), torch.tensor(task.answers))
    assert float(loss) == pytest.approx(outcome.loss, abs=1e-6)
    assert space.graph.edge_names[-3:] == ("x-logits", "1.0-logits", "1.mlp-logits")
