"""Circles and magnitudes on values whose structure is known, and on a transformer whose embedding is a circle."""

from itertools import product

import numpy as np
import pytest

from analysis.lenses.feature_structure import FEATURE_STRUCTURE, circle, label_means, layered
from analysis.lenses.magnitude_codes import MAGNITUDE_CODES
from analysis.subjects.elman import ELMAN, Elman
from analysis.subjects.perceptron.network import Network
from analysis.subjects.question import GraphQuestion
from analysis.subjects.registry import read_subject
from analysis.subjects.transformer.kind import TRANSFORMER
from app.bundled import bundled_models
from tests.analysis.subjects.transformer.attention_models import random_attention

RANDOM = np.random.default_rng(5)
PLANE = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0]


def on_circle(n, k, noise=0.0):
    angles = 2 * np.pi * k * np.arange(n) / n
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) @ PLANE[:2] + noise * RANDOM.normal(size=(n, 6))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k"), [(7, 1), (7, 3), (8, 2), (12, 5)])
def test_a_circle_is_found_with_its_frequency(n, k):
    found = circle(on_circle(n, k))
    assert (found.value, found.detail) == (pytest.approx(1.0), k)
    assert found.p < 0.02


def test_a_circle_in_noise_explains_less_and_is_still_told_from_chance():
    found = circle(on_circle(9, 2, noise=0.2))
    assert 0.5 < found.value < 0.99
    assert (found.detail, found.p) == (2, pytest.approx(0.001, abs=0.01))


def test_a_line_is_no_circle_however_it_is_ordered():
    assert circle(np.outer(np.arange(9.0) - 4.0, PLANE[0])).value <= 0.5
    assert circle(np.outer(np.cos(2 * np.pi * np.arange(9) / 9), PLANE[0])).value == pytest.approx(0.5)


@pytest.mark.slow
def test_chance_is_told_from_chance_as_often_as_it_may():
    """The size of the test, on means without structure."""
    p = [circle(np.random.default_rng(seed).normal(size=(8, 6))).p for seed in range(40)]
    assert sum(one <= 0.05 for one in p) <= 6  # of a binomial number of 40 with .05, above this with 1%


def test_what_is_the_same_but_for_its_size_is_told():
    means = RANDOM.normal(size=(6, 6))
    means -= means.mean(axis=0)
    found = layered(means, 0.25 * means)
    assert (found.value, found.detail) == (pytest.approx(1.0), pytest.approx(0.25))
    assert found.p < 0.02
    other = RANDOM.normal(size=(6, 6))
    assert abs(layered(means, other - other.mean(axis=0)).value) < 0.6
    assert layered(means, 0 * means) == (0.0, 0.0, 1.0)


def test_means_are_those_of_the_rows_of_each_label():
    values, labels = RANDOM.normal(size=(10, 3)), np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 2])
    plain = np.array([values[labels == label].mean(axis=0) for label in range(3)])
    assert label_means(values, labels) == pytest.approx(plain - plain.mean(axis=0))


def answer_of(model):
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
    settings = FEATURE_STRUCTURE.filled({})
    return FEATURE_STRUCTURE.fit(question, settings), FEATURE_STRUCTURE.answer(question, settings).view


@pytest.mark.slow
def test_a_transformer_whose_tokens_are_embedded_on_a_circle():
    model = random_attention(2, (1, 1, 6, 3, 7, 2), n_rows=49, positions=False)
    planted = model.with_parameters({**model.parameters, "embedding": on_circle(7, 3)})
    _, view = answer_of(planted)
    shares, ps, *_ = view.grids
    assert shares.columns == ("token 1", "token 2", "answer")
    assert shares.texts[0][1] == "1.00 k=3"
    assert ps.values[0][1] < 0.02
    assert shares.values[0][0] == 0.0  # the last position holds nothing of the first token before the first layer


def test_few_tokens_are_refused():
    fit, view = answer_of(random_attention(2, (1, 1, 4, 2, 3, 2)))
    assert "5 to 32 different tokens" in fit.reason
    assert view is None


def onion(times, activation="linear", planted=True):
    """An Elman network whose state holds the inputs of all steps along the same directions, each later one larger."""
    tokens, units, steps = 5, 4, 3
    random = np.random.default_rng(8)
    embedding = random.normal(size=(units, tokens))
    before = np.eye(units) / times if planted else np.linalg.qr(random.normal(size=(units, units)))[0] / times
    out = random.normal(size=(2, units))
    network = Network((np.hstack([embedding, before]), out), (np.zeros(units), np.zeros(2)), activation, "linear", None)
    data = np.eye(tokens)[np.array(list(product(range(tokens), repeat=steps)))]
    whole = Elman("onion", network, ("a", "b"), data, np.zeros(len(data), dtype=np.int64), "every row")
    return Elman("onion", network, ("a", "b"), data, whole.layers[-1].argmax(axis=1), "every row")


def codes(model):
    question = GraphQuestion(ELMAN, model, ELMAN.default_rules)
    settings = MAGNITUDE_CODES.filled({})
    return MAGNITUDE_CODES.fit(question, settings), MAGNITUDE_CODES.answer(question, settings)


def test_an_elman_network_that_stores_by_magnitude_is_told_and_one_that_turns_its_state_is_not():
    fit, answer = codes(onion(3.0))
    assert fit.status == "applicable"
    rows = {(row["after"], row["first"], row["second"]): row for row in answer.view.rows}
    assert [*rows] == [(2, 1, 2), (3, 1, 2), (3, 1, 3), (3, 2, 3)]
    for (_, one, other), row in rows.items():
        assert (row["cosine"], row["times"]) == (pytest.approx(1.0), pytest.approx(3.0 ** (other - one)))
        assert row["p"] < 0.05
    _, turned = codes(onion(3.0, planted=False))
    assert max(row["cosine"] for row in turned.view.rows) < 0.9


def test_steps_with_two_inputs_have_too_few_orders():
    _, model = read_subject(bundled_models()["parity-3-elman"])
    fit, _ = codes(model)
    assert (fit.status, "5 to 32 different inputs" in fit.reason) == ("not applicable", True)
