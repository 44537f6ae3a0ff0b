"""What a model does that did not learn its task: where it is wrong, and what it computes instead, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.answers import largest
from analysis.errors import InvalidTask
from analysis.models.model import Model, Space
from analysis.networks.mlp import forward
from analysis.question import Question
from analysis.tasks import name_of
from analysis.validity import NEITHER, decide, decided_right

_NAMED: Final = 2
"""Rows that are named of those that are wrong."""


def wrong_rows(question: Question, outputs: NDArray[np.float64]) -> str:
    """The rows that outputs decide wrong, the first by name, as a clause; "" where all are right.

    Args:
        question: which rows, labels and rule.
        outputs: ``[rows]`` of the network or a circuit on the rows that circuits are judged on.
    """
    rows, labels = question.judged
    clean = question.data.boolean and question.data.validation_inputs is None
    wrong = np.flatnonzero(~decided_right(outputs, labels, question.protocol.circuit_decision)).tolist()
    names = (_input(row, question) if clean else f"row {row}" for row in wrong)
    values = ((_number(outputs[row]), f"{labels[row]:.0f}") for row in wrong)
    return _wrong(len(rows), wrong, zip(names, values, strict=True))


def instead_of(question: Question) -> str:
    """Where a network is wrong itself and what it computes instead, in sentences; "" where it is right."""
    wrong = wrong_rows(question, forward(question.cut, question.judged[0])[:, 0])
    fails = f"The whole network itself fails: {wrong}."
    if not wrong or not question.data.boolean:
        return wrong and fails
    outputs, rule = forward(question.cut, question.data.representatives)[:, 0], question.protocol.circuit_decision
    table = tuple(decide(outputs, rule).tolist())
    if neither := [row for row, value in enumerate(table) if value == NEITHER]:
        shown = ", ".join(f"{_input(row, question)} ({_number(outputs[row])})" for row in neither[:_NAMED])
        more = f" and {len(neither) - _NAMED} more" if len(neither) > _NAMED else ""
        return f"{fails} It computes no Boolean function: by {rule} it is neither 0 nor 1 on {shown}{more}."
    if len(set(table)) == 1:
        return f"{fails} It computes {table[0]} on every input."
    digits = "".join(map(str, table))
    return f"{fails} It computes {name_of(table) or 'another function'} ({digits}, inputs in binary order)."


def model_instead_of(model: Model, space: Space) -> str:
    """The same of a model of another kind."""
    given, answers = _given(space), model.answers
    wrong = np.flatnonzero(given != answers).tolist()
    if not wrong:
        return ""
    names = (*model.outputs, "nothing")  # a tie is −1
    each = ((model.rows[row], (names[given[row]], names[answers[row]])) for row in wrong)
    often, times = Counter(given.tolist()).most_common(1)[0]
    mostly = f" Its commonest answer is {names[often]}, on {times:,} of {len(answers):,} rows."
    return f"The whole model itself fails: {_wrong(len(answers), wrong, each)}.{mostly}"


def as_answered(model: Any, space: Space) -> Any:
    """A model with what it answers on the rows of its task as its task.

    Raises:
        InvalidTask: on a row two outputs are the largest.
    """
    given = _given(space)
    if (given < 0).any():
        row = model.rows[int(np.argmin(given))]
        raise InvalidTask(f"decisions on row {row}", "are a tie of two outputs", "leave the task as the file says it")
    return replace(model, task="what it answers", answers=given)


def _given(space: Space) -> NDArray[np.intp]:
    return largest(space.run(np.ones((1, space.graph.n_bits), dtype=np.bool_))[0])


def _wrong(n: int, wrong: list[int], each: Iterable[tuple[str, tuple[str, str]]]) -> str:
    """A clause; of each wrong row its name, what is given and what should be."""
    if not wrong:
        return ""
    told = [f"{name} gives {given} and should give {wanted}" for name, (given, wanted) in islice(each, _NAMED)]
    more = len(wrong) - len(told)
    after = f", and {more:,} more row{'' if more == 1 else 's'}" if more else ""
    return f"it is wrong on {len(wrong):,} of {n:,} row{'' if n == 1 else 's'}. {'; '.join(told)}{after}"


def _input(row: int, question: Question) -> str:
    return f"{row:0{question.cut.n_inputs}b}"


def _number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")
