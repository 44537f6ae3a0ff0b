"""Tests of the course of training, epoch by epoch: thinned, stopped, refused."""

import pytest

from pluriscope.analysis.errors import InvalidTraining
from pluriscope.analysis.subjects.perceptron.training_course import points_each, thinned
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec, training_spec


@pytest.mark.parametrize("n", [0, 1, 2, 9, 10, 11, 1_000])
def test_a_thinned_curve_has_its_first_and_last_epoch(n):
    losses = [1 / (k + 1) for k in range(n)]
    points = thinned(losses, 10)
    assert len(points) == min(n, 10)
    assert all(losses[epoch - 1] == loss for epoch, loss in points)
    if n:
        assert (points[0][0], points[-1][0]) == (1, n)
    assert [epoch for epoch, _ in points] == sorted({epoch for epoch, _ in points})


def test_what_is_named_many_networks_at_once_is_bounded():
    for count in (1, 20, 100):
        assert 6 <= points_each(count) <= 200
        assert count * points_each(count) <= 4_000


def test_all_problems_are_reported_at_once_each_with_its_option():
    options = {
        "tasks": ["XOR", "FOO"],
        "hidden": [0],
        "input_weights": [1],
        "epochs": 0,
        "activation": "swish",
        "zz": 1,
    }
    with pytest.raises(InvalidTraining) as refused:
        training_spec(options)
    places = [problem.item.split()[1].partition("[")[0] for problem in refused.value.parts]
    assert places == ["tasks", "hidden", "activation", "input_weights", "epochs", "zz"]
    assert "'FOO'" in refused.value.parts[0].cause
    assert training_spec({}) == TrainingSpec()
    # what goes by the number of inputs is not judged where that number is wrong itself
    with pytest.raises(InvalidTraining, match="option n_inputs: input"):
        training_spec({"n_inputs": 9, "input_weights": [1]})
