"""How networks of each kind are shown: what the bits of a mask are called, a drawing, and what they do on each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from analysis.answers import answers, counted_otherwise, largest
from analysis.circuits.space import count_by_edges
from analysis.question import Question
from analysis.subjects.perceptron.circuit import Circuit
from analysis.subjects.perceptron.mlp import forward
from analysis.subjects.question import GraphQuestion, SubjectQuestion
from analysis.subjects.subject import gaps
from analysis.tasks import input_table
from analysis.validity import FRAGILE_MARGIN, margin_to_edge
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.figures.svg.thumbs import circuit_thumb
from pluriscope.kinds.circuits import edge_labels
from pluriscope.records import AnswerRecord, RowRecord

MAX_EDGES_COUNTED: Final = 130
"""Of the perceptrons whose possible circuits are counted by size while somebody waits: a tenth of a second."""
Rows = list[RowRecord] | list[AnswerRecord]


class Draws(Protocol):
    """Draws a network, or a circuit of it."""

    def __call__(
        self, question: Any, mask: int | None = None, *, title: str, thumb: bool = False, **more: Any
    ) -> Markup:
        """The drawing.

        Args:
            question: about the network.
            mask: the circuit; None for all of the network.
            title: what it is.
            thumb: whether it is for lists: small, without names.
            more: options of the drawing itself.
        """


@dataclass(frozen=True)
class SubjectView:
    """How networks of a kind are shown.

    Args:
        nodes: what those that a circuit may do without are called.
        labels: question → what each bit of a mask stands for, as lists name it.
        draws: see :class:`Draws`.
        rows: question, and a circuit or None for the whole network → what it does on each row.
        possible: question, and a number of bits → circuits with so many, valid or not; None if that is not known.
    """

    nodes: str
    labels: Callable[[Any], Sequence[str]]
    draws: Draws
    rows: Callable[[Any, int | None], Rows]
    possible: Callable[[Any, int], int | None]


def view_of(question: SubjectQuestion) -> SubjectView:
    """How the network of a question is shown."""
    return _GRAPHS if question.kind.refuses("interpretations") else _PERCEPTRONS


# --- perceptrons


def _drawn(question: Question, mask: int | None = None, *, title: str, thumb: bool = False, **more: Any) -> Markup:
    circuit = None if mask is None else Circuit(question.layout, mask)
    return (circuit_thumb if thumb else network_diagram)(question.cut.weights, circuit, title=title, **more)


def _on_inputs(question: Question, mask: int | None) -> list[RowRecord]:
    if mask is None:
        outputs = forward(question.cut, question.clean_rows)[:, 0]
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


# --- whatever is a graph


def _graph(question: GraphQuestion, mask: int | None = None, *, title: str, thumb: bool = False, **more: Any) -> Markup:
    graph = question.graph
    kept = None if mask is None else graph.kept_edges(graph.bits([mask]))[0].tolist()
    return graph_diagram(graph, kept, title=title, thumb=thumb, **more)


def whole(question: SubjectQuestion) -> int:
    """The circuit that keeps everything."""
    return (1 << question.graph.n_bits) - 1


def _on_rows(question: GraphQuestion, mask: int | None) -> list[AnswerRecord]:
    outputs: NDArray[np.float64] = question.outputs(whole(question) if mask is None else mask)
    subject = question.subject
    apart = gaps(outputs[None], subject.answers)[0].tolist()
    told = zip(subject.rows, subject.answers.tolist(), largest(outputs).tolist(), apart, strict=True)
    return [
        AnswerRecord(
            row=row,
            answer=subject.outputs[answer],
            given=subject.outputs[given] if given >= 0 else "",
            right=gap > 0,
            gap=gap,
        )
        for row, answer, given, gap in told
    ]


_PERCEPTRONS: Final = SubjectView(
    "Hidden neurons", lambda question: edge_labels(question.cut.sizes), _drawn, _on_inputs, _possible
)
_GRAPHS: Final = SubjectView(
    "Nodes",
    lambda question: question.graph.bit_names,
    _graph,
    _on_rows,
    lambda question, bits: (question.space.possible_by_bits or {}).get(bits),
)
