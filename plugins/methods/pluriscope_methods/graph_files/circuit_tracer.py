"""Attribution graphs as circuit-tracer has them, which its viewer and Neuronpedia's draw, and back.

Every file has the whole network. What belongs to a circuit is pinned, and the weight of a link says whether its edge is
kept, or is its score; what is said to compute the same is one supernode. A prompt is needed: of a transformer it is the
first row of its task, of a perceptron the names of inputs and output. Inputs stand at a token each, all else at the
last.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.subjects.question import SubjectQuestion

_OWN: Final = "pluriscope"
_WEIGHTS: Final = {
    "score": "scores of the edges",
    "kept": "1 where the circuit keeps an edge, 0 where it leaves it out",
    "weight": "weights of the network",
}
"""What the weights of links are: the first of these that edges have."""


def _write(graph: Any, question: SubjectQuestion) -> dict[str, Any]:
    # links have one weight: a score, whether the circuit keeps the edge, or the network's own weight
    about, nodes, edges = graph.graph, dict(graph.nodes(data=True)), list(graph.edges(data=True))
    weight = next((key for key in _WEIGHTS if any(key in one for _, _, one in edges)), "")
    judged = question.judge(int(about["mask"], 16) if "mask" in about else (1 << question.graph.n_bits) - 1)

    # the viewer draws a prompt: inputs and outputs stand for its tokens where there is none
    ends = [name for name, node in nodes.items() if node["kind"] in ("input", "output")]
    tokens, types = [nodes[name]["label"] for name in ends], {"input": "embedding", "output": "logit"}
    if not question.kind.refuses("stream"):  # its one input stands for all tokens, and of one token nothing is drawn
        row, types = question.subject.row_tokens(0), {"output": "logit"}
        tokens = list(row) if len(row) > 1 else [*row, *tokens[-1:]]
    # nodes, with those that compute the same function gathered, since the viewer shows them as one supernode
    functions: dict[str, list[str]] = {}
    written, places = list[dict[str, Any]](), Counter[int]()
    for name, node in nodes.items():
        layer, label, output = node["layer"], node["label"], node["kind"] == "output"
        place = places[layer]
        places[layer] += 1
        if "function" in node:
            label += f" = {node['function']}"
            functions.setdefault(node["function"], []).extend([] if output else [name])
        written.append(
            {
                "node_id": name,
                "jsNodeId": name,
                "feature": (layer + place) * (layer + place + 1) // 2 + place,  # the pair as one number
                "layer": str(layer) if layer else "E",
                "ctx_idx": len(tokens) - 1 if layer else min(place, len(tokens) - 1),
                "feature_type": types.get(node["kind"], node["kind"]),
                "clerp": f'Output "{label}" (p={judged.n_right / judged.n_rows:.3f})' if output else label,
                **{key: node[key] for key in ("kept", "score") if key in node},
            }
        )
    # the viewer begins with the pinned nodes alone: ends, what the circuit keeps, and what has a function
    pinned = {*ends, *(name for name, node in nodes.items() if node.get("kept") or "function" in node)}
    pinned |= {end for *both, edge in edges if edge.get("kept") for end in both}

    what = f"{about.get('explanation') or about.get('method', 'graph')} {about.get('mask', '')}".strip()
    named = about.get("address", what).partition("?")[0].rpartition("/")[2]
    words = f"Weights of links: {_WEIGHTS.get(weight, 'none')}. p of the output: the share of rows decided right."
    return {
        "metadata": {
            "slug": re.sub(r"[^\w.-]+", "-", f"{about['network'][:12]} {named}"),
            "schema_version": 1,
            "scan": f"{_OWN}-{about['network'][:12]}",
            "transcoder_list": [],
            "prompt_tokens": tokens,
            "prompt": f"{about.get('name', '')} {what}: {' '.join(tokens)}".strip(),
            "info": {"description": words, "generator": {"name": "Pluriscope", "version": ENGINE_VERSION}},
            _OWN: about,
        },
        "qParams": {
            "pinnedIds": [name for name in nodes if name in pinned],
            "supernodes": [[function, *names] for function, names in functions.items() if names],
            "linkType": "both",
            "clickedId": ends[-1],
            "sg_pos": "",
        },
        "nodes": written,
        "links": [
            {"source": source, "target": target, **edge, "weight": float(edge.get(weight, 0))}
            for source, target, edge in edges
        ],
    }


def _read(value: Any) -> Any:
    if not isinstance(value, dict) or not {"metadata", "nodes", "links"} <= value.keys():
        return None
    import networkx as nx

    try:
        about = value["metadata"].get(_OWN)
        pinned = value.get("qParams", {}).get("pinnedIds") or []
        pinned = set(pinned.split(",") if isinstance(pinned, str) else pinned)  # a text once the viewer has saved it
        found = nx.MultiDiGraph()
        found.graph.update(about or {})
        for node in value["nodes"]:
            facts = {key: node[key] for key in ("kept", "score") if key in node}
            found.add_node(node["node_id"], **facts | ({"kept": node["node_id"] in pinned} if pinned else {}))
        for link in value["links"]:
            ends = link["source"], link["target"]
            facts = {key: link[key] for key in ("slot", "score") if key in link} if about else {"score": link["weight"]}
            if pinned or "kept" in link:
                facts["kept"] = link.get("kept", True) and (not pinned or pinned.issuperset(ends))
            found.add_edge(*ends, **facts)
    except (AttributeError, LookupError, TypeError) as problem:
        raise ValueError(f"is no graph of circuit-tracer: {type(problem).__name__} {problem}"[:200]) from None
    return found


CIRCUIT_TRACER: Final = GraphFormat(
    key="circuit-tracer",
    label="Attribution graph",
    about="As the viewers of circuit-tracer and Neuronpedia have it. Links between pinned nodes are the circuit; "
    "where none is pinned, or if you say how many edges to take, their weights pick one.",
    example='{"metadata": {…}, "qParams": {"pinnedIds": ["x0", …]}, "nodes": [{"node_id": "x0"}, …], "links": […]}',
    ending=".circuit-tracer.json",
    checked_with="circuit-tracer 0.5.0",
    write=_write,
    read=_read,
)
