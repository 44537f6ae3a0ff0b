"""Verdicts of chosen criteria on everything that an analysis found, in order, within a budget.

Explanations of each kind come in the order in which they are kept: circuits by ascending mask, algorithms in the
protocol's order, valid alignments in their algorithms' order. Interpretations are not listed; for them each circuit has
exact numbers (:mod:`analysis.criteria.reading_counts`).

A criterion that takes longer than its budget leaves the rest undecided and says so; certified ones are judged a few
circuits at a time, so that what was decided until then is kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import ScoredAlignment
from analysis.criteria.alignment_context import AlignmentCriteriaContext, valid_alignments
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.reading_counts import COSTLY, CountingReadings, ReadingCounts
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import OUTCOMES, UNDECIDED, Verdicts, same_for_all
from analysis.data import DataRecord
from analysis.errors import BeyondLimits
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.result import CriterionTally, OutputAnalysis
from analysis.tasks import Task

Clock = Callable[[], float]
Found = TypeVar("Found")
STAGE_OF: Final[dict[Kind, str]] = {
    "circuit": "circuits",
    "interpretation": "interpretations",
    "algorithm": "algorithms",
    "alignment": "alignments",
}

_OF_THE_WHOLE: Final = ("minimal-quasi", "minimal-local", "minimal-subset", "minimal-cardinal")
_SLOW: Final = ("input-robust", "patching-robust", "knockout-completeness", "input-noise")
_FEW: Final = 16  # circuits that a slow criterion looks at first; twice as many each time after


@dataclass(frozen=True)
class JudgingLimits:
    """How far criteria may go.

    Args:
        max_seconds: for one criterion and one kind of explanation; what is left then is undecided.
        block: explanations judged and handed over at a time.
    """

    max_seconds: float = 60.0
    block: int = 16_384


DEFAULT_JUDGING_LIMITS: Final = JudgingLimits()
_SPENT: Final = "Not decided within the budget of {:.15g} seconds for each criterion."
_SPENT_SHAPE: Final = re.compile(r"Not decided within the budget of ([0-9.e+-]+) seconds for each criterion\.")


def budget_that_ended(note: str) -> float | None:
    """The seconds that a criterion stopped at, read from the note of its verdicts; None if time did not end it."""
    found = _SPENT_SHAPE.search(note)
    return None if found is None else float(found[1])


@dataclass(frozen=True, eq=False)
class Subject:
    """What an analysis found, as criteria need it.

    Args:
        network: cut to the analysed output.
        output: column of the data record's labels.
        masks: ``[circuits]`` uint64 ascending: the listed valid circuits.
        exhaustive: whether these are all valid ones.
        interpretations: how many each circuit has, parallel to the masks.
        observed: and their observed classes.
        algorithms: the listed candidates.
        alignments: the kept valid alignments with their algorithms.
    """

    network: Network
    output: int
    task: Task
    protocol: Protocol
    data: DataRecord
    masks: NDArray[np.uint64]
    exhaustive: bool
    interpretations: tuple[int, ...]
    observed: tuple[int, ...]
    algorithms: tuple[HighLevelModel, ...]
    alignments: tuple[tuple[HighLevelModel, ScoredAlignment], ...]

    @classmethod
    def of(cls, analysis: OutputAnalysis) -> Subject:
        """What one analysis found."""
        circuits = analysis.circuits
        return cls(
            network=analysis.network.for_output(analysis.output),
            output=analysis.output,
            task=analysis.task,
            protocol=analysis.protocol,
            data=analysis.data,
            masks=circuits.masks,
            exhaustive=circuits.truncated_at is None and circuits.method == "listed",
            interpretations=analysis.interpretations.by_circuit,
            observed=analysis.interpretations.observed_by_circuit,
            algorithms=tuple(result.algorithm for result in analysis.algorithms.algorithms),
            alignments=valid_alignments(analysis.algorithms),
        )

    def count(self, kind: Kind) -> int:
        """Explanations that verdicts of this kind are about; of interpretations the circuits that have them."""
        return len({"algorithm": self.algorithms, "alignment": self.alignments}.get(kind, self.masks))


@dataclass(frozen=True, eq=False)
class JudgedBlock:
    """What one step says about some explanations in a row.

    Args:
        kind: of the explanations.
        step: the criterion with its settings.
        start: position of the first explanation.
        outcomes: ``[explanations]`` positions in :data:`OUTCOMES`; of interpretations as in :class:`ReadingCounts`.
        scores: ``[explanations]``, NaN where there is none.
        numerators: of the scores where these are fractions, −1 where there is none; None if they never are.
        denominators: likewise.
        counts: of interpretations, for each circuit; None for the other kinds.
        note: why some are undecided if a limit or the budget is the reason, else "".
        seconds: spent, 0 without a clock.
        stopped: whether the budget or a limit of ours ended the work.
    """

    kind: Kind
    step: CriterionStep
    start: int
    outcomes: NDArray[np.uint8]
    scores: NDArray[np.float64]
    numerators: NDArray[np.int64] | None
    denominators: NDArray[np.int64] | None
    counts: ReadingCounts | None = None
    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    @property
    def tally(self) -> CriterionTally:
        """How many explanations have each outcome; of interpretations exactly, whatever they are."""
        if self.counts is not None:
            return self.counts.tally
        return CriterionTally(*np.bincount(self.outcomes, minlength=len(OUTCOMES)).tolist())


@dataclass(frozen=True)
class _Work:
    """What judging took.

    Args:
        note: why some are undecided, "" if none is.
        seconds: spent.
        stopped: whether the budget or a limit of ours ended it.
    """

    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    def __add__(self, other: _Work) -> _Work:
        return _Work(self.note or other.note, self.seconds + other.seconds, self.stopped or other.stopped)


class _Spent(Exception):
    """A criterion's budget is used up."""


