"""Causal models that somebody wrote, checked against the task of a question of any kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pluriscope.analysis.algorithms.causal_model import MAX_INTEGER, NONE, CausalModel, Inputs
from pluriscope.analysis.algorithms.parsing import read_algorithm
from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.subjects.question import SubjectQuestion

_CURE: Final = "write what the task asks for, or name another task"


@dataclass(frozen=True)
class Wrong:
    """A row on which a causal model is wrong.

    Args:
        row: from 0.
        inputs: of it, for people.
        given: the model's answer, for people: ``1 (odd)``.
        right: the task's.
    """

    row: int
    inputs: str
    given: str
    right: str

    def __str__(self) -> str:
        return f"gives {self.given} on row {self.row + 1}, {self.inputs}, where {self.right} is right"


def inputs_of(question: SubjectQuestion) -> Inputs:
    """The inputs of a question's task, as causal models read them: integers where all are.

    Raises:
        InvalidAlgorithm: they are too large.
    """
    examples = question.examples
    values = examples.inputs.astype(np.float64)
    if (wrong := ~(np.abs(values) <= MAX_INTEGER)).any():
        cause = f"have inputs such as {values[wrong][0]:g}, and algorithms read numbers up to {MAX_INTEGER:,}"
        raise InvalidAlgorithm("the rows of this task", cause, "give the task rows of smaller numbers")
    return Inputs(examples.name, values.astype(np.int64) if (values == np.round(values)).all() else values)


def first_wrong(model: CausalModel, question: SubjectQuestion) -> Wrong | None:
    """The first row on which a causal model does not answer what the task does; None if it computes the task.

    Raises:
        InvalidAlgorithm: the model does not fit the inputs of the task.
    """
    examples = question.examples
    given = model.run(inputs_of(question))[model.answer]
    different = np.flatnonzero(given != examples.answers)
    if not different.size:
        return None
    row, classes = int(different[0]), examples.classes

    def in_words(answer: int) -> str:
        return (
            "no answer"
            if answer == NONE
            else f"{answer} ({classes[answer]})"
            if 0 <= answer < len(classes)
            else f"{answer}"
        )

    return Wrong(row, examples.rows[row], in_words(int(given[row])), in_words(int(examples.answers[row])))


def fitting(text: str, question: SubjectQuestion) -> CausalModel:
    """The causal model of a text, which reads what the task has.

    Raises:
        InvalidAlgorithm: it cannot be read, or does not fit the inputs.
        BeyondLimits: its variables have too many combinations of values.
    """
    model = read_algorithm(text)
    model.unfold(inputs_of(question)).check_tables()
    return model


def written(text: str, question: SubjectQuestion) -> CausalModel:
    """The causal model of a text, which computes the task.

    Raises:
        InvalidAlgorithm: it cannot be read, does not fit the inputs, or does not compute the task: on which row.
        BeyondLimits: its variables have too many combinations of values.
    """
    model = fitting(text, question)
    if wrong := first_wrong(model, question):
        raise InvalidAlgorithm(f"algorithm {text[:60]!r}", f"does not compute the task: it {wrong}", _CURE)
    return model


def example_for(question: SubjectQuestion) -> str:
    """An algorithm that reads inputs of the task, and need not compute it: the sum of three modulo the answers."""
    inputs = inputs_of(question)
    names = [*(inputs.letters or inputs.columns)]
    first, second, last = names[0], names[min(1, len(names) - 1)], names[-1]
    n = max(2, int(question.examples.answers.max()) + 1)
    return f"v = ({first} + {second}) % {n}; y = (v + {last}) % {n}"
