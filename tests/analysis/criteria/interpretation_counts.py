"""Counts of interpretations of circuits that pass criteria, made at once from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pluriscope.analysis.criteria.interpretation_tallies import CountingReadings, Reading
from pluriscope.analysis.criteria.steps import parse_steps
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question

KEYS: Final = ("observed-class", "interchange", "interchange-joint")


def counted(
    question: Question, masks: Sequence[int], keys: Sequence[str] = KEYS, work: Work = DEFAULT_WORK
) -> dict[str, tuple[Reading, ...]]:
    """Count by key which interpretations of each circuit pass."""
    counting = CountingReadings(question, masks, [0] * len(masks), [0] * len(masks), parse_steps(keys))
    counting.advance(work)
    return {step.key: readings for step, readings in counting.found().items()}
