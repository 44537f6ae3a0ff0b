"""Dictionaries of a layer in which thirty-two sparse features are planted, and of layers where none are known."""

import re

import numpy as np
import pytest

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, added
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses import dictionary_sweep
from pluriscope_methods.lenses.dictionaries import DICTIONARIES
from pluriscope_methods.lenses.dictionary_sweep import _dictionary, _drawn, known_features, measured
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_stories.story import own_networks


def asked(slug, **settings):
    question = question_in({**bundled_models(), **own_networks()}[slug])
    lens = LENSES.of(question.kind)["dictionaries"]
    return lens, question, lens.filled(settings)


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(dictionary_sweep, "COUNTS", ())
    monkeypatch.setattr(dictionary_sweep, "PENALTIES", (0.3,))


def test_the_planted_features_are_the_network():
    _, question, _ = asked("features-32-16")
    model, truth = question.subject, known_features(question.subject, "h1")
    assert truth.shape == (32, 16)
    assert inner(truth, truth) == pytest.approx(np.eye(32), abs=0.3)
    assert ((model.data > 0).sum(axis=1) == 3).all()
    assert (model.layers[-1].argmax(axis=1) == model.data.argmax(axis=1)).all()


def test_latents_of_both_seeds_are_the_planted_features_and_random_directions_are_not(quickly):
    lens, question, settings = asked("features-32-16")
    view = lens.answer(question, settings).view
    frontier, amplified = view.grids
    cells = [dict(zip(frontier.columns, row, strict=True)) for row in frontier.values]
    values = dict(zip(frontier.rows, cells, strict=True))
    assert [*values] == [f"{of}, {n} latents" for of in ("k = 3", "λ = 0.3") for n in (32, 64)]
    own = values["k = 3, 64 latents"]
    assert own["nearest latent"] >= 0.95
    assert own["found by both seeds"] >= 0.9
    assert own["rate of firing"] == pytest.approx(3 / 64, rel=0.05)
    assert 0.0 < own["not rebuilt"] < 0.1
    # as many random directions, drawn here as well
    truth = known_features(question.subject, "h1")
    as_near, usual = _drawn(truth, own["nearest latent"], 64)
    random = np.random.default_rng(3).normal(size=(64, 16))
    cosines = truth @ (random / np.linalg.norm(random, axis=1, keepdims=True)).T
    assert (as_near, usual <= 0.62) == (0, True)
    assert cosines.max(axis=1).mean() == pytest.approx(usual, abs=0.05)
    # the reported latents are what the figures are of
    found = [np.array(one) for one in view.weights["directions"]]
    near = [(truth @ one.T).max(axis=1) for one in found]
    assert near[0].mean() == pytest.approx(own["nearest latent"])
    assert ((near[0] >= 0.9) & (near[1] >= 0.9)).mean() == pytest.approx(own["found by both seeds"])
    assert "Both seeds find 32 of 32 features; with L1 they find 32 (λ = 0.3)." in view.says
    # amplified, each makes its own feature the answer
    shares = np.array(amplified.values)
    assert (shares[:, 2].min() >= 0.9, shares[:, 1].max() < 0.1, shares[:, 3].mean() < 0.2) == (True, True, True)
    model, step = question.subject, 5.0 * truth[7]
    answers = model.run_sites(model.inputs, added(Site("h1"), np.broadcast_to(step, (len(model.rows), 16))))
    assert (answers.argmax(axis=1) == 7).all()


def test_what_is_measured_of_two_dictionaries():
    axes, latents = np.eye(3), np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    learned = {"directions": np.array([axes[0], axes[1], axes[2]])}
    one = _dictionary(latents, 0.75, learned)
    other = _dictionary(latents, 0.75, {"directions": np.array([axes[0], axes[0], axes[1]])})
    assert len(one.directions) == 2  # the third is dead
    assert measured([one, other], 3, axes) == {
        "not rebuilt": 0.25,
        "rate of firing": 0.5,
        "live latents": pytest.approx(2 / 3),
        "nearest, other seed": 0.5,
        "nearest latent": pytest.approx(2 / 3),
        "found": pytest.approx(2 / 3),
        "found by both seeds": pytest.approx(1 / 3),
        "split among latents": 0.0,
    }
    assert measured([other, one], 3, axes)["split among latents"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("slug", ["bars-4x4-conv", "induction-attention"])
def test_of_other_networks_no_features_are_known(quickly, monkeypatch, slug):
    monkeypatch.setattr("pluriscope_methods.lenses.autoencoder.STEPS", 20)
    lens, question, settings = asked(slug, latents=8)
    view = lens.answer(question, settings).view
    assert "No features are known" in view.says
    assert view.grids[0].columns[-1] == "nearest, other seed"
    model, name = question.subject, "c1" if slug[0] == "b" else "x1"
    assert view.grids[0].title.startswith(f"Dictionaries of {name} ")
    assert known_features(model, name) is None
    assert all(re.fullmatch(r".+: \d+%", text) for row in view.grids[1].texts for text in row[1:])


@pytest.mark.parametrize(
    ("slug", "settings", "why"),
    [
        ("sum-7-circle", {}, "64 latents for 49 samples: a latent for each rebuilds them perfectly. Set fewer."),
        ("features-32-16", {"site": "h2"}, "There is no site h2; there are h1."),
        ("features-32-16", {"latents": 6}, "3 latents, the smaller size, are no more than the 3 that may be there."),
    ],
)
def test_what_it_cannot_answer_it_refuses(slug, settings, why):
    lens, question, filled = asked(slug, **settings)
    assert lens.fit(question, filled).reason == why
    assert lens.answer(question, filled).outcome == "undefined"


def test_it_is_offered_where_sites_are():
    assert DICTIONARIES.learns
    assert DICTIONARIES.needs == ("readings",)
