"""Which pre-activations are decided right, to the last float, and how far back through a sum that reaches.

Everything here is about the very floats that the search compares, so that counting without listing gives the same
verdicts to the last bit:

1. The output's activation never falls, or is refused, so the pre-activations decided as one label are an interval of
   floats; its two ends are found by bisection over all floats, and the 256 floats beyond each end are looked at one by
   one.
2. Rounded addition never falls either: for a fixed addend t, ``x ↦ fl(x + t)`` is monotone. So "the sum is at least
   L" is the same as "x is at least the least float whose sum with t is", whatever rounding does, and sums of several
   addends can be taken back one addend at a time. The least such float is computed from the exact real threshold
   (half a unit below L, minus t, with the rounding error of that subtraction put back: Knuth's TwoSum), and then
   verified against its neighbour; the few that fail are found by bisection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits
from analysis.networks.activations import ActivationName, refuse_falling
from analysis.networks.mlp import activate
from analysis.validity import DecisionRule, decided_as

LARGEST: Final = float(np.finfo(np.float64).max)
_LOOKED_AT: Final = 256  # floats checked one by one beyond each end
_STEPS: Final = 5  # neighbours tried before bisection
_ROUNDING: Final = 1e-12  # times the sum of absolute values: far more than any order of summation can change a sum
# pre-activations of which the first that is decided as a label is taken; today's activations need the first two
_TRIED: Final = np.array([-0.01, 1.0, *(sign * 2.0**k for k in range(-4, 7) for sign in (-1, 1))])


@dataclass(frozen=True)
class Box:
    """The pre-activations of the output that are decided as one label: ``low ≤ value ≤ high``.

    Args:
        low: −inf if there is no lower end; +inf if no value is right.
        high: +inf if there is no upper end.
    """

    low: float
    high: float


NOTHING: Final = Box(np.inf, -np.inf)


def rounding_slack(
    size: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """More than any order of summation can change a sum and its comparison with the ends of a box.

    Args:
        size: sums of absolute values.
        low: lower ends, of a shape that goes with it; infinite ones count nothing.
        high: upper ends, likewise.
    """
    ends = sum(np.abs(np.where(np.isfinite(end), end, 0.0)) for end in (low, high))
    slack: NDArray[np.float64] = _ROUNDING * (size + ends)
    return slack


@lru_cache(maxsize=256)
def decision_box(label: float, rule: DecisionRule, activation: ActivationName, slope: float | None) -> Box:
    """The finite pre-activations whose activation is decided as ``label``.

    Raises:
        BeyondLimits: the activation falls somewhere, or does on this machine around the decision's edge, or it decides
            nothing as the label.
    """
    refuse_falling("exact counting", activation)

    def right(values: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(over="ignore", under="ignore"):
            return decided_as(activate(values, activation, slope), label, rule)

    if label not in (0, 1):
        return NOTHING
    near = _TRIED[right(_TRIED)]
    if not len(near):
        cause = f"no pre-activation is known at which {activation} is decided as {label:g}"
        raise BeyondLimits("exact counting", cause, "list the circuits, or estimate their number")
    inside = float(near[0])
    ends: list[float] = []
    for sign in (-1.0, 1.0):
        end = _last_right(lambda x, sign=sign: right(x * sign), inside * sign) * sign  # type: ignore[misc]
        ends.append(end)
        if np.isfinite(end):
            at = _ordinals(np.array([end]))[0]
            outward = int(sign) * np.arange(1, _LOOKED_AT + 1)
            if right(_floats(at + outward)).any() or not right(_floats(at - outward + int(sign))).all():
                raise _falls(activation)
    return Box(ends[0], ends[1])


def _falls(activation: ActivationName) -> BeyondLimits:
    return BeyondLimits(
        "exact counting",
        f"{activation} as computed on this machine is not monotone around a decision's edge",
        "list the circuits, or estimate their number",
    )


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


def least_addend(target: NDArray[np.float64], addend: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least float x with ``fl(x + addend) ≥ target``, element by element.

    Args:
        target: any shape, no NaN; ±inf stand for themselves.
        addend: finite, below 1e300 in size, of a shape that broadcasts.
    """
    target, addend = np.broadcast_arrays(target, addend)
    result = np.array(target, dtype=np.float64)
    finite = np.isfinite(result)
    if not finite.all():
        result[finite] = least_addend(target[finite], addend[finite])
        return result
    # the sum rounds to target or above from half a unit below it on
    half = (target - np.nextafter(target, -np.inf)) * 0.5
    rough = target - addend
    back = rough - target
    error = (target - (rough - back)) - (addend + back)
    x = np.nextafter(np.nextafter(rough + (error - half), -np.inf), -np.inf)
    for _ in range(_STEPS):
        short = x + addend < target
        if not short.any():
            break
        x = np.where(short, np.nextafter(x, np.inf), x)
    wrong = (x + addend < target) | (np.nextafter(x, -np.inf) + addend >= target)
    if wrong.any():
        x[wrong] = _least_by_bisection(target[wrong], addend[wrong])
    return x


def greatest_addend(target: NDArray[np.float64], addend: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest float x with ``fl(x + addend) ≤ target``; rounding is symmetric, so this is the mirror image."""
    return -least_addend(-target, -addend)


def _least_by_bisection(target: NDArray[np.float64], addend: NDArray[np.float64]) -> NDArray[np.float64]:
    bad = np.full(target.shape, _ordinals(np.array([-LARGEST]))[0])
    good = np.full(target.shape, _ordinals(np.array([LARGEST]))[0])
    while True:
        # halves first: the difference itself may not fit
        middle = (good >> 1) + (bad >> 1) + (good & bad & 1)
        if ((good - 1 == bad) | (good == bad)).all():
            return _floats(good)
        reached = _floats(middle) + addend >= target
        good, bad = np.where(reached, middle, good), np.where(reached, bad, middle)


def _ordinals(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Finite floats numbered in their order: neighbours differ by 1, and ±0 are 0."""
    bits = values.astype(np.float64).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _floats(ordinals: NDArray[np.int64]) -> NDArray[np.float64]:
    bits = np.where(ordinals < 0, np.int64(-(2**63)) - ordinals, ordinals)
    return bits.astype(np.int64).view(np.float64)
