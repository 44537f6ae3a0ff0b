"""Verdicts of chosen criteria on everything that an analysis found, in order, within a budget.

Explanations of each kind come in the order in which they are kept: circuits by ascending mask, algorithms in the
protocol's order, valid alignments in their algorithms' order. Interpretations are not listed; for them each circuit has
exact numbers (:mod:`analysis.criteria.interpretation_tallies`).

A criterion that takes longer than its budget leaves the rest undecided and says so; certified ones are judged a few
circuits at a time, so that what was decided until then is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.alignment_context import AlignmentCriteriaContext
from analysis.criteria.budget import STAGE_OF, Budget, Spent
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.interpretation_tallies import COSTLY, CountingReadings
from analysis.criteria.judged import StepVerdicts, Subject
from analysis.criteria.recorded_context import RecordedContext
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import UNDECIDED, Verdicts
from analysis.errors import BeyondLimits
from analysis.explanations.registry import BY_KEY
from analysis.progress import OutOfTime
from analysis.work import DEFAULT_WORK, Work

_Context = CircuitCriteriaContext | AlgorithmCriteriaContext | AlignmentCriteriaContext | RecordedContext
_Part = tuple[NDArray[np.uint8], Spent]
"""Outcomes of some explanations in a row, and what they took."""
_BLOCK: Final = 16_384  # circuits of which what the criteria share is held at a time
_FEW: Final = 16  # circuits that a slow criterion looks at first; twice as many each time after
_NOUNS: Final[dict[Kind, str]] = {**STAGE_OF, "interpretation": "circuits' interpretations"}


def judge_analysis(
    subject: Subject, steps: Sequence[tuple[Kind, CriterionStep]], work: Work = DEFAULT_WORK
) -> Iterator[StepVerdicts]:
    """Judge all explanations of an analysis by chosen criteria.

    Args:
        subject: what was found.
        steps: kind of explanation and criterion; each criterion must apply to its kind.
        work: told how far each kind is; without a clock there is no budget. When its own time is up, what is left is
            undecided.

    Yields:
        What each step says, kind by kind.

    Raises:
        InvalidCriterion: a criterion does not apply to its kind.
        Cancelled: the report asked to stop.
    """
    budget = Budget(work)
    for kind in (*KINDS, *BY_KEY):
        wanted = [step for of, step in dict.fromkeys(steps) if of == kind]
        if not wanted:
            continue
        if kind == "circuit":
            yield from _judge_circuits(subject, wanted, budget)
        elif kind == "interpretation":
            yield from _judge_interpretations(subject, wanted, budget)
        else:
            context = _listed_context(subject, kind)
            for number, step in enumerate(wanted):
                yield _put_together(kind, step, [_within(kind, step, context, (number, len(wanted)), budget)])
        n_words = f"{len(wanted)} criteri{'on' if len(wanted) == 1 else 'a'}"
        words = "the time is up" if budget.work.is_over else f"{n_words} on {subject.count(kind):,} {_NOUNS[kind]}"
        budget.work.tell(STAGE_OF[kind], 1, 1, words)


def _judge_circuits(subject: Subject, steps: Sequence[CriterionStep], budget: Budget) -> Iterator[StepVerdicts]:
    """One by one in blocks, so that what the criteria share is held for a block only; then what needs all at once."""
    context = CircuitCriteriaContext(subject.question, subject.masks, exhaustive=subject.exhaustive)
    starts = range(0, max(len(subject.masks), 1), _BLOCK)
    single = [step for step in steps if step.criterion.over == "each"]
    whole = [step for step in steps if step.criterion.over == "population"]
    done, total = 0, len(starts) * len(single) + len(whole)
    parts: dict[CriterionStep, list[_Part]] = {step: [] for step in steps}
    for start in starts:
        block = replace(context, masks=context.masks[start : start + _BLOCK])
        for step in single:
            for some in _pieces(step, block):
                parts[step].append(_within("circuit", step, some, (done, total), budget))
            done += 1
    for step in whole:
        parts[step].append(_within("circuit", step, context, (done, total), budget))
        done += 1
    for step in steps:
        yield _put_together("circuit", step, parts[step])


def _pieces(step: CriterionStep, block: CircuitCriteriaContext) -> Iterator[CircuitCriteriaContext]:
    """A block as a criterion looks at it: as a whole, but a slow one at a few circuits first, then at more and more."""
    if step.criterion.cost == "quick":
        yield block
        return
    at, size = 0, _FEW
    while at < len(block) or not at:
        yield replace(block, masks=block.masks[at : at + size])
        at, size = at + size, 2 * size


def _listed_context(subject: Subject, kind: Kind) -> _Context:
    """What the criteria of a kind share whose explanations are values, not masks."""
    if kind in BY_KEY:
        texts, complete = subject.recorded.get(kind, ((), True))
        items = tuple(BY_KEY[kind].read(subject.question, text) for text in texts)
        return RecordedContext(subject.question, BY_KEY[kind], items, complete)
    if kind == "algorithm":
        return AlgorithmCriteriaContext(subject.algorithms)
    return AlignmentCriteriaContext(subject.question, subject.alignments)


def _judge_interpretations(subject: Subject, steps: Sequence[CriterionStep], budget: Budget) -> Iterator[StepVerdicts]:
    """Criteria that need numbers only, each by itself; then together those that share the observed classes, within the
    budget of the first.

    A stored count that a limit has ended says 0 for the circuits after it; the first criterion that comes by counts
    these, the next ones take what it found.
    """
    costly = [step for step in steps if step.key in COSTLY]
    groups = [*([step] for step in steps if step not in costly), *([costly] if costly else [])]
    totals: Sequence[int] = subject.interpretations
    observed: Sequence[int] = subject.observed
    n = max(len(subject.masks), 1)
    for number, together in enumerate(groups):
        first, stopped = together[0], Spent()
        counts = CountingReadings(
            subject.question, subject.masks, totals, observed, together, all_counted=subject.all_counted
        )
        try:
            budget.run("interpretation", first, (number * n, len(groups) * n), counts.advance)
        except OutOfTime:
            stopped = Spent(budget.words("interpretation", first), stopped=True)
        except BeyondLimits as refusal:
            stopped = Spent(f"Not tried: {refusal.cause}.", stopped=True)
        totals, observed = counts.totals, counts.observed
        for step, readings in counts.found().items():
            said = stopped + Spent(counts.note) if any(one.undecided for one in readings) else Spent()
            yield StepVerdicts(
                "interpretation",
                step,
                np.array([one.outcome for one in readings], dtype=np.uint8),
                readings,
                said.note,
                budget.used["interpretation", first] if step == first else 0.0,
                said.stopped,
            )


def _within(kind: Kind, step: CriterionStep, context: _Context, place: tuple[int, int], budget: Budget) -> _Part:
    """Outcomes and what they took; undecided all of them if the budget or a limit ended the work.

    Where there is nothing to judge, nothing is done: some criteria look at the whole network first.
    """
    nothing = np.full(len(context), UNDECIDED, dtype=np.uint8)
    if not len(context):
        return nothing, Spent()
    if budget.is_spent(kind, step):
        return nothing, Spent(budget.words(kind, step), stopped=True)
    before = budget.used[kind, step]

    def judge(work: Work) -> Verdicts:
        context.work = work
        return step.criterion.judge(kind, context, step.settings)

    try:
        verdicts = budget.run(kind, step, place, judge)
    except (OutOfTime, BeyondLimits) as end:
        words = budget.words(kind, step) if isinstance(end, OutOfTime) else f"Not tried: {end.cause}."
        return nothing, Spent(words, budget.used[kind, step] - before, stopped=True)
    undecided = np.flatnonzero(verdicts.outcomes == UNDECIDED)
    note = verdicts.at(int(undecided[0])).reason if len(undecided) else ""
    return verdicts.outcomes, Spent(note, budget.used[kind, step] - before)


def _put_together(kind: Kind, step: CriterionStep, parts: Sequence[_Part]) -> StepVerdicts:
    spent = sum((one for _, one in parts), Spent())
    outcomes = np.concatenate([outcomes for outcomes, _ in parts])
    return StepVerdicts(kind, step, outcomes, None, spent.note, spent.seconds, spent.stopped)
