"""Verdicts of chosen criteria on everything that an analysis found, in order, within a budget.

Explanations of each kind come in the order in which they are kept: circuits by ascending mask, algorithms in the
protocol's order, valid alignments in their algorithms' order. Interpretations are not listed; for them each circuit has
exact numbers (:mod:`analysis.criteria.interpretation_tallies`).

A criterion that takes longer than its budget leaves the rest undecided and says so; certified ones are judged a few
circuits at a time, so that what was decided until then is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.alignment_context import AlignmentCriteriaContext
from analysis.criteria.budget import STAGE_OF, Budget, Spent
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.interpretation_tallies import COSTLY, CountingReadings, ReadingCounts
from analysis.criteria.judged import JudgedBlock, Subject
from analysis.criteria.recorded_context import RecordedContext
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import UNDECIDED, Verdicts, same_for_all
from analysis.errors import BeyondLimits
from analysis.explanations.registry import BY_KEY
from analysis.progress import OutOfTime
from analysis.work import DEFAULT_WORK, Work

_Listed = AlgorithmCriteriaContext | AlignmentCriteriaContext | RecordedContext
_FEW: Final = 16  # circuits that a slow criterion looks at first; twice as many each time after


def judge_analysis(
    subject: Subject,
    steps: Sequence[tuple[Kind, CriterionStep]],
    work: Work = DEFAULT_WORK,
    *,
    block: int = 16_384,
) -> Iterator[JudgedBlock]:
    """Judge all explanations of an analysis by chosen criteria.

    Args:
        subject: what was found.
        steps: kind of explanation and criterion; each criterion must apply to its kind.
        work: told how far each kind is; without a clock there is no budget. When its own time is up, what is left is
            undecided.
        block: explanations judged and handed over at a time.

    Yields:
        Blocks; those of one kind and step ascend without gaps, from 0. At least one of each, empty if there is nothing
        to judge.

    Raises:
        InvalidCriterion: a criterion does not apply to its kind.
        Cancelled: the report asked to stop.
    """
    budget = Budget(work)
    known = Counted(list(subject.interpretations), list(subject.observed))
    for kind in (*KINDS, *BY_KEY):
        wanted = [step for of, step in dict.fromkeys(steps) if of == kind]
        if not wanted:
            continue
        if kind == "circuit":
            yield from _judge_circuits(subject, wanted, budget, block)
        elif kind == "interpretation":
            yield from _judge_interpretations(subject, wanted, known, budget, block)
        else:
            context = _listed_context(subject, kind)
            for number, step in enumerate(wanted):
                yield from _judge_whole(kind, step, context, (number, len(wanted)), budget, block)
        n_words = f"{len(wanted)} criteri{'on' if len(wanted) == 1 else 'a'}"
        words = "the time is up" if budget.work.is_over else f"{n_words} on {subject.count(kind):,} {_NOUNS[kind]}"
        budget.work.tell(STAGE_OF[kind], 1, 1, words)


_NOUNS: Final[dict[Kind, str]] = {
    "circuit": "circuits",
    "interpretation": "circuits' interpretations",
    "algorithm": "algorithms",
    "alignment": "alignments",
    **{kind.key: kind.plural for kind in BY_KEY.values()},
}


def _judge_circuits(
    subject: Subject, steps: Sequence[CriterionStep], budget: Budget, block: int
) -> Iterator[JudgedBlock]:
    """One by one in blocks, so that what the criteria share is held for a block only; then what needs all at once."""
    context = CircuitCriteriaContext(subject.question, subject.masks, exhaustive=subject.exhaustive)
    starts = range(0, max(len(subject.masks), 1), block)
    single = [step for step in steps if step.criterion.over == "each"]
    whole = [step for step in steps if step.criterion.over == "population"]
    total = len(starts) * len(single) + len(whole)
    done = 0
    for start in starts:
        some = replace(context, masks=context.masks[start : start + block])
        shared = _Shared(some)
        for step in single:
            yield _circuit_block(shared, step, start, (done, total), budget)
            done += 1
    for step in whole:
        yield from _judge_whole("circuit", step, context, (done, total), budget, block)
        done += 1


def _judge_whole(
    kind: Kind,
    step: CriterionStep,
    context: CircuitCriteriaContext | _Listed,
    place: tuple[int, int],
    budget: Budget,
    block: int,
) -> Iterator[JudgedBlock]:
    """One criterion on everything at once."""
    verdicts, spent = _within(kind, step, _doing(context), len(context), place, budget)
    yield from _in_blocks(kind, step, verdicts, spent, block)


class _Shared:
    """A context whose caches outlive one criterion, although each goes about its own work."""

    def __init__(self, context: CircuitCriteriaContext) -> None:
        self.context = context

    def __call__(self, work: Work) -> CircuitCriteriaContext:
        self.context = self.context.doing(work)
        return self.context


def _doing(context: Any) -> Callable[[Work], Any]:
    """What makes a context that goes about a work; of circuits and alignments all share what they have run."""
    if isinstance(context, CircuitCriteriaContext | AlignmentCriteriaContext):
        return context.doing
    return lambda work: replace(context, work=work)


def _circuit_block(
    shared: _Shared, step: CriterionStep, start: int, place: tuple[int, int], budget: Budget
) -> JudgedBlock:
    """One criterion on one block; a slow one on a few circuits first, then on more and more."""
    n = len(shared.context)
    if step.criterion.cost == "quick":
        verdicts, spent = _within("circuit", step, shared, n, place, budget)
        return _block("circuit", step, start, verdicts, spent)
    parts: list[Verdicts] = []
    spent, at, size = Spent(), 0, _FEW
    while at < n or not parts:
        some = replace(shared.context, masks=shared.context.masks[at : at + size])
        verdicts, more = _within("circuit", step, _doing(some), len(some), place, budget)
        parts.append(verdicts)
        spent, at, size = spent + more, at + size, 2 * size
    return _block("circuit", step, start, _joined(parts), spent)


def _listed_context(subject: Subject, kind: Kind) -> _Listed:
    """What the criteria of a kind share whose explanations are values, not masks."""
    if kind in BY_KEY:
        texts, complete = subject.recorded.get(kind, ((), True))
        items = tuple(BY_KEY[kind].read(subject.question, text) for text in texts)
        return RecordedContext(subject.question, BY_KEY[kind], items, complete)
    if kind == "algorithm":
        return AlgorithmCriteriaContext(subject.algorithms)
    return AlignmentCriteriaContext(subject.question, subject.alignments)


def _judge_interpretations(
    subject: Subject, steps: Sequence[CriterionStep], known: Counted, budget: Budget, block: int
) -> Iterator[JudgedBlock]:
    """Criteria that need numbers only, each on all circuits; then together those that share the observed classes.

    A stored count that a limit has ended says 0 for the circuits after it; the first criterion that comes by counts
    these, the next ones take what it found.
    """
    costly = [step for step in steps if step.key in COSTLY]
    groups = [*([step] for step in steps if step not in costly), *([costly] if costly else [])]
    n = max(len(subject.masks), 1)
    for number, together in enumerate(groups):
        known.stopped = Spent()
        for start in range(0, n, block):
            place = number * n + start, len(groups) * n
            yield from _count_interpretations(subject, together, start, place, known, budget, block)


def _count_interpretations(
    subject: Subject,
    steps: Sequence[CriterionStep],
    start: int,
    place: tuple[int, int],
    known: Counted,
    budget: Budget,
    block: int,
) -> list[JudgedBlock]:
    """Some criteria on a block, circuit by circuit, within the budget of the first.

    Args:
        subject: what was found.
        steps: that share their work.
        start: the block's first circuit.
        place: circuits looked at before, and in all, over all groups of criteria.
        known: what the blocks before have counted; takes in what this one counts.
        budget: of all.
        block: circuits handed over at a time.
    """
    first, part = steps[0], slice(start, start + block)
    totals, observed, stopped = known.totals[part], known.observed[part], known.stopped
    found: dict[CriterionStep, ReadingCounts] | None = None
    spent = Spent()
    if not stopped.stopped:
        counts = CountingReadings(
            subject.question, subject.masks[part], totals, observed, steps, all_counted=subject.all_counted
        )
        before = budget.used["interpretation", first]
        try:
            budget.run("interpretation", first, place, counts.advance)
        except OutOfTime:
            stopped = Spent(budget.words("interpretation", first), stopped=True)
        except BeyondLimits as refusal:
            stopped = Spent(f"Not tried: {refusal.cause}.", stopped=True)
        found = counts.found()
        spent = Spent(counts.note, budget.used["interpretation", first] - before)
        totals, observed = counts.totals, counts.observed
    blocks = []
    for number, step in enumerate(steps):
        one = found[step] if found is not None else ReadingCounts.undecided_for(totals, observed)
        said = stopped + spent if one.tally.undecided else Spent()
        blocks.append(
            JudgedBlock(
                "interpretation",
                step,
                start,
                one.outcomes,
                one.scores,
                None,
                None,
                one,
                note=said.note,
                seconds=spent.seconds if number == 0 else 0.0,
                stopped=said.stopped,
            )
        )
    known.totals[part], known.observed[part], known.stopped = totals, observed, stopped
    return blocks


def _within(
    kind: Kind,
    step: CriterionStep,
    context: Callable[[Work], Any],
    n: int,
    place: tuple[int, int],
    budget: Budget,
) -> tuple[Verdicts, Spent]:
    """Verdicts and what they took; undecided all of them if the budget or a limit ended the work.

    Where there is nothing to judge, nothing is done: some criteria look at the whole network first.
    """
    if not n:
        return same_for_all(0, "undecided", ""), Spent()
    if budget.is_spent(kind, step):
        words = budget.words(kind, step)
        return same_for_all(n, "undecided", words), Spent(words, stopped=True)
    before = budget.used[kind, step]

    def judge(work: Work) -> Verdicts:
        return step.criterion.judge(kind, context(work), step.settings)

    try:
        verdicts = budget.run(kind, step, place, judge)
    except (OutOfTime, BeyondLimits) as end:
        words = budget.words(kind, step) if isinstance(end, OutOfTime) else f"Not tried: {end.cause}."
        return same_for_all(n, "undecided", words), Spent(words, budget.used[kind, step] - before, stopped=True)
    undecided = np.flatnonzero(verdicts.outcomes == UNDECIDED)
    note = verdicts.at(int(undecided[0])).reason if len(undecided) else ""
    return verdicts, Spent(note, budget.used[kind, step] - before)


def _block(kind: Kind, step: CriterionStep, start: int, verdicts: Verdicts, spent: Spent) -> JudgedBlock:
    return JudgedBlock(
        kind,
        step,
        start,
        verdicts.outcomes,
        verdicts.scores,
        verdicts.numerators,
        verdicts.denominators,
        note=spent.note,
        seconds=spent.seconds,
        stopped=spent.stopped,
    )


def _in_blocks(kind: Kind, step: CriterionStep, verdicts: Verdicts, spent: Spent, block: int) -> Iterator[JudgedBlock]:
    for start in range(0, max(len(verdicts), 1), block):
        part = slice(start, start + block)
        some = Verdicts(
            verdicts.outcomes[part],
            verdicts.scores[part],
            None if verdicts.numerators is None else verdicts.numerators[part],
            None if verdicts.denominators is None else verdicts.denominators[part],
            verdicts.explain,
        )
        yield _block(kind, step, start, some, spent if start == 0 else replace(spent, seconds=0.0))


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


@dataclass
class Counted:
    """What is known of the circuits' interpretations on the way.

    Args:
        totals: ``[circuits]`` interpretations, 0 where not counted.
        observed: ``[circuits]`` observed classes, likewise.
        stopped: whether and why a limit has ended the work of the present group of criteria.
    """

    totals: list[int]
    observed: list[int]
    stopped: Spent = field(default_factory=Spent)
