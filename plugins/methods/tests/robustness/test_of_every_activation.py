"""What is proved of points, under every activation."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope_methods.directions.oblique import output_sides
from pluriscope_methods.robustness.intervals import bounds
from pluriscope_methods.robustness.programs import decision_regions, network_program
from tests.analysis.subjects.perceptron.test_activations import FALLING, NEW, network_of

REFUSALS = {
    "regions": lambda kind: decision_regions(network_of("relu", kind), "rounding"),
    "sides": lambda kind: output_sides(network_of("relu", kind), "rounding", 1),
}


@pytest.mark.parametrize("kind", FALLING)
@pytest.mark.parametrize("what", REFUSALS)
def test_what_assumes_that_nothing_falls_refuses_what_does(kind, what):
    with pytest.raises(AnalysisError, match=kind):
        REFUSALS[what](kind)


@pytest.mark.parametrize("kind", NEW)
def test_bounds_hold_what_points_give_also_of_what_falls(kind):
    network, random = network_of(kind, sizes=(3, 3, 2, 1)), np.random.default_rng(0)
    program = network_program(network)
    low = random.uniform(-1, 1, (40, 3))
    high = low + random.uniform(0, 1, (40, 3)) ** 3
    known = bounds(program, low, high)
    for _ in range(60):
        values = program.values(low + (high - low) * random.random((40, 3)))
        assert (known.low <= values + 1e-12).all()
        assert (values <= known.high + 1e-12).all()
    assert (known.high - known.low)[(high - low).max(axis=1) < 0.01] == pytest.approx(0.0, abs=0.5)
