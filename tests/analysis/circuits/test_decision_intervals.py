"""Boxes of right pre-activations, to the last float."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.circuits.decision_intervals import LARGEST, decision_box
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.decisions import decided_as
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, activation_of, usual_activations


@pytest.mark.parametrize("activation", [one for one in usual_activations() if one.monotone], ids=lambda one: one.name)
@pytest.mark.parametrize("rule", ["rounding", "threshold"])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_box_ends_exactly_where_the_decision_changes(activation, rule, label):
    box = decision_box(label, rule, activation)

    def right(value):
        return bool(decided_as(activation.value(np.array([value])), label, rule)[0])

    for end, out in ((box.low, -np.inf), (box.high, np.inf)):
        if np.isfinite(end):
            assert right(end)
            assert not right(np.nextafter(end, out))
        else:
            assert end == out
            assert right(np.copysign(LARGEST, out))
    values = np.random.default_rng(0).normal(scale=2, size=2_000)
    within = (values >= box.low) & (values <= box.high)
    assert within.tolist() == decided_as(activation.value(values), label, rule).tolist()


def test_an_activation_that_falls_is_refused():
    def wavy(values):
        return np.where(values == 0.5 + 2**-52, 0.4, values)  # two floats above the edge

    with pytest.raises(BeyondLimits, match="not monotone"):
        decision_box(1.0, "rounding", replace(activation_of("linear"), value=wavy))


@pytest.mark.slow
@pytest.mark.parametrize("activation", FAMILIES)
def test_an_activation_has_the_same_bits_in_every_layout(activation):
    """The boxes are found on short arrays, the search runs on long ones."""
    values = np.random.default_rng(1).normal(size=4_097)
    activation = activation_of(activation)
    whole = activation.value(values)
    alone = np.concatenate([activation.value(values[i : i + 1]) for i in range(len(values))])
    strided = activation.value(np.stack([values, values], axis=1)[:, 1])
    assert whole.tolist() == alone.tolist() == strided.tolist()
