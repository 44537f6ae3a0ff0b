"""Lenses against slow definitions: orders of inputs, numerical integrals, differences, and every labelling."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, permutations
from math import factorial

import numpy as np
import pytest

from analysis.data import DataRecord
from analysis.directions.polyhedra import Inequality, common_point
from analysis.lenses.gradients import kinks, units_without_slope
from analysis.lenses.integrated_gradients import gauss_legendre
from analysis.lenses.lens import Attribution, LensAnswer, Table
from analysis.lenses.lime import weighted_ridge
from analysis.lenses.probes import scaled_layers
from analysis.lenses.registry import LENS_BY_KEY, LENSES
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.question import Question, ask
from analysis.tasks import input_table, named_task
from tests.factories import exact_xor, pretrained_xor


def random_question(*sizes: int, seed: int = 0, activation: str = "leaky_relu") -> Question:
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 2, (out, into)) for into, out in pairwise(sizes)]
    return ask(Network.from_arrays(weights, [random.normal(0, 1, out) for out in sizes[1:]], activation=activation))


def look(question: Question, key: str, **settings: object) -> LensAnswer:
    lens = LENS_BY_KEY[key]
    return lens.answer(question, lens.filled(settings))


def scores(question: Question, key: str, **settings: object) -> Attribution:
    view = look(question, key, **settings).view
    assert isinstance(view, Attribution)
    return view


def table(question: Question, key: str, **settings: object) -> Table:
    view = look(question, key, **settings).view
    assert isinstance(view, Table)
    return view


QUESTIONS = [
    random_question(2, 3, 2, 1),
    random_question(3, 3, 1, seed=1, activation="tanh"),
    random_question(4, 3, 1, seed=2, activation="sigmoid"),
    random_question(3, 4, 2, 1, seed=3, activation="relu"),
]


def output_mixed(question: Question, row: np.ndarray, kept: set[int], background: np.ndarray) -> float:
    mixed = background.copy()
    mixed[:, sorted(kept)] = row[sorted(kept)]
    return float(forward(question.cut, mixed)[:, 0].mean())


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("background", ["uniform", "zero"])
def test_shapley_values_are_the_mean_over_all_orders_of_inputs(question: Question, background: str) -> None:
    n = question.cut.n_inputs
    seen = scores(question, "shapley", background=background)
    rows = input_table(n)
    others = rows if background == "uniform" else rows[:1]
    for number, row in enumerate(rows):
        expected = np.zeros(n)
        for order in permutations(range(n)):
            kept: set[int] = set()
            for axis in order:
                before = output_mixed(question, row, kept, others)
                kept.add(axis)
                expected[axis] += output_mixed(question, row, kept, others) - before
        assert np.abs(seen.scores[number] - expected / factorial(n)).max() < 1e-12
    assert seen.base == pytest.approx(output_mixed(question, rows[0], set(), others), abs=1e-12)
    assert seen.interactions is not None
    assert np.abs(seen.interactions.sum(axis=2) - seen.scores).max() < 1e-12
    assert np.abs(seen.scores.sum(axis=1) + seen.base - forward(question.cut, rows)[:, 0]).max() < 1e-12


def test_interactions_are_those_of_orders_in_which_the_pair_comes_one_after_the_other() -> None:
    """Shapley–Taylor of order 2: the pair's joint effect on top of those before the first of the two in an order."""
    question, rows, n = QUESTIONS[1], input_table(3), 3
    seen = scores(question, "shapley")
    assert seen.interactions is not None
    for i, j in combinations(range(n), 2):
        expected = np.zeros(len(rows))
        for order in permutations(range(n)):
            before = set(order[: min(order.index(i), order.index(j))])
            for number, row in enumerate(rows):
                value = [output_mixed(question, row, before | more, rows) for more in ({i, j}, {i}, {j}, set())]
                expected[number] += value[0] - value[1] - value[2] + value[3]
        assert np.abs(2 * seen.interactions[:, i, j] - expected / factorial(n)).max() < 1e-12


