"""GraphML, as networkx writes and reads it; Gephi, yEd, Cytoscape and igraph open it."""

from __future__ import annotations

import re
import warnings
from typing import Any, Final
from xml.etree.ElementTree import ParseError, fromstring

from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.subjects.question import SubjectQuestion

_DECLARES: Final = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def _write(graph: Any, _: SubjectQuestion) -> str:
    import networkx as nx

    return "\n".join(nx.generate_graphml(graph)) + "\n"


def _read(text: Any) -> Any:
    if not isinstance(text, str) or not text.startswith("<"):
        return None
    if _DECLARES.search(text):  # what is declared may be expanded without end
        raise ValueError("declares entities or a document type, which are not read")
    import networkx as nx

    try:
        tree = fromstring(text)  # noqa: S314  without declarations there is nothing to expand
        with warnings.catch_warnings(action="ignore"):  # of ports, and of attributes without a type
            found = nx.parse_graphml(text, force_multigraph=True)
    except (ParseError, AttributeError, LookupError, TypeError, ValueError, nx.NetworkXException) as problem:
        raise ValueError(f"is no GraphML that networkx reads: {type(problem).__name__} {problem}"[:200]) from None
    if sum(one.tag.rpartition("}")[2] == "edge" for one in tree.iter()) != found.number_of_edges():
        raise ValueError("has several graphs, a graph within a node, or an edge id twice, which are not read")
    for name, parts in (("node_default", found.nodes), ("edge_default", found.edges)):
        defaults = found.graph.pop(name)
        for part in parts.values():
            part.update({key: value for key, value in defaults.items() if key not in part})
    return found


GRAPHML: Final = GraphFormat(
    key="graphml",
    label="GraphML",
    about="What networkx, Gephi, yEd, Cytoscape and igraph read and write; read as graphs of networkx are.",
    example='<graphml …><graph edgedefault="directed"><node id="x0"/> … <edge source="x0" target="1.2"/> …',
    ending=".graphml",
    checked_with="networkx 3.6.1",
    write=_write,
    read=_read,
)
