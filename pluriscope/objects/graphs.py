"""Explanations as graphs, in every format that other tools read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.explanations.circuits import gate_label
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.graph_files.registry import graph_in
from pluriscope.analysis.readings.circuit_readings import VariableInterpretation
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.arguments import unfit
from pluriscope.figures.svg.tiles import bits_of
from pluriscope.kinds.placements import variables_at
from pluriscope.objects.findings import Findings


def explanation_graph(key: str, question: SubjectQuestion, ref: ExplanationRef, value: Any, **about: str) -> Any:
    """An explanation in a format of graphs.

    Args:
        key: of the format.
        ref: names it.
        value: the engine's value of it; not needed of a circuit.
        about: name of the network, address.

    Raises:
        NotOffered: the format is unknown, or does not take such explanations of such networks.
    """
    mask = int(ref.first, 16) if ref.kind in ("circuit", "interpretation") else None
    of_nodes: dict[tuple[int, int], dict[str, Any]] = {}
    if isinstance(value, VariableInterpretation):
        named = {node.name: value.of_node(node.name) or "" for node in question.graph.nodes}
        of_nodes = _by_position(question, named)
    elif isinstance(value, tuple):  # a placement on sites
        model, placement = value
        about["formula"], about["sites"] = str(getattr(model, "text", model)), placement.sites
        of_nodes = _by_position(question, variables_at(question, placement))
    elif ref.kind == "interpretation":
        for gate in value.gates:
            label = gate_label(gate, question.subject.n_inputs)
            found = _function(question, gate.function, label) | {"threshold": gate.threshold}
            of_nodes[gate.layer, gate.neuron] = found
    elif ref.kind == "alignment":
        about["formula"] = value.algorithm.formula
        for claim in KIND_OF[ref.kind].claims(value):
            found = _function(question, claim.function, claim.label)
            of_nodes |= {(claim.layer, neuron): found for neuron in claim.neurons}
    about["explanation"] = KIND_OF[ref.kind].noun
    return graph_in(key, question, ref.kind, about, mask=mask, of_nodes=of_nodes)


def _by_position(question: SubjectQuestion, named: Mapping[str, str]) -> dict[tuple[int, int], dict[str, Any]]:
    """What is said of nodes by their names, by layer and place in it."""
    first: dict[int, int] = {}
    places = {node.name: (node.layer, number - first.setdefault(node.layer, number))
              for number, node in enumerate(question.graph.nodes)}  # fmt: skip
    return {places[name]: {"function": words} for name, words in named.items() if words}


def answer_graph(key: str, question: SubjectQuestion, mask: int | None, scores: Any, **about: str) -> Any:
    """Answer of a discovery method in a format of graphs; errors as of :func:`explanation_graph`.

    Args:
        mask: the circuit of its answer; None where it has none.
        scores: a number for each bit of masks; None where it gives none.
        about: name of the network, method.
    """
    return graph_in(key, question, "circuit" if scores is None else "scores", about, mask=mask, scores=scores)


def _function(question: SubjectQuestion, function: int, label: str) -> dict[str, Any]:
    return {"function": label, "table": "".join(map(str, bits_of(function, question.subject.n_inputs)))}


def to_graph(self: Findings, answer: Mapping[str, Any], key: str = "networkx") -> Any:
    """A graph of the whole network with one answer of :meth:`audit`: its mask, and a score for each edge.

    Args:
        answer: one of its ``claims``.
        key: as of :meth:`Explanation.to_graph <pluriscope.objects.explanations.Explanation.to_graph>`.

    Raises:
        NotOffered: the format is unknown, or does not take scores of such networks.
    """
    if "method" not in answer:
        raise unfit("answer", answer, "one of the claims of an audit")
    mask, scores, method = answer.get("raw_mask"), answer.get("scores"), answer.get("name") or answer["method"]
    graph, number = self.question.graph, None
    fits = scores is None or len(scores) == graph.n_bits
    if mask is not None:  # of any edges, which need not be a circuit
        fits = fits and bool(re.fullmatch(f"[0-9a-f]{{{graph.n_hex_digits}}}", str(mask)))
        number = int(mask, 16) if fits else 0
    if not fits or (number or 0) >> graph.n_bits:
        raise InvalidClaim("answer", "is of another network", "give an answer of an audit of this one")
    return answer_graph(key, self.question, number, scores, name=self.name, method=method)
