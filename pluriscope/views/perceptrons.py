"""The view of perceptrons."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.circuits.space import count_by_edges
from pluriscope.analysis.questions.answers import answers, counted_otherwise
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN, margin_to_edge
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.kinds.circuits import edge_labels
from pluriscope.views.records import RowRecord
from pluriscope.views.view import SubjectView

MAX_EDGES_COUNTED: Final = 130
"""Of the perceptrons whose possible circuits are counted by size while somebody waits: a tenth of a second."""


def _drawn(
    question: Question, mask: int | None = None, *, title: str, thumb: bool = False, pale: int = 0, **more: Any
) -> Markup:
    circuit, shared = (None if one is None else Circuit(question.layout, one) for one in (mask, pale or None))
    return network_diagram(question.network.weights, circuit, thumb=thumb, title=title, shared=shared, **more)


def _on_inputs(question: Question, mask: int | None) -> list[RowRecord]:
    if mask is None:
        outputs = forward(question.network, question.clean_rows)[:, 0]
    else:
        outputs = question.activations(Circuit(question.layout, mask), question.clean_rows)[-1][:, 0]
    rule = question.protocol.circuit_decision
    given, margins = answers(outputs).tolist(), margin_to_edge(outputs, rule)
    bits = input_table(question.subject.n_inputs).astype(int).tolist()
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
        for row, target in enumerate(question.task.truth_table)
    ]


def _possible(question: Question, n_edges: int) -> int | None:
    layout = question.layout
    if layout.n_edges > MAX_EDGES_COUNTED:
        return None
    return count_by_edges(layout.sizes, question.protocol, layout.n_edges).get(n_edges)


PERCEPTRONS: Final = SubjectView(
    "Hidden neurons", lambda question: edge_labels(question.network.sizes), _drawn, _on_inputs, _possible
)
