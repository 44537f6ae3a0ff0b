"""The view of each kind of network."""

from __future__ import annotations

from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.views.graphs import GRAPHS
from pluriscope.views.perceptrons import PERCEPTRONS
from pluriscope.views.view import SubjectView


def view_of(question: SubjectQuestion) -> SubjectView:
    """View of the network of a question."""
    return GRAPHS if question.kind.refuses("interpretations") else PERCEPTRONS
