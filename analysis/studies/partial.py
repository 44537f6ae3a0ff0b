"""An analysis of which only the circuits were searched, or nothing: what is left out says that it was not searched."""

from __future__ import annotations

from analysis.alignments.result import AlgorithmSearch
from analysis.circuits.result import CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.question import Question
from analysis.result import OutputAnalysis


def circuits_alone(question: Question, circuits: CircuitSearch) -> OutputAnalysis:
    """Circuits as they were found (or left unsearched), and nothing else.

    Args:
        circuits: what is known of them.
    """
    return OutputAnalysis(
        question=question,
        circuits=circuits,
        interpretations=InterpretationCounts((), (), truncated_at=0, complete=False),
        algorithms=AlgorithmSearch((), 0, truncated_at=0),
        criteria={},
        seconds={},
    )
