"""From verdicts to a funnel: how many explanations of one kind are left after one criterion, then after the next.

The verdicts were made before; putting them in a row is a few operations on arrays, so another order or selection costs
nothing.

1. Left after a step are those that passed it and every step before it. The others that were still there are told
   apart: failed, undecided, not applicable.
2. The order decides what each step is seen to remove, never who is left at the end; a further step never adds anyone.
3. A step without verdicts removes nobody, and from there on what is left is an upper bound.
4. Of the interpretations of circuits only numbers are known. What passes several criteria at once lies between two
   bounds, equal where one criterion implies the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.estimating import share_interval
from analysis.criteria.interpretation_tallies import Reading, tally_of_readings
from analysis.criteria.registry import criterion_named
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import FAILED, NOT_APPLICABLE, PASSED, UNDECIDED
from analysis.result import CriterionTally

SHARE_CONFIDENCE: Final = 0.99
QUOTIENT: Final = "observed-class"
"""The criterion that counts one interpretation for each observed class."""


@dataclass(frozen=True)
class FunnelPreset:
    """A sequence worth beginning with.

    Args:
        key: stable name.
        label: short name for people.
        reason: why one would ask in this order, one sentence.
        criteria: the steps as text.
    """

    key: str
    label: str
    reason: str
    criteria: tuple[str, ...]

    @property
    def steps(self) -> tuple[CriterionStep, ...]:
        return tuple(CriterionStep.parse(text) for text in self.criteria)


PRESETS: Final[tuple[FunnelPreset, ...]] = (
    FunnelPreset(
        "recommended",
        "Recommended",
        "What differs in name only is counted once, then everything must hold at the same time; smallness is a "
        "preference and no evidence, so it comes last, and as it compares with every valid circuit instead of those "
        "left, it often leaves none.",
        (
            *("representative", "observed-class"),
            *("mean-ablation", "resample-ablation", "output-faithfulness", "knockout-completeness"),
            *("interchange", "interchange-joint"),
            *("both-directions", "joint-interchange", "causal-order"),
            *("irredundant-literals", "minimal-subset", "minimal-joint-alignment"),
        ),
    ),
    FunnelPreset(
        "paper",
        "The paper’s tests",
        "Méloux et al. ask for right decisions with absent edges at 0, and for minimal alignments that are right under "
        "one direction of each interchange.",
        ("zero-ablation", "one-direction", "minimal-alignment"),
    ),
    FunnelPreset(
        "ablations",
        "Stricter ablations",
        "The kind of ablation decides what a circuit is asked; one that holds under one kind only depends on it.",
        ("mean-ablation", "resample-ablation", "all-ablations"),
    ),
    FunnelPreset(
        "behaviour",
        "Like the whole network",
        "From right decisions to the network’s own: its outputs, its answers when neurons are knocked out, and the "
        "failure of what is left over.",
        ("output-faithfulness", "knockout-completeness", "necessity", "both-directions", "joint-interchange"),
    ),
    FunnelPreset(
        "minimality",
        "All minimality",
        "Four meanings of a smallest circuit, from the weakest to the strictest; three kinds of redundancy that an "
        "algorithm may lack, which are in no such order; and the smallest places of alignments.",
        (
            *("minimal-quasi", "minimal-local", "minimal-subset", "minimal-cardinal"),
            *("irredundant-gates", "irredundant-functions", "irredundant-literals", "minimal-alignment"),
        ),
    ),
    FunnelPreset(
        "robustness",
        "Robustness",
        "Whether it still holds near the clean inputs and for whatever its absent neurons carry.",
        ("margin", "input-noise", "input-robust", "patching-robust"),
    ),
)
DEFAULT_PRESET: Final = PRESETS[0]


@dataclass(frozen=True, eq=False)
class FunnelRow:
    """One step of a funnel.

    Args:
        before: explanations that were left before it.
        tally: what it says about those; None without verdicts.
        left: ``[explanations]``: who is left after it.
        n_open: explanations that are not left only because this step or one before it could not decide about them.
        whole: whether this step and all before it have verdicts; if not, ``left`` holds everyone who may be left.
    """

    before: int
    tally: CriterionTally | None
    left: NDArray[np.bool_]
    n_open: int
    whole: bool

    @property
    def n_left(self) -> int:
        return int(np.count_nonzero(self.left))


def funnel_rows(outcomes: Sequence[NDArray[np.uint8] | None], begin: NDArray[np.bool_]) -> tuple[FunnelRow, ...]:
    """The steps in order.

    Args:
        outcomes: for each step ``[explanations]`` positions in :data:`~analysis.criteria.verdict.OUTCOMES`, or None if
            nothing is known yet.
        begin: ``[explanations]``: who is there at the beginning.
    """
    left, undecided, whole = begin.copy(), np.zeros_like(begin), True
    rows = []
    for found in outcomes:
        before = int(np.count_nonzero(left))
        if found is None:
            whole = False
            rows.append(FunnelRow(before, None, left, int(np.count_nonzero(undecided)), whole))
            continue
        passed, unsettled = found == PASSED, found == UNDECIDED
        undecided = (undecided & (passed | unsettled)) | (left & unsettled)
        tally = tally_of(found, left)
        left = left & passed
        rows.append(FunnelRow(before, tally, left, int(np.count_nonzero(undecided)), whole))
    return tuple(rows)


def tally_of(outcomes: NDArray[np.uint8], among: NDArray[np.bool_]) -> CriterionTally:
    """How many of some explanations have each outcome.

    Args:
        outcomes: ``[explanations]`` of all.
        among: ``[explanations]`` which of them count.
    """
    counted = (PASSED, FAILED, UNDECIDED, NOT_APPLICABLE)
    return CriterionTally(*(int(np.count_nonzero((outcomes == outcome) & among)) for outcome in counted))


@dataclass(frozen=True)
class CountedRow:
    """One step of a funnel of interpretations, of which only numbers are known.

    Args:
        alone: what it says about the interpretations of the circuits left; None without numbers.
        least: fewest of them that can pass it and all steps before.
        most: most that can.
        n_open: how many more that could be, were everything undecided to pass.
        whole: whether this step and all before it have numbers; if not, least says nothing.
    """

    alone: CriterionTally | None
    least: int
    most: int
    n_open: int
    whole: bool


def counted_rows(
    found: Sequence[tuple[str, Sequence[Reading] | None]], totals: Sequence[int], left: NDArray[np.bool_]
) -> tuple[CountedRow, ...]:
    """The steps in order, over the interpretations of the circuits left.

    Once observed classes are counted once, the other criteria are asked of their representatives.

    Args:
        found: each step's key and what it says of each circuit, or None if nothing is known yet.
        totals: ``[circuits]`` interpretations.
        left: ``[circuits]``: whose interpretations count.
    """
    places = np.flatnonzero(left).tolist()
    rows: list[CountedRow] = []
    known: list[tuple[str, list[Reading]]] = []  # a criterion may come twice, with other settings
    whole = True
    for key, counts in found:
        alone = None
        if counts is None:
            whole = False
        else:
            known.append((key, [counts[place] for place in places]))
            alone = tally_of_readings(known[-1][1])
        quotient = next((each for k, each in known if k == QUOTIENT), None)
        if quotient is None:
            every = [totals[place] for place in places]
            sure = [(k, [one.passed for one in each]) for k, each in known]
            more = [(k, [one.passed + one.undecided for one in each]) for k, each in known]
        else:
            others = [(k, each) for k, each in known if k != QUOTIENT]
            every = [one.passed for one in quotient]
            sure = [(k, [one.representatives for one in each]) for k, each in others]
            more = [(k, [one.representatives + one.representatives_undecided for one in each]) for k, each in others]
        least, most = joint_bounds(every, sure)
        rows.append(CountedRow(alone, least, most, joint_bounds(every, more)[1] - most, whole))
    return tuple(rows)


def joint_bounds(totals: Sequence[int], passing: Sequence[tuple[str, Sequence[int]]]) -> tuple[int, int]:
    """Fewest and most interpretations that can pass several criteria at once, summed over circuits.

    Args:
        totals: interpretations of each circuit.
        passing: each criterion's key, and how many of each circuit's interpretations pass it.

    Returns:
        Both ends; equal where one criterion implies the others or none is asked.
    """
    implied = {other for key, _ in passing for other in criterion_named(key).implies}
    asked = [counts for key, counts in passing if key not in implied]
    if not asked:
        return sum(totals), sum(totals)
    low = high = 0
    for total, *numbers in zip(totals, *asked, strict=True):
        low += max(0, sum(numbers) - (len(numbers) - 1) * total)
        high += min(numbers)
    return low, high


@dataclass(frozen=True)
class ScaledCount:
    """What a share of uniform draws says about all.

    Args:
        guess: the share of the whole, rounded.
        low: fewest, with the stated confidence.
        high: most.
        confidence: that the truth lies between them.
    """

    guess: int
    low: int
    high: int
    confidence: float


def scaled_to_all(
    n_left: int,
    n_drawn: int,
    total: int,
    interval: tuple[int, int] | None = None,
    interval_confidence: float = 1.0,
) -> ScaledCount:
    """From explanations left among uniform draws to explanations left among all (Clopper and Pearson's interval).

    Args:
        n_left: of those drawn.
        n_drawn: at least 1; drawn without repetition, for which the interval is too wide rather than too narrow.
        total: explanations in all, exactly or as a guess.
        interval: of the total where it is a guess.
        interval_confidence: of that interval; what may go wrong there is added to what may go wrong here.
    """
    share_low, share_high = share_interval(n_left, n_drawn, SHARE_CONFIDENCE)
    low, high = interval or (total, total)
    guess = round(Fraction(n_left, n_drawn) * total)
    both = SHARE_CONFIDENCE if interval is None else max(0.0, round(SHARE_CONFIDENCE + interval_confidence - 1.0, 12))
    least = max(n_left, floor(share_low * low))  # those at hand are there for certain
    return ScaledCount(guess, least, max(guess, ceil(share_high * high)), both)
