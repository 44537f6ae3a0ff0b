"""Attention-only transformers: golden results, a plain forward pass in Python, and every way a file can be wrong."""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.circuit_sets.masks import MAX_LISTED, find_masks
from pluriscope.analysis.errors import AnalysisError, InvalidProtocol
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.enumeration import mask_numbers, read_mask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import MAX_ROWS, read_attention
from tests.analysis.subjects.transformer.attention_models import random_attention, run_of_circuit
from tests.analysis.subjects.transformer.mlp_model import listed, mask_bits

FOLDER = Path(__file__).parents[3] / "golden" / "attention"
GOLDEN = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
MOST_BITS = 18  # of spaces in which every mask is looked at
FEW = 25_000  # circuits; spaces of more are searched by slow tests
OFTEN = {
    ("sum_mod_5_2x2_0", "qkv zero joined"),
    ("parity_4_2x2_0", "qkv zero joined"),
    ("brackets_6_2x2_0", "qkv mean joined"),
    ("brackets_6_3x2_0", "heads mean joined"),
    ("other_name_1x4_0", "qkv zero split"),
}
"""Large spaces that are searched every time; their like wait for a release."""


def rules_of(stored):
    return {name: stored[name] for name in ("granularity", "ablation", "embedding")}


def marks_of(name, space, words):
    if int(space["possible"]) <= FEW:
        return []
    return [pytest.mark.slow] if (name, words) in OFTEN else [pytest.mark.slow, pytest.mark.release]


SPACES = [
    pytest.param(name, space, id=f"{name} {words}", marks=marks_of(name, space, words))
    for name, stored in GOLDEN.items()
    for space in stored["spaces"]
    if space["valid"] is not None
    for words in [" ".join(rules_of(space).values())]
]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_digest_and_the_whole_model_are_the_golden_ones(name):
    kind, model = read_subject(json.dumps(GOLDEN[name]["network"]).encode())
    assert kind is TRANSFORMER
    assert model.digest == GOLDEN[name]["digest"]
    full = model.space(TRANSFORMER.default_rules)
    apart = CLASSES.margins(full.run(np.ones((1, full.graph.n_bits), dtype=bool)), model.answers)[0]
    expected = GOLDEN[name]["full"]
    assert (apart > 0).sum() == expected["right"]
    assert apart.min() == pytest.approx(expected["worst"], abs=1e-9)


@pytest.mark.parametrize(("name", "space"), SPACES)
def test_circuits_are_the_golden_ones(name, space):
    model = read_attention(GOLDEN[name]["network"])
    found = find_masks(GraphQuestion(TRANSFORMER, model, rules_of(space)), limit=5_000_000)
    graph = model.space(rules_of(space)).graph
    masks = "\n".join(f"{mask:0{graph.n_hex_digits}x}" for mask in found.masks.tolist())
    assert graph.n_bits == space["edges"]
    assert found.complete
    assert found.possible == found.n_tested == int(space["possible"])
    assert found.n_valid == space["valid"]
    assert {str(bits): count for bits, count in found.distribution.by_edges.items()} == space["by_edges"]
    assert list(found.distribution.edge_use) == space["edge_use"]
    assert sha256(masks.encode()).hexdigest() == space["sha256_sorted_masks"]
    if "masks_valid" in space and graph.n_bits <= MOST_BITS:
        every = (np.arange(1 << graph.n_bits)[:, None] >> np.arange(graph.n_bits) & 1).astype(bool)
        meant = np.isin(mask_numbers(model.space(rules_of(space)).reduce(every)), found.masks)
        assert meant.sum() == space["masks_valid"]
    if found.n_valid <= MAX_LISTED:
        circuits = listed(TRANSFORMER, model, rules_of(space))[1]
        assert [int(one.mask, 16) for one in circuits] == found.masks.tolist()
        assert sum(one.outcomes["minimal-subset"] == "passed" for one in circuits) == space["minimal_subset"]
        assert sum(one.margin < 1e-6 for one in circuits) == space["margin_below_1e-6"]


