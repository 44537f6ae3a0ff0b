"""Funnels made of verdicts: the number of explanations of each kind left after one criterion, then after the next.

The verdicts were made before; putting them in a row is a few operations on arrays, so another order or selection costs
nothing.

1. Left after a step are those that passed it and every step before it. The others that were still there are
   counted by outcome: failed, undecided, not applicable.
2. The order decides what each step is seen to remove, never who is left at the end; a further step never adds anyone.
3. A step without verdicts removes nobody, and from there on what is left is an upper bound.
4. Of the interpretations of circuits only numbers are known. What passes several criteria at once lies between two
   bounds, equal where one criterion implies the others.
5. From the step that counts observed classes on, a class is left where any one of its interpretations passes every
   step, whichever order they stand in: no interpretation is chosen to stand for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from operator import add
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.criteria.criterion import KINDS, Kind
from pluriscope.analysis.criteria.interpretation_tallies import FAMILIES, Reading
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.criteria.verdict import OUTCOMES, PASSED, UNDECIDED
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.methods.report import Analysed, Exact, Part, Report, Settings
from pluriscope.analysis.numerics.large_numbers import estimate
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind

SHARE_CONFIDENCE: Final = 0.99
QUOTIENT: Final = "observed-class"
"""The criterion behind which observed classes are counted in place of interpretations."""
MAX_SUMMED: Final = 50_000
"""Circuits whose interpretations are summed up one by one."""
_LONG: Final = 10
Wanted = tuple[Kind, CriterionStep]


@dataclass(frozen=True)
class FunnelPreset:
    """A sequence worth beginning with.

    Args:
        key: stable name.
        label: short name for people.
        reason: why one would ask in this order, one sentence.
        criteria: the steps as text.
        on_sites: whether it is what networks with sites begin with.
    """

    key: str
    label: str
    reason: str
    criteria: tuple[str, ...]
    on_sites: bool = False

    @property
    def steps(self) -> tuple[CriterionStep, ...]:
        return parse_steps(self.criteria)


_OWN: Final = (
    FunnelPreset(
        "recommended",
        "Recommended",
        "What differs in name only is counted once, then everything must hold at the same time. Smallness is a "
        "preference and no evidence, so no criterion of circuits asks for it here.",
        (
            *("representative", "observed-class"),
            *("mean-ablation", "resample-ablation", "output-faithfulness", "knockout-completeness"),
            *("interchange", "interchange-joint"),
            *("both-directions", "joint-interchange", "causal-order"),
            *("irredundant-literals", "minimal-joint-alignment"),
        ),
    ),
    FunnelPreset(
        "paper",
        "The paper’s tests",
        "Méloux et al. ask for right decisions with absent edges at 0, and for minimal placements that are right under "
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
        "algorithm may lack, which are in no such order; and the smallest places of placements.",
        (
            *("minimal-quasi", "minimal-local", "minimal-subset", "minimal-cardinal"),
            *("irredundant-gates", "irredundant-functions", "irredundant-literals", "minimal-alignment"),
        ),
    ),
    FunnelPreset(
        "on-sites",
        "Placements on sites",
        "An algorithm that refines another is counted once; a placement must be a smallest one, say more than that the "
        "network is accurate, and hold for all variables at once.",
        (
            *("mean-ablation", "resample-ablation", "output-faithfulness"),
            *("irredundant-values", "minimal-alignment", "beyond-accuracy", "joint-interchange", "margin"),
        ),
        on_sites=True,
    ),
)
PRESETS: Final = joined("funnels", _OWN, lambda one: one.key)
DEFAULT_PRESET: Final = PRESETS[0]


def default_preset(kind: SubjectKind) -> FunnelPreset:
    """The sequence that networks of a kind begin with."""
    on_sites = next((one for one in PRESETS if one.on_sites), DEFAULT_PRESET)
    return on_sites if kind.refuses("formulas") else DEFAULT_PRESET


@dataclass(frozen=True, eq=False)
class FunnelRow:
    """A step of a funnel.

    Args:
        before: explanations that can have been left before it.
        known: whether it has verdicts.
        least: fewest that can be left after it.
        most: most that can.
        n_open: explanations that are not left only because this step or one before it could not decide about them.
        whole: whether this step and all before it have verdicts; if not, everyone who may be left is counted as left.
        tally: what it says about those before; None without verdicts, and of interpretations.
        left: ``[explanations]``: who is left; of interpretations nobody knows.
        alone: interpretations of the circuits at the beginning, or their observed classes, that pass it by itself; None
            without verdicts, and of other kinds.
        classes: whether it and what is left behind it count observed classes.
    """

    before: int
    known: bool
    least: int
    most: int
    n_open: int
    whole: bool
    tally: CriterionTally | None = None
    left: NDArray[np.bool_] | None = None
    alone: int | None = None
    classes: bool = False


def funnel_rows(outcomes: Sequence[NDArray[np.uint8] | None], begin: NDArray[np.bool_]) -> tuple[FunnelRow, ...]:
    """The steps in order.

    Args:
        outcomes: for each step ``[explanations]`` positions in :data:`~pluriscope.analysis.criteria.verdict.OUTCOMES`,
            or None if nothing is known yet.
        begin: ``[explanations]``: who is there at the beginning.
    """
    left, undecided, whole = begin.copy(), np.zeros_like(begin), True
    rows = []
    for found in outcomes:
        before, tally = int(np.count_nonzero(left)), None
        whole &= found is not None
        if found is not None:
            passed, unsettled = found == PASSED, found == UNDECIDED
            undecided = (undecided & (passed | unsettled)) | (left & unsettled)
            tally = CriterionTally(*np.bincount(found[left], minlength=len(OUTCOMES))[: len(OUTCOMES)].tolist())
            left = left & passed
        n = int(np.count_nonzero(left))
        n_open = int(np.count_nonzero(undecided))
        rows.append(FunnelRow(before, found is not None, n, n, n_open, whole, tally, left))
    return tuple(rows)


def counted_rows(
    found: Sequence[tuple[str, Sequence[Reading] | None]], totals: Sequence[int], left: NDArray[np.bool_]
) -> tuple[FunnelRow, ...]:
    """The steps in order, over the interpretations of the circuits left.

    Args:
        found: each step's key and what it says of each circuit, or None if nothing is known yet.
        totals: ``[circuits]`` interpretations.
        left: ``[circuits]``: whose interpretations count.
    """
    positions = np.flatnonzero(left).tolist()
    every = [int(totals[position]) for position in positions]
    rows: list[FunnelRow] = []
    known: list[tuple[str, list[Reading]]] = []  # a criterion may come twice, with other settings
    before, merged = sum(every), False
    for key, counts in found:
        alone = None
        if counts is not None:
            here = [counts[position] for position in positions]
            if key == QUOTIENT:
                every, merged = [one.classes for one in here], True
            else:
                known.append((key, here))
            alone = sum(one.classes if merged else one.passed for one in here)
        sure = [(k, [one.classes if merged else one.passed for one in each]) for k, each in known]
        unsure = [[one.classes_undecided if merged else one.undecided for one in each] for _, each in known]
        more = [(k, list(map(add, each, other))) for (k, each), other in zip(sure, unsure, strict=True)]
        least, most = joint_bounds(every, sure)
        if merged and len(_unimplied({key for key, _ in known}) & FAMILIES.keys()) > 1:
            least = 0  # one interpretation of a class may pass the one, and another the other
        whole = counts is not None and all(row.whole for row in rows)
        n_open = joint_bounds(every, more)[1] - most
        rows.append(FunnelRow(before, counts is not None, least, most, n_open, whole, alone=alone, classes=merged))
        before = most
    return tuple(rows)


def _unimplied(keys: AbstractSet[str]) -> AbstractSet[str]:
    """Criteria that none of the others implies."""
    return keys - {other for key in keys for other in criterion_named(key).implies}


def joint_bounds(totals: Sequence[int], passing: Sequence[tuple[str, Sequence[int]]]) -> tuple[int, int]:
    """Fewest and most of some sets' members that can be in several parts at once, summed over the sets.

    Args:
        totals: interpretations of each circuit, or observed classes.
        passing: each criterion's key, and how many of each circuit's pass it.

    Returns:
        Both ends; equal where one criterion implies the others or none is asked.
    """
    decide = _unimplied({key for key, _ in passing})
    asked = [counts for key, counts in passing if key in decide]
    if not asked:
        return sum(totals), sum(totals)
    low = high = 0
    for total, *numbers in zip(totals, *asked, strict=True):
        low += max(0, sum(numbers) - (len(numbers) - 1) * total)
        high += min(numbers)
    return low, high


class Scaled(Part):
    """The number of all explanations, as the share of uniform draws suggests."""

    guess: Exact = Field(description="The share of the whole, rounded.")
    low: Exact = Field(description="Fewest, with the stated confidence.")
    high: Exact = Field(description="Most.")
    confidence: float = Field(description="That the truth lies between them.")


def scaled_to_all(
    n_left: int,
    n_drawn: int,
    total: int,
    interval: tuple[int, int] | None = None,
    interval_confidence: float = 1.0,
    *,
    n_open: int = 0,
) -> Scaled:
    """Scale the explanations left among uniform draws to those left among all (Clopper and Pearson's interval).

    Args:
        n_left: of those drawn.
        n_drawn: at least 1; drawn without repetition, for which the interval is too wide rather than too narrow.
        total: explanations in all, exactly or as a guess.
        interval: of the total where it is a guess.
        interval_confidence: of that interval; what may go wrong there is added to what may go wrong here.
        n_open: drawn ones that could not be decided, which count for the upper end alone.
    """
    share_low, _ = share_interval(n_left, n_drawn, SHARE_CONFIDENCE)
    _, share_high = share_interval(n_left + n_open, n_drawn, SHARE_CONFIDENCE)
    low, high = interval or (total, total)
    guess, most = (round(Fraction(n, n_drawn) * total) for n in (n_left, n_left + n_open))
    both = SHARE_CONFIDENCE if interval is None else max(0.0, round(SHARE_CONFIDENCE + interval_confidence - 1.0, 12))
    least = max(n_left, floor(share_low * low))  # those at hand are there for certain
    return Scaled(guess=str(guess), low=str(least), high=str(max(most, ceil(share_high * high))), confidence=both)


@dataclass(frozen=True, eq=False)
class Judged:
    """The verdicts on everything that is stored of one analysis.

    Args:
        n: stored explanations by kind; of interpretations the circuits, of alignments the valid ones.
        outcomes: kinds and steps → ``[explanations]`` outcomes of those that are stored, but of interpretations.
        readings: likewise, of interpretations what each says circuit by circuit.
        interpretations: ``[circuits]`` of each circuit.
        observed: ``[circuits]`` observed classes of these.
        algorithm_of: ``[alignments]`` place of each one's algorithm among the stored ones.
        candidates: algorithms in all, listed or not.
        notes: why some explanations are undecided.
        all_counted: whether a circuit with 0 interpretations has none; else a limit may have ended counting before it.
        uncounted: what is said of such circuits.
        unread: whether nobody asked how circuits are read.
        judged_as: kind → the one that criteria judge it as, where that is another.
        listed_alone: whether there may be more valid alignments than these.
    """

    n: Mapping[Kind, int]
    outcomes: Callable[[Iterable[Wanted]], Mapping[Wanted, NDArray[np.uint8]]]
    readings: Callable[[Iterable[CriterionStep]], Mapping[CriterionStep, Sequence[Reading]]]
    interpretations: Sequence[int]
    observed: Sequence[int]
    algorithm_of: NDArray[np.int64]
    candidates: int
    notes: Mapping[tuple[Kind, CriterionStep], str]
    all_counted: bool = True
    uncounted: str = "which are too many to count"
    unread: bool = False
    judged_as: Mapping[Kind, Kind] = field(default_factory=dict)
    listed_alone: bool = False


class StepFound(Part):
    """A criterion of the sequence on one kind of explanation."""

    criterion: str = Field(description="As addresses write it.")
    known: bool = Field(description="Whether its verdicts are stored.")
    before: Exact = Field(description="Explanations left before it.")
    passed: Exact | None = Field(None, description="Of those before; null of interpretations: only numbers are known.")
    failed: Exact | None = Field(None, description="Likewise.")
    undecided: Exact | None = Field(None, description="Likewise.")
    not_applicable: Exact | None = Field(None, description="Likewise.")
    alone: Exact | None = Field(None, description="Of all interpretations there, or classes, those that pass it alone.")
    classes: bool = Field(description="Whether alone and left count observed classes, left where any member passes.")
    left_least: Exact = Field(description="Left after it; of interpretations the fewest that can be.")
    left: Exact = Field(description="The same; of interpretations the most that can be, as only numbers are known.")
    open: Exact = Field(description="Not left only because a step so far could not decide about them.")
    whole: bool = Field(description="Whether every step so far has verdicts; if not, left is an upper bound.")
    interpretations: Exact | None = Field(None, description="Of circuits left; null where not all are counted.")
    observed: Exact | None = Field(None, description="Observed classes of those; null likewise.")
    scaled: Scaled | None = Field(None, description="Left among all, where the stored ones are uniform draws.")
    note: str = Field(description="Why some are undecided.")

    @property
    def step(self) -> CriterionStep:
        """The criterion with its settings."""
        return CriterionStep.parse(self.criterion)


class KindFound(Part):
    """The sequence on one kind of explanation."""

    kind: str
    begin: Exact = Field(description="Explanations at the beginning.")
    begin_words: str = Field(description="What those are.")
    rows: list[StepFound] = Field(description="The steps that are about this kind, in order.")
    carriers: int | None = Field(None, description="Of the algorithms left, those with a placement left.")
    partial: bool = Field(False, description="Whether there may be more at the beginning than are looked at.")

    @property
    def left(self) -> int:
        """The number left at the end; of interpretations, or their observed classes, the most that can be."""
        return int(self.rows[-1].left if self.rows else self.begin)

    @property
    def whole(self) -> bool:
        """Whether every step has verdicts."""
        return all(row.whole for row in self.rows)

    @property
    def last(self) -> int | None:
        """The step that takes the last, by its place in ``rows``; None where some are left or none was there."""
        return next((n for n, row in enumerate(self.rows) if not int(row.left)), None) if int(self.begin) else None

    def counted(self, number: int, behind: int) -> str:
        """A count of what can be left behind so many steps."""
        if behind and self.rows[behind - 1].classes:
            return f"{brief(number)} observed class{'' if number == 1 else 'es'}"
        return counted(number, self.kind)

    def verdict(self) -> str:
        """The meaning of the number that is left, as a sentence; where none is left, the step that took the last."""
        word, begin, left = KIND_OF[self.kind].noun, int(self.begin), self.left
        one = f"{word} of those looked at" if self.partial else word
        n_open = int(self.rows[-1].open) if self.rows else 0
        if not begin:
            return f"There is no {word} to begin with."
        if not self.rows:
            return f"No criterion of this sequence is about {KIND_OF[self.kind].plural}: all stay."
        if not self.whole and left:
            return f"Some verdicts are not computed yet; at most {self.counted(left, len(self.rows))} can be left."
        more = f"; {brief(n_open)} more would be, were everything undecided to pass" if n_open else ""
        if left:
            least = int(self.rows[-1].left_least)
            some = ("" if least == left else f"{brief(least)} to ") + self.counted(left, len(self.rows))
            of = counted(begin, self.kind) if self.rows[-1].classes else brief(begin)
            of = f"the {of} looked at" if self.partial else of
            if self.kind == "alignment" and "in all" in self.begin_words:
                return f"{some} left of {of} {self.begin_words}{more}."
            return f"{some} of {of} left{more}."
        last = self.last or 0  # none is left of some, so that one step took the last
        fatal, n_before = self.rows[last], int(self.rows[last].before)
        stood = self.counted(n_before, last)
        took = f"“{fatal.step.criterion.label}” removes "
        ended = stood.removeprefix("1 ") if n_before == 1 else stood
        earlier = last and f"the last {ended}, which “{self.rows[last - 1].step.criterion.label}” had left"
        took += earlier or ("the only one" if n_before == 1 else f"all {stood}")
        if n_open:
            # who was not decided about is not removed, neither by this step nor by one before
            return f"No {one} is known to be left: undecided are {self.counted(n_open, len(self.rows))}."
        why = ""
        if fatal.criterion.startswith("minimal-") and self.kind == "circuit":
            why = " Minimality compares a circuit with every valid one, not only with those left."
        if fatal.classes:
            why = " A class would be left if any one of its interpretations passed every step."
        finding = f"no {one} has all these properties at once"
        scaled = self.rows[-1].scaled
        if scaled is not None:
            sure = f"with {scaled.confidence:.0%} confidence at most {brief(int(scaled.high))} of all valid ones"
            finding = f"none of the {brief(begin)} drawn has all these properties at once, and {sure}"
        return f"No {one} survives: {took}.{why} So {finding}."


class FunnelReport(Report):
    """The explanations of each kind that are left after each criterion of a sequence."""

    criteria: list[str] = Field(description="The sequence as addresses write it.")
    kinds: list[KindFound]
    note: str = Field(description="What the numbers are of, where the stored circuits are not all.")

    @property
    def known(self) -> bool:
        """Whether the verdicts of any step are stored."""
        return any(row.known for kind in self.kinds for row in kind.rows)

    @property
    def missing(self) -> list[str]:
        """Steps of which some verdicts are not stored, in order."""
        without = {row.criterion for kind in self.kinds for row in kind.rows if not row.known}
        return [one for one in self.criteria if one in without]

    def of(self, kind: Kind) -> KindFound:
        """The sequence on one kind."""
        return next(one for one in self.kinds if one.kind == kind)

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        answer = [one for one in self.kinds if one.kind in KINDS]
        return [one.verdict() for one in answer if one.kind in ("circuit", "alignment") or one.last is not None]


def brief(number: int) -> str:
    """A count as running text has it: all digits up to a billion, then a power of ten."""
    digits = str(number)
    return f"{number:,}" if len(digits) < _LONG else f"{digits[0]}.{digits[1:3]} × 10^{len(digits) - 1}"


def counted(number: int, kind: str) -> str:
    """A count of explanations of a kind."""
    return f"{brief(number)} {_noun(kind, number)}"


def _noun(kind: str, number: int, which: str = "") -> str:
    return f"{which} {KIND_OF[kind].noun if number == 1 else KIND_OF[kind].plural}".strip()


def find(of: Analysed[SubjectQuestion], _: Settings, work: Work = DEFAULT_WORK) -> FunnelReport:  # noqa: ARG001  # sums take no time
    """Make the funnel of the recommended sequence."""
    return funnel_of(of, default_preset(of.question.kind).steps)


def funnel_of(of: Analysed[SubjectQuestion], steps: tuple[CriterionStep, ...]) -> FunnelReport:
    """Make the funnel of a sequence; nothing is judged, only summed."""
    if of.judged is None:
        note = "Nobody asked where algorithms are placed in this network."
        return FunnelReport(criteria=[str(step) for step in steps], kinds=[], note=note)
    kinds = _Funnel(of.search, of.judged, steps).kinds()
    note = "" if of.search is None else _note(of.search)
    return FunnelReport(criteria=[str(step) for step in steps], kinds=kinds, note=note)


def _all(search: CircuitSearch) -> str:
    """Return the number of valid circuits as text."""
    return brief(search.n_valid) if search.interval is None else f"about {estimate(search.n_valid, *search.interval)}"


def _note(search: CircuitSearch) -> str:
    if search.truncated_at is None:
        return ""
    listed = f"{len(search.masks):,} circuit{'' if len(search.masks) == 1 else 's'}"
    if search.method == "listed":
        return f"The search stopped at {listed}; others may survive too."
    how = "counted exactly" if search.method == "counted" else search.certainty
    return (
        f"{listed} of {_all(search)} valid ones, {how}: the "
        "smallest, and uniform draws. Shares are those of the draws, with Clopper and Pearson’s exact 99% interval, "
        "scaled to all valid circuits."
    )


class _Funnel:
    """A sequence applied to everything that is stored of one analysis."""

    def __init__(self, search: CircuitSearch | None, judged: Judged, steps: tuple[CriterionStep, ...]) -> None:
        self.search, self.judged, self.steps = search, judged, steps
        listed = [kind for kind in KINDS if kind != "interpretation"]
        self.outcomes = judged.outcomes((kind, step) for kind in listed for step in self.about(kind))

    def about(self, kind: Kind) -> tuple[CriterionStep, ...]:
        """The steps that are about a kind."""
        judged = self.judged.judged_as.get(kind, kind)
        return tuple(step for step in self.steps if step.criterion.applies_to(judged))

    def _rows(self, kind: Kind, begin: NDArray[np.bool_] | None = None) -> tuple[FunnelRow, ...]:
        """The steps about a kind, from some of its explanations or all."""
        begin = self._left(kind, ()) if begin is None else begin
        return funnel_rows([self.outcomes.get((kind, step)) for step in self.about(kind)], begin)

    def _left(self, kind: Kind, rows: Sequence[FunnelRow]) -> NDArray[np.bool_]:
        """Return the flags of the explanations of a kind that are left behind some rows."""
        left = rows[-1].left if rows else None
        return np.ones(self.judged.n[kind], dtype=np.bool_) if left is None else left

    def _kind(
        self,
        kind: Kind,
        begin: int,
        words: str,
        rows: Sequence[FunnelRow],
        *,
        above: Sequence[FunnelRow] = (),
        more: Callable[[int], Mapping[str, Any]] = lambda _: {},
        **beside: Any,
    ) -> KindFound:
        """Report a kind."""
        sure, found = all(row.whole for row in above), []
        for number, (step, row) in enumerate(zip(self.about(kind), rows, strict=True)):
            answer: dict[str, Any] = {} if row.alone is None else {"alone": str(row.alone)}
            if row.tally is not None:
                answer |= {name: str(getattr(row.tally, name)) for name in OUTCOMES} | dict(more(number))
            whole = row.whole and sure
            ends = {"left": str(row.most), "left_least": str(row.least * whole), "open": str(row.n_open)}
            found.append(
                StepFound(
                    criterion=str(step),
                    known=row.known,
                    before=str(row.before),
                    whole=whole,
                    classes=row.classes,
                    note=self.judged.notes.get((kind, step), ""),
                    **ends,
                    **answer,
                )
            )
        return KindFound(kind=kind, begin=str(begin), begin_words=words, rows=found, **beside)

    def kinds(self) -> list[KindFound]:
        """The four of every network, each with what the one before leaves, then those that have records."""
        n = self.judged.n
        of_circuits, of_algorithms = self._rows("circuit"), self._rows("algorithm")
        circuits_left, algorithms_left = self._left("circuit", of_circuits), self._left("algorithm", of_algorithms)
        owned = algorithms_left[self.judged.algorithm_of]
        of_placements = self._rows("alignment", owned)
        aligned = self._left("alignment", of_placements) if n["alignment"] else np.zeros(0, np.bool_)
        candidates, begin = self.judged.candidates, int(np.count_nonzero(owned))
        words = (
            _noun("algorithm", candidates, "candidate")
            if n["algorithm"] == candidates
            else f"listed of {candidates:,} candidate algorithms"
        )
        valid = _noun("alignment", begin, "listed valid" if self.judged.listed_alone else "valid")
        valid += "" if begin == n["alignment"] else f" of the algorithms left, of {n['alignment']:,} in all"
        carriers, partial = len(np.unique(self.judged.algorithm_of[aligned])), n["algorithm"] < candidates
        of_search = [] if self.search is None else [self._circuits(self.search, of_circuits)]
        if self.search is not None and not self.judged.unread:
            of_search.append(self._interpretations(self.search, circuits_left, of_circuits))
        return [
            *of_search,
            self._kind("algorithm", n["algorithm"], words, of_algorithms, carriers=carriers, partial=partial),
            self._kind("alignment", begin, valid, of_placements, above=of_algorithms, partial=partial),
        ]

    def _circuits(self, search: CircuitSearch, rows: Sequence[FunnelRow]) -> KindFound:
        n = self.judged.n["circuit"]
        drawn = np.ones(n, dtype=np.bool_)
        if search.smallest is not None:
            drawn[np.searchsorted(search.masks, np.array(search.smallest.undrawn, search.masks.dtype))] = False
        sampled = search.method != "listed" and search.truncated_at is not None and bool(drawn.any())
        of_draws, n_drawn = self._rows("circuit", drawn) if sampled else (), int(np.count_nonzero(drawn))

        def more(number: int) -> dict[str, Any]:
            positions = np.flatnonzero(self._left("circuit", rows[number : number + 1])).tolist()
            answer: dict[str, Any] = {}
            if self.judged.all_counted or all(self.judged.interpretations[position] for position in positions):
                for name in ("interpretations", "observed"):
                    numbers = getattr(self.judged, name)
                    answer[name] = str(sum(int(numbers[position]) for position in positions))
            if sampled:
                row, sure = of_draws[number], search.confidence or 1.0
                total = search.n_valid
                answer["scaled"] = scaled_to_all(row.most, n_drawn, total, search.interval, sure, n_open=row.n_open)
            return answer

        words = f"{_noun('circuit', n, 'valid')} of {brief(search.possible)} possible"
        if sampled:
            words = f"listed of {_all(search)} valid circuits, of {brief(search.possible)} possible"
        return self._kind("circuit", n, words, rows, more=more, partial=search.truncated_at is not None)

    def _interpretations(
        self, search: CircuitSearch, circuits: NDArray[np.bool_], above: Sequence[FunnelRow]
    ) -> KindFound:
        """Count the interpretations of the circuits left: numbers only, each step also by itself."""
        steps, kept = self.about("interpretation"), np.flatnonzero(circuits).tolist()
        totals = [int(number) for number in self.judged.interpretations]
        readings = self.judged.readings(steps) if len(search.masks) <= MAX_SUMMED else {}
        for each in readings.values():  # which counts what a limit had left
            totals = [max(total, one.total) for total, one in zip(totals, each, strict=True)]
        total = sum(totals[position] for position in kept)
        uncounted = 0 if self.judged.all_counted else sum(not totals[position] for position in kept)
        rows = counted_rows([(step.key, readings.get(step)) for step in steps], totals, circuits)
        words = f"{_noun('interpretation', total)} of the {counted(len(kept), 'circuit')} left"
        if uncounted:
            words += f", without those of {counted(uncounted, 'circuit')}, {self.judged.uncounted}"
        partial = bool(uncounted) or search.truncated_at is not None
        return self._kind("interpretation", total, words, rows, above=above, partial=partial)
