"""Disguises of transformers: the theorem of each, on random models with something planted in them and compiled ones."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.head_disguises import HEAD_DISGUISES, head_disguised
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.subjects.planted_edges import PlantedEdges
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.blocks import Blocks
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.app.bundled import bundled_models
from tests.analysis.subjects.transformer.attention_models import random_attention

COMPILED = {slug: read_attention(json.loads(raw)) for slug, raw in bundled_models().items() if "tracr" in slug}
HEADS = {"granularity": "heads", "ablation": "zero", "embedding": "joined"}
BARE = random_attention(0, (1, 2, 3, 2, 3, 2))
FINEST = {"granularity": "qkv", "ablation": "zero", "embedding": "split"}
EVERY = PlantedEdges("all", BARE.space(FINEST).graph.edge_names, ())


def with_biases(model, seed):
    """Add biases everywhere."""
    draws = np.random.default_rng(seed)
    sizes = [one.shape[::2] for one in model.layers[0][:3]] + [model.embedding.shape[1:]]
    biases = tuple(tuple(draws.normal(size=size) for size in sizes) for _ in model.layers)
    return replace(model, blocks=Blocks(biases=biases))


def small(seed, d_head=2):
    """Model of one layer of two heads, all of it planted."""
    return replace(random_attention(seed, (1, 2, 3, d_head, 3, 2)), planted=EVERY)


MADE = {**COMPILED, "random": small(1), "with biases": with_biases(small(2), 2), "one dimension": small(3, 1)}


def logits(model, rules, mask=None):
    space = model.space(rules)
    kept = np.ones((1, space.graph.n_bits), dtype=bool) if mask is None else space.graph.bits([mask])
    return space.run(kept)[0]


def planted_mask(model, rules):
    return model.planted.mask(model.space(rules).graph)


@pytest.mark.parametrize("name", HEAD_DISGUISES)
@pytest.mark.parametrize("which", [pytest.param(one, marks=[pytest.mark.slow] * ("tracr" in one)) for one in MADE])
def test_the_function_and_the_planted_circuit_stay(which, name):
    before = MADE[which]
    after = head_disguised(before, name, 5)
    assert after.planted.made[-1].text == f"{name} (seed 5)"
    assert after.digest != before.digest or name == "permute"
    for rules in TRANSFORMER.admitted_rules(before):
        assert np.allclose(logits(after, rules), logits(before, rules), rtol=0, atol=1e-9)
        planted = logits(before, rules, planted_mask(before, rules))
        assert np.allclose(logits(after, rules, planted_mask(after, rules)), planted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_how_many_circuits_are_valid(seed):
    before = COMPILED["tracr-induction"]
    found, *disguised = (
        find_masks(GraphQuestion(TRANSFORMER, model, HEADS))
        for model in (before, *(head_disguised(before, name, seed) for name in HEAD_DISGUISES))
    )
    valid = dict(zip(HEAD_DISGUISES, disguised, strict=True))
    assert valid["rotate"].masks.tolist() == found.masks.tolist()
    assert valid["permute"].distribution.by_edges == found.distribution.by_edges
    assert valid["split"].n_valid >= found.n_valid
    cancelled = head_disguised(before, "cancel", seed)
    graph = cancelled.space(HEADS).graph
    new = [f"{layer}.{head}" for layer in (1, 2) for head in (1, 2)]
    drawn = [place for place, name in enumerate(graph.edge_names) if any(one in name for one in new)]
    without = ~graph.bits(valid["cancel"].masks.tolist())[:, drawn].any(axis=1)
    assert without.sum() == found.n_valid
    assert valid["cancel"].n_valid > found.n_valid


def test_one_of_two_that_cancel_is_another_function():
    before = COMPILED["tracr-histogram"]
    after = head_disguised(before, "cancel", 1)
    space = after.space({"granularity": "nodes", "ablation": "zero", "embedding": "joined"})
    whole, one = space.run(np.array([[1, 1, 1, 1], [1, 1, 0, 1]], dtype=bool))
    assert abs(whole - one).max() > 0.01


def test_each_step_is_one_of_weights():
    model = COMPILED["tracr-histogram"]
    query, key, value, output = (one[0] for one in model.layers[0])
    halves = head_disguised(model, "split").layers[0]
    assert (halves[3][0] == output / 2).all()
    assert all((one[0] == one[1]).all() for one in halves)
    pair = head_disguised(model, "cancel").layers[0]
    assert (pair[3][1] == -pair[3][2]).all()
    assert all((one[1] == one[2]).all() for one in pair[:3])
    turned = [one[0] for one in head_disguised(model, "rotate").layers[0]]
    assert np.allclose(turned[0] @ turned[1].T, query @ key.T, rtol=1e-12)
    assert np.allclose(turned[2] @ turned[3], value @ output, rtol=1e-12)
    assert not np.allclose(turned[0], query)
    twice = head_disguised(head_disguised(model, "split"), "permute", 3)
    assert {tuple(one[head].ravel()) for one in twice.layers[0] for head in (0, 1)} == {
        tuple(one[head].ravel()) for one in halves for head in (0, 1)
    }


@pytest.mark.parametrize(
    ("model", "name", "seed", "words"),
    [
        (COMPILED["tracr-histogram"], "paint", 0, "is not one of those"),
        (COMPILED["tracr-histogram"], "rotate", -1, "is negative or too large"),
        (BARE, "permute", 0, "has no record of what was planted"),
        (replace(random_attention(0, (1, 7, 3, 2, 3, 2)), planted=EVERY), "cancel", 0, "makes 9 heads in a layer"),
        (replace(small(0), planted=PlantedEdges("x", ("t-logits",), ())), "split", 0, "has no heads"),
    ],
)  # fmt: skip
def test_wrong_disguises_are_refused(model, name, seed, words):
    with pytest.raises(InvalidPlanting, match=words):
        head_disguised(model, name, seed)