def test_exact_xor_has_shapley_values_of_a_quarter_whatever_its_mechanism() -> None:
    """Two networks of other inside: x + y − 2·relu(x + y − 1), and relu(x − y) + relu(y − x)."""
    valley = Network.from_arrays([[[1, -1], [-1, 1]], [[1, 1]]], [[0, 0], [0]], activation="relu")
    for network in (exact_xor().network, valley):
        values = scores(ask(network), "shapley").scores
        assert np.abs(np.abs(values) - 0.25).max() < 1e-15
    corners = [scores(ask(network), "gradient-corners").scores for network in (exact_xor().network, valley)]
    assert np.abs(corners[0] - corners[1]).max() > 0.5


@pytest.mark.parametrize("question", QUESTIONS)
def test_gradients_are_differences_of_outputs_away_from_kinks(question: Question) -> None:
    rows = input_table(question.cut.n_inputs)
    assert not kinks(question.cut, rows)
    found = scores(question, "gradient-corners")
    step = 1e-6
    for axis in range(rows.shape[1]):
        moved = [rows.copy(), rows.copy()]
        moved[0][:, axis] += step
        moved[1][:, axis] -= step
        ends = [forward(question.cut, end)[:, 0] for end in moved]
        assert np.abs(found.scores[:, axis] - (ends[0] - ends[1]) / (2 * step)).max() < 1e-6
    assert np.array_equal(scores(question, "gradient-corners", times_input=True).scores, found.scores * rows)


@pytest.mark.parametrize("path", ["mid", "left", "gauss"])
def test_integrated_gradients_come_near_a_fine_integral_of_differences(path: str) -> None:
    question = QUESTIONS[1]  # smooth, so that every rule converges
    rows, parts, step = input_table(3), 1_000, 1e-5
    seen = scores(question, "integrated-gradients", path=path, steps=2_000 if path == "left" else 200)
    for number, row in enumerate(rows):
        line = (np.arange(parts) + 0.5)[:, None] / parts * row
        for axis in range(3):
            ends = [line.copy(), line.copy()]
            ends[0][:, axis] += step
            ends[1][:, axis] -= step
            slope = (forward(question.cut, ends[0]) - forward(question.cut, ends[1]))[:, 0] / (2 * step)
            assert seen.scores[number, axis] == pytest.approx(row[axis] * slope.mean(), abs=2e-3)
    assert seen.gap is not None
    reached = forward(question.cut, rows)[:, 0] - forward(question.cut, rows[:1])[0, 0]
    assert np.abs(seen.gap - (seen.scores.sum(axis=1) - reached)).max() < 1e-12
    assert np.abs(seen.gap).max() < (1e-2 if path == "left" else 1e-3)


@pytest.mark.parametrize("steps", [1, 2, 5, 50, 128])
def test_points_of_gauss_and_legendre_are_those_of_numpy(steps: int) -> None:
    points, weights = gauss_legendre(steps)
    expected, shares = np.polynomial.legendre.leggauss(steps)
    assert np.abs(points - (1 + expected) / 2).max() < 1e-14
    assert np.abs(weights - shares / 2).max() < 1e-13


def test_a_weighted_ridge_regression_is_the_solution_of_its_equations() -> None:
    random = np.random.default_rng(0)
    points, outputs, weights = random.normal(size=(30, 3)), random.normal(size=30), random.random(30)
    slopes, constant, share = weighted_ridge(points, outputs, weights, 0.7)
    design = np.column_stack([points, np.ones(30)])
    penalty = np.diag([0.7, 0.7, 0.7, 0.0])
    expected = np.linalg.solve(design.T @ (weights[:, None] * design) + penalty, design.T @ (weights * outputs))
    assert np.abs(np.append(slopes, constant) - expected).max() < 1e-12
    middle = (weights * outputs).sum() / weights.sum()
    left = (weights * (outputs - design @ expected) ** 2).sum()
    assert share == pytest.approx(1 - left / (weights * (outputs - middle) ** 2).sum())
    assert weighted_ridge(points, np.ones(30), weights, 0.7)[2] is None
    assert np.isnan(weighted_ridge(np.ones((30, 2)), outputs, weights, 0.0)[0]).all()


def test_a_neighbourhood_that_leaves_no_single_line_is_an_outcome() -> None:
    answer = look(QUESTIONS[0], "lime", ridge=0, width=0.001)
    assert (answer.outcome, answer.view) == ("diverged", None)


