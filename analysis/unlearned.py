"""What a model does that did not learn its task: where it is wrong, and what it computes instead, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
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
    return _wrong(
        len(rows),
        wrong,
        (
            f"{_input(row, question) if clean else f'row {row}'} gives {_number(outputs[row])} "
            f"and should give {labels[row]:.0f}"
            for row in wrong
        ),
    )


def instead_of(question: Question) -> str:
    """Where a network is wrong itself and what it computes instead, in sentences; "" where it is right."""
    wrong = wrong_rows(question, forward(question.cut, question.judged[0])[:, 0])
    if not wrong or not question.data.boolean:
        return f"The whole network is no explanation either: {wrong}." if wrong else ""
    outputs, rule = forward(question.cut, question.data.representatives)[:, 0], question.protocol.circuit_decision
    decisions = decide(outputs, rule)
    neither = np.flatnonzero(decisions == NEITHER).tolist()
    if neither:
        shown = ", ".join(f"{_input(row, question)} ({_number(outputs[row])})" for row in neither[:_NAMED])
        more = f" and {len(neither) - _NAMED} more" if len(neither) > _NAMED else ""
        computes = f"It computes no Boolean function: by {rule} it is neither 0 nor 1 on {shown}{more}."
    else:
        table = tuple(decisions.tolist())
        digits, name = "".join(map(str, table)), name_of(table)
        computes = f"It computes {name or 'another function'} ({digits}, inputs in binary order)."
        if len(set(table)) == 1:
            computes = f"It computes {table[0]} on every input."
    return f"The whole network itself fails: {wrong}. {computes}"


def model_instead_of(model: Model, space: Space) -> str:
    """The same of a model of another kind."""
    given, answers = _given(space), model.answers
    wrong = np.flatnonzero(given != answers).tolist()
    if not wrong:
        return ""
    names = (*model.outputs, "nothing")  # a tie is −1
    each = (f"{model.rows[row]} gives {names[given[row]]} and should give {names[answers[row]]}" for row in wrong)
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


def _wrong(n: int, wrong: list[int], each: Iterable[str]) -> str:
    if not wrong:
        return ""
    told = [one for one, _ in zip(each, range(_NAMED), strict=False)]
    more = len(wrong) - len(told)
    after = f", and {more:,} more row{'' if more == 1 else 's'}" if more else ""
    return f"it is wrong on {len(wrong):,} of {n:,} row{'' if n == 1 else 's'}. {'; '.join(told)}{after}"


def _input(row: int, question: Question) -> str:
    return f"{row:0{question.cut.n_inputs}b}"


def _number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")
