"""Experiments that decide among circuits: outcomes against plain loops, lists against listing every set of columns."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.interventions.experiments import decide_in_circuit, intervention_space
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.app import bundled
from pluriscope.app.db.writes import save_network
from pluriscope_methods.experiments import report
from pluriscope_methods.experiments.outcomes import Experiment, experiments_of, outcomes_of
from pluriscope_methods.experiments.report import find
from pluriscope_methods.experiments.test_sets import (
    Fewest,
    classes_of,
    essential,
    greedy,
    information_bound,
    least,
    pairs_together,
    splits_of,
)
from tests.analysis.criteria.circuit_contexts import all_circuits, xor_context
from tests.app.cli.test_analyse import run
from tests.clients import served
from tests.factories import found_out, pretrained_xor, save_analysis, small_network


def run_plainly(question: Question, mask: int, one: Experiment, clean: Any = None) -> list[list[float]]:
    """A circuit with an intervention, edge by edge: the values of each layer."""
    network, values = question.network, [*map(float, question.clean_rows[one.row])]
    layers, edge = [values], 0
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        before, values = values, []
        for neuron, (row, bias) in enumerate(zip(weights, biases, strict=True)):
            total, active = bias, False
            for source, weight in enumerate(row):
                kept = bool(mask >> edge & 1)
                active |= kept
                given = before[source] if kept and edge != one.edge else question.absent[layer - 1][source]
                total, edge = given * weight + total, edge + 1
            value = float(network.function_of(layer).value(np.array(total)))
            if layer < len(network.weights):
                value = value if active else question.absent[layer][neuron]
                if (layer, neuron) in one.neurons:
                    value = question.absent[layer][neuron] if one.source is None else clean[one.source][layer][neuron]
            values.append(value)
        layers.append(values)
    return layers


@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize(
    ("seed", "sizes", "activation"),
    [(1, (2, 2, 2, 1), "leaky_relu"), (2, (2, 3, 1), "tanh"), (3, (2, 2, 1, 1), "relu"), (4, (2, 1), "sigmoid")],
)
def test_outcomes_are_those_of_circuits_run_edge_by_edge(
    seed: int, sizes: tuple[int, ...], activation: str, ablation: str
) -> None:
    context = all_circuits(seed, sizes, activation)
    rules = COMPLETE.model_copy(update={"ablation": ablation})
    question = ask(context.question.network, task=context.question.task, protocol=rules)
    some = experiments_of(question)
    masks = context.items[:: max(1, len(context.items) // 12)]
    found = outcomes_of(question, masks, some)
    for mask, label in zip(masks.tolist(), found.labels, strict=True):
        clean = [run_plainly(question, mask, Experiment("edge", row)) for row in range(4)]
        plain = np.array([run_plainly(question, mask, one, clean)[-1][0] for one in some])
        decided = decide(plain, "rounding")
        assert np.where(decided < 0, 2, decided).tolist() == found.table[label].tolist()
    assert len(np.unique(found.table, axis=0)) == len(found.table)


def test_interchanges_are_those_of_the_common_ground() -> None:
    context = xor_context()
    space = intervention_space(context.question.network.hidden_sizes, 2)
    circuit = Circuit(context.question.layout, int(context.items[7]))
    plain = decide_in_circuit(context.question, circuit, space, np.arange(len(space.sets)))
    some = [one for one in experiments_of(context.question) if one.source is not None]
    found = outcomes_of(context.question, context.items[7:8], some).table[0]
    decided = decide(plain.outputs, "rounding")
    wanted = [decided[space.position[frozenset(one.neurons)], one.source, one.row] for one in some]
    assert len(some) == space.n_interventions
    assert np.where(np.array(wanted) < 0, 2, wanted).tolist() == found.tolist()


@pytest.mark.parametrize("anchor", [None, 0])
def test_lists_are_the_shortest_of_all(anchor: int | None) -> None:
    stream, tried = np.random.default_rng(1), 0
    for number in range(150):
        table = np.unique(stream.integers(0, 2 + number % 2, stream.integers(2, 9, 2)), axis=0).astype(np.int8)

        def does(columns: Any, table: Any = table) -> bool:
            rows = [tuple(row) for row in table[:, [*columns]]]
            return len({*rows}) == len(rows) if anchor is None else rows.count(rows[0]) == 1

        if len(table) < 2:
            continue
        every = range(table.shape[1])
        fewest = next(n for n in range(len(every) + 1) if any(map(does, combinations(every, n))))
        found = least(table, anchor)
        assert found.proved
        assert len(found.columns) == fewest
        assert does(found.columns)
        assert does(greedy(table, anchor))
        needed = [one for one in every if not does(other for other in every if other != one)]
        assert essential(table, anchor) == needed == [*found.essential]
        if anchor is None:
            assert max(information_bound(table), len(needed)) <= fewest
        tried += 1
    assert tried > 100


def test_a_search_that_ends_before_is_between_two_numbers() -> None:
    table = np.random.default_rng(0).integers(0, 2, (200, 40)).astype(np.int8)
    found = least(table, seconds=0)
    assert not found.proved
    assert information_bound(table) == 8 == found.at_least < len(found.columns)
    assert isinstance(found, Fewest)


def test_classes_and_columns_of_a_table() -> None:
    table = np.array([[0, 1, 1, 0], [0, 0, 2, 0], [0, 1, 1, 0], [1, 0, 2, 0]], dtype=np.int8)
    labels = classes_of(table)
    assert labels[0] == labels[2]
    assert len({*labels.tolist()}) == 3
    assert pairs_together(np.bincount(labels)) == (1, 6)
    assert splits_of(table).tolist() == [0, 1]  # the third splits as the second does, the last does not
    assert classes_of(table[:, :0]).tolist() == [0, 0, 0, 0]


def by_hand() -> Question:
    """XOR in 2-2-1 with ReLU: A or B, less twice A and B; without an edge into the second neuron it is wrong."""
    network = Network.from_arrays(
        [np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[1.0, -2.0]])],
        [np.array([0.0, -1.0]), np.array([0.0])],
        activation="relu",
        output_activation="relu",
    )
    return ask(network)


def test_a_network_by_hand_has_one_explanation() -> None:
    question = by_hand()
    found = find(Analysed(question, search_circuits(question)), Settings())
    assert (found.circuits, found.every.classes, found.deciding.steps) == (1, 1, [])
    assert found.findings() == ["There is one valid circuit, so there is nothing to decide."]
    outcomes = outcomes_of(question, np.array([63], np.uint64), [Experiment("edge", 3, edge=5)]).table
    assert outcomes.tolist() == [[2]]  # without −2 the output is 2, which is neither


def test_what_none_separates_and_what_the_network_answers() -> None:
    context = xor_context()
    found = find(Analysed(context.question, search_circuits(context.question)), Settings())
    assert found.findings() == [
        "By 852 experiments 197 circuits are in 85 classes; 1.3% of pairs nothing separates.",
        "To tell all classes apart takes 20 experiments.",
        "The answers of the network to 2 of them leave 1 circuit, as do those to all.",
    ]
    some, masks = experiments_of(context.question), context.items
    whole = outcomes_of(context.question, np.array([(1 << 18) - 1], np.uint64), some).table[0]
    by_mask = outcomes_of(context.question, masks, some)
    left = np.flatnonzero((by_mask.table == whole).all(axis=1)[by_mask.labels])
    assert found.every.left == len(left) == 1
    kinds = [one.kind for one in some]
    for one in found.residues[:-1]:
        rows = by_mask.table[:, [kind == one.experiments for kind in kinds]][by_mask.labels]
        alike = (rows[:, None] == rows[None]).all(axis=2)
        assert (one.together, one.classes) == (int(np.triu(alike, 1).sum()), len(np.unique(rows, axis=0)))
    remaining = 197
    for step in found.deciding.steps:
        assert sum(each.circuits for each in step.leaves) == remaining
        (remaining,) = (each.circuits for each in step.leaves if each.outcome == step.answer)
    assert remaining == found.every.left


@pytest.mark.parametrize("case", ["none", "not all", "too many", "wide", "ended"])
def test_what_is_not_known_is_said(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    context = xor_context()
    search: Any = search_circuits(context.question)
    if case == "none":
        search = type("Search", (), {"masks": search.masks[:0], "complete": True})()
    elif case == "not all":
        search = type("Search", (), {"masks": search.masks[:90], "complete": False})()
    elif case == "too many":
        monkeypatch.setattr(report, "MOST", 1_000)
    elif case == "wide":
        monkeypatch.setattr(report, "WIDEST", 2)
    else:
        monkeypatch.setattr(report, "SECONDS", 0.0)
    found = find(Analysed(context.question, search), Settings())
    words = {
        "none": "No circuit is valid, so there is nothing to decide.",
        "not all": "Not every valid circuit is listed; this is of those that are.",
        "too many": "197 circuits under 852 experiments are more than 1,000 predictions, so nothing was tried.",
        "wide": "A layer has more than 2 neurons, so nothing was tried.",
        "ended": "To tell all classes apart takes between 8 and 20 experiments.",
    }
    assert words[case] in found.findings()
    if case == "not all":
        assert found.every.left == 0, "the whole network is not among these"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    planted = parse_network_file(Path(bundled.__file__).with_name("xor-planted.json").read_bytes())
    with served(tmp_path_factory.mktemp("experiments")) as client:
        for slug, file in {"xor": pretrained_xor(), "planted": planted, "unasked": small_network(3)}.items():
            with client.app.state.store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                if slug != "unasked":
                    found_out(session, row, "experiments")
        yield client


@pytest.mark.parametrize(
    ("source", "parts", "words"),
    [
        ("", ["A → n1.0"], "On 01 ablate A → n1.0"),
        ("11", ["n2.1"], "On 01 give n2.1 its value on 11"),
        ("11", ["n1.0", "n1.2", "n2.1"], "On 01 give n1.0, n1.2 and n2.1 their values on 11"),
    ],
)
def test_experiments_in_words(source: str, parts: list[str], words: str) -> None:
    one = report.Step(experiment="", row="01", source=source, parts=parts, answer="1", leaves=[])
    assert one.words == words


def test_edges_and_neurons_have_the_names_of_pages() -> None:
    question = xor_context().question
    some = experiments_of(question)
    found = outcomes_of(question, xor_context().items, some)
    steps = [*report._steps(question, found, some, [0, 4 * 7, 4 * 17])]
    assert [step.parts for step in steps] == [["A → n1.0"], ["n1.1 → n2.0"], ["n2.2 → y"]]


def test_pages_say_what_was_stored(client) -> None:
    page = client.get("/networks/xor/analyses/experiments").text
    assert "The shortest list that would decide" in page
    stored = client.get("/api/v2/networks/xor/analyses/experiments").json()["report"]
    for step in map(report.Step.model_validate, stored["deciding"]["steps"]):
        assert step.words in page
        assert (
            "; ".join(f"{one.outcome}: {one.circuits} circuit{'s' * (one.circuits != 1)}" for one in step.leaves)
            in page
        )
    assert "c·3ffff" in page
    assert "the whole network, answers as the network does" in page
    overview = client.get("/networks/xor").text
    assert "The shortest list of experiments that would decide" in overview
    assert "/networks/xor/analyses/experiments" in overview
    planted = client.get("/networks/planted/analyses/experiments").text
    assert "There is one class of circuits" in planted
    assert "would decide among" in planted  # the question, which has no list here
    assert "The shortest list that would decide" not in planted
    for slug in ("planted", "unasked"):
        assert "experiments that would decide" not in client.get(f"/networks/{slug}").text
    assert client.get("/api/v2/networks/unasked/analyses/experiments").json()["report"] is None


def test_page_json_library_and_command_have_one_record(client, capsys) -> None:
    reply = client.get("/api/v2/networks/xor/analyses/experiments").json()["report"]
    assert pluriscope.explain(pretrained_xor()).experiments().model_dump() == reply
    assert run("ask", "experiments", Path(bundled.__file__).with_name("xor-pretrained.json"), "--json", "-q") == 0
    assert json.loads(capsys.readouterr().out)["report"] == reply