@dataclass
class _Budget:
    """Counts the time of every step and ends what takes too long, between two reports."""

    report: Report
    clock: Clock | None
    max_seconds: float
    used: dict[tuple[Kind, CriterionStep], float] = field(default_factory=lambda: defaultdict(float))

    def spent(self, kind: Kind, step: CriterionStep) -> bool:
        return self.used[kind, step] >= self.max_seconds

    @property
    def words(self) -> str:
        return _SPENT.format(self.max_seconds)

    def run(self, kind: Kind, step: CriterionStep, place: tuple[int, int], judge: Callable[[Report], Found]) -> Found:
        """What ``judge`` returns; the time that it takes counts.

        Args:
            kind: what is judged.
            step: by what.
            place: which of how many pieces of work of this kind it is.
            judge: told where to report.

        Raises:
            _Spent: the budget is used up.
        """
        begun = self.clock() if self.clock else 0.0
        before = self.used[kind, step]
        done, total = place

        def report(progress: Progress, /) -> None:
            some = f": {progress.done:,} of {progress.total:,}" if progress.total > 1 else ""
            # of interpretations the pieces of work are circuits, which the progress itself counts
            at = min(done + progress.done, total) if kind == "interpretation" else done
            self.report(Progress(STAGE_OF[kind], at, total, f"{step}{some}"))
            if self.clock and before + self.clock() - begun > self.max_seconds:
                raise _Spent

        try:
            report(Progress("criteria", 0, 1))
            return judge(report)
        finally:
            if self.clock:
                self.used[kind, step] = before + self.clock() - begun


def judge_analysis(
    subject: Subject,
    steps: Sequence[tuple[Kind, CriterionStep]],
    *,
    report: Report = silent,
    clock: Clock | None = None,
    limits: JudgingLimits = DEFAULT_JUDGING_LIMITS,
) -> Iterator[JudgedBlock]:
    """Judge all explanations of an analysis by chosen criteria.

    Args:
        subject: what was found.
        steps: kind of explanation and criterion; each criterion must apply to its kind.
        report: told how far each kind is; may raise Cancelled.
        clock: seconds from any origin; without it there is no budget.
        limits: the budget, and how much is handed over at a time.

    Yields:
        Blocks; those of one kind and step ascend without gaps, from 0. At least one of each, empty if there is nothing
        to judge.

    Raises:
        InvalidCriterion: a criterion does not apply to its kind.
        Cancelled: the report asked to stop.
    """
    budget = _Budget(report, clock, limits.max_seconds)
    for kind in KINDS:
        wanted = [step for of, step in dict.fromkeys(steps) if of == kind]
        if not wanted:
            continue
        stage, n_words = STAGE_OF[kind], f"{len(wanted)} criteri{'on' if len(wanted) == 1 else 'a'}"
        if kind == "circuit":
            yield from _judge_circuits(subject, wanted, budget, limits.block)
        elif kind == "interpretation":
            yield from _judge_interpretations(subject, wanted, budget, limits.block)
        else:
            for number, step in enumerate(wanted):
                yield from _judge_listed(subject, kind, step, (number, len(wanted)), budget, limits.block)
        report(Progress(stage, 1, 1, f"{n_words} on {subject.count(kind):,} {_NOUNS[kind]}"))


