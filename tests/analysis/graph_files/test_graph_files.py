"""Graphs of every thing in every format: what is written says what it should, and is read back equal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.explanations.circuits import gate_label
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text, graph_in
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
        ("auto-circuit", "alignment", "kind: placement. Use one of networkx"),
    ],
)
def test_an_unknown_format_and_what_has_no_graph_are_refused(key, kind, words):
    with pytest.raises(NotOffered) as refused:
        graph_in(key, QUESTION, kind, {})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("thing", "weights", "says"),
    [
        ("circuit", [float(MASK >> bit & 1) for bit in range(18)], "1 where the circuit keeps an edge"),
        ("scores", SCORES, "scores of the edges"),
        ("scores-without-mask", [0.0, *SCORES[1:]], "scores of the edges"),
    ],
)
def test_links_of_circuit_tracer_carry_what_their_description_says(thing, weights, says):
    graph = THINGS[thing]("circuit-tracer")
    answer = {link["name"]: link["weight"] for link in graph["links"]}
    assert [answer[name] for name in QUESTION.graph.edge_names] == weights
    assert says in graph["metadata"]["info"]["description"]


@pytest.mark.parametrize(("asked", "thing"), [(QUESTION, "circuit"), *((ASKED[key], key) for key in ASKED)])
def test_graphs_of_circuit_tracer_have_what_its_viewer_needs(asked, thing):
    graph = THINGS[thing]("circuit-tracer")
    nodes, tokens = graph["nodes"], graph["metadata"]["prompt_tokens"]
    assert [one["node_id"] for one in nodes] == [node.name for node in asked.graph.nodes]
    # it leaves out what stands at more than two thirds of the tokens, and asks for "(p=" of an output
    assert len({(one["layer"], one["feature"], one["ctx_idx"]) for one in nodes}) == len(nodes)
    assert len(tokens) > 1
    assert all(0 <= one["ctx_idx"] < len(tokens) for one in nodes)
    assert re.search(r"\(p=[01]\.\d{3}\)$", nodes[-1]["clerp"])
    assert set(graph["qParams"]["pinnedIds"]) <= {one["node_id"] for one in nodes}


def test_functions_are_supernodes_and_stand_on_their_neurons():
    interpretation = interpretation_at(QUESTION, Circuit(QUESTION.layout, MASK), 0)
    answer = explanation_graph(
        "circuit-tracer", QUESTION, ExplanationRef("interpretation", f"{MASK:05x}", "0"), interpretation
    )
    groups = {name: group for group, *names in answer["qParams"]["supernodes"] for name in names}
    gates = {f"{one.layer}.{one.neuron}": gate_label(one, 2) for one in interpretation.gates if one.layer < 3}
    assert groups == gates
    graph = explanation_graph(
        "networkx", QUESTION, ExplanationRef("interpretation", f"{MASK:05x}", "0"), interpretation
    )
    for gate in interpretation.gates:
        node = graph.nodes["y0" if gate.layer == 3 else f"{gate.layer}.{gate.neuron}"]
        assert int(node["table"][::-1], 2) == gate.function
        assert node["threshold"] == gate.threshold
