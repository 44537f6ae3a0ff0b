"""The analysis of the interpretations of circuits by variables: those of the smallest circuits, counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.interpretations.task_variables import VariableClass, classes_of
from pluriscope.analysis.interpretations.variable_readings import CircuitReader, CircuitReadings
from pluriscope.analysis.methods.report import Analysed, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion

MOST: Final = 64
"""Circuits that are read, the smallest first."""
MILLISECONDS: Final = 60_000
"""Predicted ones for all of them; the smallest is read however long it takes."""


class VariableGroup(Part):
    """Variables that split the rows alike.

    Args:
        names: of each.
        definitions: of each, an expression of inputs and of other names; "" of an input and of the answer.
        n_values: how many values each has.
    """

    names: list[str]
    definitions: list[str]
    n_values: int

    @property
    def text(self) -> str:
        """Their names, for people."""
        return " = ".join(self.names)


class InterpretationsReport(Report):
    """The interpretations of the smallest circuits of a network by variables of its task.

    Args:
        n_circuits: valid circuits that are listed.
        classes: the variables, by class.
        circuits: those that were read, by size, then mask.
    """

    n_circuits: int
    classes: list[VariableGroup]
    circuits: list[CircuitReadings]

    @property
    def all_there_is(self) -> bool:
        return len(self.circuits) == self.n_circuits

    def of(self, mask: str) -> CircuitReadings | None:
        """What a circuit can be read as; None if it was not read."""
        return next((one for one in self.circuits if one.mask == mask), None)

    def count(self, circuit: CircuitReadings) -> int:
        """The number of interpretations of a circuit."""
        return circuit.count([len(one.names) for one in self.classes])

    def findings(self, question: SubjectQuestion) -> list[str]:
        if not self.circuits:
            return ["No circuit is listed, so none is read."]
        read = [one for one in self.circuits if one.n_classes]
        places = [place for one in self.circuits for place in one.places]
        asked = [place for place in places if place.asked]
        unread = sum(not place.classes for place in asked)
        which = "circuits" if self.all_there_is else f"smallest circuits of {self.n_circuits:,}"
        return [
            f"{len(read):,} of the {len(self.circuits):,} {which} can be read by variables of the task: "
            f"{sum(map(self.count, read)):,} interpretations in {sum(one.n_classes for one in read):,} classes that "
            "rows tell apart.",
            f"Of {len(places):,} nodes, each at each position, {len(places) - len(asked):,} cannot be asked, since no "
            f"interchange changes a decision, and {unread:,} can be read as no variable.",
        ]


def groups_of(classes: Sequence[VariableClass]) -> list[VariableGroup]:
    """Classes of variables as a report has them."""
    return [
        VariableGroup(
            names=[each.name for each in one.variables],
            definitions=[each.definition for each in one.variables],
            n_values=one.n_values,
        )
        for one in classes
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
    classes = classes_of(question, [read_causal_model(text) for text in settings.algorithms])
    masks = sorted(map(int, of.circuits.masks), key=lambda mask: (mask.bit_count(), mask))
    readers, left = list[CircuitReader](), float(MILLISECONDS)
    for mask in masks[:MOST]:
        reader = CircuitReader(question, mask)
        left -= reader.milliseconds
        if readers and left < 0:
            break
        readers.append(reader)
    found = [reader.read(classes, work) for reader in work.each("interpretations", readers)]
    return InterpretationsReport(n_circuits=len(masks), classes=groups_of(classes), circuits=found)


def milliseconds(question: GraphQuestion) -> float:
    """The predicted duration at most, as if every circuit took as long as the whole network."""
    whole = CircuitReader(question, (1 << question.graph.n_bits) - 1).milliseconds
    return max(whole, min(MOST * whole, MILLISECONDS))
