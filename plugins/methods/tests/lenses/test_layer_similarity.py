"""Similarity of layers against its other formula by features, and what turning and random layers make of it."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.methods.tests.lenses.test_frameworks import outputs, question_of
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_methods.lenses.layer_similarity import LAYER_SIMILARITY, similarities
from pluriscope_methods.lenses.registry import LENSES
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.oracles.brute_force_circuits import boolean_rows


def plain(left, right):
    """The formula by products of features: ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖)."""
    left, right = ((one - one.mean(axis=0)).reshape(len(one), -1) for one in (left, right))
    size = np.linalg.norm
    return size(right.T @ left) ** 2 / (size(left.T @ left) * size(right.T @ right))


@pytest.mark.parametrize("slug", ["xor-pretrained", "wrong-lesson"])
def test_layers_of_a_perceptron_are_as_alike_as_by_the_other_formula(slug):
    question = question_of(slug)
    rows = [outputs(question.network, row) for row in boolean_rows(question.network.n_inputs)]
    n_hidden = len(question.network.hidden_sizes)
    values = {"inputs": 0} | {f"layer {at}": at for at in range(1, n_hidden + 1)}
    layers = {name: np.array([row[at] for row in rows], dtype=float) for name, at in values.items()}
    layers["answer"] = np.array(question.task.truth_table, dtype=float)[:, None]
    seen = LAYER_SIMILARITY.look(question, LAYER_SIMILARITY.defaults, DEFAULT_WORK)
    assert len(seen.rows) == (n_hidden + 2) * (n_hidden + 1) // 2
    for row in seen.rows:
        assert row["cka"] == pytest.approx(plain(layers[row["layer"]], layers[row["other"]]), abs=1e-9)


def test_a_layer_turned_is_the_same_and_an_unrelated_one_is_not_found():
    random = np.random.default_rng(0)
    layer, other = random.normal(size=(2, 24, 6))
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0]
    values = {"a": layer, "turned": 3 * layer @ turn + 1, "other": other, "dead": np.ones((24, 2))}
    seen = similarities(values, DEFAULT_WORK)
    found = {(row["layer"], row["other"]): row for row in seen.rows}
    assert found["a", "turned"]["cka"] == pytest.approx(1.0)
    assert found["a", "turned"]["p"] == 1 / 200
    assert min(found["a", "other"]["p"], found["turned", "other"]["p"]) > 0.05
    assert seen.notes == ("The same on all rows, so not compared: dead.",)


def test_unrelated_layers_are_found_no_more_often_than_p_says():
    found = 0
    for seed in range(60):
        values = dict(zip("abc", np.random.default_rng(seed).normal(size=(3, 12, 3)), strict=True))
        found += min(row["p"] for row in similarities(values, DEFAULT_WORK).rows) <= 0.05
    assert found <= 8  # of 60, where 3 are expected: more has a probability below .01


def test_sites_of_a_transformer_are_compared_all_positions_at_once():
    model = random_attention(3, (2, 2, 6, 4, 5, 4), n_rows=200)
    lens = LENSES.of(TRANSFORMER)["layer-similarity"]
    seen = lens.answer(GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules), lens.defaults).view
    grid, chance = seen.grids
    assert grid.rows == grid.columns == ("x0", "x1", "x2", "answer")
    assert all(grid.values[at][at] == 1.0 for at in range(4))
    assert grid.values[0][1] == grid.values[1][0] > chance.values[0][1]
    assert "On 32 of 200 rows, drawn." in seen.notes
