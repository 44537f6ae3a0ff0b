"""The variables that nodes of a circuit may be read as: functions of the rows of a task.

They are the inputs, the words of every vocabulary that has some for the task, the variables of algorithms that somebody
wrote, and the answer. A variable has a value on every row, more than one on all, and the same on some two: what differs
on every row is the row itself, as which interchange lets everything be read. Of variables with equal values on every
row the first is kept; those that split the rows alike are one class, which no row tells apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel, Integers
from pluriscope.analysis.algorithms.enumerated import VOCABULARIES, defined
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.subjects.question import SubjectQuestion

_HELPER: Final = re.compile(r"\b_\w+")


@dataclass(frozen=True, eq=False)
class TaskVariable:
    """A function of the rows of a task.

    Args:
        name: as its vocabulary or algorithm has it; with a number behind it where that is taken.
        definition: an expression of inputs and of other names of the same text, then the helpers that it reads; "" of
            an input and of the answer.
        values: ``[rows]``.
    """

    name: str
    definition: str
    values: Integers


@dataclass(frozen=True, eq=False)
class VariableClass:
    """Variables that split the rows alike.

    Args:
        variables: one or more.
        which: ``[rows]`` numbers of their values from 0, by the first row with each.
    """

    variables: tuple[TaskVariable, ...]
    which: NDArray[np.intp]

    @property
    def n_values(self) -> int:
        return int(self.which.max()) + 1


def classes_of(question: SubjectQuestion, written: Sequence[CausalModel] = ()) -> tuple[VariableClass, ...]:
    """The variables of a question's task by class, in the order of the first of each.

    Raises:
        InvalidAlgorithm: a written algorithm does not fit the inputs.
    """
    classes, names, seen = dict[bytes, list[TaskVariable]](), set[str](), set[bytes]()
    for one, definition, values in _all(question, written):
        if values.tobytes() in seen or NONE in values or not 1 < len(np.unique(values)) < len(values):
            continue
        name = next(name for k in range(1, 1 << 16) if (name := one if k == 1 else f"{one} ({k})") not in names)
        names.add(name)
        seen.add(values.tobytes())
        classes.setdefault(_split(values).tobytes(), []).append(TaskVariable(name, definition, values))
    return tuple(VariableClass(tuple(some), _split(some[0].values)) for some in classes.values())


def _all(question: SubjectQuestion, written: Sequence[CausalModel]) -> Iterator[tuple[str, str, Integers]]:
    try:
        inputs = inputs_of(question)
    except InvalidAlgorithm:  # numbers that are too large
        if written:
            raise
        inputs = None
    if inputs is not None:
        yield from ((name, "", values) for name, values in inputs.columns.items())
        for vocabulary in VOCABULARIES:
            for words in vocabulary.variables(question) if vocabulary.applies(question) else ():
                definitions, values = defined(words, inputs)
                named = (name for name in definitions if name in values)
                yield from ((name, _with_helpers(name, definitions), values[name]) for name in named)
        for model in written:
            found, texts = model.run(inputs), model.definitions
            yield from ((name, _with_helpers(name, texts), found[name]) for name in model.variables)
    yield "answer", "", question.examples.answers


def _with_helpers(name: str, definitions: Mapping[str, str]) -> str:
    """The definition of a name, with those of the helpers that it reads."""
    text, read = definitions[name], dict[str, str]()
    while helpers := [one for one in _HELPER.findall(" ".join([text, *read.values()])) if one not in read]:
        read |= {one: definitions[one] for one in helpers}
    return "; ".join([text, *(f"{one} = {read[one]}" for one in definitions if one in read)])


def _split(values: Integers) -> NDArray[np.intp]:
    """Numbers of values from 0, by the first row with each."""
    _, first, which = np.unique(values, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which.ravel()]
