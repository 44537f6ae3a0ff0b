"""Graphs as EAP-IG writes them in JSON, which the circuit track of MIB takes: of a transformer, its q, k and v apart.

Where masks have one edge for all that a head reads of a source, three edges stand for it here, and its score is spread
over them. Of a model of attention alone no MLP blocks are named: both programs then leave them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.graph_files.graphs_of_others import configuration
from pluriscope.analysis.subjects.question import SubjectQuestion

_PERCENTAGES: Final = ("0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50")
"""Of all edges, what each circuit of a submission has at most."""


def refusal(question: SubjectQuestion) -> str:
    """Return why graphs of attention heads and MLP blocks cannot hold a question's network, a clause;
    "" if they can.
    """
    if question.kind.refuses("stream"):
        return f"has a place for attention heads and MLP blocks alone, which {question.kind.plural} do not have"
    sources = sum(not node.removable for node in question.graph.nodes) - 1
    return "has one embedding, and under these rules token and position are apart" if sources > 1 else ""


def usual_names(question: SubjectQuestion) -> dict[str, str]:
    """Nodes in order → what these programs call them: input, a0.h0, m0, logits."""
    return {node.name: (*node.aliases, node.name)[0] for node in question.graph.nodes}


def _write(graph: Any, question: SubjectQuestion) -> dict[str, Any]:
    names, edges, ends = usual_names(question), dict[str, dict[str, Any]](), {"logits"}
    for source, target, edge in graph.edges(data=True):
        slots = [f"<{one}>" for one in edge.get("slot", "qkv")] if names[target][0] == "a" else [""]
        kept = edge.get("kept", False)
        score = edge.get("score", float(kept) * len(slots)) / len(slots)
        edges |= {f"{names[source]}->{names[target]}{slot}": {"score": score, "in_graph": kept} for slot in slots}
        ends |= {names[source], names[target]} if kept else set()
    scores = {name: {"score": node["score"]} for name, node in graph.nodes(data=True) if "score" in node}
    nodes = {name: {"in_graph": name in ends} | scores.get(node, {}) for node, name in names.items()}
    return {"cfg": configuration(question), "nodes": nodes, "edges": edges}


def _files(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the files of a submission: the scores, or of a circuit nine files, empty where it has more edges than are
    allowed.
    """
    nodes, edges = document["nodes"], document["edges"]
    scored = any("score" in one for one in nodes.values())
    if scored or any(one["score"] != one["in_graph"] for one in edges.values()):
        return {"scores.json": document}
    share = 100 * sum(one["in_graph"] for one in edges.values()) / len(edges)
    empty = {
        **document,
        "nodes": {name: {"in_graph": name == "logits"} for name in nodes},
        "edges": {name: {"score": 0.0, "in_graph": False} for name in edges},
    }
    return {f"{most}.json": document if share <= float(most) else empty for most in _PERCENTAGES}


MIB: Final = GraphFormat(
    key="mib",
    label="MIB, EAP-IG",
    about="A transformer's graph as EAP-IG has it; in a folder a submission to the circuit track of MIB.",
    ending=".mib.json",
    checked_with="EAP-IG 4fad6c67",
    takes=("circuit", "scores"),
    refuses=refusal,
    write=_write,
    files=_files,
)
