"""Graphs of every thing in every format: what is written says what it should, and is read back equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text, graph_in
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from pluriscope.objects.graphs import explanation_graph
from tests.analysis.discovery.test_claims import MASK, QUESTION, SCORES
from tests.factories import interpretation_at

KIND, MODEL = read_subject(bundled_models()["induction-attention"])
ASKED = {rules["granularity"]: GraphQuestion(KIND, MODEL, rules) for rules in KIND.admitted_rules(MODEL)}


def bits(n: int) -> int:
    return int("9d" * 16, 16) & ((1 << n) - 1)


def of_transformer(granularity: str) -> Callable[[str], Any]:
    asked = ASKED[granularity]
    return lambda key: graph_in(key, asked, "circuit", {"name": "Induction"}, mask=bits(asked.graph.n_bits))


THINGS: dict[str, Callable[[str], Any]] = {
    "circuit": lambda key: graph_in(key, QUESTION, "circuit", {"name": "XOR"}, mask=MASK),
    "scores": lambda key: graph_in(key, QUESTION, "scores", {"method": "eap"}, mask=MASK, scores=SCORES),
    "scores-without-mask": lambda key: graph_in(key, QUESTION, "scores", {}, scores=[None, *SCORES[1:]]),
    **{granularity: of_transformer(granularity) for granularity in ASKED},
}


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("key", ["networkx", "graphml"])
def test_what_is_written_is_read_back_equal(key, thing):
    graph, text = THINGS[thing]("networkx"), file_text(THINGS[thing](key))
    read = GRAPH_FORMATS[key].read(json.loads(text) if text.startswith("{") else text)
    assert nx.utils.graphs_equal(type(graph)(read), graph)


@pytest.mark.parametrize("granularity", ASKED)
def test_kept_is_what_the_mask_says_on_nodes_and_on_edges(granularity):
    graph, found = ASKED[granularity].graph, THINGS[granularity]("networkx")
    mask = bits(graph.n_bits)
    kept = {answer["name"] for _, _, answer in found.edges(data=True) if answer["kept"]}
    there = graph.kept_edges(graph.bits([mask]))[0].tolist()
    assert kept == {name for name, one in zip(graph.edge_names, there, strict=True) if one}
    assert found.graph["masks"] == graph.cut
    nodes = {name for name, answer in found.nodes(data=True) if answer.get("kept")}
    assert nodes == (
        {name for bit, name in enumerate(graph.bit_names) if mask >> bit & 1} if graph.cut == "nodes" else set()
    )


def test_weights_and_scores_stand_on_their_edges():
    found = THINGS["scores"]("networkx")
    answer = {one["name"]: one["score"] for one in found.edges.values()}
    assert [answer[name] for name in QUESTION.graph.edge_names] == SCORES
    first, second, _ = QUESTION.network.weights
    assert found.edges["x1", "1.2"]["weight"] == first[2, 1]
    assert found.edges["1.0", "2.1"]["weight"] == second[1, 0]
    assert "score" not in THINGS["scores-without-mask"]("networkx").edges["x0", "1.0"]


@pytest.mark.parametrize(
    ("key", "kind", "words"),
    [
        ("nothing", "circuit", "is unknown. Use one of networkx, graphml"),
        ("networkx", "algorithm", "Ask it of a circuit"),
    ],
)
def test_an_unknown_format_and_what_has_no_graph_are_refused(key, kind, words):
    with pytest.raises(NotOffered) as refused:
        graph_in(key, QUESTION, kind, {})
    assert words in str(refused.value)


def interpreted(key: str) -> tuple[Interpretation, Any]:
    """An interpretation of the circuit, and its graph."""
    value = interpretation_at(QUESTION, Circuit(QUESTION.layout, MASK), 0)
    return value, explanation_graph(key, QUESTION, ExplanationRef("interpretation", f"{MASK:05x}", "0"), value)


def test_functions_stand_on_their_neurons():
    interpretation, graph = interpreted("networkx")
    for gate in interpretation.gates:
        node = graph.nodes["y0" if gate.layer == 3 else f"{gate.layer}.{gate.neuron}"]
        assert int(node["table"][::-1], 2) == gate.function
        assert node["threshold"] == gate.threshold
