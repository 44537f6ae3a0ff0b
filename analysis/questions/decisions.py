"""Decisions: how a real-valued output becomes 0, 1 or neither, and how far it is from the decision's edge (spec §2)."""

from __future__ import annotations

from functools import reduce
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

DecisionRule = Literal["rounding", "threshold"]
NEITHER: Final = -1
FRAGILE_MARGIN: Final = 1e-6
"""A verdict whose margin is below this might turn around with another order of sums."""

EDGES: Final = (-0.5, 0.5, 1.5)  # of any decision
_EDGES: Final[dict[DecisionRule, tuple[float, ...]]] = {"rounding": EDGES, "threshold": (0.5,)}


def decide(outputs: NDArray[np.float64], rule: DecisionRule) -> NDArray[np.int8]:
    """The decision on each output.

    Args:
        outputs: raw outputs of any shape.
        rule: "rounding" (half to even: 1 for .5 < out < 1.5, 0 for −.5 ≤ out ≤ .5, else neither) or "threshold"
            (1 for out > .5, else 0).

    Returns:
        0, 1 or −1 (neither; NaN too) in the same shape.
    """
    if rule == "rounding":
        one, zero = (outputs > 0.5) & (outputs < 1.5), (outputs >= -0.5) & (outputs <= 0.5)
    else:
        one, zero = outputs > 0.5, outputs <= 0.5
    decided: NDArray[np.int8] = one.astype(np.int8) - (~(one | zero)).astype(np.int8)  # NEITHER is −1
    return decided


def decided_as(outputs: NDArray[np.float64], label: float, rule: DecisionRule) -> NDArray[np.bool_]:
    """Whether each output is decided as ``label``; the same as ``decide(outputs, rule) == label``, but quicker.

    Args:
        outputs: raw outputs of any shape.
        label: 0 or 1.
        rule: how they are decided.
    """
    if label == 1:
        above = outputs > 0.5
        return above & (outputs < 1.5) if rule == "rounding" else above
    if label == 0:
        below = outputs <= 0.5
        return (outputs >= -0.5) & below if rule == "rounding" else below
    return np.zeros(outputs.shape, dtype=bool)


def decided_right(outputs: NDArray[np.float64], labels: NDArray[np.float64], rule: DecisionRule) -> NDArray[np.bool_]:
    """Whether each output is decided as its row's label.

    Args:
        outputs: raw outputs ``[..., rows]``.
        labels: ``[rows]``; one that is neither 0 nor 1 is never met.
        rule: how outputs are decided.

    Returns:
        In the shape of the outputs.
    """
    right = np.zeros(outputs.shape, dtype=bool)
    for label in (0.0, 1.0):
        rows = labels == label
        right[..., rows] = decided_as(outputs[..., rows], label, rule)
    return right


def edges_of(rule: DecisionRule) -> tuple[float, ...]:
    """The outputs at which a rule's decision turns."""
    return _EDGES[rule]


def bounds_of(label: Literal[0, 1], rule: DecisionRule) -> tuple[float | None, float | None]:
    """Bounds of the outputs that are decided 0, ends included, or 1, ends left out; None where there is no bound."""
    if rule == "threshold":
        return (0.5, None) if label else (None, 0.5)
    return (0.5, 1.5) if label else (-0.5, 0.5)


def margin_to_edge(outputs: NDArray[np.float64], rule: DecisionRule) -> NDArray[np.float64]:
    """Distance of each output to the nearest edge of the decision: −.5, .5, 1.5 for rounding, .5 for threshold."""
    distances = (np.abs(outputs - edge) for edge in _EDGES[rule])
    nearest: NDArray[np.float64] = reduce(np.minimum, distances)
    return nearest


def max_wrong(n_rows: int, accuracy_threshold: float) -> int:
    """The largest number of wrong rows with which the share of right ones is still above the threshold; −1 if none."""
    wrong = int(n_rows * (1.0 - accuracy_threshold)) + 1
    while wrong >= 0 and not (n_rows - wrong) / n_rows > accuracy_threshold:
        wrong -= 1
    return wrong