@pytest.mark.parametrize("name", GOLDEN)
def test_how_many_circuits_there_are_is_the_golden_number(name):
    model = read_attention(GOLDEN[name]["network"])
    for space in GOLDEN[name]["spaces"]:
        assert model.space(rules_of(space)).possible == int(space["possible"])


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_samples_are_the_golden_ones(name):
    model = read_attention(GOLDEN[name]["network"])
    for group in GOLDEN[name]["samples"]:
        space = model.space(rules_of(group))
        for sample in group["circuits"]:
            if sample["class"] is None:
                with pytest.raises(AnalysisError, match="keeps no path"):
                    read_mask(space, sample["mask"])
                continue
            assert read_mask(space, sample["mask"]) == sample["class"]
            mask = mask_bits(space, sample["class"])[None]
            outputs = space.run(mask)
            apart = CLASSES.margins(outputs, model.answers)[0]
            assert mask.sum() == sample["edges"]
            assert (apart > 0).sum() == sample["right"]
            assert apart.min() == pytest.approx(sample["worst"], abs=1e-9)
            assert np.abs(apart).min() == pytest.approx(sample["margin"], abs=1e-9)
            if "logits" in sample:
                np.testing.assert_allclose(outputs[0], sample["logits"], atol=1e-9, rtol=0)


def sizes_of(*sizes):
    names = ("layers", "heads", "d_model", "d_head", "vocabulary", "context")
    return {"format": TRANSFORMER.format, **dict(zip(names, sizes, strict=True))}


@st.composite
def cases(draw):
    """A small transformer of one or two layers with rules and a mask."""
    model = random_attention(
        draw(st.integers(0, 2**32 - 1)),
        tuple(draw(st.integers(least, most)) for least, most in ((1, 2), (1, 2), (1, 3), (1, 2), (2, 3), (1, 3))),
        positions=draw(st.booleans()),
        n_rows=draw(st.integers(1, 5)),
        scale=draw(st.sampled_from([0.5, 2.0, 20.0])),
    )
    space = model.space(draw(st.sampled_from(TRANSFORMER.admitted_rules(model))))
    return model, space, space.graph.bits([draw(st.integers(0, (1 << space.graph.n_bits) - 1))])


@pytest.mark.slow
@settings(max_examples=60)
@given(cases())
def test_a_run_is_the_definition(case):
    model, space, kept = case
    outputs = space.run(kept)[0]
    np.testing.assert_allclose(outputs, run_of_circuit(model, space, kept[0]), rtol=1e-9, atol=1e-9)
    reduced = space.reduce(kept)
    assert (space.reduce(reduced) == reduced).all()
    assert not (reduced & ~kept).any()
    if not space._means:  # what is left out carries nothing
        np.testing.assert_allclose(space.run(reduced)[0], outputs, rtol=1e-9, atol=1e-9)


def test_masks_are_run_alike_alone_and_together():
    model = read_attention(GOLDEN["majority_5_2x2_0"]["network"])
    space = model.space({"granularity": "heads", "ablation": "mean", "embedding": "joined"})
    masks = np.random.default_rng(5).random((7, space.graph.n_bits)) < 0.6
    together = space.run(masks)
    for number, mask in enumerate(masks):
        assert (space.run(mask[None])[0] == together[number]).all()  # to the bit


def a_file(layers=1, heads=2, **changes):
    """A sound file of small sizes."""
    rng = np.random.default_rng(1)

    def array(*shape):
        return rng.normal(size=shape).tolist()

    document = {
        **sizes_of(layers, heads, 3, 2, 3, 2),
        "name": "Small",
        "tokens": ["a", "b", "c"],
        "token_embedding": array(3, 3),
        "position_embedding": array(2, 3),
        "attention": [
            {**{name: array(heads, 3, 2) for name in ("query", "key", "value")}, "output": array(heads, 2, 3)}
            for _ in range(layers)
        ],
        "unembedding": array(3, 3),
        "tasks": [{"name": "first", "rows": [[0, 1], [1, 2], [2, 0]], "answers": [0, 1, 2]}],
    }
    return {**copy.deepcopy(document), **changes}


def changed(path, value):
    document = a_file()
    *way, last = path
    at = document
    for step in way:
        at = at[step]
    at[last] = value
    return document


def without(key):
    document = a_file()
    del document[key]
    return document


