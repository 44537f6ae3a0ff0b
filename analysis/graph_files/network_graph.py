"""The value between a circuit and every format of graphs: a networkx graph with attributes, of the whole network.

It is a ``DiGraph``, or a ``MultiDiGraph`` where a node reads another in several slots; the key of an edge is then its
name. What does not apply is absent, and every value is a text, a number, true or false, so that any format holds it.

Of the graph: ``network`` (SHA-256 of weights or model), ``subject`` (its kind), ``name``, ``output``, ``task``,
``protocol``, ``masks`` (what their bits stand for, "edges" or "nodes"), ``mask``, ``address``, and ``explanation``
("circuit", "interpretation", "placement") or ``method``. Of a node: ``label``, ``layer``, ``kind`` ("input", "neuron",
"head", "MLP block", "output"), and of what it is said to compute ``function``, its ``table`` on the Boolean inputs in
binary order, and the ``threshold`` of a gate. Of an edge: ``name``, ``slot``, and its ``weight`` in a perceptron.
``kept`` says of each edge whether the circuit has it, where masks name nodes of these, too; ``score`` is on what masks
name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion


def network_graph(
    question: SubjectQuestion,
    about: Mapping[str, str],
    *,
    mask: int | None = None,
    scores: Sequence[Any] | None = None,
    of_nodes: Mapping[tuple[int, int], Mapping[str, Any]] | None = None,
) -> Any:
    """A network as a graph, with what an explanation or a method says of its edges and nodes.

    Args:
        question: about the network, of any kind.
        about: attributes of the graph beside those of the question; empty ones are left out.
        mask: of a circuit.
        scores: a number for each bit of masks, or None where there is none.
        of_nodes: attributes of nodes by layer, 0 for the inputs, and place there.
    """
    import networkx as nx

    graph, kind = question.graph, question.kind
    own = {
        "network": question.subject.digest,
        "subject": kind.noun,
        "task": question.task_document["name"],
        "protocol": question.protocol.name,
        "mask": "" if mask is None else graph.to_hex(mask),
        **about,
    }
    slots = any(edge.slot for edge in graph.edges)
    found = nx.MultiDiGraph() if slots else nx.DiGraph()
    found.graph.update({key: text for key, text in own.items() if text}, output=question.output, masks=graph.cut)

    of_bits: dict[str, dict[str, Any]] = {name: {} for name in graph.bit_names}
    for bit, part in enumerate(of_bits.values()):
        part |= {} if mask is None else {"kept": bool(mask >> bit & 1)}
        part |= {} if scores is None or scores[bit] is None else {"score": float(scores[bit])}

    first: dict[int, int] = {}
    for number, node in enumerate(graph.nodes):
        position = node.layer, number - first.setdefault(node.layer, number)
        inner = "head" if node.looks else "neuron" if kind.refuses("stream") else "MLP block"
        role = inner if node.removable else "output" if node.layer == graph.nodes[-1].layer else "input"
        facts = {"label": node.label, "layer": node.layer, "kind": role}
        found.add_node(node.name, **facts, **of_bits.get(node.name, {}), **(of_nodes or {}).get(position, {}))

    kept = None if mask is None else graph.kept_edges(graph.bits([mask]))[0].tolist()
    weights = [one for some in question.network.weights for one in some.flat] if isinstance(question, Question) else []
    for number, (name, edge) in enumerate(zip(graph.edge_names, graph.edges, strict=True)):
        facts = {"name": name, "slot": edge.slot} if edge.slot else {"name": name}
        facts |= {"weight": float(weights[number])} if weights else {}
        facts |= {"kept": kept[number]} if kept else {}
        ends = graph.nodes[edge.source].name, graph.nodes[edge.target].name
        found.add_edge(*ends, **({"key": name} if slots else {}), **of_bits.get(name, {}) | facts)
    return found
