"""Interventions on sites do what they say, and nothing elsewhere."""

import numpy as np
import pytest

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.subjects.perceptron.gradients import input_slopes, site_slopes
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, added, part_of, put, run, scaled, together, turned
from pluriscope.app.bundled import bundled_models
from tests.random_networks import random_network

QUESTION = ask(random_network(3, (2, 4, 3, 1), "tanh", biases=0.3))
ROWS = np.random.default_rng(0).normal(size=(3, 2, 4))
OTHERS = np.random.default_rng(1).normal(size=(3, 2, 4))
HALF = Site("h1", 1, (0, 2))


def test_a_perceptron_runs_site_by_site_as_it_does_by_itself():
    found, layers = run(QUESTION, QUESTION.inputs), activations(QUESTION.network, QUESTION.inputs)
    assert [*found.values] == ["x", "h1", "h2"]
    for one, layer in zip((*found.values.values(), found.logits[:, None]), layers, strict=True):
        assert np.array_equal(one[:, 0], layer)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_slopes_of_a_perceptron_are_those_by_its_inputs(activation):
    network = random_network(5, (3, 4, 1), activation, output_activation=activation)
    question = ask(network)
    found = site_slopes(network, run(question, question.inputs).values, np.ones((8, 1)))
    assert found["x"][:, 0] == pytest.approx(input_slopes(network, question.inputs))


def test_exchanging_a_layer_is_running_the_other_rows():
    order = [3, 2, 1, 0]
    given = run(QUESTION, QUESTION.inputs[order]).values["h1"]
    assert np.array_equal(
        QUESTION.run_sites(QUESTION.inputs, put(Site("h1"), given)), forward(QUESTION.network, QUESTION.inputs[order])
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put(HALF, OTHERS), OTHERS[:, 1, [0, 2]]),
        (added(HALF, OTHERS[:, 0, :2]), ROWS[:, 1, [0, 2]] + OTHERS[:, 0, :2]),
        (scaled(HALF, -2.0), ROWS[:, 1, [0, 2]] * -2.0),
        (together([scaled(HALF, 0.0), added(HALF, OTHERS[:, 0, :2])]), OTHERS[:, 0, :2]),
    ],
    ids=["put", "added", "scaled", "together"],
)  # fmt: skip
def test_a_change_is_of_its_site_alone(change, expected):
    before = ROWS.copy()
    found = change("h1", ROWS)
    assert found[:, 1, [0, 2]] == pytest.approx(expected)
    assert np.array_equal(found[:, 0], ROWS[:, 0])
    assert np.array_equal(found[:, 1, [1, 3]], ROWS[:, 1, [1, 3]])
    assert change("h2", ROWS) is ROWS
    assert np.array_equal(ROWS, before)


def of_kind(name):
    """A network with the site that is turned."""
    if name == "perceptron":
        return QUESTION, Site("h1", None, (0, 1, 3))
    kinds = {
        "elman": ("parity-3-elman", "h2"),
        "convolutional": ("bars-4x4-conv", "c2"),
        "transformer": ("induction-attention", "x1"),
    }
    slug, site = kinds[name]
    return question_in(bundled_models()[slug]).subject, Site(site, 4 if name == "transformer" else None)


@pytest.mark.parametrize("name", ["perceptron", "elman", "convolutional", "transformer"])
def test_a_turn_is_within_its_plane_and_by_nothing_leaves_a_run_as_it_is_to_the_bit(name):
    subject, site = of_kind(name)
    clean = run(subject, subject.inputs).values[site.name]
    before = clean[:, *site.index]
    plane = np.random.default_rng(2).normal(size=(2, before.shape[2]))
    about, angle = np.linspace(0, 1, before.shape[2]), 2 * np.pi / 7
    still = subject.run_sites(subject.inputs, turned(site, plane, 0.0, about))
    for values in (clean, -0.0 * clean, 0.0 * clean):
        assert turned(site, plane, 0.0, about)(site.name, values).tobytes() == values.tobytes()
    assert still.tobytes() == subject.run_sites(subject.inputs, lambda _, values: values).tobytes()
    after = turned(site, plane, angle, about)(site.name, clean)[:, *site.index]
    axes = np.linalg.qr(plane.T)[0].T
    axes *= np.sign((axes * plane).sum(axis=1))[:, None]  # from the first direction to the second
    flat, moved = ((one - about) @ axes.T for one in (before, after))
    turn = np.exp(1j * angle)
    assert moved[..., 0] + 1j * moved[..., 1] == pytest.approx((flat[..., 0] + 1j * flat[..., 1]) * turn, abs=1e-9)
    assert after - before == pytest.approx((moved - flat) @ axes, abs=1e-9)
    there_and_back = together([turned(site, plane, angle, about), turned(site, plane, -angle, about)])
    assert there_and_back(site.name, clean) == pytest.approx(clean, abs=1e-9)
    assert subject.run_sites(subject.inputs, turned(site, plane, angle, about)) != pytest.approx(still)


@pytest.mark.parametrize("second", [[2.0, -4.0], [0.0, 0.0], [-1e-12, 2e-12]])
def test_two_directions_that_span_no_plane_are_refused(second):
    for plane in ([[1.0, -2.0], second], [second, [1.0, -2.0]]):
        with pytest.raises(InvalidIntervention, match="span none"):
            turned(Site("h1"), np.array(plane), 1.0)


@pytest.mark.parametrize(
    ("site", "part"),
    [
        ("x1~3", ""),
        ("1.0~2", "1.0"),
        ("1.0.a", "1.0"),
        ("2.1.q", "2.1.q"),
        ("x-2.1.k", "x-2.1.k"),
        ("h2[1]", "h2.1"),
        ("c1", "c1"),
    ],
)
def test_a_site_belongs_to_a_part_of_circuits(site, part):
    assert part_of(site) == part
