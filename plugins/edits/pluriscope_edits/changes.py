"""Explanations of one task that two networks of one shape share, and those that only one of them has.

Both are judged on one task, under one protocol and data record. A circuit is the same in both if its mask is, an
interpretation if its circuit is and every gate's function and table, an alignment if its algorithm and all its places
are. What both have is *kept*, what the first alone has is *lost*, what the second alone has is *gained*. A kept circuit
is *changed* if its interpretations are not the same in both, or its story is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from pluriscope.analysis.carried_algorithms.search import CONFIDENCE, Stories, find_stories
from pluriscope.analysis.circuit_sets.judged_masks import asked_of, judged_circuits
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.search import decide_right, find_valid
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.criteria.criterion import Kind
from pluriscope.analysis.criteria.funnel import brief
from pluriscope.analysis.criteria.judging import JudgedAnalysis, judge_analysis
from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.criteria.steps import CriterionStep, default_steps
from pluriscope.analysis.criteria.verdict import PASSED, UNDECIDED
from pluriscope.analysis.errors import BeyondLimits, InvalidNetwork
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report
from pluriscope.analysis.numerics.large_numbers import estimate, interval
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import MAX_MASKS
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion
from pluriscope.analysis.values.exact import exact

MOST_NAMED: Final = 200
"""Circuits, or alignments, that a report names of each kind of change: the smallest ones."""
_MOST_JUDGED: Final = 20_000
"""The most valid circuits of a subject, where they are listed, that criteria judge."""
_RESAMPLES: Final = 2_000
_JUDGED: Final = "Judged on "
Masks = NDArray[Any]
Count = Annotated[int | str, BeforeValidator(lambda n: exact(n) if isinstance(n, int) else n)]
"""An integer, beyond 2^53 as decimal digits."""
Bounds = tuple[Count, Count]


class Change(Part):
    """The numbers of explanations of a kind that are kept, lost and gained: exact unless marked as estimated."""

    kept: Count
    lost: Count
    gained: Count
    changed: Count = Field(0, description="Kept circuits whose interpretations or carried algorithms are others.")
    estimated: Literal[True] | None = None
    intervals: dict[str, Bounds] | None = Field(None, description="Of each estimated number.")
    confidence: float | None = Field(None, description="Of the intervals; 1 where they hold for certain.")

    @classmethod
    def within(cls, confidence: float, **answer: tuple[Fraction | int, Fraction | int, Fraction | int]) -> Self:
        """An estimate: of each number the value, and both ends of its interval."""
        values = {name: max(0, round(value)) for name, (value, _, _) in answer.items()}
        ends = {name: (max(0, floor(low)), max(0, ceil(high))) for name, (_, low, high) in answer.items()}
        return cls(**values, estimated=True, intervals=ends, confidence=confidence)

    def in_words(self, name: str) -> str:
        """Return a number as text, with its interval where it is estimated."""
        number = int(getattr(self, name))
        if not self.intervals:
            return brief(number)
        low, high = map(int, self.intervals[name])
        return f"about {estimate(number, low, high)} ({interval(low, high)})"


class ChangedCriterion(Change):
    """The numbers of explanations kept, lost and gained among those that pass a criterion."""

    undecided: int = Field(0, description="Explanations of either network of which the criterion could not say.")


class ChangedPlacing(Part):
    """An alignment that is kept, lost or gained."""

    algorithm: str
    alignment: str
    formula: str
    where: str = Field("", description="The neurons of each of its variables, such as n1.0+n1.2, n2.1.")


class ChangesReport(Report):
    """The changes from the explanations of one network to those of another."""

    before: str = Field(description="Digest of the first network.")
    after: str = Field(description="Digest of the second.")
    task: str = Field(description="That both are judged on: a name, or a truth table.")
    circuits: Change
    interpretations: Change | None = Field(None, description="Null where they could not be counted.")
    alignments: Change | None = Field(None, description="Null on rows that are no Boolean inputs.")
    criteria: dict[str, dict[str, ChangedCriterion]] = Field({}, description="By kind of explanation, then criterion.")
    masks: dict[str, list[Mask]] = Field({}, description=f"The smallest {MOST_NAMED} circuits of each kind of change.")
    margins: dict[str, list[tuple[float, float]]] = Field(
        {},
        description="Of each of these circuits the least that speaks for the right answer on a row, before and after.",
    )
    placings: dict[str, list[ChangedPlacing]] = Field({}, description=f"{MOST_NAMED} placements of each kind likewise.")
    reasons: list[str] = Field([], description="Where a network is wrong on the task; what was not compared, and why.")

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        answer = []
        for noun, change in (
            ("valid circuits", self.circuits),
            ("interpretations", self.interpretations),
            ("valid placements", self.alignments),
        ):
            if change is None:
                continue
            before = int(change.kept) + int(change.lost)
            stay, new = change.in_words("kept"), change.in_words("gained")
            answer.append(f"Of {brief(before)} {noun if before != 1 else noun[:-1]} {stay} stay; {new} are new.")
        changed = int(self.circuits.changed)
        if changed:
            answer.append(f"Of the circuits kept, {changed:,} can be interpreted otherwise, or carry other algorithms.")
        wrong = [one for one in self.reasons if one.startswith(_JUDGED)]
        if wrong:  # a condition of all the rest
            answer[0] = " ".join(
                [*wrong, "What it has are no explanations of a network that computes the task.", answer[0]]
            )
        return [*answer, *(one for one in self.reasons if one not in wrong)]


def beside(before: SubjectQuestion, after: Any) -> SubjectQuestion:
    """Return the same question about another subject, judged on the task of the first.

    Args:
        before: about the first.
        after: the other subject.

    Raises:
        InvalidNetwork: of another kind or shape, or with other rows.
    """
    if type(after) is not type(before.subject):
        cause = f"are not both {before.kind.plural}"
        raise InvalidNetwork("these two networks", cause, "compare networks of one kind and shape")
    asked: Any = before
    found: SubjectQuestion = replace(asked, subject=after.judged_as(before.subject))
    return found


def find_changes(
    before: SubjectQuestion, after: Any, work: Work = DEFAULT_WORK, *, thorough: bool = False
) -> ChangesReport:
    """Analyse both subjects, and compare what was found.

    Args:
        before: about the first one, with the task that both are judged on, the rules and the rows.
        after: the second one.
        work: reports how far each stage is; may raise Cancelled.
        thorough: whether to ask criteria that take long, too.

    Raises:
        AnalysisError: see :func:`beside` and :func:`~pluriscope.analysis.explaining.pipeline.analyse_output`.
        BeyondLimits: circuits that are listed, not counted, are too many, or time ended before all were tested.
    """
    both: Any = (before, beside(before, after))
    if before.kind.refuses("counting"):
        return _compare_listed(both[0], both[1], work, thorough=thorough)
    found = [analyse_output(question, work) for question in both]
    return compare(found[0], found[1], work, thorough=thorough)


def compare(
    before: OutputAnalysis, after: OutputAnalysis, work: Work = DEFAULT_WORK, *, thorough: bool = False
) -> ChangesReport:
    """Compare the explanations of two analyses; see :func:`find_changes`."""
    reasons = [
        answer for nth, one in (("first", before), ("second", after)) for answer in _otherwise(nth, one.question)
    ]
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
        alignments, placings = _placements(before, after)
    criteria = _criteria(before, after, kinds, work, thorough=thorough)
    if interpretations is not None and masks.listed:
        criteria["interpretation"] = {"observed-class": masks.observed()}
    both, task = (before.question, after.question), before.question.task.label
    found = {"interpretations": interpretations, "alignments": alignments, "placings": placings}
    return _report(both, task, circuits, named, reasons, criteria=criteria, **found)


def _report(
    both: Sequence[SubjectQuestion],
    task: str,
    circuits: Change,
    named: Mapping[str, list[int]],
    reasons: list[str],
    **more: Any,
) -> ChangesReport:
    """The report of the changes from one subject to another.

    Args:
        named: masks that are kept, lost and gained.
        more: further fields.
    """
    before, after = (one.subject.digest for one in both)
    known = {"before": before, "after": after, "task": task, "circuits": circuits, "reasons": reasons, **more}
    known |= {"masks": named, "margins": _margins(both, named)}
    return ChangesReport.model_validate(known, context=both[0].graph)


def change_of_circuits(
    before: Analysed[SubjectQuestion], after: Analysed[SubjectQuestion], work: Work | None = DEFAULT_WORK
) -> Change | None:
    """Count the valid circuits kept, lost and gained: exactly where they are listed or counted, else estimated; None
    where that is not known.

    Args:
        work: None for what takes no time.
    """
    first, second = before.circuits, after.circuits
    if first.complete and second.complete:
        return Change(**{name: len(masks) for name, masks in parts_of(first.masks, second.masks).items()})
    if work is None or first.unfinished or second.unfinished:
        return None
    asked, other = before.question, after.question
    if isinstance(asked, Question) and isinstance(other, Question):
        return _change_unlisted((first, second), asked, other, work)
    both_counted = first.counted and second.counted
    return _change_by_draws(first, second, other) if both_counted and isinstance(other, GraphQuestion) else None


def parts_of(first: Masks, second: Masks) -> dict[str, Masks]:
    """The circuits that are kept, lost and gained where all are listed."""
    kept = np.intersect1d(first, second)
    return {"kept": kept, "lost": np.setdiff1d(first, kept), "gained": np.setdiff1d(second, kept)}


def _otherwise(nth: str, question: Question) -> Iterator[str]:
    """Yield a sentence that names the inputs on which a network is wrong, if it is wrong on any."""
    rows, n_inputs = question.clean_rows, question.network.n_inputs
    wrong = np.flatnonzero(answers(forward(question.network, rows)[:, 0]) != np.array(question.task.truth_table))
    if question.data.boolean and len(wrong):
        names = [f"{row:0{n_inputs}b}" for row in wrong.tolist()]
        yield _wrong_on(nth, question.task.label, names, f"{len(rows)} inputs")


def _wrong_on(nth: str, task: str, names: Sequence[str], of: str) -> str:
    some = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"{_JUDGED}{task}, the {nth} network is wrong on {len(names)} of {of}: {some}."


def _smallest(masks: Masks) -> list[int]:
    every: list[int] = masks.tolist()
    return sorted(every, key=lambda mask: (mask.bit_count(), mask))[:MOST_NAMED]


def _margins(both: Sequence[SubjectQuestion], named: Mapping[str, Sequence[int]]) -> dict[str, list[list[float]]]:
    known = {mask: [question.judge(mask).worst for question in both] for masks in named.values() for mask in masks}
    return {name: [known[mask] for mask in masks] for name, masks in named.items()}


def _change(before: set[Any], after: set[Any]) -> dict[str, set[Any]]:
    return {"kept": before & after, "lost": before - after, "gained": after - before}


def _drawn(circuits: CircuitSearch) -> Masks:
    """Valid circuits that were drawn uniformly."""
    undrawn = circuits.smallest.undrawn if circuits.smallest else ()
    return np.setdiff1d(circuits.masks, np.array(undrawn, dtype=circuits.masks.dtype))


def _estimated(
    first: tuple[int, Any, Any], second: tuple[int, Any, Any], hits: tuple[int, int], confidences: Sequence[float] = ()
) -> Change:
    """Estimate a change from the number of circuits drawn of the first network that are valid in the second.

    Args:
        first: valid circuits of the first network, with the ends of their interval.
        second: of the second likewise.
        hits: of those drawn so many are valid in the second, of how many.
        confidences: of these intervals, where they are no exact numbers.
    """
    (n, n_low, n_high), (m, m_low, m_high) = first, second
    low, high = share_interval(*hits, CONFIDENCE) if hits[1] else (Fraction(0), Fraction(1))
    share = Fraction(hits[0], max(1, hits[1]))
    kept_at = share * n, low * n_low, min(high * n_high, Fraction(m_high))
    return Change.within(
        1 - sum(1 - one for one in (CONFIDENCE, *confidences)),  # Bonferroni's bound
        kept=kept_at,
        lost=((1 - share) * n, (1 - high) * n_low, (1 - low) * n_high),
        gained=(m - kept_at[0], m_low - kept_at[2], m_high - kept_at[1]),
    )


def _change_unlisted(both: tuple[CircuitSearch, CircuitSearch], asked: Question, other: Question, work: Work) -> Change:
    """Find the change of circuits of perceptrons: exact where they are counted, else from those drawn of the first."""
    first, second = both
    if first.interval is None and second.interval is None and first.possible <= work.limits.max_possible:
        kept = _count_common(asked, other, work)
        return Change(kept=kept, lost=first.n_valid - kept, gained=second.n_valid - kept)
    drawn = _drawn(first)
    (n_low, n_high), (m_low, m_high) = (one.interval or (one.n_valid, one.n_valid) for one in (first, second))
    confidences = [one.confidence for one in (first, second) if one.confidence is not None]
    return _estimated(
        (first.n_valid, n_low, n_high),
        (second.n_valid, m_low, m_high),
        (int(decide_right(other, drawn).sum()), len(drawn)),
        confidences,
    )


def _count_common(first: Question, second: Question, work: Work) -> int:
    """Count the circuits that are valid in both of two networks of one shape; none is listed."""
    found, tested = 0, 0
    total = len(first.ablations) * count_in_space(first.network.sizes, first.protocol)
    with np.errstate(over="ignore", invalid="ignore"):
        for n_tested, masks in find_valid(first):
            found, tested = found + int(decide_right(second, masks).sum()), tested + n_tested
            work.report_step("circuits", tested, total, f"{found:,} valid in both networks")
    return found


class _Masks:
    """The valid circuits of two networks, and how many interpretations these have in common."""

    def __init__(self, before: OutputAnalysis, after: OutputAnalysis, work: Work) -> None:
        self._before, self._after, self._work = before, after, work
        self.listed = before.circuits.truncated_at is None and after.circuits.truncated_at is None
        first, second = before.circuits.masks, after.circuits.masks
        self.parts: dict[str, Masks] = {}
        if self.listed:
            self.parts = parts_of(first, second)

    def change(self) -> Change:
        """Return the change of the valid circuits."""
        if self.listed:
            return Change(**{name: len(masks) for name, masks in self.parts.items()})
        before, after = self._before, self._after
        return _change_unlisted((before.circuits, after.circuits), before.question, after.question, self._work)

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
        answer = [one for one in stories if isinstance(one, Stories)]
        if len(answer) < len(stories):
            reasons.append("Carried algorithms were not compared: the task gives none, or too many algorithms.")
            return kept[found]
        first, second = answer
        if first.sampled:
            asked = f"{first.n_asked:,} of {len(kept):,} circuits"
            reasons.append(f"Carried algorithms were asked of {asked}: more may be changed.")
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
        """The change of the interpretations that stand for an observed class; a class in common has the same
        completions in both.
        """
        kept = self._shared_by_kept.observed
        first, second = (one.interpretations.observed - kept for one in (self._before, self._after))
        return ChangedCriterion(kept=kept, lost=first, gained=second)

    @property
    def _counted(self) -> bool:
        counts = (self._before.interpretations, self._after.interpretations)
        return all(one.truncated_at is None for one in counts)

    def interpretations(self, reasons: list[str]) -> Change | None:
        """Find the change of the interpretations: exact where every circuit is listed, else estimated from uniform
        draws.
        """
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


def _placements(before: OutputAnalysis, after: OutputAnalysis) -> tuple[Change, dict[str, list[ChangedPlacing]]]:
    """Compare the valid alignments; where some are counted and not listed, by bounds that hold whatever those are."""
    known: dict[Any, ChangedPlacing] = {}
    sets, totals, complete = [], [], True
    for search in (before.algorithms, after.algorithms):
        keys = set()
        for algorithm, one in valid_alignments(search):
            keys.add(key := (one.alignment.algorithm_text, one.alignment.places))
            where = ("+".join(f"n{site.layer}.{neuron}" for neuron in site.neurons) for _, site in key[1])
            answer = {"algorithm": algorithm.id, "alignment": one.alignment.id, "formula": algorithm.formula}
            known[key] = ChangedPlacing(**answer, where=", ".join(where))
        sets.append(keys)
        whole = search.truncated_at is None and all(found.truncated_at is None for found in search.algorithms)
        totals.append(len(keys) if whole else search.n_valid_placements)  # protocols may keep minimal ones alone
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
    """Compare the explanations that pass each criterion, of some kinds."""
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
        found.setdefault(first.kind, {})[first.step.text] = _passing(passed, undecided)
    return found


def _passing(passed: Sequence[set[Any]], undecided: int) -> ChangedCriterion:
    numbers = {name: len(part) for name, part in _change(*passed).items()}
    return ChangedCriterion(**numbers, undecided=undecided)


# --- subjects whose circuits are listed


def _compare_listed(before: GraphQuestion, after: GraphQuestion, work: Work, *, thorough: bool) -> ChangesReport:
    """Compare subjects whose valid circuits are found one by one; their number is exact however many are listed."""
    found, reasons = list[CircuitSearch](), list[str]()
    for nth, question in (("first", before), ("second", after)):
        reasons += _wrong_rows(nth, question)
        one = find_masks(question, work, limit=MAX_MASKS)
        if not one.counted:
            cause = f"of the {nth} network {one.n_tested:,} of {one.possible:,} were tested when time or memory ended"
            raise BeyondLimits("circuits to compare", cause, "use coarser rules, or give more time")
        found.append(one)
    parts: dict[str, Masks] = {}
    if all(one.complete for one in found):
        parts = parts_of(found[0].masks, found[1].masks)
        circuits = Change(**{name: len(masks) for name, masks in parts.items()})
    else:
        circuits = _change_by_draws(found[0], found[1], after)
        reasons.append(f"Lists of circuits are truncated at {MAX_MASKS:,}: none is named.")
    named = {name: _smallest(masks) for name, masks in parts.items()}
    criteria = _listed_criteria((before, after), found, reasons, work, thorough=thorough)
    nothing: dict[str, None] = {"interpretations": None, "alignments": None}
    task = before.subject.task or "its own task"
    return _report((before, after), task, circuits, named, reasons, criteria=criteria, **nothing)


def _change_by_draws(before: CircuitSearch, after: CircuitSearch, other: GraphQuestion) -> Change:
    """Estimate the change of circuits that are counted from those drawn of the first subject."""
    n, m = before.n_valid, after.n_valid
    hits = sum(other.judge(mask).valid for mask in before.uniform.tolist())
    return _estimated((n, n, n), (m, m, m), (hits, len(before.uniform)))


def _wrong_rows(nth: str, question: GraphQuestion) -> Iterator[str]:
    """Yield a sentence that names the rows on which a subject is wrong, if they are too many for it to be valid."""
    whole = question.space.run(np.ones((1, question.graph.n_bits), dtype=np.bool_))
    wrong = np.flatnonzero(question.margins(whole)[0] <= 0).tolist()
    if len(wrong) > question.space.most_wrong:
        names = [question.subject.rows[row] for row in wrong]
        yield _wrong_on(nth, question.subject.task or "its task", names, f"{question.n_rows:,} rows")


def _listed_criteria(
    both: Sequence[GraphQuestion], found: Sequence[CircuitSearch], reasons: list[str], work: Work, *, thorough: bool
) -> dict[str, dict[str, ChangedCriterion]]:
    """Compare the valid circuits of two subjects that pass each criterion."""
    kind, passed, undecided = both[0].kind, dict[str, list[set[Any]]](), Counter[str]()
    criteria = [one for one in asked_of(kind) if thorough or one.cost == "quick"]
    if max(one.n_valid for one in found) > _MOST_JUDGED:
        reasons.append(f"Criteria were not asked: more than {_MOST_JUDGED:,} circuits are valid.")
        return {}
    for question, one in zip(both, found, strict=True):
        judged = judged_circuits(question, one, criteria, work)[1]
        outcomes = {each.step.key: each.outcomes for each in judged}
        for criterion in criteria:
            text, own = CriterionStep.of(criterion).text, outcomes.get(criterion.key, np.empty(0, np.uint8))
            passed.setdefault(text, []).append({*one.masks[own == PASSED].tolist()})
            undecided[text] += int((own == UNDECIDED).sum())
    return {"circuit": {text: _passing(sets, undecided[text]) for text, sets in passed.items()}}
