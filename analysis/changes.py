"""Which explanations of one task two networks of one shape share, and which only one of them has.

Both are judged on one task, under one protocol and data record. A circuit is the same in both if its mask is, an
interpretation if its circuit is and every gate's function and table, an alignment if its algorithm and all its places
are. What both have is *kept*, what the first alone has is *lost*, what the second alone has is *gained*. A kept circuit
is *changed* if its interpretations are not the same in both, or its story is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from analysis.answers import answers
from analysis.carried_algorithms.search import CONFIDENCE, Stories, find_stories
from analysis.circuits.estimating import share_interval
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import count_common, decide_right
from analysis.criteria.alignments import valid_alignments
from analysis.criteria.criterion import Kind
from analysis.criteria.funnel import brief
from analysis.criteria.judging import JudgedAnalysis, judge_analysis
from analysis.criteria.steps import default_steps
from analysis.criteria.verdict import PASSED, UNDECIDED
from analysis.errors import InvalidNetwork
from analysis.interpretations.counting import count_interpretations
from analysis.interpretations.result import InterpretationCounts
from analysis.pipeline import analyse_output
from analysis.progress import OutOfTime
from analysis.question import Question
from analysis.report import Mask, Part, Report
from analysis.result import OutputAnalysis
from analysis.result_file import exact
from analysis.subjects.perceptron.mlp import forward
from analysis.subjects.perceptron.network import Network
from analysis.work import DEFAULT_WORK, Work

MOST_NAMED: Final = 200
"""Circuits, or alignments, that a report names of each kind of change: the smallest ones."""
_RESAMPLES: Final = 2_000
_JUDGED: Final = "Judged on "
Masks = NDArray[Any]
Count = Annotated[int | str, BeforeValidator(lambda n: exact(n) if isinstance(n, int) else n)]
"""An integer, beyond 2^53 as decimal digits."""
Bounds = tuple[Count, Count]


class Change(Part):
    """How many explanations of one kind are kept, lost and gained: exactly, unless it says that it is estimated."""

    kept: Count
    lost: Count
    gained: Count
    changed: Count = Field(0, description="Circuits among those kept whose interpretations or story are others.")
    estimated: Literal[True] | None = None
    intervals: dict[str, Bounds] | None = Field(None, description="Of each estimated number.")
    confidence: float | None = Field(None, description="Of the intervals; 1 where they hold for certain.")

    @classmethod
    def within(cls, confidence: float, **told: tuple[Fraction | int, Fraction | int, Fraction | int]) -> Self:
        """An estimate: of each number the value, and both ends of its interval."""
        values = {name: max(0, round(value)) for name, (value, _, _) in told.items()}
        ends = {name: (max(0, floor(low)), max(0, ceil(high))) for name, (_, low, high) in told.items()}
        return cls(**values, estimated=True, intervals=ends, confidence=confidence)

    def told(self, name: str) -> str:
        """One of the numbers, with its interval where it is estimated."""
        number = brief(int(getattr(self, name)))
        if not self.intervals:
            return number
        low, high = (brief(int(end)) for end in self.intervals[name])
        return f"about {number} ({low} to {high})"


class ChangedCriterion(Change):
    """The same of those that pass one criterion."""

    undecided: int = Field(0, description="Explanations of either network of which the criterion could not say.")


class ChangedPlacing(Part):
    """An alignment that is kept, lost or gained."""

    algorithm: str
    alignment: str
    formula: str
    where: str = Field("", description="The neurons of each of its variables, such as n1.0+n1.2, n2.1.")


class ChangesReport(Report):
    """What becomes of the explanations of one network in another."""

    before: str = Field(description="Digest of the first network.")
    after: str = Field(description="Digest of the second.")
    task: str = Field(description="That both are judged on: a name, or a truth table.")
    circuits: Change
    interpretations: Change | None = Field(None, description="Null where they could not be counted.")
    alignments: Change | None = Field(None, description="Null on rows that are no Boolean inputs.")
    criteria: dict[str, dict[str, ChangedCriterion]] = Field({}, description="By kind of explanation, then criterion.")
    masks: dict[str, list[Mask]] = Field({}, description=f"The smallest {MOST_NAMED} circuits of each kind of change.")
    placings: dict[str, list[ChangedPlacing]] = Field({}, description=f"{MOST_NAMED} alignments of each kind likewise.")
    reasons: list[str] = Field([], description="Where a network is wrong on the task; what was not compared, and why.")

    def findings(self, question: Any = None) -> list[str]:
        told = []
        for noun, change in (
            ("valid circuits", self.circuits),
            ("interpretations", self.interpretations),
            ("valid alignments", self.alignments),
        ):
            if change is None:
                continue
            before = int(change.kept) + int(change.lost)
            stay, new = change.told("kept"), change.told("gained")
            told.append(f"Of {brief(before)} {noun if before != 1 else noun[:-1]} {stay} stay; {new} are new.")
        changed = int(self.circuits.changed)
        if changed:
            told.append(f"Of the circuits kept, {changed:,} can be interpreted otherwise, or carry other algorithms.")
        wrong = [one for one in self.reasons if one.startswith(_JUDGED)]
        if wrong:  # a condition of all the rest
            told[0] = " ".join(
                [*wrong, "What it has are no explanations of a network that computes the task.", told[0]]
            )
        return [*told, *(one for one in self.reasons if one not in wrong)]


def refuse_other_shape(before: Network, after: Network) -> None:
    """Refuse networks whose explanations cannot be the same.

    Raises:
        InvalidNetwork: their layer sizes differ.
    """
    if before.sizes != after.sizes:
        first, second = ("-".join(map(str, one.sizes)) for one in (before, after))
        cause = f"one has the shape {first}, the other {second}, so their masks mean different edges"
        raise InvalidNetwork("these two networks", cause, "compare networks of one shape")


def find_changes(
    before: Question, after: Network, work: Work = DEFAULT_WORK, *, thorough: bool = False
) -> ChangesReport:
    """Analyse both networks, and compare what was found.

    Args:
        before: the first network, with the task that both are judged on, protocol and rows.
        after: the second one.
        work: told how far each stage is; may raise Cancelled.
        thorough: whether to ask criteria that take long, too.

    Raises:
        AnalysisError: see :func:`refuse_other_shape` and :func:`~analysis.pipeline.analyse_output`.
    """
    refuse_other_shape(before.subject, after)
    found = [analyse_output(question, work) for question in (before, replace(before, subject=after))]
    return compare(found[0], found[1], work, thorough=thorough)


def compare(
    before: OutputAnalysis, after: OutputAnalysis, work: Work = DEFAULT_WORK, *, thorough: bool = False
) -> ChangesReport:
    """What becomes of explanations, from both analyses; see :func:`find_changes`."""
    reasons = [told for nth, one in (("first", before), ("second", after)) for told in _otherwise(nth, one.question)]
    masks = _Masks(before, after, work)
    circuits, named = masks.change(), {}
    kinds: list[Kind] = []
    if masks.listed:
        kinds.append("circuit")
        parts = {**masks.parts, "changed": masks.changed(reasons)}
        circuits = circuits.model_copy(update={"changed": len(parts["changed"])})
        named = {name: _smallest(part) for name, part in parts.items()}
    else:
        reasons.append("Circuits are too many to be listed: none is named, none is asked for its meaning.")
    interpretations = alignments = None
    placings: dict[str, list[ChangedPlacing]] = {}
    if before.question.data.boolean:
        kinds.append("alignment")
        interpretations = masks.interpretations(reasons)
        alignments, placings = _alignments(before, after)
    criteria = _criteria(before, after, kinds, work, thorough=thorough)
    if interpretations is not None and masks.listed:
        criteria["interpretation"] = {"observed-class": masks.observed()}
    return ChangesReport.model_validate(
        {
            "before": before.question.subject.digest,
            "after": after.question.subject.digest,
            "task": before.question.task.label,
            "circuits": circuits,
            "interpretations": interpretations,
            "alignments": alignments,
            "criteria": criteria,
            "masks": named,
            "placings": placings,
            "reasons": reasons,
        },
        context=before.question.layout,
    )


def _otherwise(nth: str, question: Question) -> Iterator[str]:
    """Where a network does not answer what it is judged on."""
    rows, n_inputs = question.clean_rows, question.cut.n_inputs
    wrong = np.flatnonzero(answers(forward(question.cut, rows)[:, 0]) != np.array(question.task.truth_table))
    if question.data.boolean and len(wrong):
        names = ", ".join(f"{row:0{n_inputs}b}" for row in wrong[:8].tolist()) + (", …" if len(wrong) > 8 else "")
        where = f"{len(wrong)} of {len(rows)} inputs: {names}"
        yield f"{_JUDGED}{question.task.label}, the {nth} network is wrong on {where}."


def _smallest(masks: Masks) -> list[int]:
    every: list[int] = masks.tolist()
    return sorted(every, key=lambda mask: (mask.bit_count(), mask))[:MOST_NAMED]


def _change(before: set[Any], after: set[Any]) -> dict[str, set[Any]]:
    return {"kept": before & after, "lost": before - after, "gained": after - before}


def _drawn(circuits: CircuitSearch) -> Masks:
    """Valid circuits that were drawn uniformly."""
    undrawn = circuits.smallest.undrawn if circuits.smallest else ()
    return np.setdiff1d(circuits.masks, np.array(undrawn, dtype=circuits.masks.dtype))


class _Masks:
    """The valid circuits of two networks, and how many interpretations these have in common."""

    def __init__(self, before: OutputAnalysis, after: OutputAnalysis, work: Work) -> None:
        self._before, self._after, self._work = before, after, work
        self.listed = before.circuits.truncated_at is None and after.circuits.truncated_at is None
        first, second = before.circuits.masks, after.circuits.masks
        self.parts: dict[str, Masks] = {}
        if self.listed:
            kept = np.intersect1d(first, second)
            self.parts = {"kept": kept, "lost": np.setdiff1d(first, kept), "gained": np.setdiff1d(second, kept)}

    def change(self) -> Change:
        """Of circuits."""
        first, second = self._before.circuits, self._after.circuits
        if self.listed:
            return Change(**{name: len(masks) for name, masks in self.parts.items()})
        asked, other, limits = self._before.question, self._after.question, self._work.limits
        if first.interval is None and second.interval is None and first.possible <= limits.max_possible:
            kept = count_common(asked, other, self._work)
            return Change(kept=kept, lost=first.n_valid - kept, gained=second.n_valid - kept)
        drawn = _drawn(first)
        hits = int(decide_right(other, drawn).sum())
        low, high = share_interval(hits, len(drawn), CONFIDENCE) if len(drawn) else (Fraction(0), Fraction(1))
        share = Fraction(hits, max(1, len(drawn)))
        (n_low, n_high), (m_low, m_high) = (one.interval or (one.n_valid, one.n_valid) for one in (first, second))
        kept_at = share * first.n_valid, low * n_low, min(high * n_high, Fraction(m_high))
        confidences = [CONFIDENCE, *(one.confidence for one in (first, second) if one.confidence is not None)]
        return Change.within(
            1 - sum(1 - one for one in confidences),  # Bonferroni's bound
            kept=kept_at,
            lost=((1 - share) * first.n_valid, (1 - high) * n_low, (1 - low) * n_high),
            gained=(second.n_valid - kept_at[0], m_low - kept_at[2], m_high - kept_at[1]),
        )

    def changed(self, reasons: list[str]) -> Masks:
        """Kept circuits that have not the same interpretations in both, or not the same story."""
        kept = self.parts["kept"]
        if not len(kept) or not self._before.question.data.boolean:
            return kept[:0]
        found = np.zeros(len(kept), dtype=np.bool_)
        if self._counted:
            shared = np.array(self._shared_by_kept.by_circuit, dtype=object)
            for one in (self._before, self._after):
                at = np.searchsorted(one.circuits.masks, kept)
                found |= np.array(one.interpretations.by_circuit, dtype=object)[at] != shared
        stories = [find_stories(one.question, kept, self._work) for one in (self._before, self._after)]
        told = [one for one in stories if isinstance(one, Stories)]
        if len(told) < len(stories):
            reasons.append("Stories were not compared: the task gives none, or too many algorithms.")
            return kept[found]
        first, second = told
        if first.sampled:
            reasons.append(f"Stories were asked of {first.n_asked:,} of {len(kept):,} circuits: more may be changed.")
        apart = [
            first.stories[one] != second.stories[other]
            for one, other in zip(first.story_of.tolist(), second.story_of.tolist(), strict=True)
        ]
        found[np.searchsorted(kept, first.masks)] |= np.array(apart, dtype=np.bool_)
        return kept[found]

    def _shared(self, masks: Masks) -> InterpretationCounts:
        counts = count_interpretations(self._before.question, masks, self._work, shared_with=self._after.question)
        if counts.truncated_at is not None:
            raise OutOfTime
        return counts

    @cached_property
    def _shared_by_kept(self) -> InterpretationCounts:
        return self._shared(self.parts["kept"])

    def observed(self) -> ChangedCriterion:
        """Of interpretations that stand for an observed class: of those in common all completions of a class are."""
        kept = self._shared_by_kept.observed
        first, second = (one.interpretations.observed - kept for one in (self._before, self._after))
        return ChangedCriterion(kept=kept, lost=first, gained=second)

    @property
    def _counted(self) -> bool:
        counts = (self._before.interpretations, self._after.interpretations)
        return all(one.truncated_at is None for one in counts)

    def interpretations(self, reasons: list[str]) -> Change | None:
        """Of interpretations: exactly where every circuit is listed, else estimated from circuits drawn uniformly."""
        if not self._counted:
            reasons.append("Interpretations were not compared: those of some circuits are too many to count.")
            return None
        totals = [one.interpretations.total for one in (self._before, self._after)]
        if self.listed:
            kept = self._shared_by_kept.total
            return Change(kept=kept, lost=totals[0] - kept, gained=totals[1] - kept)
        ends = {}
        for name, one, other in (("lost", self._before, self._after), ("gained", self._after, self._before)):
            drawn = _drawn(one.circuits)
            if not len(drawn):
                reasons.append("Interpretations were not compared: no valid circuit was drawn.")
                return None
            at = np.searchsorted(one.circuits.masks, drawn)
            own = np.array(one.interpretations.by_circuit, dtype=object)[at].astype(np.float64)
            both = decide_right(other.question, drawn)
            kept_each = np.zeros(len(drawn))
            kept_each[both] = [float(n) for n in self._shared(drawn[both]).by_circuit]
            if name == "lost":
                ends["kept"] = _mean_of_draws(kept_each, own, one.circuits)
            ends[name] = _mean_of_draws(own - kept_each, own, one.circuits)
        reasons.append("Interpretations are estimated from circuits drawn uniformly; intervals are by the bootstrap.")
        return Change.within(CONFIDENCE, **ends)


def _mean_of_draws(
    values: NDArray[np.float64], own: NDArray[np.float64], circuits: CircuitSearch
) -> tuple[Fraction, Fraction, Fraction]:
    """The sum over all valid circuits by those drawn, with the bootstrap's interval (Efron 1979), seed 0.

    Where every value drawn is 0 the bootstrap knows no spread: the upper end is then that of all that circuits have.
    """
    picks = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
    tail = (1 - CONFIDENCE) / 2
    low = np.quantile(values[picks].mean(axis=1), tail)
    high = np.quantile((values if values.any() else own)[picks].mean(axis=1), 1 - tail)
    n_low, n_high = circuits.interval or (circuits.n_valid, circuits.n_valid)
    mean = Fraction(float(values.mean()))
    return mean * circuits.n_valid, Fraction(float(low)) * n_low, Fraction(float(high)) * n_high


def _alignments(before: OutputAnalysis, after: OutputAnalysis) -> tuple[Change, dict[str, list[ChangedPlacing]]]:
    """Of valid alignments; where some are counted and not listed, bounds that hold whatever those are."""
    known: dict[Any, ChangedPlacing] = {}
    sets, totals, complete = [], [], True
    for search in (before.algorithms, after.algorithms):
        keys = set()
        for algorithm, one in valid_alignments(search):
            keys.add(key := (one.alignment.algorithm_text, one.alignment.places))
            where = ("+".join(f"n{site.layer}.{neuron}" for neuron in site.neurons) for _, site in key[1])
            told = {"algorithm": algorithm.id, "alignment": one.alignment.id, "formula": algorithm.formula}
            known[key] = ChangedPlacing(**told, where=", ".join(where))
        sets.append(keys)
        whole = search.truncated_at is None and all(found.truncated_at is None for found in search.algorithms)
        totals.append(len(keys) if whole else search.n_valid_alignments)  # protocols may keep minimal ones alone
        complete &= whole
    parts = _change(*sets)
    named = {name: [known[key] for key in sorted(part, key=str)[:MOST_NAMED]] for name, part in parts.items()}
    low, high = len(parts["kept"]), min(totals)
    if complete or low == high:
        return Change(kept=low, lost=totals[0] - low, gained=totals[1] - low), named
    return Change.within(
        1.0,
        kept=(low, low, high),
        lost=(totals[0] - low, totals[0] - high, totals[0] - low),
        gained=(totals[1] - low, totals[1] - high, totals[1] - low),
    ), named


def _criteria(
    before: OutputAnalysis, after: OutputAnalysis, kinds: Sequence[Kind], work: Work, *, thorough: bool
) -> dict[str, dict[str, ChangedCriterion]]:
    """Of some kinds of explanations those that pass each criterion."""
    found: dict[str, dict[str, ChangedCriterion]] = {}
    every = [(kind, step) for kind in kinds for step in default_steps(kind)]
    steps = [(kind, step) for kind, step in every if thorough or step.criterion.cost == "quick"]
    said = [judge_analysis(JudgedAnalysis.of(one), steps, work) for one in (before, after)]
    for first, second in zip(*said, strict=True):
        passed = []
        for one, verdicts in ((before, first), (after, second)):
            if verdicts.kind == "circuit":
                items: Sequence[Any] = one.circuits.masks.tolist()
            else:
                each = (scored.alignment for _, scored in valid_alignments(one.algorithms))
                items = [(alignment.algorithm_text, alignment.places) for alignment in each]
            passed.append({items[at] for at in np.flatnonzero(verdicts.outcomes == PASSED).tolist()})
        undecided = sum(int((one.outcomes == UNDECIDED).sum()) for one in (first, second))
        numbers = {name: len(part) for name, part in _change(*passed).items()}
        found.setdefault(first.kind, {})[first.step.text] = ChangedCriterion(**numbers, undecided=undecided)
    return found
