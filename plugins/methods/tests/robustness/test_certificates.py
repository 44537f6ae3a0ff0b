"""Bounds hold and polygons are exact: against fractions and against samples."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, usual_activations
from pluriscope_methods.robustness.intervals import Bounds, Judged, bisect, bounds
from pluriscope_methods.robustness.polygons import cells, square
from pluriscope_methods.robustness.programs import Program, Region, decision_regions, network_program
from tests import random_networks
from tests.analysis.subjects.perceptron.test_activations import plain

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run


random_network = partial(random_networks.random_network, weights=1.5)


@pytest.mark.parametrize("activation", [one.name for one in usual_activations() if one.monotone])
@pytest.mark.parametrize("rule", ["rounding", "threshold"])
def test_regions_divide_the_line_as_decisions_do(activation: str, rule: str) -> None:
    network = random_network(0, (2, 3, 3, 1), activation)
    regions = decision_regions(network, rule)  # type: ignore[arg-type]
    ends = np.array([end for region in regions for end in (region.low, region.high) if np.isfinite(end)])
    values = np.concatenate([np.linspace(-60, 60, 1001), ends, np.nextafter(ends, 9e9), np.nextafter(ends, -9e9)])
    decisions = decide(network.function_of(len(network.weights)).value(values), rule)  # type: ignore[arg-type]
    inside = np.array([region.holds(values, values) for region in regions])
    assert (inside.sum(axis=0) == 1).all()
    assert [regions[i].decision for i in inside.argmax(axis=0)] == decisions.tolist()


def exactly(program: Program, point: list[float]) -> Any:
    """The value in fractions, or to 60 digits where the activation has no slope below 0."""
    below, smooth = program.activation.below, plain(program.activation.text)
    digits = lambda one: mpmath.mpf(Fraction(one).numerator) / Fraction(one).denominator  # noqa: E731
    number = digits if below is None else Fraction
    with mpmath.workdps(60):
        hidden: list[Any] = []
        z = [number(x) for x in point]
        for k, f, b in program.layers:
            total = [
                sum((number(w) * h for w, h in zip(k[i], hidden, strict=True)), number(b[i]))
                + sum(number(w) * x for w, x in zip(f[i], z, strict=True))
                for i in range(len(b))
            ]
            hidden = [smooth(a) if below is None else a if a > 0 else a * Fraction(below) for a in total]
        return total[0]


@pytest.mark.parametrize("activation", FAMILIES)
@pytest.mark.parametrize("width", [0.0, 1e-9, 0.05, 1.0])
def test_bounds_hold_to_the_last_digit(activation: str, width: float) -> None:
    random = np.random.default_rng(4)
    for seed in range(3):
        program = network_program(random_network(seed, (2, 3, 3, 1), activation))
        low = random.uniform(-2, 2, (8, 2))
        high = low + width
        known = bounds(program, low, high)
        assert (known.low <= known.high).all()
        if width == 0.0:
            assert (known.high - known.low < 1e-11).all()
        for box in range(len(low)):
            for share in random.random((4, 2)):
                value = exactly(program, np.clip(low[box] + share * width, low[box], high[box]).tolist())
                assert float(known.low[box]) <= value <= float(known.high[box])


def test_sums_are_widened_by_more_than_they_round() -> None:
    """Without hidden neurons nothing else widens the bounds."""
    random = np.random.default_rng(6)
    for n_inputs in (2, 6):
        program = network_program(random_network(1, (n_inputs, 1)))
        points = random.uniform(-2, 2, (300, n_inputs))
        known = bounds(program, points, points)
        values = [exactly(program, point.tolist()) for point in points]
        assert all(
            low <= value <= high
            for low, value, high in zip(known.low.tolist(), values, known.high.tolist(), strict=True)
        )
        rounded = program.values(points)
        assert any(value != one for value, one in zip(values, rounded.tolist(), strict=True)), "rounding does occur"


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "leaky_relu"])
def test_bounds_of_derivatives_hold(activation: str) -> None:
    program = network_program(random_network(7, (2, 3, 3, 1), activation))
    low = np.random.default_rng(5).uniform(-1, 1, (30, 2))
    known = bounds(program, low, low + 0.2)
    for share in np.linspace(0.05, 0.95, 7):
        at, step = low + 0.2 * share, 1e-6
        for number in range(2):
            further = at.copy()
            further[:, number] += step
            slope = (program.values(further) - program.values(at)) / step
            assert (slope >= known.slopes_low[:, number] - 1e-5).all()
            assert (slope <= known.slopes_high[:, number] + 1e-5).all()


def test_cells_cover_the_square_and_are_affine() -> None:
    program = network_program(random_network(3, (2, 3, 3, 1)))
    found, areas = list(cells(program, square((0.5, 0.5), 2.0))), []
    assert len(found) > 5
    for cell in found:
        corners = cell.corners
        around = zip(corners, corners[1:] + corners[:1], strict=True)
        areas.append(sum(p[0] * q[1] - q[0] * p[1] for p, q in around) / 2)
        assert cell.values == [exactly(program, list(place)) for place in corners]
    assert sum(areas) == 16


def decided_as(program: Program, regions: Sequence[Region], label: int) -> Judged:
    """The judge of "the value is decided as this label"."""

    def judge(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, Bounds]:
        known = bounds(program, low, high)
        inside = {region: region.holds(known.low, known.high) for region in regions}
        right, wrong = (
            np.any([inside[r] for r in regions if (r.decision == label) == same], axis=0) for same in (True, False)
        )
        return right, wrong, known

    return judge


def test_bisection_gives_three_answers() -> None:
    program = network_program(random_network(0, (2, 3, 3, 1), "tanh"))
    low, high = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 60)] * 2), axis=-1).reshape(-1, 2)
    top = float(program.values(grid).max())
    for edge, answer in ((top + 1e-3, "proved"), (top - 1e-3, "refuted")):
        regions = (Region(0, -np.inf, edge, True, False), Region(1, edge, np.inf, True, True))
        found = bisect(decided_as(program, regions, 0), low, high, 10_000)
        assert found.answer == answer
        if found.witness is not None:
            assert program.values(np.array([found.witness]))[0] > edge
    regions = (Region(0, -np.inf, top + 1e-3, True, False), Region(1, top + 1e-3, np.inf, True, True))
    few = bisect(decided_as(program, regions, 0), low, high, 3)
    assert few.answer == "undecided"
    assert few.n_boxes <= 3
