"""What the measures of a study need of an analysis, so that no more is searched."""

from __future__ import annotations

from typing import Final

from analysis.studies.design import StudyDesign
from analysis.studies.measures.registry import measures_of

_CIRCUIT_NEEDS: Final = frozenset({"circuits", "interpretations", "criteria"})
_ALGORITHM_NEEDS: Final = frozenset({"algorithms", "criteria"})


def needs_circuits(design: StudyDesign) -> bool:
    """Whether any measure of a study is about circuits or interpretations, or judged on what was found."""
    return bool(_needs(design) & _CIRCUIT_NEEDS)


def needs_algorithms(design: StudyDesign) -> bool:
    """Whether any measure of a study is about what the analysis found of algorithms; some search for themselves."""
    return bool(_needs(design) & _ALGORITHM_NEEDS)


def needs_lists(design: StudyDesign) -> bool:
    """Whether single explanations are judged, so that alignments must be listed and not only counted."""
    return "criteria" in _needs(design)


def _needs(design: StudyDesign) -> frozenset[str]:
    """What the measures of a study are about, taken together."""
    measures = measures_of(design.measures, design.criteria, design.methods).values()
    return frozenset(need for measure in measures for need in measure.needs)
