"""The analysis of the interpretations of circuits by variables: those of the smallest circuits, counted."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from pluriscope.analysis.algorithms.parsing import read_algorithm
from pluriscope.analysis.methods.report import Analysed, Report, Settings
from pluriscope.analysis.readings.circuit_readings import (
    CircuitInterpretations,
    CircuitReader,
    CircuitReadings,
    VariableGroup,
)
from pluriscope.analysis.readings.task_variables import classes_of
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion

MOST: Final = 64
"""Circuits that are read, the smallest first."""
MILLISECONDS: Final = 90_000
"""Predicted ones for all of them, more than what is made unasked; the smallest alone may take :data:`LONGEST`."""
LONGEST: Final = 1_800_000


class InterpretationsReport(Report):
    """The interpretations of the smallest circuits of a network by variables of its task.

    Args:
        n_circuits: valid circuits that are listed.
        classes: the variables, by class.
        circuits: those that were read, by size, then mask.
        milliseconds: predicted ones of the smallest.
    """

    n_circuits: int
    classes: list[VariableGroup]
    circuits: list[CircuitReadings]
    milliseconds: float = 0.0

    @property
    def all_there_is(self) -> bool:
        return len(self.circuits) == self.n_circuits

    @cached_property
    def by_mask(self) -> dict[str, CircuitInterpretations]:
        """The interpretations of each circuit that was read."""
        return {one.mask: CircuitInterpretations(one, self.classes) for one in self.circuits}

    def findings(self, question: SubjectQuestion) -> list[str]:
        if not self.circuits:
            minutes = f"the smallest would take about {self.milliseconds / 60_000:,.0f} minutes"
            return [f"None is read: {minutes if self.n_circuits else 'no circuit is listed'}."]
        every = self.by_mask.values()
        places = [place for one in self.circuits for place in one.places]
        asked = [place for place in places if place.asked]
        unread = sum(not place.classes for place in asked)
        which = "circuits" if self.all_there_is else f"smallest circuits of {self.n_circuits:,}"
        number, classes = sum(one.count for one in every), sum(one.n_observed for one in every)
        return [
            f"{sum(one.count > 0 for one in every):,} of the {len(every):,} {which} can be read by variables of the "
            f"task: {number:,} interpretations in {classes:,} classes that rows tell apart.",
            f"Of {len(places):,} nodes, each at each position, {len(places) - len(asked):,} cannot be asked, since no "
            f"interchange changes a decision, and {unread:,} can be read as no variable.",
        ]


def find(of: Analysed[Any], settings: Settings, work: Work = DEFAULT_WORK) -> InterpretationsReport:
    """Read the smallest circuits by the variables of the task, and those of algorithms that settings write.

    Args:
        of: about a network with sites.
        settings: with algorithms as texts.
        work: reports "interpretations" by circuit; may cancel.

    Raises:
        InvalidAlgorithm: a text is none, or reads what the task does not have.
    """
    question: GraphQuestion = of.question
    classes = classes_of(question, [read_algorithm(text) for text in settings.algorithms])
    masks = sorted(map(int, of.circuits.masks), key=lambda mask: (mask.bit_count(), mask))
    readers, first, left = list[CircuitReader](), 0.0, float(MILLISECONDS)
    for mask in masks[:MOST]:
        reader = CircuitReader(question, mask)
        first, left = first or reader.milliseconds, left - reader.milliseconds
        if left < 0 if readers else first > LONGEST:
            break
        readers.append(reader)
    found = [reader.read(classes, work) for reader in work.each("interpretations", readers)]
    groups = [*map(VariableGroup.of, classes)]
    return InterpretationsReport(n_circuits=len(masks), classes=groups, circuits=found, milliseconds=first)


def milliseconds(question: GraphQuestion) -> float:
    """The predicted duration at most, as if every circuit took as long as the whole network."""
    whole = CircuitReader(question, (1 << question.graph.n_bits) - 1).longest
    return max(whole, min(MOST * whole, MILLISECONDS))
