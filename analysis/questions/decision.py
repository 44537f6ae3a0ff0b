"""What decides: how the outputs of a network become answers, by the names that files have for it, and how far each
answer is from turning.

A value is decided at ½, a logit at 0, a sign at 0 between −1 and 1; of several outputs each for itself. Of classes the
largest output decides. An output on the edge itself is 0, and of classes two that are equally large are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

DecisionName = Literal["value", "logit", "sign", "classes"]
_WORDS: Final = {"value": "decided at ½", "logit": "decided at 0", "sign": "decided at 0 between −1 and 1"}
_FEW: Final = 12
"""Outputs whose largest is found one by one, which is quicker."""


@dataclass(frozen=True)
class Decision:
    """A rule by which outputs are answers.

    Args:
        name: as ``output_is`` of files has it.
        rounded: of values, whether what rounds to neither 0 nor 1 is wrong: what is below −½, or 1½ and more.
    """

    name: DecisionName = "value"
    rounded: bool = False

    @property
    def each(self) -> bool:
        """Whether each output is decided for itself."""
        return self.name != "classes"

    @property
    def edge(self) -> float:
        """Where outputs are decided each for itself: 1 above, else 0."""
        return 0.5 if self.name == "value" else 0.0

    def words(self, n_outputs: int = 1) -> str:
        """The rule as part of a sentence."""
        if not self.each:
            return f"by the largest of {n_outputs:,} outputs"
        rounds = ", wrong below −½ and from 1½ on" if self.rounded else ""
        return f"{f'each of {n_outputs:,} outputs ' if n_outputs > 1 else ''}{_WORDS[self.name]}{rounds}"

    def answers(self, outputs: Any) -> Any:
        """The answers of outputs ``[…, outputs]`` of numpy or torch: 0 or 1 in the same shape, of classes the number of
        the largest ``[…]``, the first of several.
        """
        return (outputs > self.edge) * 1 if self.each else outputs.argmax(-1)

    def margins(self, outputs: Any, answers: Any, others: Any = None, of: Any = np) -> Any:
        """How far answers are from turning, ``[…, rows]``: above 0 where a row is right, whatever the rule is. Of
        several outputs that are decided each for itself it is the least margin of the row.

        Args:
            outputs: ``[…, rows, outputs]``.
            answers: ``[rows, outputs]`` of 0 and 1; of classes ``[rows]`` the number of the output that should be
                largest.
            others: ``[rows]`` of classes the output that it is compared with; None for the largest other.
            of: the module whose arrays they are: numpy, or torch, whose derivatives go through.
        """
        if not self.each:
            rows, n_outputs = of.arange(outputs.shape[-2], device=outputs.device), outputs.shape[-1]
            if others is not None or n_outputs <= _FEW:
                steps = [others] if others is not None else [(answers + one) % n_outputs for one in range(1, n_outputs)]
                return outputs[..., rows, answers] - reduce(of.maximum, (outputs[..., rows, one] for one in steps))
            rest = outputs * 1
            rest[..., rows, answers] = -np.inf
            return outputs[..., rows, answers] - of.amax(rest, axis=-1)
        apart = 0.5 - abs(outputs - answers) if self.rounded else (outputs - self.edge) * (2 * answers - 1)
        on_edge = (apart == 0) & (answers == 0)  # which is 0
        return of.amin(of.where(on_edge, apart + of.finfo(outputs.dtype).tiny, apart), axis=-1)


CLASSES: Final = Decision("classes")


def possible(n_outputs: int, n_labels: int | None = None, *, positions: bool = False) -> tuple[DecisionName, ...]:
    """The decisions that the shape of outputs and labels leaves open.

    Args:
        n_outputs: of a row.
        n_labels: of a row: one for each output; one class, or two to compare; None where there are none.
        positions: whether there are outputs at each position of a row, such as of tokens.
    """
    classes = n_outputs > 1 and n_labels in (None, 1, 2)
    each = n_labels in (None, n_outputs) and not (classes and positions)
    return (*(("value", "logit", "sign") if each else ()), *(("classes",) if classes else ()))


def fitting(
    names: Sequence[DecisionName], outputs: NDArray[Any], labels: NDArray[np.int64] | None = None
) -> tuple[DecisionName, ...]:
    """Those of some decisions that fit what a network gives, and on every row its labels. Where there are none, the
    answers must not be the same on every row. A sign is decided as a logit, so that only one of them is given.

    Args:
        names: decisions that are possible.
        outputs: ``[rows, outputs]``.
        labels: ``[rows, labels]``, as :func:`possible` takes them.
    """
    below = (outputs < 0).any(0).all()  # somewhere, of each output
    apart = bool((outputs >= 0).all() and (abs(outputs.sum(-1) - 1) > 1e-4).any())
    sign = below and bool((abs(outputs) <= 1).all())
    by_values = {
        "value": bool(((outputs >= -0.5) & (outputs < 1.5)).all()) and (outputs.shape[-1] == 1 or below or apart),
        "logit": below and not sign,
        "sign": sign,
        "classes": not apart or bool(((outputs > 0.5).sum(-1) == 1).all() or (outputs > 1).any()),
    }
    found = [name for name in names if by_values[name]]
    if len(found) > 1:
        found = [name for name in found if fits(Decision(name), outputs, labels)]
    return tuple(found)


def fits(decision: Decision, outputs: NDArray[Any], labels: NDArray[np.int64] | None = None) -> bool:
    """Whether a decision gives every row's labels, or where there are none, answers that are not always the same."""
    if labels is None:
        return bool((np.ptp(decision.answers(outputs), axis=0) > 0).all())
    if not decision.each:
        return bool((decision.margins(outputs, labels[:, 0], *labels.T[1:]) > 0).all())
    return bool((decision.margins(outputs, labels) > 0).all())
