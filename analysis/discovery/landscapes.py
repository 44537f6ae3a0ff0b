"""The landscape of a question: the valid circuits of a subject of any kind, to locate answers among."""

from __future__ import annotations

from typing import Any, cast

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.discovery.landscape import Landscape
from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.perceptron_landscape import PerceptronLandscape
from pluriscope.analysis.discovery.space_landscape import SpaceLandscape
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion


def landscape_of(question: SubjectQuestion, circuits: CircuitSearch | None, **more: Any) -> Landscape[SubjectQuestion]:
    """The valid circuits that a question asks for.

    Args:
        circuits: what the search for them found, see :class:`pluriscope.analysis.methods.report.Analysed`.
        more: the last fields of :class:`~pluriscope.analysis.discovery.landscape.Landscape`.
    """
    if isinstance(question, Question):
        return PerceptronLandscape(question, circuits, **more)
    return SpaceLandscape(cast(Any, question), circuits, **more)


def masked_under(question: SubjectQuestion, ablation: object) -> MaskedSubject:
    """Return what methods search of a question; edges that are left out carry what an ablation sets.

    Raises:
        InvalidMethod: it has no such ablation, or too many rows for it.
    """
    return landscape_of(question, None, judges=False).under(ablation)
