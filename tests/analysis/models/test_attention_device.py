"""Circuits run in torch: the same results as without, whatever is left open, and a bound that holds what it says."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.errors import BeyondLimits, InvalidTraining
from analysis.models import attention_device
from analysis.models.attention import ATTENTION, read_attention
from analysis.models.attention_device import sift_on
from analysis.models.attention_files import attention_document
from analysis.models.circuits import find_circuits, find_masks
from analysis.models.model import gaps
from tests.analysis.models.attention_models import random_attention
from tests.analysis.models.mlp_model import DOCUMENT, read_perceptron
from tests.analysis.models.test_attention_blocks import ALL, with_blocks

FOLDER = Path(__file__).parents[2] / "golden" / "attention"
BLOCKS = [
    ("", (1, 2, 5, 3, 4, 3), ALL),
    ("mean", (1, 1, 5, 3, 4, 3), {"biases": True, "mlp": "relu"}),
    ("heads-mean", (2, 1, 5, 3, 4, 3), {"norm": True}),
    ("heads-split", (1, 2, 5, 3, 4, 3), {"norm": True, "mlp": "gelu_new"}),
    ("nodes", (2, 2, 5, 3, 4, 3), ALL),
    ("nodes-mean", (2, 2, 5, 3, 4, 3), {"mlp": "relu"}),
    ("", (2, 2, 5, 3, 4, 3), {"biases": True}),
]
"""Rules, sizes, and what comes beside attention."""


def same(found, expected):
    for one in fields(expected):
        assert np.array_equal(getattr(found, one.name), getattr(expected, one.name)), one.name


@pytest.mark.slow
@pytest.mark.parametrize(("text", "sizes", "blocks"), BLOCKS[:-1])
def test_blocks_give_the_same_results_at_every_threshold(text, sizes, blocks):
    document, rules = with_blocks(5, sizes, n_rows=40, **blocks), ATTENTION.rules(text)
    space = read_attention(document).space(rules)
    document["tasks"][0]["answers"] = space.run(np.ones((1, space.graph.n_bits), dtype=bool))[0].argmax(axis=1).tolist()
    model = read_attention(document)  # which is right on every row
    for threshold in (0.4, 0.8):
        expected = find_masks(model, rules, accuracy_threshold=threshold)
        assert 0 < expected.valid < expected.possible
        same(find_masks(model, rules, accuracy_threshold=threshold, sift=sift_on("cpu", model, rules)), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own_2x1_0", "other_name_1x2_0", "maximum_3_no_positions_1x2_0"])
def test_the_device_is_a_second_route_to_the_golden_results(name):
    golden = json.loads((FOLDER / f"{name}.json").read_text())
    model = read_attention(golden["network"])
    for space in golden["spaces"]:
        if int(space["possible"]) > 5_000:
            continue
        rules = {setting: space[setting] for setting in ATTENTION.settings}
        found = find_circuits(model, rules, sift=sift_on("cpu", model, rules))
        assert (found.valid, found.possible) == (space["valid"], int(space["possible"]))
        assert {str(bits): n for bits, n in found.by_bits.items()} == space["by_edges"]
        same(found, find_circuits(model, rules))


def forward_of(model, text, dtype=torch.float64):
    return attention_device._Forward(model, model.space(ATTENTION.rules(text)), torch.device("cpu"), dtype)


def some_masks(space):
    draws = np.random.default_rng(3)
    return space.reduce(draws.random((240, space.graph.n_bits)) < draws.uniform(0.3, 1.0, size=(240, 1)))


def both_gaps(model, text, dtype):
    """By how much right outputs are the largest, by torch with the bound and by what decides, for 240 circuits."""
    space = model.space(ATTENTION.rules(text))
    masks = some_masks(space)
    found = forward_of(model, text, dtype)._gaps(space.graph.kept_edges(masks), slice(0, len(model.tokens)))
    return *(one.double().numpy() for one in found), gaps(space.run(masks), model.answers)


@pytest.mark.parametrize(("text", "sizes", "blocks"), BLOCKS)
def test_every_gap_is_within_the_bound_of_what_decides(text, sizes, blocks):
    """In float64 and in float32, which is off by half a billion times as much and whose bound is as much wider."""
    model = read_attention(with_blocks(5, sizes, n_rows=20, **blocks))
    for dtype, most_open in ((torch.float64, 0.2), (torch.float32, 1.0)):
        found, reach, expected = both_gaps(model, text, dtype)
        known = np.isfinite(reach)
        assert (np.abs(found - expected) <= reach)[known].all()
        assert ((np.abs(found) > reach) & known).mean() > 1.0 - most_open
        decided = np.abs(found) > reach
        assert ((found > 0) == (expected > 0))[decided].all()


def test_ties_are_left_open_and_a_bound_of_nothing_decides_them_wrongly(monkeypatch):
    """Many sums of weights of −1, 0 and 1 are equal but for how they are rounded."""
    model, rules = random_attention(2, (1, 3, 6, 2, 4, 3), whole=True, n_rows=60), ATTENTION.default_rules
    masks = some_masks(model.space(rules))
    right = (gaps(model.space(rules).run(masks), model.answers) > 0).sum(axis=1)
    least, most = forward_of(model, "").right(masks)
    assert ((least <= right) & (right <= most)).all()
    for threshold in (0.3, 0.5):
        expected = find_masks(model, rules, accuracy_threshold=threshold)
        same(find_masks(model, rules, accuracy_threshold=threshold, sift=sift_on("cpu", model, rules)), expected)
    monkeypatch.setattr(attention_device, "_APART", 0.0)
    least, most = forward_of(model, "").right(masks)
    assert ((least > right) | (right > most)).any()


def test_many_rows_are_run_in_parts(monkeypatch):
    model = read_attention(with_blocks(5, (1, 2, 5, 3, 4, 3), n_rows=50, **ALL))
    masks = np.random.default_rng(1).random((30, 20)) < 0.7
    masks = masks[:, : model.space(ATTENTION.default_rules).graph.n_bits]
    together = forward_of(model, "").right(masks)
    monkeypatch.setattr(attention_device, "_CELLS", 30 * 7 * 21)  # seven rows at a time
    assert np.array_equal(forward_of(model, "").right(masks), together)


def test_what_a_device_is_not_for():
    model = read_attention(attention_document(random_attention(1, (2, 2, 4, 3, 4, 3))))
    with pytest.raises(InvalidTraining, match="device 'abacus': is not available to torch here"):
        sift_on("abacus", model, ATTENTION.default_rules)
    with pytest.raises(InvalidTraining, match="device 'cpu': is for transformers alone"):
        sift_on("cpu", read_perceptron(DOCUMENT), {})
    rules = ATTENTION.default_rules
    with pytest.raises(BeyondLimits, match="masks of 29 bits to try"):
        find_masks(model, rules, sift=sift_on("cpu", model, rules))