TASK = ("tasks", 0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (without("attention"), "model file attention: "),
        (a_file(layer_norm=[1]), "model file layer_norm: "),
        (changed(("layers",), 0), "layers: .* is '0'"),
        (changed(("heads",), True), "heads: .* is 'True'"),
        (a_file(context=33), "context: .*32, is '33'"),
        (a_file(name=" "), "name: is empty"),
        (
            changed(("attention", 0, "query"), [[[1.0] * 2] * 3]),
            r"attention\[0\].query: has the shape 1 × 3 × 2, the sizes say 2 × 3 × 2",
        ),
        (changed(("attention", 0, "query", 1), [[1.0, 2.0]]), r"attention\[0\].query: has lists of different lengths"),
        (
            changed(("attention", 0, "query", 1, 0), [1.0, None]),
            r"attention\[0\].query: holds null where a number belongs",
        ),
        (changed(("token_embedding", 1), "text"), "token_embedding: holds a text where a list belongs"),
        (changed(("token_embedding", 1, 1), True), "token_embedding: holds true or false where a number"),
        (changed(("token_embedding", 1, 1), 10**400), "token_embedding: holds a number too large for float64"),
        (changed(("position_embedding",), []), "position_embedding: has the shape 0, the sizes say 2 × 3"),
        (changed(("attention",), []), "the sizes say 1 layers"),
        (changed(("attention", 0, "bias"), [1]), r"attention\[0\] bias: "),
        (changed(("token_embedding", 0, 0), 1e200), "weights: scores could pass 1e300, too large for float64"),
        (a_file(tokens=["a", "b"]), "tokens: has 2 texts. Give 3 different texts"),
        (a_file(tokens=["a", "b", "a"]), "tokens: has a text twice"),
        (a_file(tokens=["a", "b", "c\n d"]), r"tokens\[2\]: holds the control character"),
        (a_file(tasks=[]), "tasks: "),
        (a_file(tasks=[{}, {}]), "tasks"),
        (a_file(tasks=[{"name": "x"}]), r"tasks\[0\] rows.*tasks\[0\] answers"),
        (changed((*TASK, "rows"), []), "rows: .* at least 1 "),
        (changed((*TASK, "rows"), [[0, 0]] * (MAX_ROWS + 1)), "rows: .* at most 4096"),
        (changed((*TASK, "rows", 1), [1]), r"rows\[1\]: has 1 tokens, the context is 2"),
        (changed((*TASK, "rows", 1, 1), 7), r"rows\[1\]\[1\]: is 7, the vocabulary has 3. Use 0 to 2"),
        (changed((*TASK, "rows", 1, 1), True), r"rows\[1\]\[1\]: .* is 'True'"),
        (changed((*TASK, "rows", 2), [0, 1]), r"rows\[2\]: is rows\[0\] again. Give each row once"),
        (changed((*TASK, "answers"), [0, 1]), "answers: has 2 for 3 rows"),
        (changed((*TASK, "answers", 2), -1), r"answers\[2\]: is -1, the vocabulary has 3"),
    ],
)
def test_a_file_that_is_wrong_says_where_and_what_to_do(document, message):
    with pytest.raises(AnalysisError, match=message):
        read_attention(document)


@pytest.mark.parametrize("change", [{}, {"tokens": ["x", "y", "z"]}, {"attribution": "whoever"}, {"name": "Other"}])
def test_names_are_no_part_of_the_digest(change):
    assert read_attention(a_file(**change)).digest == read_attention(a_file()).digest


def test_what_may_be_left_out_and_minus_zero():
    document = without("tokens")
    assert read_attention(document).outputs == ("0", "1", "2")
    document["position_embedding"] = None
    assert read_attention(document).digest != read_attention(a_file()).digest
    plus, minus = (changed(("token_embedding", 0, 0), zero) for zero in (0.0, -0.0))
    assert read_attention(plus).digest == read_attention(minus).digest


def test_rules_that_do_not_fit_are_refused():
    with_positions, without_positions = read_attention(a_file()), read_attention(a_file(position_embedding=None))
    for model, text, cause in (
        (without_positions, "split", "no positions to set apart"),
        (with_positions, "split-mean", "position's mean is itself"),
        (with_positions, "nodes-split", "nodes are heads"),
    ):
        with pytest.raises(InvalidProtocol, match=cause):
            model.space(TRANSFORMER.rules(text))
    assert len(TRANSFORMER.admitted_rules(with_positions)) == 8
    assert len(TRANSFORMER.admitted_rules(without_positions)) == 6
