"""Explanations and the answers of methods as graphs, in every format that other tools read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.alignments.alignment import Aligned
from analysis.explanations.circuits import gate_label
from analysis.explanations.registry import KIND_OF
from analysis.graph_files.network_graph import network_graph
from analysis.graph_files.registry import format_for
from analysis.interpretations.interpretation import Interpretation
from analysis.subjects.question import SubjectQuestion
from pluriscope.figures.svg.tiles import bits_of


def explanation_graph(key: str, question: SubjectQuestion, kind: str, value: Any, **about: str) -> Any:
    """An explanation in a format of graphs.

    Args:
        key: of the format.
        kind: its kind's key.
        value: the engine's value of it; of a circuit its mask will do.
        about: name of the network, address.

    Raises:
        NotOffered: the format is unknown, or does not take such explanations of such networks.
    """
    chosen = format_for(key, question, kind)
    about["explanation"] = KIND_OF[kind].noun
    if isinstance(value, Aligned):
        about["formula"] = value.algorithm.formula
        mask = None
    else:
        circuit = value.circuit if isinstance(value, Interpretation) else value
        mask = circuit if isinstance(circuit, int) else circuit.mask
    functions = dict(_functions(kind, value, question))
    return chosen.write(network_graph(question, about, mask=mask, of_nodes=functions), question)


def _functions(kind: str, value: Any, question: SubjectQuestion) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """What neurons are said to compute, by layer and place there."""
    if isinstance(value, Interpretation):
        for gate in value.gates:
            label = gate_label(gate, question.subject.n_inputs)
            yield (gate.layer, gate.neuron), _function(question, gate.function, label) | {"threshold": gate.threshold}
    elif isinstance(value, Aligned):
        for claim in KIND_OF[kind].claims(value):
            for neuron in claim.neurons:
                yield (claim.layer, neuron), _function(question, claim.function, claim.label)


def _function(question: SubjectQuestion, function: int, label: str) -> dict[str, Any]:
    return {"function": label, "table": "".join(map(str, bits_of(function, question.subject.n_inputs)))}


def answer_graph(
    key: str, question: SubjectQuestion, mask: int | None, scores: Sequence[float | None] | None, **about: str
) -> Any:
    """What a method answered, or somebody claims, in a format of graphs.

    Args:
        key: of the format.
        mask: None where it answered with none.
        scores: a number for each bit of masks, or None; None of a method without scores.
        about: name of the network, method.

    Raises:
        NotOffered: the format is unknown, or does not take scores.
    """
    chosen = format_for(key, question, "circuit" if scores is None else "scores")
    return chosen.write(network_graph(question, about, mask=mask, scores=scores), question)
