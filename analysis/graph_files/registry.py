"""Every format of graphs, in the order in which pages offer them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from analysis.errors import NotOffered
from analysis.graph_files.graph_format import GraphFormat
from analysis.graph_files.graphml import GRAPHML
from analysis.graph_files.networkx_graph import NETWORKX
from analysis.subjects.question import SubjectQuestion

GRAPH_FORMATS: Final = {one.key: one for one in (NETWORKX, GRAPHML)}


def formats_for(question: SubjectQuestion, thing: str) -> Sequence[GraphFormat]:
    """The formats that a thing can be written in.

    Args:
        question: that it answers.
        thing: its kind, or "scores".
    """
    return [one for one in GRAPH_FORMATS.values() if thing in one.takes and not one.refuses(question)]


def format_for(key: str, question: SubjectQuestion, thing: str) -> GraphFormat:
    """The format of a key.

    Raises:
        NotOffered: there is none, or it does not take such things of such networks.
    """
    known, found = formats_for(question, thing), GRAPH_FORMATS.get(key)
    if found is not None and found in known:
        return found
    cause = "is unknown" if found is None else found.refuses(question) or f"does not take {thing}s"
    cure = f"use one of {', '.join(one.key for one in known)}" if known else "ask it of a circuit"
    raise NotOffered(f"graph format {key[:40]!r}", cause, cure)


def file_text(value: Any) -> str:
    """What a format wrote, as the text of its file."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        import networkx as nx

        value = nx.node_link_data(value, edges="links")
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
