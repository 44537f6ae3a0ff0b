"""How long work that is on its way will still take, from what each of its stages was expected to take.

An estimate that is exceeded says so: what is left is then not known, never negative and never nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outlook:
    """Where work stands against what was expected.

    Args:
        elapsed: seconds so far.
        expected: seconds of the whole as predicted; None where some part cannot be predicted.
        left: seconds still expected; None where that is not known, as once it takes longer than expected.
        longer: whether it takes longer than was expected.
    """

    elapsed: float
    expected: float | None
    left: float | None
    longer: bool


def outlook(expected: float | None, elapsed: float) -> Outlook:
    """Where one stage stands.

    Args:
        expected: seconds predicted, None if they were not.
        elapsed: seconds so far.
    """
    if expected is None:
        return Outlook(elapsed, None, None, longer=False)
    longer = elapsed > expected
    return Outlook(elapsed, expected, None if longer else expected - elapsed, longer)


def chain_outlook(
    stages: Sequence[str], expected: Mapping[str, float | None], spent: Mapping[str, float], current: str | None
) -> Outlook:
    """Where several stages in a row stand together.

    Args:
        stages: in order.
        expected: seconds predicted of each; None or absent if they were not.
        spent: seconds that each took, or of the current one takes so far; absent of those to come.
        current: the stage that runs, None between two or at the end.

    Returns:
        The seconds of all together. What is left are those of the current stage and of those to come.
    """
    told = [expected.get(stage) for stage in stages]
    whole = None if any(seconds is None for seconds in told) else sum(seconds for seconds in told if seconds)
    elapsed = sum(spent.values())
    ahead = [outlook(expected.get(stage), spent.get(stage, 0.0)) for stage in stages if stage not in spent]
    if current is not None:
        ahead.append(outlook(expected.get(current), spent.get(current, 0.0)))
    longer = any(one.longer for one in ahead) or (whole is not None and elapsed > whole)
    known = [one.left for one in ahead if one.left is not None]
    return Outlook(elapsed, whole, sum(known) if len(known) == len(ahead) else None, longer)
