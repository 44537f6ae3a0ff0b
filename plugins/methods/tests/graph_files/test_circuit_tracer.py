"""Graphs of circuit-tracer: what its viewer needs is written, and what it or others wrote is read as claims."""

from __future__ import annotations

import re

import pytest

from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.explanations.circuits import gate_label
from tests.analysis.discovery.test_claims import MASK, QUESTION, SCORES
from tests.analysis.graph_files.test_graph_claims import KEPT, read
from tests.analysis.graph_files.test_graph_files import ASKED, THINGS, bits, interpreted


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


def test_functions_are_supernodes():
    interpretation, answer = interpreted("circuit-tracer")
    groups = {name: group for group, *names in answer["qParams"]["supernodes"] for name in names}
    gates = {f"{one.layer}.{one.neuron}": gate_label(one, 2) for one in interpretation.gates if one.layer < 3}
    assert groups == gates


def test_what_is_pinned_in_the_viewer_of_circuit_tracer_is_the_circuit():
    sent = THINGS["circuit"]("circuit-tracer")
    sent["qParams"]["pinnedIds"] = ",".join(one for one in sent["qParams"]["pinnedIds"] if one != "1.2")  # as it saves
    names = [name for name in KEPT if "1.2" not in name.split("-")]
    assert read(sent).raw_mask == sum(1 << QUESTION.graph.edge_names.index(name) for name in names)


@pytest.mark.parametrize(("thing", "asked"), [("circuit", QUESTION), *ASKED.items()])
def test_a_circuit_of_which_the_viewer_saved_no_pins_is_what_its_links_say(thing, asked):
    sent = THINGS[thing]("circuit-tracer") | {"qParams": {"pinnedIds": None, "clickedId": "y0", "clerps": "[]"}}
    assert read(sent, asked).raw_mask == (MASK if asked is QUESTION else bits(asked.graph.n_bits))


@pytest.mark.parametrize(
    ("pinned", "picking", "found"),
    [(["x0", "1.0", "2.0"], {}, 1 | 1 << 6), ([], {"k": 1}, (0.5, 0.25)), (["x0", "1.0"], {"k": 1}, (0.5, 0.25))],
)
def test_a_graph_of_circuit_tracer_that_others_made_is_read_by_pins_or_by_weights(pinned, picking, found):
    nodes = [{"node_id": name, "feature": 0, "layer": "0", "ctx_idx": 0, "clerp": ""} for name in ("x0", "1.0", "2.0")]
    links = [{"source": "x0", "target": "1.0", "weight": 0.5}, {"source": "1.0", "target": "2.0", "weight": 0.25}]
    claim = read({"metadata": {}, "qParams": {"pinnedIds": pinned}, "nodes": nodes, "links": links}, **picking)
    assert found == (claim.raw_mask if claim.scores is None else (claim.scores[0], claim.scores[6]))
    assert claim.note


@pytest.mark.parametrize(
    "damage",
    [
        *({"links": links} for links in ([{"source": "x0"}], 3, [["x0", "1.0"]], [{"source": [], "target": 1}])),
        *({"nodes": nodes} for nodes in (None, ["x0"], [{"node_id": None}], [{"node_id": {}}])),
        *({"metadata": about} for about in (3, {"pluriscope": 3}, {"pluriscope": {"incoming_graph_data": 3}})),
        *({"qParams": pins} for pins in ([], {"pinnedIds": 3}, {"pinnedIds": [{}]})),
    ],
)
def test_a_damaged_graph_of_circuit_tracer_is_refused(damage):
    with pytest.raises(InvalidClaim):
        read({"metadata": {}, "qParams": {}, "nodes": [], "links": []} | damage)
