"""Lenses against slow definitions: orders of inputs, numerical integrals, differences, and every labelling."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, permutations, product
from math import factorial

import numpy as np
import pytest

from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.app.bundled import bundled_networks
from pluriscope.views.networks import rows_of, whole
from pluriscope_methods.directions.polyhedra import Inequality, common_point
from pluriscope_methods.lenses.lens import Attribution, LensAnswer, Table, outputs_by_input
from pluriscope_methods.lenses.lime import weighted_ridge
from pluriscope_methods.lenses.probes import scaled_layers
from pluriscope_methods.lenses.registry import LENSES
from tests.factories import pretrained_xor


def random_question(*sizes: int, seed: int = 0, activation: str = "leaky_relu") -> Question:
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 2, (out, into)) for into, out in pairwise(sizes)]
    return ask(Network.from_arrays(weights, [random.normal(0, 1, out) for out in sizes[1:]], activation=activation))


def look(question: Question, key: str, **settings: object) -> LensAnswer:
    lens = LENSES.by_key[key]
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
    return float(forward(question.network, mixed)[:, 0].mean())


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_shapley_values_are_the_mean_over_all_orders_of_inputs(question: Question) -> None:
    n = question.network.n_inputs
    seen = scores(question, "shapley")
    rows = input_table(n)
    others = rows
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
    assert np.abs(seen.scores.sum(axis=1) + seen.base - forward(question.network, rows)[:, 0]).max() < 1e-12


def is_separable(points: np.ndarray, labels: list[int]) -> str:
    """Whether a hyperplane separates the rows labelled 1 from the others, decided in fractions."""
    inequalities = []
    for label, point in zip(labels, points.tolist(), strict=True):
        sign = -1 if label else 1
        factors = (*(Fraction(value) * sign for value in point), Fraction(sign))
        inequalities.append(Inequality(factors, Fraction(0), strict=True))
    return common_point(inequalities, points.shape[1] + 1)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "question", [*QUESTIONS[:2], random_question(2, 1, 2, 1, seed=6), ask(pretrained_xor().network)]
)
def test_a_function_is_separable_where_fractions_find_a_hyperplane_and_nowhere_else(question: Question) -> None:
    layers = scaled_layers(question)
    rows = table(question, "probes").rows
    n_rows = 1 << question.network.n_inputs
    assert len(rows) == len(layers) * (2**n_rows - 2)
    if n_rows == 8:
        rows = rows[::17]
    for row in rows:
        expected = is_separable(layers[row["layer"]], row["truth_table"])
        assert row["separable"] == (expected == "some"), row
        assert row["margin"] <= 1.0


def test_selectivity_is_bounded_by_the_share_of_labels_that_no_read_out_separates() -> None:
    few = LENSES.by_key["probes"].says(ask(pretrained_xor().network), table(ask(pretrained_xor().network), "probes"))
    assert few.endswith("is at most 0% on layer 1 and 0% on layer 2.")
    question = random_question(2, 1, 1)  # of 14 labellings of four points on a line the 6 that one cut makes
    assert LENSES.by_key["probes"].says(question, table(question, "probes")).endswith("is at most 57% on layer 1.")


def test_response_fields_are_activations_and_name_what_is_constant() -> None:
    """relu(A + B), relu(−A − B) and relu(A + B − 1): the second is 0 on every input."""
    network = Network.from_arrays([[[1, 1], [-1, -1], [1, 1]], [[1, 1, -2]]], [[0, 0, -1], [0]], activation="relu")
    seen = look(ask(network), "response-fields")
    assert isinstance(seen.view, Table)
    by_neuron = {n: [row["activation"] for row in seen.view.rows if row["neuron"] == n] for n in range(3)}
    assert by_neuron == {0: [0, 1, 1, 2], 1: [0, 0, 0, 0], 2: [0, 0, 0, 1]}
    assert LENSES.by_key["response-fields"].says(ask(network), seen.view) == (
        "Neuron 1.0 varies most, from 0 to 2, which it reaches on 11. Constant on every row: 1.1."
    )


def test_the_table_that_a_class_in_numpy_prints_is_that_of_its_weights() -> None:
    class XorNet:
        w1, b1 = np.array([[20.0, 20.0], [-20.0, -20.0]]), np.array([-10.0, 30.0])
        w2, b2 = np.array([[20.0, 20.0]]), np.array([-30.0])

        def states(self, a: int, b: int) -> tuple[list[float], float]:
            hidden = 1 / (1 + np.exp(-(self.w1 @ [a, b] + self.b1)))
            return hidden.tolist(), (1 / (1 + np.exp(-(self.w2 @ hidden + self.b2)))).item()

    net, saved = XorNet(), io.BytesIO()
    np.savez(saved, W1=net.w1, b1=net.b1, W2=net.w2, b2=net.b2)
    said = Declaration(activation="sigmoid", output_activation="sigmoid")
    question = ask(read_any(saved.getvalue(), declared=said).network, task=named_task("XOR", 2))
    printed = [net.states(*row) for row in product((0, 1), repeat=2)]
    assert [round(output) for _, output in printed] == [0, 1, 1, 0]
    shown = {(row["neuron"], row["row"]): row["activation"] for row in table(question, "response-fields").rows}
    assert shown == pytest.approx({(n, row): printed[row][0][n] for n in range(2) for row in range(4)}, abs=1e-12)
    outputs = [one.output for one in rows_of(question, whole(question))]
    assert outputs == pytest.approx([output for _, output in printed], abs=1e-12)


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
def test_a_forced_autoencoder_rebuilds_four_rows_and_interchanging_a_latent_is_a_run_by_hand(monkeypatch) -> None:
    from pluriscope_methods.lenses import autoencoder

    monkeypatch.setattr(autoencoder, "STEPS", 600)
    question = ask(pretrained_xor().network)
    forced = look(question, "sae", force=True)
    assert (forced.outcome, bool(forced.notes)) == ("found", True)
    assert isinstance(forced.view, Table)
    assert {row["layer"] for row in forced.view.rows} == {1, 2}
    assert all(row["explained"] > 0.99 for row in forced.view.rows)
    network, clean = question.network, activations(question.network, input_table(2))
    latents, explained, learned = autoencoder.encoded(clean[1], LENSES.by_key["sae"].filled({"force": True}))
    units = learned["directions"]
    order = sorted(range(6), key=lambda latent: (-latents[:, latent].max(), latent))
    rows = [row for row in forced.view.rows if row["layer"] == 1]
    for row, latent in zip(rows, order, strict=True):
        assert (row["direction"], row["explained"]) == (units[latent].tolist(), explained)  # trained again
        read = (clean[1] - row["centre"]) @ row["encoder"] + row["bias"]
        assert np.maximum(read, 0.0) == pytest.approx(latents[:, latent], abs=1e-9)
        values, changed, pairs = latents[:, latent], 0, 0

        def answer(base: int, value: float, values=values, unit=units[latent]) -> bool:
            moved = clean[1][base] + (value - values[base]) * unit
            for weights, biases in zip(network.weights[1:], network.biases[1:], strict=True):
                total = weights @ moved + biases
                moved = np.where(total > 0, total, total * network.negative_slope)
            return bool(moved[0] > 0.5)

        for base, source in product(range(4), repeat=2):
            if values[base] != values[source]:
                pairs += 1
                changed += answer(base, values[source]) != (clean[-1][base, 0] > 0.5)
        assert (row["changed"], row["pairs"]) == (changed, pairs)
        assert row["at_zero"] == [answer(base, 0.0) for base in range(4)]
        assert row["at_largest"] == [answer(base, values.max()) for base in range(4)]


def test_labels_of_neurons_that_no_answer_depends_on_predict_nothing() -> None:
    still = Network.from_arrays([np.eye(2), np.full((1, 2), 0.1)], [np.zeros(2), np.zeros(1)])
    question = ask(still, task=pretrained_xor().tasks[0])
    reply = LENSES.by_key["labels"].says(question, table(question, "labels"))
    assert "2 can be read by one threshold" in reply
    assert reply.endswith("so there is nothing to predict.")
    question = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
    seen = table(question, "labels")
    taken = [row for row in seen.rows if row["alike_changed"] + row["unlike_changed"]]
    assert f"Answers depend on the neurons of {len(taken)}, and " in LENSES.by_key["labels"].says(question, seen)


def test_what_a_lens_cannot_answer_is_an_outcome_with_its_reason() -> None:
    alone = random_question(2, 1)
    for key in ("probes", "patching-table", "response-fields", "labels", "sae"):
        answer = look(alone, key)
        assert (answer.outcome, answer.view) == ("undefined", None)
        assert "no hidden" in answer.notes[0]
    rows = np.random.default_rng(0).normal(size=(4, 2))
    images = replace(QUESTIONS[0], record=DataRecord(rows, boolean=False))
    for key in ("shapley", "lime", "probes"):
        assert "no Boolean inputs" in look(images, key).notes[0]
    wide = Network.from_arrays([np.ones((2, 13)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)])
    many = replace(images, subject=wide, record=DataRecord(np.zeros((4, 13)), boolean=False))
    assert look(many, "gradient-corners").outcome == "found"


@pytest.mark.parametrize("question", QUESTIONS)
def test_limes_scores_are_slopes_by_the_input_towards_the_value_of_the_row(question: Question) -> None:
    rows, width = input_table(question.network.n_inputs), 0.75 * question.network.n_inputs**0.5
    outputs = forward(question.network, rows)[:, 0]
    for row, found in zip(rows, scores(question, "lime").scores, strict=True):
        weights = 5_000 / len(rows) * np.exp(-((rows != row).sum(axis=1)) / (2 * width**2))
        points = np.c_[rows, np.ones(len(rows))]
        ridge = np.diag([1.0] * len(row) + [0.0])
        slopes = np.linalg.solve(points.T * weights @ points + ridge, points.T * weights @ outputs)[:-1]
        assert np.abs(found - np.where(row == 1, slopes, -slopes)).max() < 1e-10


@pytest.mark.parametrize("n_inputs", [2, 4, 6])
def test_lime_of_a_network_that_is_an_input_gives_all_to_it_however_many_inputs_there_are(n_inputs: int) -> None:
    first = np.zeros((2, n_inputs))
    first[0, 0] = 1.0
    network = Network.from_arrays([first, np.array([[1.0, 0.0]])], [np.zeros(2), np.zeros(1)])
    found = scores(ask(network), "lime")
    assert np.abs(found.scores[-1]).tolist() == pytest.approx([1.0] + [0.0] * (n_inputs - 1), abs=2e-3)
    assert min(found.r2 or ()) > 0.999


def test_labels_are_scored_by_runs_by_hand() -> None:
    question = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
    network, rows = question.network, input_table(2)
    (row,) = table(question, "labels", labels="1.1: A and B").rows
    hidden: list[np.ndarray] = [rows]
    for weights, biases in zip(network.weights, network.biases, strict=True):
        total = hidden[-1] @ weights.T + biases
        hidden.append(np.where(total > 0, total, total * network.negative_slope))
    values, label = hidden[1][:, 1], np.array([0, 0, 0, 1])
    assert row["truth_table"] == label.tolist()
    assert row["correlation"] == pytest.approx(np.corrcoef(values, label)[0, 1], abs=1e-12)

    def decided(base: int, value: float) -> bool:
        layer = hidden[1][base].copy()
        layer[1] = value
        for weights, biases in list(zip(network.weights, network.biases, strict=True))[1:]:
            total = weights @ layer + biases
            layer = np.where(total > 0, total, total * network.negative_slope)
        return bool(layer[0] > 0.5)

    clean = [bool(value > 0.5) for value in hidden[-1][:, 0]]
    means = {side: values[label == side].mean() for side in (0, 1)}
    assert row["kept"] == sum(decided(base, means[label[base]]) == clean[base] for base in range(4))
    for name, alike in (("alike", True), ("unlike", False)):
        pairs = [(b, s) for b in range(4) for s in range(4) if b != s and (label[b] == label[s]) == alike]
        assert row[name] == len(pairs)
        assert row[f"{name}_changed"] == sum(decided(b, values[s]) != clean[b] for b, s in pairs)


@pytest.mark.parametrize(
    ("labels", "item", "cause"),
    [
        ("1.0: A and", "label '1.0: A and'", "has no formula: lacks an operand"),
        ("1.0: A; 2.0: A ∧ (B", "label '2.0: A ∧ (B'", "has no formula"),
        ("neuron 0: A", "label 'neuron 0: A'", "names no neuron"),
        ("1.0: A; 1.0: B", "label '1.0: B'", "is the second of its neuron"),
        (";".join(f"1.{n}: A" for n in range(65)), "labels", "more than 64"),
    ],
)
def test_a_label_that_cannot_be_read_is_refused_by_name(labels: str, item: str, cause: str) -> None:
    with pytest.raises(InvalidMethod) as refused:
        LENSES.by_key["labels"].filled({"labels": labels})
    assert refused.value.item == item
    assert cause in refused.value.cause


def test_features_in_superposition_have_the_gram_matrix_of_their_directions() -> None:
    bundled = next(one for one in bundled_networks() if one.slug == "superposition-5-2-5")
    question = ask(bundled.file.network, task=bundled.file.tasks[0], data=bundled.data)
    seen = table(question, "superposition")
    directions = np.array(bundled.file.network.weights[0])
    gram = directions.T @ directions
    assert np.array([row["dot"] for row in seen.rows]).reshape(5, 5) == pytest.approx(gram, abs=1e-12)
    for row in seen.rows:
        here = "ABCDE".index(row["feature"])
        unit = directions[:, here] / np.linalg.norm(directions[:, here])
        shares = (unit @ directions) ** 2
        assert row["interference"] == pytest.approx(shares.sum() - shares[here])
        assert row["dimensionality"] == pytest.approx(gram[here, here] / shares.sum())
        assert 0.39 < row["dimensionality"] < 0.41  # a pentagon: two dimensions shared by five
    says = LENSES.by_key["superposition"].says(question, seen)
    assert says.startswith("5 features in 2 dimensions: each has 0.39 to 0.40 of one to itself.")
    assert "first hidden layer is leaky ReLU" in look(QUESTIONS[0], "superposition").notes[0]
    random = np.random.default_rng(3)
    largest = []
    for _ in range(400):
        drawn = random.permutation(directions.ravel()).reshape(2, 5)
        cosines = (drawn.T @ drawn) / np.outer(*(np.linalg.norm(drawn, axis=0),) * 2)
        largest.append(np.abs(cosines[np.triu_indices(5, 1)]).max())
    (note,) = look(question, "superposition").notes
    assert float(note.split("largest cosine is ")[1][:4]) == pytest.approx(np.mean(largest), abs=0.01)


@pytest.mark.slow
def test_an_autoencoder_of_the_toy_model_comes_hardly_nearer_to_its_features_than_random_directions() -> None:
    bundled = next(one for one in bundled_networks() if one.slug == "superposition-5-2-5")
    share, nearest = look(ask(bundled.file.network, task=bundled.file.tasks[0], data=bundled.data), "sae").notes
    assert share.startswith("6 directions drawn at random span 100% of the variance of 2 neurons")
    own, usual = (float(part[:5]) for part in re.split(r"cosine of |it is ", nearest)[1:])
    assert own == pytest.approx(0.906, abs=0.05)  # learned in torch
    assert usual == pytest.approx(0.841, abs=0.02)  # of 1,000 draws by another program


def test_lines_and_best_functions_stand_beside_what_random_orders_give() -> None:
    (note,) = look(QUESTIONS[1], "lime").notes
    given = outputs_by_input(QUESTIONS[1])
    kept = np.array([[1 - (row >> bit & 1) for bit in (2, 1, 0)] for row in range(8)], dtype=float)
    weights = 5_000 / 8 * np.exp(-(3 - kept.sum(axis=1)) / (2 * 0.75**2 * 3))
    random = np.random.default_rng(1)
    shares = [weighted_ridge(kept, random.permutation(given), weights, 1.0)[2] for _ in range(400)]
    assert float(note.split("explains ")[1].split("%")[0]) == pytest.approx(100 * np.mean(shares), abs=3)
    (note,) = look(QUESTIONS[1], "labels").notes
    rows = table(QUESTIONS[1], "labels").rows
    own = np.mean([abs(row["correlation"]) for row in rows])
    assert note.startswith(f"The best function correlates with its neuron by {own:.2f}")
    assert look(QUESTIONS[1], "labels", labels="1.0: A").notes == ()


@pytest.mark.slow
def test_the_toy_model_decides_sparse_rows_right_and_has_valid_circuits_there_alone() -> None:
    bundled = next(one for one in bundled_networks() if one.slug == "superposition-5-2-5")
    found = {}
    for name, data in (("sparse", bundled.data), ("all", None)):
        analyses = [
            analyse_output(ask(bundled.file.network, output=output, task=bundled.file.tasks[output], data=data))
            for output in range(5)
        ]
        found[name] = [(one.circuits.n_valid, one.circuits.possible) for one in analyses]
    assert found["sparse"] == [(108, 243), (108, 243), (162, 243), (72, 243), (162, 243)]
    assert [valid for valid, _ in found["all"]] == [0, 0, 0, 0, 6]
