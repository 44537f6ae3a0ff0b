"""Graphs as claims: each form says the same circuit, and a graph of something else is refused by what is wrong."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from pluriscope.analysis.discovery.claims import Claim, read_claim, vocabulary_of
from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text, graph_in
from pluriscope.library.audits import _text
from tests.analysis.discovery.test_claims import MASK, QUESTION, SCORES
from tests.analysis.graph_files.test_graph_files import ASKED, THINGS, bits

READ = [key for key, one in GRAPH_FORMATS.items() if one.read]
KEPT = [name for bit, name in enumerate(QUESTION.graph.edge_names) if MASK >> bit & 1]
IGRAPH = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="v_name" for="node" attr.name="id" attr.type="string"/><key id="e_kept" for="edge" attr.name="kept"
 attr.type="boolean"/><graph id="G" edgedefault="directed">{}</graph></graphml>"""
GEPHI = """<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="label" attr.type="string" for="node" id="label"/>
<key attr.name="score" attr.type="double" for="edge" id="score"><default>0.5</default></key>
<graph edgedefault="directed"><node id="0"><data key="label">A</data></node><node id="1"><data key="label">n1.2</data>
</node><edge id="0" source="0" target="1"/></graph></graphml>"""


def read(sent: Any, asked: Any = QUESTION, **picking: Any) -> Claim:
    text = sent if isinstance(sent, str) else _text(None, "mine", sent)
    return read_claim(text.encode(), vocabulary_of(asked), picking)


def graph(thing: str = "circuit") -> Any:
    return THINGS[thing]("networkx")


def changed(**about: Any) -> Any:
    found = graph()
    found.graph.update(about)
    return found


def as_igraph(*, kept: bool) -> str:
    """The kept edges, or all of them marked, with nodes numbered as igraph writes them."""
    found = graph()
    number = {name: f"n{place}" for place, name in enumerate(found)}
    nodes = "".join(f'<node id="{one}"><data key="v_name">{name}</data></node>' for name, one in number.items())
    answer = [(number[a], number[b], one["kept"]) for a, b, one in found.edges(data=True)]
    mark = '<data key="e_kept">{}</data>'
    edges = "".join(
        f'<edge source="{a}" target="{b}">{mark.format(str(one).lower()) if kept else ""}</edge>'
        for a, b, one in answer
        if kept or one
    )
    return IGRAPH.format(nodes + edges)


@pytest.mark.parametrize("key", READ)
@pytest.mark.parametrize(("thing", "asked"), [("circuit", QUESTION), *ASKED.items()])
def test_a_circuit_comes_back_as_it_left(key, thing, asked):
    claim = read(file_text(THINGS[thing](key)), asked)
    assert claim.form == key
    assert claim.raw_mask == (MASK if asked is QUESTION else bits(asked.graph.n_bits))
    assert not claim.note


@pytest.mark.parametrize("key", READ)
def test_scores_come_back_as_they_left(key):
    text = file_text(THINGS["scores-without-mask"](key))
    assert read(text).scores == (None, *SCORES[1:])
    assert read(file_text(THINGS["scores"](key)), k=5).scores == tuple(SCORES)


BARE = nx.DiGraph([name.split("-") for name in KEPT])
PRUNED = nx.DiGraph(graph().edge_subgraph([(a, b) for a, b, one in graph().edges(data=True) if one["kept"]]))
PRUNED_BY_IGRAPH = PRUNED.copy()
PRUNED_BY_IGRAPH.graph["output"] = 0.0
OF_OTHERS: dict[str, Any] = {
    "edges that are there": BARE,
    "pruned subset": PRUNED,
    "pruned subset, numbers as igraph has them": PRUNED_BY_IGRAPH,
    "multigraph": nx.MultiDiGraph(BARE),
    "igraph, kept edges": as_igraph(kept=False),
    "igraph, all edges marked": as_igraph(kept=True),
    "networkx's own GraphML": "\n".join(nx.generate_graphml(BARE)),
    "d3's links": {
        "nodes": [{"id": one} for one in BARE],
        "links": [{"source": source, "target": target} for source, target in BARE.edges],
    },
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_graphs_that_others_made_say_the_same_circuit(name):
    claim = read(OF_OTHERS[name])
    assert claim.raw_mask == MASK
    assert bool(claim.note) == ("pruned" not in name)


def test_defaults_and_labels_as_gephi_writes_them_are_read():
    assert read(GEPHI, k=1).scores == tuple(0.5 if edge == 4 else None for edge in range(18))


TWICE = nx.MultiDiGraph(BARE)
TWICE.add_edge("x0", "1.0")
BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><graphml>&c;</graphml>'
NAN = nx.DiGraph()
NAN.add_edge("x0", "1.0", score=float("nan"))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (changed(network="ab" * 32), "is of network 'abab"),
        (changed(output=1.0), "is of output '1.0'"),
        (changed(explanation="placement"), "a placement"),
        (nx.Graph(BARE), "without a direction"),
        (nx.path_graph(4, create_using=nx.DiGraph), "the node '0'"),
        (nx.DiGraph([("1.0", "x0")]), "which is no edge"),
        (nx.DiGraph([("x0", "1.0"), ("A", "1.1")]), "two nodes of one name"),
        (TWICE, "an edge twice"),
        (graph("qkv"), "is of network"),
        (NAN, "NaN"),
        ("\n".join(nx.generate_graphml(NAN)), "no finite number"),
        (nx.DiGraph(), "keeps no edge"),
        (BOMB, "declares entities"),
        ("<graphml><graph>", "no GraphML that networkx reads"),
        ("<svg/>", "no GraphML that networkx reads"),
        ('<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph/><graph><edge/></graph></graphml>', "several"),
        ("<" + " " * 4_000_000, "larger than the limit"),
        ({"nodes": [{"id": "x0"}], "links": [{"source": "x0"}]}, "no node-link JSON"),
        ({"nodes": [{"id": "x0"}], "links": [{"source": "x0", "target": "1.0", "slot": 3}]}, "no node of this network"),
        ({"nodes": [{"id": ["x0"]}, {"id": {}}], "graph": 3, "links": []}, "no node-link JSON"),
    ],
)
def test_a_graph_of_something_else_is_refused(sent, words):
    with pytest.raises(InvalidClaim) as caught:
        read(sent)
    assert words in str(caught.value)


def test_a_graph_without_slots_of_a_network_that_has_them_is_refused():
    bare = nx.DiGraph(graph("qkv"))
    for edge in bare.edges.values():
        edge.pop("slot", None)
    with pytest.raises(InvalidClaim, match="no edge of this network"):
        read(bare, ASKED["qkv"])


def test_marks_on_edges_are_refused_where_masks_name_nodes():
    with pytest.raises(InvalidClaim, match="a circuit is its nodes here"):
        read(graph("heads"), ASKED["nodes"])


def test_what_only_nodes_say_is_read_where_masks_name_nodes():
    asked = ASKED["nodes"]
    names = asked.graph.bit_names
    assert read(nx.DiGraph([("x", names[0]), (names[0], "logits")]), asked).raw_mask == 1
    scores = tuple(map(float, range(len(names))))
    assert read(graph_in("networkx", asked, "scores", {}, scores=scores), asked).scores == scores
