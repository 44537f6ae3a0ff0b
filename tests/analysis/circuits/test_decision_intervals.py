"""Boxes of right pre-activations and addition taken back, to the last float."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.circuits import decision_intervals
from analysis.circuits.decision_intervals import LARGEST, decision_box, greatest_addend, least_addend
from analysis.errors import BeyondLimits
from analysis.networks.activations import OF_PERCEPTRONS
from analysis.networks.mlp import activate
from analysis.validity import decided_as

FLOATS = st.floats(-1e300, 1e300, allow_nan=False)
NEAR = st.sampled_from([0.5, 1.5, -0.5, -50.0, np.nextafter(0.5, 1), np.nextafter(1.5, 0), 0.0, -0.0, 1e-16, 5e-324])
ADDENDS = st.one_of(FLOATS, st.integers(-8, 8).map(lambda n: n / 4), st.floats(-2, 2), st.floats(-1e-16, 1e-16))


@pytest.mark.parametrize("activation", [one.name for one in OF_PERCEPTRONS.values() if one.monotone])
@pytest.mark.parametrize("rule", ["rounding", "threshold"])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_box_ends_exactly_where_the_decision_changes(activation, rule, label):
    box = decision_box(label, rule, activation, 0.01)

    def right(value):
        return bool(decided_as(activate(np.array([value]), activation, 0.01), label, rule)[0])

    for end, out in ((box.low, -np.inf), (box.high, np.inf)):
        if np.isfinite(end):
            assert right(end)
            assert not right(np.nextafter(end, out))
        else:
            assert end == out
            assert right(np.copysign(LARGEST, out))
    values = np.random.default_rng(0).normal(scale=2, size=2_000)
    within = (values >= box.low) & (values <= box.high)
    assert within.tolist() == decided_as(activate(values, activation, 0.01), label, rule).tolist()


def test_an_activation_that_falls_is_refused(monkeypatch):
    def wavy(values, activation, slope):
        return np.where(values == 0.5 + 2**-52, 0.4, values)  # two floats above the edge

    decision_box.cache_clear()
    monkeypatch.setattr(decision_intervals, "activate", wavy)
    with pytest.raises(BeyondLimits, match="not monotone"):
        decision_box(1.0, "rounding", "linear", None)
    decision_box.cache_clear()


@pytest.mark.slow
@settings(max_examples=400)
@given(st.one_of(NEAR, st.floats(-100, 100), FLOATS), ADDENDS)
def test_addition_taken_back_is_the_last_float(target, addend):
    least = float(least_addend(np.array(target), np.array(addend)))
    assert least + addend >= target
    assert np.nextafter(least, -np.inf) + addend < target
    greatest = float(greatest_addend(np.array(target), np.array(addend)))
    assert greatest + addend <= target
    assert np.nextafter(greatest, np.inf) + addend > target


def test_no_end_stays_no_end():
    ends = np.array([-np.inf, np.inf, 0.5])
    assert least_addend(ends, np.array(1.0))[:2].tolist() == [-np.inf, np.inf]
    assert greatest_addend(ends, np.array(1.0))[:2].tolist() == [-np.inf, np.inf]


@pytest.mark.slow
@pytest.mark.parametrize("activation", OF_PERCEPTRONS)
def test_an_activation_has_the_same_bits_in_every_layout(activation):
    """The boxes are found on short arrays, the search runs on long ones."""
    values = np.random.default_rng(1).normal(size=4_097)
    whole = activate(values, activation, 0.01)
    alone = np.concatenate([activate(values[i : i + 1], activation, 0.01) for i in range(len(values))])
    strided = activate(np.stack([values, values], axis=1)[:, 1], activation, 0.01)
    assert whole.tolist() == alone.tolist() == strided.tolist()
