"""A graph of networkx itself; as a file, and back, its node-link JSON."""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.graph_files.graph_format import GraphFormat


def _read(value: Any) -> Any:
    """The graph of node-link JSON, whose edges are called "edges" or "links"."""
    if not isinstance(value, dict) or not isinstance(value.get("nodes"), list) or "metadata" in value:
        return None
    called = next((key for key in ("links", "edges") if isinstance(value.get(key), list)), "")
    if not called:
        return None
    import networkx as nx

    try:
        value = {**value, "graph": dict(value.get("graph", {}))}
        found = nx.node_link_graph(value, directed=True, multigraph=True, edges=called)
    except (AttributeError, LookupError, TypeError, ValueError, nx.NetworkXException) as problem:
        raise ValueError(f"is no node-link JSON: {type(problem).__name__} {problem}"[:200]) from None
    if len(value[called]) != found.number_of_edges():
        raise ValueError("has an edge twice")
    return found


NETWORKX: Final = GraphFormat(
    key="networkx",
    label="Node-link JSON",
    about="What networkx makes of a graph for a file. Edges marked as kept are the circuit; else scores pick "
    "one; else the edges that are there are it.",
    example='{"nodes": [{"id": "x0"}, …], "links": [{"source": "x0", "target": "1.2", "kept": true}, …]}',
    ending=".node-link.json",
    checked_with="networkx 3.6.1",
    write=lambda graph, _: graph,
    read=_read,
)
