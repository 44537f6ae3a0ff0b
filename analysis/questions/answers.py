"""Answers of a model as pages show them: one rule for each kind of model, whatever a protocol counts as right.

A protocol judges validity by a rule of its own (:mod:`pluriscope.analysis.questions.decisions`), which may count wrong
what is answered right: an output of 2.6 answers 1, and is not 1 by rounding.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.decisions import DecisionRule, decide

ANSWERED: Final[DecisionRule] = "threshold"
"""The rule by which a perceptron answers, for what takes one."""
ANSWER_RULE: Final = "1 when the output is above 0.5, else 0"
"""The same in words."""
JUDGED_BY: Final[dict[DecisionRule, str]] = {
    "threshold": ANSWER_RULE,
    "rounding": f"{ANSWER_RULE}; counted wrong below −0.5 and from 1.5 on",
}
"""The same with what a protocol counts wrong, by its rule."""


def answers(outputs: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the answers of a perceptron.

    Args:
        outputs: raw outputs of any shape.

    Returns:
        1 where the output is above .5, else 0 (NaN too), in the same shape.
    """
    return (outputs > 0.5).astype(np.int8)


def largest(outputs: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the answers of a transformer.

    Args:
        outputs: ``[…, outputs]``.

    Returns:
        ``[…]`` the number of the output that is larger than every other, −1 where none is.
    """
    first = outputs.argmax(axis=-1)
    alone = (outputs == outputs.max(axis=-1, keepdims=True)).sum(axis=-1) == 1
    return np.where(alone, first, -1)


def counted_otherwise(output: float, rule: DecisionRule) -> str:
    """Return why a protocol counts a perceptron's answer wrong, whatever the task is: it makes neither 0 nor 1 of it.

    Args:
        output: raw output.
        rule: by which the protocol decides.

    Returns:
        A clause; "" where the protocol decides as the perceptron answers.
    """
    answer = int(answers(np.array(output)))
    if int(decide(np.array(output), rule)) == answer:
        return ""
    where = "above 0.5, but not below 1.5" if answer else "not above 0.5, but below −0.5"
    return f"{where}: this protocol counts it wrong"
