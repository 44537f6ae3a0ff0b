"""Toy models by sparsity against a plain loss and the counts of the paper; features drawn as arrows and maps."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope_methods.lenses import sparsity
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.report import view_found
from pluriscope_methods.pages.lens_drawings import arrow_panels
from pluriscope_methods.pages.lenses import picture


def question_of(n_inputs: int, hidden: int) -> Question:
    """About a linear network that is good for nothing."""
    random = np.random.default_rng(0)
    weights = [random.normal(size=shape) for shape in ((hidden, n_inputs), (1, hidden))]
    network = Network.from_arrays(weights, [np.zeros(hidden), np.zeros(1)], activation="linear", negative_slope=None)
    return ask(network, task=Task((0, 1) * (1 << n_inputs - 1)))


@pytest.fixture(scope="module")
def models():
    return sparsity.trained(5, 2, 0.9, DEFAULT_WORK)


def test_features_are_represented_as_in_the_paper(models) -> None:
    """Figure 2: two orthogonal ones where features are dense, four as two pairs, five as a pentagon where sparse."""
    gram = {at: w.T @ w for at, w in zip(sparsity.SPARSITIES, models[0], strict=True)}
    stored = {at: int((one.diagonal() > sparsity.STORED).sum()) for at, one in gram.items()}
    assert (stored[0.0], stored[0.7], stored[0.8], stored[0.99], stored[0.999]) == (2, 4, 4, 5, 5)
    assert gram[0.0][0, 1] == pytest.approx(0.0, abs=0.1)
    angles = np.sort(np.degrees(np.arctan2(*models[0][-1])))
    assert np.diff([*angles, angles[0] + 360]) == pytest.approx([72] * 5, abs=4)


@pytest.mark.parametrize("at", [0, 2, 4, 6])
def test_a_loss_is_what_rows_that_are_drawn_plainly_give(models, at) -> None:
    there, random = 1 - sparsity.SPARSITIES[at], np.random.default_rng(1)
    rows = np.where(random.random((50_000, 5)) < there, random.random((50_000, 5)), 0.0)
    sums = rows @ models[0][at].T @ models[0][at]
    # given W each output has its own best bias
    losses = [((np.maximum(sums + bias, 0.0) - rows) ** 2).mean(axis=0) for bias in np.linspace(-1.0, 1.0, 81)]
    best = np.min(losses, axis=0) @ 0.9 ** np.arange(5) / there
    assert models[1][at] == pytest.approx(best, rel=0.1)


def test_two_dimensions_are_drawn_as_arrows_and_more_as_a_map() -> None:
    lens = LENSES.by_key["superposition"]
    for hidden, arrows in ((2, True), (3, False)):
        question = question_of(5, hidden)
        drawn = picture(lens, view_found(question, lens, lens.answer(question, {})), question, "").html()
        assert (drawn.count('<path class="b"'), 'class="m-ink' in drawn) == ((5, False) if arrows else (0, True))
        assert all(f">{name}</text>" in drawn for name in "ABCDE")


def test_an_arrow_ends_where_its_direction_does() -> None:
    drawn = arrow_panels({"one": {"A": (2.0, 0.0), "B": (0.0, -1.0), "C": (0.01, 0.0)}}, title="T")
    paths = [[tuple(map(float, at.split())) for at in path.split("L")] for path in re.findall(r'd="M([^"]*)Z"', drawn)]
    (x, y), (a, b) = (130.0, 142.0), (path[3] for path in paths)
    assert (a, b) == ((x + 91.0, y), (x, y + 45.5))
    assert "near 0: C" in drawn
    assert "A (2.00, 0.00)" in drawn


@pytest.mark.parametrize(("n", "m", "cause"), [(2, 3, "each may have one to itself"), (13, 2, "are more than 12")])
def test_where_there_is_nothing_to_sweep_it_says_why(n, m, cause) -> None:
    lens = LENSES.by_key["sparsity"]
    answer = lens.answer(question_of(n, m), lens.defaults)
    assert answer.outcome == "undefined"
    assert cause in answer.notes[0]
