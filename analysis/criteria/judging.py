"""Verdicts of chosen criteria on everything that an analysis found, in order, within a budget.

Explanations of each kind come in the order in which they are kept: circuits by ascending mask, algorithms in the
protocol's order, valid alignments in their algorithms' order. Interpretations are not listed; for them each circuit has
exact numbers (:mod:`analysis.criteria.reading_counts`).

A criterion that takes longer than its budget leaves the rest undecided and says so; certified ones are judged a few
circuits at a time, so that what was decided until then is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import ScoredAlignment
from analysis.criteria.alignment_context import AlignmentCriteriaContext, valid_alignments
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.reading_counts import ReadingCounts, count_readings
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


@dataclass(frozen=True, eq=False)
class Subject:
    """What an analysis found, as criteria need it.

    Args:
        network: cut to the analysed output.
        output: column of the data record's labels.
        masks: ``[circuits]`` uint64 ascending: the listed valid circuits.
        exhaustive: whether these are all valid ones.
        interpretations: how many each circuit has, parallel to the masks.
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

    @property
    def tally(self) -> CriterionTally:
        """How many explanations have each outcome; of interpretations exactly, whatever they are."""
        if self.counts is not None:
            return self.counts.tally
        return CriterionTally(*np.bincount(self.outcomes, minlength=len(OUTCOMES)).tolist())


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
        return f"Not decided within the budget of {self.max_seconds:g} seconds for each criterion."

    def run(
        self, kind: Kind, step: CriterionStep, place: tuple[int, int], judge: Callable[[Report], Any]
    ) -> tuple[Any, float]:
        """What ``judge`` returns and the seconds that it took.

        Args:
            kind: what is judged.
            step: by what.
            place: which of how many pieces of work of this kind it is.
            judge: told where to report.

        Raises:
            _Spent: the budget is used up; the time counts.
        """
        begun = self.clock() if self.clock else 0.0
        before = self.used[kind, step]
        done, total = place

        def report(progress: Progress, /) -> None:
            some = f": {progress.done:,} of {progress.total:,}" if progress.total > 1 else ""
            self.report(Progress(STAGE_OF[kind], done, total, f"{step}{some}"))
            if self.clock and before + self.clock() - begun > self.max_seconds:
                raise _Spent

        try:
            report(Progress("criteria", 0, 1))
            return judge(report), (self.clock() - begun if self.clock else 0.0)
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
        verdicts, note, seconds = _within("circuit", step, _reporting(context), len(context), (done, total), budget)
        yield from _in_blocks("circuit", step, verdicts, note, seconds, block)
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
        verdicts, note, seconds = _within("circuit", step, shared, n, place, budget)
        return _block("circuit", step, start, verdicts, note, seconds)
    parts: list[Verdicts] = []
    note, seconds, at, size = "", 0.0, 0, _FEW
    while at < n or not parts:
        some = replace(shared.context, masks=shared.context.masks[at : at + size])
        verdicts, why, spent = _within("circuit", step, _reporting(some), len(some), place, budget)
        parts.append(verdicts)
        note, seconds, at, size = note or why, seconds + spent, at + size, 2 * size
    return _block("circuit", step, start, _joined(parts), note, seconds)


def _judge_listed(
    subject: Subject, kind: Kind, step: CriterionStep, place: tuple[int, int], budget: _Budget, block: int
) -> Iterator[JudgedBlock]:
    context: AlgorithmCriteriaContext | AlignmentCriteriaContext
    if kind == "algorithm":
        context = AlgorithmCriteriaContext(subject.algorithms)
    else:
        context = AlignmentCriteriaContext(subject.network, subject.protocol, subject.data, subject.alignments)
    verdicts, note, seconds = _within(kind, step, _reporting(context), len(context), place, budget)
    yield from _in_blocks(kind, step, verdicts, note, seconds, block)


def _judge_interpretations(
    subject: Subject, steps: Sequence[CriterionStep], budget: _Budget, block: int
) -> Iterator[JudgedBlock]:
    """All criteria together, circuit by circuit, for they share the observed classes."""
    first, n = steps[0], len(subject.masks)
    note, spent = "", False
    for start in range(0, max(n, 1), block):
        part = slice(start, start + block)
        found: dict[CriterionStep, ReadingCounts] | None = None
        seconds = 0.0
        masks, totals = subject.masks[part], subject.interpretations[part]
        if not spent:
            counts = count_readings(subject.network, subject.protocol, subject.data, masks, totals, steps)
            try:
                while True:
                    _, took = budget.run("interpretation", first, (start + counts.done, max(n, 1)), counts.advance)
                    seconds += took
                    if counts.finished:
                        break
            except _Spent:
                spent, note = True, budget.words
            except BeyondLimits as refusal:
                spent, note = True, f"Not tried: {refusal.cause}."
            found = counts.found()
            note = note or counts.note
        for number, step in enumerate(steps):
            one = found[step] if found is not None else ReadingCounts.undecided_for(totals)
            yield JudgedBlock(
                "interpretation",
                step,
                start,
                one.outcomes,
                one.scores,
                None,
                None,
                one,
                note if one.tally.undecided else "",
                seconds if number == 0 else 0.0,
            )


def _within(
    kind: Kind,
    step: CriterionStep,
    context: Callable[[Report], Any],
    n: int,
    place: tuple[int, int],
    budget: _Budget,
) -> tuple[Verdicts, str, float]:
    """Verdicts, why some are undecided if the budget or a limit is the reason, and the seconds spent."""
    if budget.spent(kind, step):
        return same_for_all(n, "undecided", budget.words), budget.words, 0.0
    before = budget.used[kind, step]
    try:
        verdicts, seconds = budget.run(
            kind, step, place, lambda report: step.criterion.judge(kind, context(report), step.settings)
        )
    except _Spent:
        return same_for_all(n, "undecided", budget.words), budget.words, budget.used[kind, step] - before
    except BeyondLimits as refusal:
        words = f"Not tried: {refusal.cause}."
        return same_for_all(n, "undecided", words), words, budget.used[kind, step] - before
    undecided = np.flatnonzero(verdicts.outcomes == UNDECIDED)
    note = verdicts.at(int(undecided[0])).reason if len(undecided) else ""
    return verdicts, note, seconds


def _block(kind: Kind, step: CriterionStep, start: int, verdicts: Verdicts, note: str, seconds: float) -> JudgedBlock:
    return JudgedBlock(
        kind,
        step,
        start,
        verdicts.outcomes,
        verdicts.scores,
        verdicts.numerators,
        verdicts.denominators,
        None,
        note,
        seconds,
    )


def _in_blocks(
    kind: Kind, step: CriterionStep, verdicts: Verdicts, note: str, seconds: float, block: int
) -> Iterator[JudgedBlock]:
    for start in range(0, max(len(verdicts), 1), block):
        part = slice(start, start + block)
        yield JudgedBlock(
            kind,
            step,
            start,
            verdicts.outcomes[part],
            verdicts.scores[part],
            None if verdicts.numerators is None else verdicts.numerators[part],
            None if verdicts.denominators is None else verdicts.denominators[part],
            None,
            note,
            seconds if start == 0 else 0.0,
        )


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