_NOUNS: Final[dict[Kind, str]] = {
    "circuit": "circuits",
    "interpretation": "circuits' interpretations",
    "algorithm": "algorithms",
    "alignment": "alignments",
}


def _judge_circuits(
    subject: Subject, steps: Sequence[CriterionStep], budget: _Budget, block: int
) -> Iterator[JudgedBlock]:
    """One by one in blocks, so that what the criteria share is held for a block only; then what needs all at once."""
    context = CircuitCriteriaContext(
        subject.network,
        subject.task,
        subject.protocol,
        subject.data,
        subject.masks,
        exhaustive=subject.exhaustive,
        output=subject.output,
    )
    starts = range(0, max(len(subject.masks), 1), block)
    single = [step for step in steps if step.key not in _OF_THE_WHOLE]
    whole = [step for step in steps if step.key in _OF_THE_WHOLE]
    total = len(starts) * len(single) + len(whole)
    done = 0
    for start in starts:
        some = replace(context, masks=context.masks[start : start + block])
        shared = _Shared(some)
        for step in single:
            yield _circuit_block(shared, step, start, (done, total), budget)
            done += 1
    for step in whole:
        verdicts, work = _within("circuit", step, _reporting(context), len(context), (done, total), budget)
        yield from _in_blocks("circuit", step, verdicts, work, block)
        done += 1


class _Shared:
    """A context whose caches outlive one criterion, although each reports in its own name."""

    def __init__(self, context: CircuitCriteriaContext) -> None:
        self._report: Report = silent
        self.context = replace(context, report=self._forward)

    def _forward(self, progress: Progress, /) -> None:
        self._report(progress)

    def __call__(self, report: Report) -> CircuitCriteriaContext:
        self._report = report
        return self.context


def _reporting(context: Any) -> Callable[[Report], Any]:
    return lambda report: replace(context, report=report)


def _circuit_block(
    shared: _Shared, step: CriterionStep, start: int, place: tuple[int, int], budget: _Budget
) -> JudgedBlock:
    """One criterion on one block; a slow one on a few circuits first, then on more and more."""
    n = len(shared.context)
    if step.key not in _SLOW:
        verdicts, work = _within("circuit", step, shared, n, place, budget)
        return _block("circuit", step, start, verdicts, work)
    parts: list[Verdicts] = []
    work, at, size = _Work(), 0, _FEW
    while at < n or not parts:
        some = replace(shared.context, masks=shared.context.masks[at : at + size])
        verdicts, more = _within("circuit", step, _reporting(some), len(some), place, budget)
        parts.append(verdicts)
        work, at, size = work + more, at + size, 2 * size
    return _block("circuit", step, start, _joined(parts), work)


def _judge_listed(
    subject: Subject, kind: Kind, step: CriterionStep, place: tuple[int, int], budget: _Budget, block: int
) -> Iterator[JudgedBlock]:
    context: AlgorithmCriteriaContext | AlignmentCriteriaContext
    if kind == "algorithm":
        context = AlgorithmCriteriaContext(subject.algorithms)
    else:
        context = AlignmentCriteriaContext(subject.network, subject.protocol, subject.data, subject.alignments)
    verdicts, work = _within(kind, step, _reporting(context), len(context), place, budget)
    yield from _in_blocks(kind, step, verdicts, work, block)


def _judge_interpretations(
    subject: Subject, steps: Sequence[CriterionStep], budget: _Budget, block: int
) -> Iterator[JudgedBlock]:
    """Criteria that need numbers only, each on all circuits; then together those that share the observed classes.

    A stored count that a limit has ended says 0 for the circuits after it; the first criterion that comes by counts
    these, the next ones take what it found.
    """
    costly = [step for step in steps if step.key in COSTLY]
    groups = [*([step] for step in steps if step not in costly), *([costly] if costly else [])]
    totals, observed = list(subject.interpretations), list(subject.observed)
    for number, together in enumerate(groups):
        yield from _count_interpretations(subject, together, (number, len(groups)), (totals, observed), budget, block)


