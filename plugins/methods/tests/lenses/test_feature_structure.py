"""Circles and magnitudes on values whose structure is known, and on a transformer whose embedding is a circle."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import binom

from pluriscope.analysis.subjects.elman import ELMAN, Elman
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in, read_subject
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses.feature_structure import (
    CIRCLE,
    FEATURE_STRUCTURE,
    _copying,
    _on_circle,
    circle,
    circle_shares,
    label_means,
    layered,
    share_of_orders,
    shuffled_model,
)
from pluriscope_methods.lenses.magnitude_codes import MAGNITUDE_CODES
from pluriscope_stories.story import own_networks
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.checkout import ROOT

RANDOM = np.random.default_rng(5)
PLANE = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0]


def on_circle(n, k, noise=0.0):
    angles = 2 * np.pi * k * np.arange(n) / n
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) @ PLANE[:2] + noise * RANDOM.normal(size=(n, 6))


@pytest.mark.parametrize(("n", "k"), [(7, 1), (7, 3), (8, 2), (12, 5)])
def test_a_circle_is_measured_with_its_frequency(n, k):
    assert circle(on_circle(n, k)) == (pytest.approx(1.0), k)
    assert circle(on_circle(n, k, noise=0.2)).value < 0.99


def test_a_line_is_no_circle_however_it_is_ordered():
    assert circle(np.outer(np.arange(9.0) - 4.0, PLANE[0])).value <= 0.5
    assert circle(np.outer(np.cos(2 * np.pi * np.arange(9) / 9), PLANE[0])).value == pytest.approx(0.5)


@pytest.mark.parametrize(("n", "least"), [(5, 1 / 6), (6, 1 / 60), (7, 1 / 120), (11, 1 / 362880)])
def test_of_few_labels_many_orders_are_on_a_circle(n, least):
    assert share_of_orders(n) == pytest.approx(least)
    if n <= 7:
        orders = np.array(list(permutations(range(n))))
        assert (circle_shares(on_circle(n, 1), orders).max(axis=1) > 1 - 1e-9).mean() == pytest.approx(least)


def test_the_share_of_a_circle_is_that_of_a_fit_by_least_squares():
    means = RANDOM.normal(size=(8, 6))
    means -= means.mean(axis=0)
    angles = 2 * np.pi * np.arange(8) * 2 / 8
    waves = np.stack([np.cos(angles), np.sin(angles)])
    best = np.linalg.svd(waves @ means, compute_uv=False).sum() ** 2 / 2 * (2 / 8)  # over all circles of one radius
    assert circle_shares(means, np.arange(8)[None])[0, 1] == pytest.approx(best / (means**2).sum())


def test_what_is_the_same_but_for_its_size_is_measured():
    means = RANDOM.normal(size=(6, 6))
    means -= means.mean(axis=0)
    assert layered(means, 0.25 * means) == (pytest.approx(1.0), pytest.approx(0.25))
    other = RANDOM.normal(size=(6, 6))
    assert abs(layered(means, other - other.mean(axis=0)).value) < 0.6
    assert layered(means, 0 * means) == (0.0, 0.0)


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
    shares, null, *_ = view.grids
    assert shares.columns == ("token 1", "token 2", "answer")
    assert shares.texts[0][1] == "1.00 k=3"
    assert shares.values[0][0] == 0.0  # the last position holds nothing of the first token before the first layer
    assert 0.4 < null.values[0][1] < 0.8
    found, magnitude = view.tests
    assert (found.sought, found.found, magnitude.found) == ("a circle", True, False)
    assert found.p == pytest.approx(2 / 120, abs=0.015)
    assert found.least == pytest.approx(2 / 120)  # of two structures that are sought
    assert (found.looks, found.networks) == (3 * 3 + 3, 199)
    assert "A circle explains 100% of what differs by token 2 at x0" in view.says


@pytest.mark.slow
def test_tokens_that_lie_on_a_circle_in_another_order_have_none():
    model = random_attention(2, (1, 1, 6, 3, 7, 2), n_rows=49, positions=False)
    planted = model.with_parameters({**model.parameters, "embedding": on_circle(7, 1)[[0, 2, 3, 1, 6, 5, 4]]})
    assert not any(test.found for test in answer_of(planted)[1].tests)


def case(name):
    return read_subject((ROOT / "tests/fixtures/faults" / f"{name}.json").read_bytes())[1]


@pytest.mark.slow
def test_of_five_tokens_a_circle_is_shown_beside_its_null_and_not_tested():
    view = answer_of(case("pentagon"))[1]
    assert [test.sought for test in view.tests] == ["a code by magnitude"]
    assert "explains 100% of what differs by token 2 at x0, in null networks 5" in view.says
    assert "A circle is tested from 7 different tokens on" in view.says


@pytest.mark.slow
def test_untrained_networks_that_orders_of_labels_found_are_not_found():
    assert [test.found for test in answer_of(case("untrained-transformer"))[1].tests] == [False]
    (test,) = codes(case("untrained-elman-magnitude"))[1].view.tests
    assert (test.found, test.looks, test.least) == (False, 4, 0.005)
    assert test.p > 0.1


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


def test_scaling_to_the_size_of_another_step_exchanges_the_two_and_random_directions_do_not():
    question = question_in(own_networks()["first-letter-elman"])
    rows = MAGNITUDE_CODES.answer(question, MAGNITUDE_CODES.filled({})).view.rows
    found = {(row["after"], row["first"], row["second"]): row for row in rows}
    for (after, one, other), row in found.items():
        assert (row["cosine"], row["times"]) == (pytest.approx(1.0), pytest.approx(0.5 ** (other - one)))
        moved = (100, 100) if one == 1 else (0, 0)  # the first letter is asked, so others may be exchanged freely
        assert (row["moved"], row["rows"]) == moved
        assert row["random"] < 0.2 * max(1, row["rows"])
        assert row["as_often"] == (0 if one == 1 else 99)
        assert after in (2, 3)
    # by hand: the directions of letters, of which the last state holds four, two and one times
    model = question.subject
    letters, directions = model.data.argmax(axis=2), np.array(model.network.weights[0])[:, :5].T
    state = model.layers[-2] + directions[letters[:, 2]] * 3 - directions[letters[:, 0]] * 3
    weights, biases = model.network.weights[-1], model.network.biases[-1]
    answers = (state @ np.array(weights).T + np.array(biases)).argmax(axis=1)
    assert (answers == letters[:, 2]).all()


def test_in_a_network_that_turns_its_state_scaling_moves_no_more_than_random_directions():
    rows = codes(onion(1.0, planted=False))[1].view.rows
    assert all(row["rows"] for row in rows)
    assert max(row["moved"] / row["rows"] for row in rows) < 0.9


def test_an_elman_network_that_stores_by_magnitude_is_found_and_one_that_turns_its_state_is_not():
    fit, answer = codes(onion(3.0))
    assert fit.status == "applicable"
    rows = {(row["after"], row["first"], row["second"]): row for row in answer.view.rows}
    assert [*rows] == [(2, 1, 2), (3, 1, 2), (3, 1, 3), (3, 2, 3)]
    for (_, one, other), row in rows.items():
        assert (row["cosine"], row["times"]) == (pytest.approx(1.0), pytest.approx(3.0 ** (other - one)))
        assert abs(row["null"]) < 0.6
    (test,) = answer.view.tests
    assert (test.found, test.p, test.planted_found) == (True, 0.005, 10)
    _, turned = codes(onion(3.0, planted=False))
    assert max(row["cosine"] for row in turned.view.rows) < 0.9
    assert not turned.view.tests[0].found


def test_steps_with_two_inputs_have_too_few():
    _, model = read_subject(bundled_models()["parity-3-elman"])
    fit, _ = codes(model)
    assert (fit.status, "5 to 32 different inputs" in fit.reason) == ("not applicable", True)


def untrained_elman(seed):
    """Draw a network by turns as ``torch.nn.RNN`` begins, and of normal numbers of other sizes."""
    tokens, units, steps = 5, 4 + seed % 3, 3
    random = np.random.default_rng([seed, 1])

    def draw(*shape):
        if seed % 2:
            return random.normal(size=shape) * (0.5, 2.0)[seed % 4 // 2]
        return random.uniform(-1, 1, shape) / units**0.5

    weights, biases = (draw(units, tokens + units), draw(2, units)), (draw(units), draw(2))
    network = Network(weights, biases, ("tanh", "relu")[seed % 5 // 4], "linear", None)
    data = np.eye(tokens)[np.array(list(product(range(tokens), repeat=steps)))]
    whole = Elman("untrained", network, ("a", "b"), data, np.zeros(len(data), dtype=np.int64))
    return Elman("untrained", network, ("a", "b"), data, whole.layers[-1].argmax(axis=1))


def untrained_transformer(seed):
    """Draw transformers of several shapes and scales, on rows of two or three of five to eight tokens."""
    layers, heads, n = 1 + seed % 2, 1 + seed % 3, 2 + seed % 7 // 6
    sizes = (layers, heads, 8, 4, 5 + seed % 4, n)
    model = random_attention(seed, sizes, n_rows=64, positions=seed % 5 > 0, scale=(0.35, 0.7, 1.5)[seed % 3])
    return replace(model, answers=run(model, model.tokens).logits.argmax(axis=1)) if seed % 2 else model


def untrained_of_shared_parts(seed):
    """Draw a transformer with sinusoids as positions, which nobody draws, and one layer that is applied twice."""
    model = random_attention(seed, (2, 1, 8, 4, 8, 3), n_rows=8**3, scale=0.05)
    angles = np.arange(3)[:, None] / 10_000.0 ** (np.arange(4) / 4)
    positions = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    asked = (model.tokens[:, :2] < 7).all(axis=1) & (model.tokens[:, 2] == 7)
    rows = {"tokens": model.tokens[asked], "answers": model.answers[asked]}
    return replace(model, positions=positions, layers=model.layers[:1] * 2, **rows)


def test_null_networks_share_what_the_network_shares_and_keep_its_positions():
    model = untrained_of_shared_parts(1)
    null = shuffled_model(model, 0)
    assert np.array_equal(null.positions, model.positions)
    for own, first, second in zip(model.layers[0], *null.layers, strict=True):
        assert np.array_equal(first, second)
        assert not np.array_equal(first, own)
        assert np.array_equal(np.sort(first.ravel()), np.sort(own.ravel()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "seen", "n", "most"),
    [
        (untrained_elman, lambda model: codes(model)[1].view, 25, 4),
        pytest.param(untrained_of_shared_parts, lambda model: answer_of(model)[1], 24, 4, marks=pytest.mark.release),
        pytest.param(untrained_elman, lambda model: codes(model)[1].view, 200, 18, marks=pytest.mark.release),
        pytest.param(untrained_transformer, lambda model: answer_of(model)[1], 200, 18, marks=pytest.mark.release),
    ],
)
def test_hardly_more_untrained_networks_are_found_than_the_test_allows(made, seen, n, most):
    """At most as many as 99 of 100 binomial numbers with .05 are."""
    found = [any(test.found for test in seen(made(seed)).tests) for seed in range(10_000, 10_000 + n)]
    assert sum(found) <= most == binom.ppf(0.99, n, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, pytest.param(60, marks=pytest.mark.release)])
def test_networks_with_the_structure_planted_are_found_as_often_as_is_said(n):
    """Planted by another program: each step's inputs are kept as they are, but larger or smaller by a factor."""
    found, said = 0, 0
    for seed in range(20_000, 20_000 + n):
        model = untrained_elman(seed)
        weights, units = model.network.weights, model.n_units
        kept = np.hstack([weights[0][:, :-units], np.eye(units) * np.linalg.norm(weights[0][:, -units:]) / units**0.5])
        planted = replace(model, network=replace(model.network, weights=(kept, weights[1])))
        (test,) = codes(planted)[1].view.tests
        found, said = found + test.found, said + test.planted_found / test.planted
    assert found >= binom.ppf(0.01, n, said / n)


@pytest.mark.release
@pytest.mark.parametrize("plant", [_on_circle, _copying])
def test_a_power_is_that_of_the_whole_test(plant):
    """Of a planted network beside its own null networks, in which what is planted may be as large."""
    found, said, n = 0, 0.0, 8
    for seed in range(30_000, 30_000 + 7 * n, 7):
        model = plant(random_attention(seed, (1 + seed % 2, 2, 8, 4, 7, 2), n_rows=49, scale=0.7))
        (test,) = (one for one in answer_of(model)[1].tests if (one.sought == CIRCLE) == (plant is _on_circle))
        found, said = found + test.found, said + test.planted_found / test.planted
    assert binom.ppf(0.005, n, said / n) <= found <= binom.ppf(0.995, n, said / n)
