"""The intervals of pre-activations that are decided right, to the last float.

The output's activation never falls, or is refused, so the pre-activations decided as one label are an interval of
floats. Its two ends are found by bisection over all floats, and the 256 floats beyond each end are looked at one by
one: counting without listing compares the very floats that the search compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.decisions import DecisionRule, decided_as
from pluriscope.analysis.subjects.perceptron.activations import Activation, refuse_falling

LARGEST: Final = float(np.finfo(np.float64).max)
_LOOKED_AT: Final = 256  # floats checked one by one beyond each end
# pre-activations of which the first that is decided as a label is taken; today's activations need the first two
_TRIED: Final = np.array([-0.01, 1.0, *(sign * 2.0**k for k in range(-4, 17) for sign in (-1, 1))])


@dataclass(frozen=True)
class Box:
    """The pre-activations of the output that are decided as one label: ``low ≤ value ≤ high``.

    Args:
        low: −inf if there is no lower end; +inf if no value is right.
        high: +inf if there is no upper end.
    """

    low: float
    high: float


@lru_cache(maxsize=256)
def decision_box(label: float, rule: DecisionRule, activation: Activation) -> Box:
    """The finite pre-activations whose activation is decided as ``label``.

    Raises:
        BeyondLimits: the activation falls somewhere, or does on this machine around the decision's edge, or it decides
            nothing as the label.
    """
    refuse_falling("exact counting", activation)

    def right(values: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(over="ignore", under="ignore"):
            return decided_as(activation.value(values), label, rule)

    if label not in (0, 1):
        return Box(np.inf, -np.inf)
    near, cure = _TRIED[right(_TRIED)], "list the circuits, or estimate their number"
    if not len(near):
        cause = f"no pre-activation is known at which {activation.text} is decided as {label:g}"
        raise BeyondLimits("exact counting", cause, cure)
    inside = float(near[0])
    ends: list[float] = []
    for sign in (-1.0, 1.0):
        end = _last_right(lambda x, sign=sign: right(x * sign), inside * sign) * sign  # type: ignore[misc]
        ends.append(end)
        if np.isfinite(end):
            at = _ordinals(np.array([end]))[0]
            outward = int(sign) * np.arange(1, _LOOKED_AT + 1)
            if right(_floats(at + outward)).any() or not right(_floats(at - outward + int(sign))).all():
                cause = f"{activation.text} as computed on this machine is not monotone around a decision's edge"
                raise BeyondLimits("exact counting", cause, cure)
    return Box(ends[0], ends[1])


def _last_right(right: Callable[[NDArray[np.float64]], NDArray[np.bool_]], inside: float) -> float:
    """The largest float that is right, going up from one that is; +inf if the largest of all is."""
    if right(np.array([LARGEST]))[0]:
        return np.inf
    good, bad = (int(n) for n in _ordinals(np.array([inside, LARGEST])))
    while bad - good > 1:
        middle = (good + bad) // 2
        if right(_floats(np.array([middle])))[0]:
            good = middle
        else:
            bad = middle
    return float(_floats(np.array([good]))[0])


def _ordinals(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Finite floats numbered in their order: neighbours differ by 1, and ±0 are 0."""
    return _mirrored(values.astype(np.float64).view(np.int64))


def _floats(ordinals: NDArray[np.int64]) -> NDArray[np.float64]:
    return _mirrored(ordinals).view(np.float64)


def _mirrored(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bits of floats as ordinals, and back."""
    return np.where(numbers < 0, np.int64(-(2**63)) - numbers, numbers)
