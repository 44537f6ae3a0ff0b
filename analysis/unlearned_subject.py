"""What a model of another kind than the networks does that did not learn its task, and its answers as its task."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.answers import largest
from analysis.errors import InvalidTask
from analysis.subjects.subject import Space, Subject
from analysis.unlearned import wrong_clause


def model_instead_of(model: Subject, space: Space) -> str:
    """Where a model is wrong itself and its commonest answer, in sentences; "" where it is right."""
    given, answers = _given(space), model.answers
    wrong = np.flatnonzero(given != answers).tolist()
    if not wrong:
        return ""
    names = (*model.outputs, "nothing")  # a tie is −1
    each = ((model.rows[row], (names[given[row]], names[answers[row]])) for row in wrong)
    often, times = Counter(given.tolist()).most_common(1)[0]
    mostly = f" Its commonest answer is {names[often]}, on {times:,} of {len(answers):,} rows."
    return f"The whole model itself fails: {wrong_clause(len(answers), wrong, each)}.{mostly}"


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