def is_separable(points: np.ndarray, labels: list[int]) -> str:
    """Whether a hyperplane separates the rows labelled 1 from the others, decided in fractions."""
    inequalities = []
    for label, point in zip(labels, points.tolist(), strict=True):
        sign = -1 if label else 1
        factors = (*(Fraction(value) * sign for value in point), Fraction(sign))
        inequalities.append(Inequality(factors, Fraction(0), strict=True))
    return common_point(inequalities, points.shape[1] + 1)[0]


@pytest.mark.parametrize(
    "question", [*QUESTIONS[:2], random_question(2, 1, 2, 1, seed=6), ask(pretrained_xor().network)]
)
def test_a_function_is_separable_where_fractions_find_a_hyperplane_and_nowhere_else(question: Question) -> None:
    layers = scaled_layers(question)
    rows = table(question, "probes").rows
    n_rows = 1 << question.cut.n_inputs
    assert len(rows) == len(layers) * (2**n_rows - 2)
    if n_rows == 8:
        rows = rows[::17]
    for row in rows:
        expected = is_separable(layers[row["layer"]], row["truth_table"])
        assert row["separable"] == (expected == "some"), row
        assert row["margin"] <= 1.0


def test_margins_are_reached_and_not_exceeded() -> None:
    """The largest margin among read-outs on a fine grid comes near it from below."""
    question = random_question(2, 2, 1, seed=8)
    points = scaled_layers(question)[1]
    grid = np.linspace(-1, 1, 81)
    weights = np.array([(a, b) for a in grid for b in grid])
    readings = weights @ points.T
    for row in table(question, "probes").rows:
        sides = np.array(row["truth_table"]) * 2 - 1
        low = np.where(sides > 0, readings, np.inf).min(axis=1)
        high = np.where(sides < 0, readings, -np.inf).max(axis=1)
        best = max(0.0, float((low - high).max() / 2))
        assert best <= row["margin"] + 1e-9
        assert row["margin"] <= best + 0.03


def test_beyond_three_inputs_the_task_and_the_single_inputs_are_probed() -> None:
    question = replace(QUESTIONS[2], task=named_task("PARITY", 4))
    tables = [tuple(row["truth_table"]) for row in table(question, "probes").rows]
    assert tables[0] == question.task.truth_table
    assert tables[1:] == [tuple(column) for column in input_table(4).T.astype(int).tolist()]


def test_patches_are_runs_by_hand() -> None:
    question = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
    network, rows = question.cut, input_table(2)
    seen = table(question, "patching-table").rows
    assert len(seen) == 6 * 12
    hidden: list[np.ndarray] = [rows]
    for weights, biases in zip(network.weights, network.biases, strict=True):
        total = hidden[-1] @ weights.T + biases
        hidden.append(np.where(total > 0, total, total * network.negative_slope))
    for row in seen:
        values = hidden[row["layer"]][row["base"]].copy()
        values[row["neuron"]] = hidden[row["layer"]][row["source"], row["neuron"]]
        for weights, biases in list(zip(network.weights, network.biases, strict=True))[row["layer"] :]:
            total = weights @ values + biases
            values = np.where(total > 0, total, total * network.negative_slope)
        assert row["output"] == pytest.approx(values[0], abs=1e-12)
        clean = hidden[-1][:, 0]
        assert row["flips"] == ((values[0] > 0.5) != (clean[row["base"]] > 0.5))
        away = clean[row["source"]] - clean[row["base"]]
        assert row["effect"] == pytest.approx((values[0] - clean[row["base"]]) / away, rel=1e-6)


def test_response_fields_are_activations_and_name_what_is_constant() -> None:
    """relu(A + B), relu(−A − B) and relu(A + B − 1): the second is 0 on every input."""
    network = Network.from_arrays([[[1, 1], [-1, -1], [1, 1]], [[1, 1, -2]]], [[0, 0, -1], [0]], activation="relu")
    seen = look(ask(network), "response-fields")
    assert isinstance(seen.view, Table)
    by_neuron = {n: [row["activation"] for row in seen.view.rows if row["neuron"] == n] for n in range(3)}
    assert by_neuron == {0: [0, 1, 1, 2], 1: [0, 0, 0, 0], 2: [0, 0, 0, 1]}
    assert LENS_BY_KEY["response-fields"].says(ask(network), seen.view) == (
        "Neuron 1.0 varies most, from 0 to 2, which it reaches on 11. Constant on every row: 1.1."
    )


