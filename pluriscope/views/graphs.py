"""The view of networks whose circuits are parts of a graph, whatever it computes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import gaps
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.views.records import AnswerRecord
from pluriscope.views.view import SubjectView, whole


def _graph(
    question: GraphQuestion, mask: int | None = None, *, title: str, thumb: bool = False, pale: int = 0, **more: Any
) -> Markup:
    graph = question.graph
    kept = None if mask is None else graph.kept_edges(graph.bits([mask]))[0].tolist()
    if mask is not None and pale:
        more["alone"] = graph.kept_edges(graph.bits([mask & ~pale]))[0].tolist()
    return graph_diagram(graph, kept, title=title, thumb=thumb, **more)


def _on_rows(question: GraphQuestion, mask: int | None) -> list[AnswerRecord]:
    outputs: NDArray[np.float64] = question.outputs(whole(question) if mask is None else mask)
    subject = question.subject
    apart = gaps(outputs[None], subject.answers)[0].tolist()
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


GRAPHS: Final = SubjectView(
    "Nodes",
    lambda question: question.graph.bit_names,
    _graph,
    _on_rows,
    lambda question, bits: (question.space.possible_by_bits or {}).get(bits),
)
