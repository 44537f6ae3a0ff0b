"""Every format of graphs, in the order in which pages offer them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.graph_files.graphml import GRAPHML
from pluriscope.analysis.graph_files.network_graph import network_graph
from pluriscope.analysis.graph_files.networkx_graph import NETWORKX
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.subjects.question import SubjectQuestion

GRAPH_FORMATS: Final = {one.key: one for one in joined("graphs", (NETWORKX, GRAPHML), lambda one: one.key)}


def formats_for(question: SubjectQuestion, thing: str) -> list[GraphFormat]:
    """The formats that an explanation of a kind, or "scores", of a question's network can be written in."""
    return [one for one in GRAPH_FORMATS.values() if thing in one.takes and not one.refuses(question)]


def graph_in(key: str, question: SubjectQuestion, thing: str, about: Mapping[str, str], **parts: Any) -> Any:
    """A network, and what is said of its edges and nodes, in a format of graphs.

    Args:
        key: of the format.
        question: about the network.
        thing: the kind of explanation, or "scores".
        about, parts: see :func:`~pluriscope.analysis.graph_files.network_graph.network_graph`.

    Raises:
        NotOffered: the format is unknown, or does not take such a thing of such a network.
    """
    known, chosen = [one.key for one in formats_for(question, thing)], GRAPH_FORMATS.get(key)
    if chosen is None or key not in known:
        shown = "placement" if thing == "alignment" else thing
        cause = "is unknown" if chosen is None else chosen.refuses(question) or f"does not take this kind: {shown}"
        cure = f"use one of {', '.join(known)}" if known else "ask it of a circuit, an interpretation or a placement"
        raise NotOffered(f"graph format {key[:40]!r}", cause, cure)
    return chosen.write(network_graph(question, about, **parts), question)


def file_text(value: Any) -> str:
    """Return the result of a format as the text of its file; a graph of networkx as node-link JSON."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        import networkx as nx

        value = nx.node_link_data(value, edges="links")
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