def test_where_two_outputs_are_equal_no_effect_is_told() -> None:
    rows = table(ask(exact_xor().network), "patching-table").rows
    alike = [row for row in rows if {row["base"], row["source"]} in ({0, 3}, {1, 2})]
    assert alike
    assert all(row["effect"] is None for row in alike)


def test_dead_units_saturated_units_and_kinks_are_named_first() -> None:
    network = Network.from_arrays(
        [[[1, 1], [-1, -1], [1, 1]], [[1, 1, -2]]], [[0, -1, -1], [0]], activation="relu", output_activation="linear"
    )
    rows = input_table(2)
    assert units_without_slope(network, rows) == ([(1, 1)], [])
    assert kinks(network, rows) == [(1, 0, 0), (1, 2, 1), (1, 2, 2)]
    notes = look(ask(network), "gradient-corners").notes
    assert notes[0] == (
        "At a kink: neuron 1.0 on 00, neuron 1.2 on 01, neuron 1.2 on 10. The derivative given there is the one from "
        "below, 0."
    )
    assert notes[1].startswith("Neuron 1.1 has derivative 0 on every row (dead)")
    assert look(ask(network), "integrated-gradients").notes == notes[1:]
    flat = Network.from_arrays([[[1, 1], [0, 0]], [[1, 1]]], [[0, 40], [0]], activation="sigmoid")
    assert units_without_slope(flat, rows) == ([], [(1, 1)])
    assert "(saturated)" in look(ask(flat), "gradient-corners").notes[0]


def test_a_degenerate_lens_says_so_first_and_trains_nothing_unless_forced() -> None:
    question = ask(pretrained_xor().network)
    probes = look(question, "probes")
    assert probes.outcome == "found"
    assert probes.notes[0].startswith("On layers 1 and 2 everything is decodable: 4 rows")
    assert not look(random_question(2, 2, 1), "probes").notes
    encoder = look(question, "sae")
    assert (encoder.outcome, encoder.view) == ("degenerate", None)
    assert encoder.notes[0].startswith("4 distinct rows are fewer than 8")


@pytest.mark.slow
def test_a_forced_autoencoder_rebuilds_four_rows_with_a_latent_each() -> None:
    forced = look(ask(pretrained_xor().network), "sae", force=True)
    assert forced.outcome == "found"
    assert forced.notes
    assert isinstance(forced.view, Table)
    assert {row["layer"] for row in forced.view.rows} == {1, 2}
    assert all(row["explained"] > 0.99 for row in forced.view.rows)
    assert forced.view.rows == look(ask(pretrained_xor().network), "sae", force=True).view.rows


@pytest.mark.slow
def test_an_autoencoder_with_as_many_latents_as_rows_says_so() -> None:
    question = random_question(3, 4, 1, seed=3)
    assert look(question, "sae", latents=8).notes[0].startswith("8 latents for 8 distinct rows")
    assert not look(question, "sae", latents=7).notes


def test_what_a_lens_cannot_answer_is_an_outcome_with_its_reason() -> None:
    alone = random_question(2, 1)
    for key in ("probes", "patching-table", "response-fields", "sae"):
        answer = look(alone, key)
        assert (answer.outcome, answer.view) == ("undefined", None)
        assert "no hidden" in answer.notes[0]
    rows = np.random.default_rng(0).normal(size=(4, 2))
    images = replace(QUESTIONS[0], data=DataRecord(rows, boolean=False))
    for key in ("shapley", "lime", "probes"):
        assert "no Boolean inputs" in look(images, key).notes[0]
    assert look(images, "lime", draws="gaussian", samples=50).outcome == "found"
    wide = Network.from_arrays([np.ones((2, 13)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)])
    many = replace(images, model=wide, data=DataRecord(np.zeros((4, 13)), boolean=False))
    assert "13 inputs have 2^13" in look(many, "shapley").notes[0]
    assert look(many, "gradient-corners").outcome == "found"


def test_every_answer_is_finite_and_says_what_it_says_in_a_sentence() -> None:
    for question in (QUESTIONS[0], QUESTIONS[2], ask(exact_xor().network), random_question(1, 2, 1)):
        for lens in LENSES:
            if lens.key != "sae":
                answer = lens.answer(question, lens.defaults)
                assert lens.says(question, answer.view).endswith(".")
                if isinstance(answer.view, Attribution):
                    assert np.isfinite(answer.view.scores).all()
