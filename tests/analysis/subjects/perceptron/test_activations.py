"""Every record of an activation against the function that it is, and one more row against all that reads the table."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from analysis.algorithms.parsing import parse_algorithm
from analysis.certificates.intervals import bounds
from analysis.certificates.programs import decision_regions, network_program
from analysis.certificates.ranges import range_of
from analysis.circuits.counting import count_circuits
from analysis.circuits.decision_intervals import decision_box
from analysis.circuits.search import search_circuits
from analysis.criteria.population import Population
from analysis.criteria.registry import criterion_named
from analysis.criteria.scrubbing import scrubbed_outputs
from analysis.directions.oblique import output_sides
from analysis.edits.rank_one import aim_of
from analysis.edits.trigger import read_trigger
from analysis.edits.trojan import planted
from analysis.errors import AnalysisError, BeyondLimits, InvalidTraining
from analysis.lenses.registry import LENSES
from analysis.planting.certificate import certified_margin
from analysis.planting.compiling import compile_algorithm
from analysis.planting.disguises import scale
from analysis.planting.planted import Planted
from analysis.question import ask
from analysis.subjects.perceptron.activations import (
    GELU_NEW,
    OF_PERCEPTRONS,
    OF_TRANSFORMERS,
    Activation,
    decision_edge,
    inverse,
)
from analysis.subjects.perceptron.batched_mlp import activated, activated_with_gradient, times_slope
from analysis.subjects.perceptron.circuit import EdgeLayout, possible_circuit
from analysis.subjects.perceptron.gradients import input_slopes
from analysis.subjects.perceptron.mlp import activate, activation_bound, activations, forward
from analysis.subjects.perceptron.network import Network
from analysis.subjects.perceptron.training import train_networks
from analysis.subjects.perceptron.training_spec import TrainingSpec
from analysis.tasks import Task, input_table
from tests.analysis.circuits.test_circuit_search import custom, random_network, random_task
from tests.checkout import ROOT
from tests.oracles.brute_force_circuits import boolean_rows, valid_circuits

RECORDS = tuple({**OF_PERCEPTRONS, **OF_TRANSFORMERS}.values())
GRID = np.concatenate([np.linspace(-12, 12, 4_801), [-700.0, -40.0, 40.0, 700.0]])
GRID.sort()
SLOPES = (0.0, 0.01, 0.5)
each = pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.name)


def softplus(at, _slope):
    return np.maximum(at, 0.0) + np.log1p(np.exp(-np.abs(at)))


@pytest.fixture
def gelu(monkeypatch):
    """One row more, of an activation that falls."""
    monkeypatch.setitem(OF_PERCEPTRONS, "gelu", replace(GELU_NEW, name="gelu"))
    return "gelu"


def network_of(kind: str, output: str = "linear", seed: int = 1, sizes: tuple[int, ...] = (2, 3, 1)) -> Network:
    return replace(random_network(seed, sizes), activation=kind, output_activation=output)


@each
def test_a_slope_is_the_derivative_of_the_value(record):
    at, step = GRID[np.abs(GRID) > 1e-3], 1e-5
    for slope in SLOPES:
        differences = (record.value(at + step, slope) - record.value(at - step, slope)) / (2 * step)
        assert record.slope(at, record.value(at, slope), slope) == pytest.approx(differences, abs=1e-6)
    if record.below is not None:  # at a kink the one from below
        zero = np.zeros(1)
        assert record.slope(zero, record.value(zero, 0.25), 0.25)[0] == (0.25 if record.sloped else record.below)
        assert record.bend(0.25) == (0.25 if record.sloped else record.below)


@each
def test_a_record_says_what_its_values_are(record):
    at = np.unique(np.concatenate([GRID, np.nextafter(GRID, np.inf), np.nextafter(GRID, -np.inf)]))
    for slope in SLOPES:
        values = record.value(at, slope)
        slopes = record.slope(at, values, slope)
        assert not np.shares_memory(values, at)
        assert (np.diff(values) >= -1e-15).all() == record.monotone
        assert values.min() >= record.low
        assert values.max() <= record.high
        assert np.abs(slopes).max() == pytest.approx(record.steepest, rel=2e-3)
        assert np.abs(slopes).max() <= record.steepest
        assert record.value(np.array([-0.0]), slope) == record.value(np.array([0.0]), slope)
    assert np.isinf(record.low) or values.min() == pytest.approx(record.low, abs=1e-4)
    assert np.isinf(record.high) or values.max() == pytest.approx(record.high, abs=1e-4)


@each
def test_bounds_of_slopes_hold_them(record):
    if record.slopes_between is None:
        return
    random = np.random.default_rng(0)
    low, high = np.sort(random.normal(scale=4, size=(2, 500)) * (random.random((2, 500)) > 0.1), axis=0)
    inside = low + (high - low) * random.random((40, 500))
    inside = np.concatenate([inside, low[None], high[None]])
    for slope in SLOPES:
        least, most = record.slopes_between(low, high, slope)
        slopes = record.slope(inside, record.value(inside, slope), slope)
        assert (slopes >= least - 1e-15).all()
        assert (slopes <= most + 1e-15).all()
        gaps = (most - least)[high - low < 0.01]
        assert (gaps < 0.02).sum() >= len(gaps) - 20, "they are close where the interval is short"


@pytest.mark.parametrize("name", [one.name for one in OF_PERCEPTRONS.values() if one.inverse])
@pytest.mark.parametrize("slope", SLOPES)
def test_an_inverse_is_where_the_value_is(name, slope):
    record = OF_PERCEPTRONS[name]
    for value in (-0.5, 0.0, 0.1, 0.5, 0.9, 1.0, 1.5):
        at = inverse(name, Fraction(value), slope)
        if at is not None:
            assert activate(np.array([float(at)]), name, slope)[0] == pytest.approx(value, abs=1e-15)
        elif value in (-0.5, 0.5, 1.5):  # only what it never gives, nowhere or not for any finite number, has none
            assert not record.low < value < record.high or (record.sloped and slope == 0.0 and value < 0.0)
    assert float(decision_edge(name, slope)) == pytest.approx(decision_box(0.0, "threshold", name, slope).high)
    for target in (0, 1):
        output, given = aim_of(Network.from_arrays([[[1.0]]], [[0.0]], activation=name, negative_slope=slope), target)
        assert abs(output - target) <= 0.1
        assert activate(np.array([given]), name, slope)[0] == pytest.approx(output, abs=1e-15)


@each
def test_torch_computes_the_same_values_and_gradients(record, monkeypatch):
    monkeypatch.setitem(OF_PERCEPTRONS, record.name, record)
    at, slope = torch.from_numpy(GRID.copy()).requires_grad_(), 0.125
    values = activated_with_gradient(at, record.name, slope)
    expected = record.value(GRID, slope)
    slopes = record.slope(GRID, expected, slope)
    upstream = torch.linspace(-1.0, 1.0, len(GRID), dtype=torch.float64)
    assert values.detach().numpy() == pytest.approx(expected, abs=1e-14)
    (through,) = torch.autograd.grad(values, at, upstream)
    assert through.numpy() == pytest.approx(slopes * upstream.numpy(), abs=1e-14)
    drive = at.detach().clone()
    in_place = activated(drive, record.name, slope)
    assert in_place.numpy() == pytest.approx(expected, abs=1e-14)
    found = times_slope(upstream, drive, in_place, record.name, slope)
    assert found.numpy() == pytest.approx(slopes * upstream.numpy(), abs=1e-14)


@pytest.mark.parametrize("name", OF_PERCEPTRONS)
def test_no_activation_exceeds_its_bound(name):
    for output in OF_PERCEPTRONS:
        network = network_of(name, output, seed=len(output), sizes=(2, 4, 3, 1))
        layers = activations(network, np.random.default_rng(0).uniform(-1, 1, (500, 2)))
        assert max(np.abs(layer).max() for layer in layers) <= activation_bound(network)


def test_browsers_have_every_activation_of_perceptrons():
    table = re.search(r"const ACTIVATE = \{(.*?)\n  \};", (ROOT / "static/live.js").read_text(), re.DOTALL)
    assert table is not None
    assert set(re.findall(r"^    (\w+):", table[1], re.MULTILINE)) == set(OF_PERCEPTRONS)


def test_a_row_is_trained_with(gelu):
    spec = TrainingSpec(hidden=(4,), output_activation="linear", learning_rate=0.02, samples_per_input=100)
    (outcome,) = train_networks([spec.model_copy(update={"activation": gelu, "epochs": 60})])
    assert outcome.state == "converged"
    assert outcome.network.activation == gelu
    assert np.rint(forward(outcome.network, input_table(2)))[:, 0].tolist() == [0, 1, 1, 0]


def test_gradients_of_a_row_are_differences(gelu):
    network, rows, step = network_of(gelu, gelu, sizes=(2, 3, 2, 1)), input_table(2), 1e-6
    found = input_slopes(network, rows)
    for at in range(2):
        moved = step * np.eye(2)[at]
        differences = (forward(network, rows + moved) - forward(network, rows - moved))[:, 0] / (2 * step)
        assert found[:, at] == pytest.approx(differences, abs=1e-8)


def test_circuits_of_a_row_are_those_of_brute_force(gelu):
    for seed, output in enumerate(("linear", gelu)):
        network = network_of(gelu, output, seed, (2, 2, 2, 1))
        task = Task(tuple((forward(network, input_table(2))[:, 0] > 0.5).astype(int).tolist()))
        question = ask(network, task=task, protocol=custom(accuracy_threshold=0.45, circuit_space="all"))
        expected, n_possible = valid_circuits(network, boolean_rows(2), task.truth_table, 0.45)
        listed = search_circuits(question)
        assert expected
        assert (listed.masks.tolist(), listed.possible) == (sorted(expected), n_possible)


def test_circuits_of_a_row_are_counted_or_refused(gelu):
    task, rules = random_task(0, 2), custom(circuit_space="all")
    question = ask(network_of(gelu, sizes=(2, 2, 2, 1)), task=task, protocol=rules)
    assert count_circuits(question).count == search_circuits(question).n_valid
    with pytest.raises(BeyondLimits, match="gelu falls somewhere"):
        count_circuits(ask(network_of(gelu, gelu), task=task, protocol=rules))


def planted_of(kind: str, output: str) -> Planted:
    made = compile_algorithm(parse_algorithm("(A&B)", "and_inverter", 2), (3, 3))
    return replace(made, network=replace(made.network, activation=kind, output_activation=output))


ALL = possible_circuit((1 << 9) - 1, EdgeLayout((2, 3, 1)))


def judged(key: str, network: Network):
    decided = (forward(network, input_table(network.n_inputs))[:, 0] > 0.5).astype(int)
    question = ask(network, task=Task(tuple(decided.tolist())), protocol=custom(accuracy_threshold=0.0))
    return criterion_named(key).judge(Population("circuit", question, search_circuits(question).masks[:1]))


REFUSALS = {
    "bounds": lambda kind: bounds(network_program(network_of(kind)), np.zeros((1, 2)), np.ones((1, 2))),
    "ranges": lambda kind: range_of(network_program(network_of(kind)), 1, 0, np.zeros(2), np.ones(2), budget=10),
    "regions": lambda kind: decision_regions(network_of("relu", kind), "rounding"),
    "sides": lambda kind: output_sides(network_of("relu", kind), "rounding", 1),
    "scrubbing": lambda kind: scrubbed_outputs(ask(network_of(kind), task=Task((0, 1, 1, 0))), ALL, []),
    "patching": lambda kind: judged("patching-robust", network_of("relu", kind)),
    "balls": lambda kind: judged("input-robust", network_of(kind, sizes=(3, 3, 1))),
    "rank-one": lambda kind: aim_of(network_of("relu", kind), 1),
    "planting": lambda kind: compile_algorithm(planted_of("relu", "linear").record.algorithm, (3,), activation=kind),
    "scale": lambda kind: scale(planted_of(kind, "linear")),
    "trojan": lambda kind: planted(network_of(kind, sizes=(2, 3, 3, 1)), input_table(2), read_trigger("A=1,B=1:0")),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_assumes_that_nothing_falls_refuses_a_row_that_does(gelu, what):
    with pytest.raises(AnalysisError, match=gelu):
        REFUSALS[what](gelu)


def test_a_margin_and_pictures_of_a_row_are_left_open(gelu):
    made = planted_of(gelu, "linear")
    assert certified_margin(made.network, made.record) is None
    fit = LENSES.by_key["feature-pictures"].fit(ask(network_of(gelu), task=Task((0, 1, 1, 0))), {})
    assert not fit.answered
    assert "GELU" in fit.reason


def test_a_row_that_rises_is_counted_with_and_else_refused_by_name(monkeypatch):
    """With value and slope alone: the edge of a decision is found, and nobody guesses where it gives what."""
    row = Activation("softplus", "softplus", softplus, lambda at, _v, _s: 1 / (1 + np.exp(-at)), 1.0, True, 0.0)
    monkeypatch.setitem(OF_PERCEPTRONS, row.name, row)
    for label, low, high in (
        (0.0, -np.inf, np.log(np.expm1(0.5))),
        (1.0, np.log(np.expm1(0.5)), np.log(np.expm1(1.5))),
    ):
        box = decision_box(label, "rounding", row.name, None)
        assert (box.low, box.high) == pytest.approx((low, high))
    with pytest.raises(BeyondLimits, match="softplus: it is not known"):
        aim_of(network_of("relu", row.name), 1)
    with pytest.raises(BeyondLimits, match="slopes of softplus"):
        REFUSALS["bounds"](row.name)
    with pytest.raises(InvalidTraining, match="softplus"):
        activated_with_gradient(torch.zeros(1), row.name, None)
