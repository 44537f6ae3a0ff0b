"""Interventions on sites do what they say, and nothing elsewhere."""

import numpy as np
import pytest

from pluriscope.analysis.subjects.perceptron.gradients import input_slopes, site_slopes
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.sites import Site, added, part_of, put, put_along, run, scaled, together
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
        (put_along(HALF, OTHERS, np.array([[0.5, 0.5], [0.5, 0.5]])),
         ROWS[:, 1, [0, 2]] + (OTHERS - ROWS)[:, 1, [0, 2]].mean(axis=1)[:, None]),
        (together([scaled(HALF, 0.0), added(HALF, OTHERS[:, 0, :2])]), OTHERS[:, 0, :2]),
    ],
    ids=["put", "added", "scaled", "along", "together"],
)  # fmt: skip
def test_a_change_is_of_its_site_alone(change, expected):
    before = ROWS.copy()
    found = change("h1", ROWS)
    assert found[:, 1, [0, 2]] == pytest.approx(expected)
    assert np.array_equal(found[:, 0], ROWS[:, 0])
    assert np.array_equal(found[:, 1, [1, 3]], ROWS[:, 1, [1, 3]])
    assert change("h2", ROWS) is ROWS
    assert np.array_equal(ROWS, before)


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
