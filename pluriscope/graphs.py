"""Explanations as graphs, in every format that other tools read."""

from __future__ import annotations

from typing import Any

from pluriscope.analysis.explanations.circuits import gate_label
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.graph_files.registry import graph_in
from pluriscope.figures.svg.tiles import bits_of
from pluriscope.naming import ExplanationRef


def explanation_graph(key: str, question: Any, ref: ExplanationRef, value: Any, **about: str) -> Any:
    """An explanation in a format of graphs.

    Args:
        key: of the format.
        ref: names it.
        value: the engine's value of it; not needed of a circuit.
        about: name of the network, address.

    Raises:
        NotOffered: the format is unknown, or does not take such explanations of such networks.
    """
    mask, of_nodes = int(ref.first, 16) if ref.kind in ("circuit", "interpretation") else None, {}
    if ref.kind == "interpretation":
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


def answer_graph(key: str, question: Any, mask: int | None, scores: Any, **about: str) -> Any:
    """What a method answers in a format of graphs; errors as of :func:`explanation_graph`.

    Args:
        mask: the circuit of its answer; None where it has none.
        scores: a number for each bit of masks; None where it gives none.
        about: name of the network, method.
    """
    return graph_in(key, question, "circuit" if scores is None else "scores", about, mask=mask, scores=scores)


def _function(question: Any, function: int, label: str) -> dict[str, Any]:
    return {"function": label, "table": "".join(map(str, bits_of(function, question.subject.n_inputs)))}
