"""A circle of answers on a network in which one is planted, turned in its plane; and networks without one."""

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, turned
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.turned_circle import TURNED_CIRCLE, orders_of, untrained
from pluriscope_stories.story import own_networks


def asked(question, **settings):
    filled = TURNED_CIRCLE.filled(settings)
    return TURNED_CIRCLE.fit(question, filled), TURNED_CIRCLE.answer(question, filled, DEFAULT_WORK).view


def planted():
    return question_in(own_networks()["sum-7-circle"])


def test_the_planted_circle_is_found_and_a_turn_by_one_step_adds_one():
    _, view = asked(planted())
    found, turns = view.grids
    assert found.rows == ("h1", "h2")
    assert found.values[1][0] >= 0.99
    assert found.texts[1][0] == "1.000 ×2"
    assert found.values[1][1] < 0.7
    assert "6 of 720 orders of the answers have as much (p = 0.0083)" in view.says  # 1/120
    assert "0 of 999 untrained networks (p = 0.001)" in view.says
    assert "the next one on 49 of 49 rows" in view.says
    assert "1 of 99 draws" in view.says
    assert np.array(turns.values) == pytest.approx(np.eye(7)[1:])


def test_the_circle_goes_round_twice_so_a_seventh_of_a_turn_adds_four():
    model = planted().subject
    values = model.layers[-2]
    means = np.array([values[model.answers == label].mean(axis=0) for label in range(7)])
    centre, angles = means.mean(axis=0), 4 * np.pi / 7 * np.arange(7)
    plane = np.stack([np.cos(angles), np.sin(angles)]) @ (means - centre)
    for angle, more in ((4 * np.pi / 7, 1), (2 * np.pi / 7, 4)):
        given = model.run_sites(model.inputs, turned(Site("h2"), plane, angle, centre)).argmax(axis=1)
        assert (given == (model.answers + more) % 7).all()
        off_centre = model.run_sites(model.inputs, turned(Site("h2"), plane, angle)).argmax(axis=1)
        assert not (off_centre == (model.answers + more) % 7).all()


def test_answers_in_another_order_are_on_no_circle():
    question = planted()
    model, order = question.subject, np.array([0, 2, 3, 1, 6, 5, 4])
    weights = (*model.network.weights[:-1], np.array(model.network.weights[-1])[np.argsort(order)])
    biases = (*model.network.biases[:-1], np.array(model.network.biases[-1])[np.argsort(order)])
    changed = replace(
        model, network=replace(model.network, weights=weights, biases=biases), answers=order[model.answers]
    )
    assert (changed.layers[-1].argmax(axis=1) == changed.answers).all()
    _, view = asked(GraphQuestion(question.kind, changed, question.kind.default_rules), site="h2")
    assert view.grids[0].values[0][0] < 0.9
    assert float(view.says.split("(p = ")[1][:6]) > 0.05
    assert "the next one on 49 of 49 rows" not in view.says


def test_orders_are_all_up_to_eight_labels_and_draws_beyond():
    assert orders_of(7).shape == (720, 7)
    assert len(np.unique(orders_of(7), axis=0)) == 720
    assert orders_of(9).shape == (999, 9)
    assert (np.sort(orders_of(9), axis=1) == np.arange(9)).all()


@pytest.mark.parametrize("slug", ["sum-7-circle", "first-letter-elman", "induction-attention"])
def test_untrained_networks_keep_the_entries_of_each_matrix(slug):
    model = question_in({**bundled_models(), **own_networks()}[slug]).subject
    other, again = untrained(model, 3), untrained(model, 3)
    mine, its, once_more = (
        [*one.parameters.values()] if hasattr(one, "parameters") else [*one.network.weights]
        for one in (model, other, again)
    )
    assert all(np.array_equal(np.sort(np.ravel(a)), np.sort(np.ravel(b))) for a, b in zip(mine, its, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(mine, its, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(its, once_more, strict=True))


@pytest.mark.parametrize(
    ("slug", "settings", "why"),
    [
        ("first-letter-elman", {}, "There are 5 different answers, and a circle is tested among 7 to 32."),
        ("sum-7-circle", {"site": "h9"}, "There is no site h9 with one vector a row; there are h1, h2."),
        ("bars-4x4-conv", {}, "There are 2 different answers, and a circle is tested among 7 to 32."),
    ],
)
def test_what_it_cannot_answer_it_refuses(slug, settings, why):
    question = question_in({**bundled_models(), **own_networks()}[slug])
    fit, view = asked(question, **settings)
    assert (fit.reason, view) == (why, None)
    assert LENSES.of(question.kind)["turned-circle"] is TURNED_CIRCLE
