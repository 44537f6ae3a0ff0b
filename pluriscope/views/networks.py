"""Networks and circuits as pages show them: drawings, answers on each row, names of parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.questions.answers import answers, counted_otherwise, largest
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN, margin_to_edge
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.views.records import AnswerRecord, RowRecord

MAX_EDGES_COUNTED: Final = 130
"""Of the perceptrons whose possible circuits are counted by size while somebody waits: a tenth of a second."""
Rows = list[RowRecord] | list[AnswerRecord]


def whole(question: SubjectQuestion) -> int:
    """The circuit that keeps everything."""
    return (1 << question.graph.n_bits) - 1


def draw_network(
    question: SubjectQuestion, mask: int | None = None, *, title: str, thumb: bool = False, pale: int = 0, **more: Any
) -> Markup:
    """Draw a network, or a circuit of it.

    Args:
        question: about the network.
        mask: the circuit; None for all of the network.
        title: what it is.
        thumb: whether it is for lists: small, without names.
        pale: of a thumb's circuit what stands back, as a mask.
        more: options of the drawing itself.
    """
    if isinstance(question, Question):
        circuit, shared = (None if one is None else Circuit(question.layout, one) for one in (mask, pale or None))
        return network_diagram(question.network.weights, circuit, thumb=thumb, title=title, shared=shared, **more)
    graph = question.graph

    def kept(one: int) -> list[bool]:
        edges: list[bool] = graph.kept_edges(graph.bits([one]))[0].tolist()
        return edges

    if mask is not None and pale:
        more["alone"] = kept(mask & ~pale)
    return graph_diagram(graph, None if mask is None else kept(mask), title=title, thumb=thumb, **more)


@lru_cache(maxsize=64)
def rows_of(question: SubjectQuestion, mask: int | None) -> Rows:
    """Answers of a circuit, or with None of the whole network, on each row."""
    return _on_inputs(question, mask) if isinstance(question, Question) else _on_rows(question, mask)


@lru_cache(maxsize=256)
def possible_of(question: SubjectQuestion, n_edges: int) -> int | None:
    """The number of circuits with so many edges, valid or not; None if that is not known."""
    if not question.kind.refuses("edge-weights") and question.graph.n_bits > MAX_EDGES_COUNTED:
        return None
    sizes: Mapping[int, int] = question.kind.explaining.possible_by_edges(question) or {}
    return sizes.get(n_edges)


def _on_inputs(question: Question, mask: int | None) -> list[RowRecord]:
    if mask is None:
        outputs = forward(question.network, question.clean_rows)[:, 0]
    else:
        outputs = question.activations(Circuit(question.layout, mask), question.clean_rows)[-1][:, 0]
    rule = question.protocol.circuit_decision
    given, margins = answers(outputs).tolist(), margin_to_edge(outputs, rule)
    bits = question.examples.inputs.astype(int).tolist() if question.task.truth_table else [[]] * len(outputs)
    return [
        RowRecord(
            bits=bits[row],
            row=question.clean_rows[row].tolist(),
            output=float(outputs[row]),
            decision=given[row],
            target=target,
            right=given[row] == target,
            note=counted_otherwise(float(outputs[row]), rule),
            margin=float(margins[row]),
            fragile=float(margins[row]) < FRAGILE_MARGIN,
        )
        for row, target in enumerate(question.examples.answers.tolist())
    ]


def _on_rows(question: SubjectQuestion, mask: int | None) -> list[AnswerRecord]:
    outputs = question.outputs(whole(question) if mask is None else mask)
    subject = question.subject
    apart = question.margins(outputs[None])[0].tolist()
    reply = zip(subject.rows, subject.answers.tolist(), largest(outputs).tolist(), apart, strict=True)
    return [
        AnswerRecord(
            row=row,
            answer=subject.outputs[answer],
            given=subject.outputs[given] if given >= 0 else "",
            right=gap > 0,
            gap=gap,
        )
        for row, answer, given, gap in reply
    ]