def _count_interpretations(
    subject: Subject,
    steps: Sequence[CriterionStep],
    place: tuple[int, int],
    known: tuple[list[int], list[int]],
    budget: _Budget,
    block: int,
) -> Iterator[JudgedBlock]:
    """Some criteria, circuit by circuit, within the budget of the first.

    Args:
        subject: what was found.
        steps: that share their work.
        place: which of how many groups of criteria this is.
        known: ``[circuits]`` interpretations and observed classes, 0 where not counted; what is counted is put in.
        budget: of all.
        block: circuits handed over at a time.
    """
    first, n = steps[0], max(len(subject.masks), 1)
    (group, n_groups), (totals, observed) = place, known
    stopped = _Work()
    for start in range(0, n, block):
        part = slice(start, start + block)
        found: dict[CriterionStep, ReadingCounts] | None = None
        work = _Work()
        if not stopped.stopped:
            counts = CountingReadings(
                subject.network,
                subject.protocol,
                subject.data,
                subject.masks[part],
                totals[part],
                observed[part],
                steps,
            )
            before = budget.used["interpretation", first]
            try:
                budget.run("interpretation", first, (group * n + start, n_groups * n), counts.advance)
            except _Spent:
                stopped = _Work(budget.words, stopped=True)
            except BeyondLimits as refusal:
                stopped = _Work(f"Not tried: {refusal.cause}.", stopped=True)
            found = counts.found()
            work = _Work(counts.note, budget.used["interpretation", first] - before)
            totals[part], observed[part] = counts.totals, counts.observed
        for number, step in enumerate(steps):
            one = found[step] if found is not None else ReadingCounts.undecided_for(totals[part], observed[part])
            said = stopped + work if one.tally.undecided else _Work()
            yield JudgedBlock(
                "interpretation",
                step,
                start,
                one.outcomes,
                one.scores,
                None,
                None,
                one,
                note=said.note,
                seconds=work.seconds if number == 0 else 0.0,
                stopped=said.stopped,
            )


def _within(
    kind: Kind,
    step: CriterionStep,
    context: Callable[[Report], Any],
    n: int,
    place: tuple[int, int],
    budget: _Budget,
) -> tuple[Verdicts, _Work]:
    """Verdicts and what they took; undecided all of them if the budget or a limit ended the work."""
    if budget.spent(kind, step):
        return same_for_all(n, "undecided", budget.words), _Work(budget.words, stopped=True)
    before = budget.used[kind, step]

    def judge(report: Report) -> Verdicts:
        return step.criterion.judge(kind, context(report), step.settings)

    try:
        verdicts = budget.run(kind, step, place, judge)
    except (_Spent, BeyondLimits) as end:
        words = budget.words if isinstance(end, _Spent) else f"Not tried: {end.cause}."
        return same_for_all(n, "undecided", words), _Work(words, budget.used[kind, step] - before, stopped=True)
    undecided = np.flatnonzero(verdicts.outcomes == UNDECIDED)
    note = verdicts.at(int(undecided[0])).reason if len(undecided) else ""
    return verdicts, _Work(note, budget.used[kind, step] - before)


def _block(kind: Kind, step: CriterionStep, start: int, verdicts: Verdicts, work: _Work) -> JudgedBlock:
    return JudgedBlock(
        kind,
        step,
        start,
        verdicts.outcomes,
        verdicts.scores,
        verdicts.numerators,
        verdicts.denominators,
        note=work.note,
        seconds=work.seconds,
        stopped=work.stopped,
    )


def _in_blocks(kind: Kind, step: CriterionStep, verdicts: Verdicts, work: _Work, block: int) -> Iterator[JudgedBlock]:
    for start in range(0, max(len(verdicts), 1), block):
        part = slice(start, start + block)
        some = Verdicts(
            verdicts.outcomes[part],
            verdicts.scores[part],
            None if verdicts.numerators is None else verdicts.numerators[part],
            None if verdicts.denominators is None else verdicts.denominators[part],
            verdicts.explain,
        )
        yield _block(kind, step, start, some, work if start == 0 else replace(work, seconds=0.0))


def _joined(parts: Sequence[Verdicts]) -> Verdicts:
    """Verdicts of several parts in a row, without their reasons."""
    if len(parts) == 1:
        return parts[0]

    def column(name: str) -> NDArray[np.int64] | None:
        columns = [getattr(part, name) for part in parts]
        if all(one is None for one in columns):
            return None
        return np.concatenate(
            [
                np.full(len(part), -1, dtype=np.int64) if one is None else one
                for part, one in zip(parts, columns, strict=True)
            ]
        )

    return Verdicts(
        np.concatenate([part.outcomes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        column("numerators"),
        column("denominators"),
        lambda _: ("", {}),
    )
