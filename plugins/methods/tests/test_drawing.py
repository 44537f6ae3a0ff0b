"""Networks drawn until one computes its tasks: streams, acceptance and what a budget leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.errors import InvalidStudy
from pluriscope.analysis.questions.tasks import Task, input_table, named_task
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope_methods.drawing import Drawing, draw_network, read_prior
from tests.oracles.brute_force_drawing import first_accepted

MOMENTS = ((0.25, 1.5, -0.5, 1.0), (-1.0, 1.5, 1.0, 0.5))
OR = Drawing(read_prior("normal 1"), (2,), (named_task("OR", 2),), "leaky_relu", "leaky_relu", 0.01, 0.05, 200_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "normal",
        "normal x",
        "normal nan",
        "normal 0",
        "normal -1",
        "normal 101",
        "cauchy 1",
        "matched 1",
        "permuted",
    ],
)
def test_other_priors_are_refused(text):
    with pytest.raises(InvalidStudy, match="prior"):
        read_prior(text)


def test_deviations_follow_the_parameters():
    assert read_prior("normal 2").deviations((2, 3, 1)).tolist() == [2] * 13
    spread = read_prior("fan-in 2").deviations((4, 1, 2))
    assert spread.tolist() == [1] * 5 + [2] * 4


def test_moments_follow_the_layers():
    prior = read_prior("matched", ((1, 2, 3, 4), (5, 6, 7, 8)))
    assert prior.means((2, 2, 1)).tolist() == [1] * 4 + [3] * 2 + [5] * 2 + [7]
    assert prior.deviations((2, 2, 1)).tolist() == [2] * 4 + [4] * 2 + [6] * 2 + [8]


def test_weights_and_biases_have_the_moments_of_their_layer():
    """Every draw outputs 1, so that what is accepted is the prior itself."""
    prior = read_prior("matched", ((0.5, 2.0, -1.0, 0.25), (0.0, 0.0, 1.0, 0.0)))
    drawing = replace(OR, prior=prior, hidden=(3,), tasks=(Task((1, 1, 1, 1)),))
    drawn = [draw_network(drawing, seed, block=1) for seed in range(400)]
    assert {one.draws for one in drawn} == {1}
    for values, mean, deviation in (
        (np.array([one.network.weights[0] for one in drawn]), 0.5, 2.0),
        (np.array([one.network.biases[0] for one in drawn]), -1.0, 0.25),
    ):
        error = deviation / np.sqrt(values.size)
        assert values.mean() == pytest.approx(mean, abs=4 * error)
        assert values.std() == pytest.approx(deviation, abs=4 * error)


def test_the_same_seed_gives_the_same_network_however_many_are_tried_at_once():
    drawn = [draw_network(OR, 7, block=block) for block in (1, 97, 8_192)]
    assert len({one.network.digest for one in drawn}) == 1
    assert len({(one.draws, one.loss) for one in drawn}) == 1


def test_seeds_priors_and_sizes_have_streams_of_their_own():
    wider = replace(OR, hidden=(3,))
    texts = (("normal 2",), ("matched", ((0, 1, 0, 1),) * 2), ("matched", ((0, 1, 0, 2),) * 2))
    others = [replace(OR, prior=read_prior(*text)) for text in texts]
    streams = [drawing.stream(0) for drawing in (OR, wider, *others)]
    assert len({stream.integers(2**63) for stream in (OR.stream(1), *streams)}) == 6


@pytest.mark.parametrize(
    ("name", "hidden", "prior", "activation", "target", "seed"),
    [
        ("NOR", (2, 2), "normal 2", "leaky_relu", 0.01, 51),
        ("NOR", (2,), "matched", "leaky_relu", 0.01, 55),
        ("AND", (3,), "fan-in 3", "tanh", 0.2, 52),
        pytest.param("XOR", (3, 3), "fan-in 3", "leaky_relu", 0.2, 53, marks=pytest.mark.slow),
        ("IMP", (2,), "normal 1", "relu", 0.1, 54),
    ],
)
def test_a_program_that_shares_no_code_accepts_the_same_draw(name, hidden, prior, activation, target, seed):
    """Stream, order of the parameters, error and acceptance, all from their description."""
    task, (spreading, _, scale) = named_task(name, 2), prior.partition(" ")
    known = MOMENTS if prior == "matched" else ()
    drawing = Drawing(read_prior(prior, known), hidden, (task,), activation, activation, 0.01, target, 20_000)
    drawn = draw_network(drawing, seed)
    assert drawn.network is not None
    assert drawn.draws > 20
    draws, loss, numbers = first_accepted(
        task.truth_table, seed, (2, *hidden, 1), spreading, known or float(scale), target, 20_000, activation
    )
    assert (draws, loss) == (drawn.draws, pytest.approx(drawn.loss, rel=1e-12))
    own = [p for w, b in zip(drawn.network.weights, drawn.network.biases, strict=True) for p in (*w.ravel(), *b)]
    assert own == numbers


def test_several_outputs_must_all_be_right():
    drawing = replace(OR, tasks=(named_task("OR", 2), named_task("AND", 2)), loss_target=0.2, most_draws=10**6)
    drawn = draw_network(drawing, 0)
    outputs = forward(drawn.network, input_table(2))
    assert outputs.round().T.tolist() == [[0, 1, 1, 1], [0, 0, 0, 1]]
    assert drawn.loss == pytest.approx(((outputs.T - [[0, 1, 1, 1], [0, 0, 0, 1]]) ** 2).mean())
