"""Progress measures against a plain second program, and on networks whose measures are known."""

from __future__ import annotations

import cmath
from dataclasses import replace
from itertools import product
from math import cos, pi, sin

import numpy as np
import pytest

from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.trained import StepRecord
from pluriscope.analysis.subjects.transformer.tasks import task_named
from pluriscope.analysis.subjects.transformer.training_spec import rows_held_out
from pluriscope_edits.over_training.progress_measures import MEASURES, gini, measures_of, participation


def planted(p, frequencies, seed=None):
    """A perceptron with four neurons for each frequency, which read that one alone, in the same way of both numbers."""
    into, out = [], []
    for k, phase in product(frequencies, range(4)):
        turn = pi * phase / 4
        wave = [cos(2 * pi * k * n / p - turn) for n in range(p)]
        into.append([*wave, *wave])
        out.append([cos(2 * pi * k * c / p - 2 * turn) for c in range(p)])
    weights = [np.array(into), np.array(out).T]
    if seed is not None:
        noise = np.random.default_rng(seed)
        weights = [one + noise.normal(size=one.shape) for one in weights]
    biases = [np.zeros(len(one)) for one in weights]
    task = task_named("sum modulo", p + 1)
    network = Network.from_arrays(weights, biases, activation="softplus", output_activation="linear")
    return Classifier("planted", network, task.classes, task.one_hot, np.array(task.answers), task.name)


def plainly(model, held_out=()):
    """The measures by sums over waves, one by one."""
    p, found = len(model.outputs), model.layers[-1]
    left = np.zeros((p * p, p), dtype=complex)
    for k, output in product(range(p), range(p)):
        wave = [cmath.exp(2j * pi * k * (a + b) / p) for a, b in product(range(p), repeat=2)]
        size = sum(value * one.conjugate() for value, one in zip(found[:, output], wave, strict=True)) / p**2
        left[:, output] += [size * one for one in wave]
    assert np.abs(left.imag).max() < 1e-12
    rest = found - left.real + left.real.mean(axis=0)

    def loss(outputs, rows):
        wrong = [(outputs[r][c] - (c == model.answers[r])) ** 2 for r in rows for c in range(p)]
        return sum(wrong) / len(wrong)

    readers = [row[at : at + p] for row in model.network.weights[0] for at in (0, p)]
    squares = [
        [
            sum(w * cos(2 * pi * k * n / p) for n, w in enumerate(row)) ** 2
            + sum(w * sin(2 * pi * k * n / p) for n, w in enumerate(row)) ** 2
            for k in range(1, p // 2 + 1)
        ]
        for row in readers
    ]
    norms = sorted(sum(column) ** 0.5 for column in zip(*squares, strict=True))
    n = len(norms)
    return {
        "restricted_loss": loss(left.real, range(p * p)),
        "excluded_loss": loss(rest, [row for row in range(p * p) if row not in held_out]),
        "gini": sum((2 * i - n - 1) * one for i, one in enumerate(norms, 1)) / (n * sum(norms)),
        "one_frequency": sum(sum(s**2 for s in row) / sum(row) ** 2 for row in squares) / len(squares),
        "squared_weights": sum(w**2 for layer in model.network.weights for w in layer.ravel()),
    }


@pytest.mark.parametrize(("p", "seed", "share"), [(5, 1, 0.0), (7, 2, 0.3), (6, 3, 0.2)])
def test_measures_are_those_of_a_plain_program(p, seed, share):
    model = planted(p, (1, 2), seed)
    record = StepRecord(options={"held_out": share, "seed": 4}, step=0, loss=0, accuracy=0)
    held_out = rows_held_out(p * p, share, 4)
    assert len(held_out) == round(share * p * p)
    expected = plainly(model, held_out)
    assert set(expected) == set(MEASURES)
    assert measures_of(replace(model, training=record)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("sizes", "expected"), [([1, 1, 1, 1], 0), ([0, 0, 0, 5], 0.75), ([0, 0], 0), ([1, 3], 0.25)])
def test_gini_of_known_sizes(sizes, expected):
    assert gini(np.array(sizes, dtype=float)) == pytest.approx(expected)


def test_participation_of_known_shares():
    assert participation(np.array([2.0, 2.0])) == 0.5
    assert participation(np.array([0.0, 3.0, 0.0])) == 1
    assert participation(np.zeros(3)) == 0


def test_other_tasks_have_no_measures():
    model = planted(5, (1,))
    assert measures_of(replace(model, task="maximum")) == {}
    assert measures_of(replace(model, answers=model.answers[::-1].copy())) == {}
    assert measures_of(replace(model, data=model.data[:20], answers=model.answers[:20])) == {}
