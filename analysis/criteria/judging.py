"""Verdicts of chosen criteria on everything that an analysis found, in order, within a budget.

Explanations of each kind come in the order in which they are kept: circuits by ascending mask, algorithms in the
protocol's order, valid alignments in their algorithms' order. Interpretations are not listed; for them each circuit has
exact numbers (:mod:`pluriscope.analysis.criteria.interpretation_tallies`).

A criterion that takes longer than its budget leaves the rest undecided and says so; certified ones are judged a few
circuits at a time, so that what was decided until then is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.criteria.criterion import KINDS, Kind
from pluriscope.analysis.criteria.interpretation_tallies import COSTLY, CountingReadings, Reading, tally_of_readings
from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import OUTCOMES, UNDECIDED
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.placements.placement import OnNeurons
from pluriscope.analysis.results.result import CriterionTally, OutputAnalysis
from pluriscope.analysis.running.progress import OutOfTime, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question

Found = TypeVar("Found")
_SPENT: Final = "Not decided within the budget of {:.15g} seconds for each criterion."
_SPENT_SHAPE: Final = re.compile(r"Not decided within the budget of ([0-9.e+-]+) seconds for each criterion\.")
_BLOCK: Final = 16_384  # circuits of which what the criteria share is held at a time
_FEW: Final = 16  # circuits that a slow criterion looks at first; twice as many each time after


def budget_that_ended(note: str) -> float | None:
    """The seconds that a criterion stopped at, read from the note of its verdicts; None if time did not end it."""
    found = _SPENT_SHAPE.search(note)
    return None if found is None else float(found[1])


@dataclass(frozen=True, eq=False)
class JudgedAnalysis:
    """The explanations that an analysis found, in the form that criteria need.

    Args:
        masks: ``[circuits]`` uint64 ascending: the listed valid circuits.
        exhaustive: whether these are all valid ones.
        interpretations: how many each circuit has, parallel to the masks.
        observed: and their observed classes.
        algorithms: the listed candidates.
        alignments: the kept valid alignments with their algorithms.
        all_counted: whether a circuit with 0 interpretations has none; else a limit may have ended counting before it.
    """

    question: Question
    masks: NDArray[np.uint64]
    exhaustive: bool
    interpretations: tuple[int, ...]
    observed: tuple[int, ...]
    algorithms: tuple[HighLevelModel, ...]
    alignments: tuple[tuple[HighLevelModel, OnNeurons], ...]
    all_counted: bool = False

    @classmethod
    def of(cls, analysis: OutputAnalysis) -> JudgedAnalysis:
        """Collect the explanations that an analysis found."""
        circuits = analysis.circuits
        return cls(
            question=analysis.question,
            masks=circuits.masks,
            exhaustive=circuits.truncated_at is None and circuits.method == "listed",
            interpretations=analysis.interpretations.by_circuit,
            observed=analysis.interpretations.observed_by_circuit,
            algorithms=tuple(result.algorithm for result in analysis.algorithms.algorithms),
            alignments=valid_alignments(analysis.algorithms),
            all_counted=analysis.interpretations.truncated_at is None,
        )

    def population(self, kind: Kind) -> Population:
        """The explanations of a kind; of interpretations the circuits that have them."""
        listed = {"algorithm": self.algorithms, "alignment": self.alignments}.get(kind, self.masks)
        return Population(kind, self.question, listed, self.exhaustive)


@dataclass(frozen=True, eq=False)
class StepVerdicts:
    """The verdicts of a step on all explanations of one kind.

    Args:
        step: the criterion with its settings.
        outcomes: ``[explanations]`` positions in :data:`OUTCOMES`; of interpretations ``[circuits]`` as in
            :attr:`~pluriscope.analysis.criteria.interpretation_tallies.Reading.outcome`.
        readings: of interpretations, for each circuit; None for the other kinds.
        note: why some are undecided if a limit or the budget is the reason, else "".
        seconds: spent, 0 without a clock.
        stopped: whether the budget or a limit of ours ended the work.
    """

    kind: Kind
    step: CriterionStep
    outcomes: NDArray[np.uint8]
    readings: Sequence[Reading] | None = None
    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    @property
    def tally(self) -> CriterionTally:
        """The number of explanations with each outcome; of interpretations exactly, however many they are."""
        if self.readings is not None:
            return tally_of_readings(self.readings)
        return CriterionTally(*np.bincount(self.outcomes, minlength=len(OUTCOMES)).tolist())


@dataclass(eq=False)
class _Judging:
    """A criterion at work on one kind: its outcomes so far, and the time spent."""

    kind: Kind
    step: CriterionStep
    work: Work
    outcomes: list[NDArray[np.uint8]] = field(default_factory=list)
    seconds: float = 0.0
    note: str = ""
    stopped: bool = False

    def run(self, position: tuple[int, int], judge: Callable[[Work], Found]) -> Found | None:
        """Return the result of ``judge``; None where the budget or a limit ends it. The time that it takes counts."""
        limit, (done, total) = self.work.limits.criterion_seconds, position

        def show(progress: Progress, /) -> None:
            some = f": {progress.done:,} of {progress.total:,}" if progress.total > 1 else ""
            # of interpretations the pieces of work are circuits, which the progress itself counts
            at = min(done + progress.done, total) if self.kind == "interpretation" else done
            self.work.report_step(KIND_OF[self.kind].plural, at, total, f"{self.step}{some}")

        begun, before, why = self.work.clock(), self.seconds, ""
        try:
            if before >= limit:
                raise OutOfTime
            own = self.work.reporting_to(show).for_seconds(limit - before)
            own.report_step("criteria", 0, 1)
            return judge(own)
        except OutOfTime:
            pass
        except BeyondLimits as refusal:
            why = f"Not tried: {refusal.cause}."
        finally:
            self.seconds = before + self.work.clock() - begun
        self.note, self.stopped = self.note or why or _SPENT.format(limit), True
        return None

    def judge(self, some: Population, position: tuple[int, int]) -> None:
        """Judge some more explanations; nothing is done if there are none, as some criteria look at the network
        first.
        """
        outcomes = np.full(len(some), UNDECIDED, dtype=np.uint8)
        if len(some):

            def judge(work: Work) -> NDArray[np.uint8]:
                some.work = work
                verdicts = self.step.criterion.judge(some, self.step.settings)
                self.note = self.note or verdicts.why_undecided
                return verdicts.outcomes

            found = self.run(position, judge)
            outcomes = outcomes if found is None else found
        self.outcomes.append(outcomes)

    def verdicts(self) -> StepVerdicts:
        """Return all verdicts so far."""
        outcomes = np.concatenate(self.outcomes)
        return StepVerdicts(self.kind, self.step, outcomes, None, self.note, self.seconds, self.stopped)


def judge_analysis(
    subject: JudgedAnalysis, steps: Sequence[tuple[Kind, CriterionStep]], work: Work = DEFAULT_WORK
) -> Iterator[StepVerdicts]:
    """Judge all explanations of an analysis by chosen criteria.

    Args:
        subject: what was found.
        steps: kind of explanation and criterion; each criterion must apply to its kind.
        work: reports how far each kind is; without a clock there is no budget.

    Yields:
        What each step says, kind by kind.

    Raises:
        InvalidCriterion: a criterion does not apply to its kind.
        Cancelled: the report stopped the work.
    """
    for kind in KINDS:
        wanted = [step for of, step in dict.fromkeys(steps) if of == kind]
        if not wanted:
            continue
        population = subject.population(kind)
        if kind == "interpretation":
            yield from _count_interpretations(subject, wanted, work)
        else:
            yield from _judge(population, wanted, work)
        noun = "circuits' interpretations" if kind == "interpretation" else KIND_OF[kind].plural
        n_words = f"{len(wanted)} criteri{'on' if len(wanted) == 1 else 'a'}"
        work.report_step(KIND_OF[kind].plural, 1, 1, f"{n_words} on {len(population):,} {noun}")


def _judge(population: Population, steps: Sequence[CriterionStep], work: Work) -> Iterator[StepVerdicts]:
    """Judge step by step, circuits in blocks, so that what the criteria share is held for a block only; at last the
    criteria that need all circuits at once.
    """
    size = _BLOCK if population.kind == "circuit" else max(len(population), 1)
    every = [_Judging(population.kind, step, work) for step in steps]
    single = [one for one in every if one.step.criterion.over == "each"]
    whole = [one for one in every if one.step.criterion.over == "population"]
    starts = range(0, max(len(population), 1), size)
    done, total = 0, len(starts) * len(single) + len(whole)
    for start in starts:
        block = population.part(slice(start, start + size))
        for one in single:
            for some in _pieces(one.step, block):
                one.judge(some, (done, total))
            done += 1
    for one in whole:
        one.judge(population, (done, total))
        done += 1
    return (one.verdicts() for one in every)


def _pieces(step: CriterionStep, block: Population) -> Iterator[Population]:
    """A block as a criterion looks at it: as a whole, but circuits a slow one at a few first, then at more and more."""
    if step.criterion.cost == "quick" or block.kind != "circuit":
        yield block
        return
    at, size = 0, _FEW
    while at < len(block) or not at:
        yield block.part(slice(at, at + size))
        at, size = at + size, 2 * size


def _count_interpretations(
    subject: JudgedAnalysis, steps: Sequence[CriterionStep], work: Work
) -> Iterator[StepVerdicts]:
    """Judge interpretations by criteria that need numbers only, each by itself; then together by those that share the
    observed classes, within the budget of the first.

    A stored count that a limit has ended says 0 for the circuits after it; the first criterion that comes by counts
    these, the next ones take what it found.
    """
    costly = [step for step in steps if step.key in COSTLY]
    groups = [*([step] for step in steps if step not in costly), *([costly] if costly else [])]
    totals: Sequence[int] = subject.interpretations
    observed: Sequence[int] = subject.observed
    n = max(len(subject.masks), 1)
    for number, together in enumerate(groups):
        first = _Judging("interpretation", together[0], work)
        counts = CountingReadings(
            subject.question, subject.masks, totals, observed, together, all_counted=subject.all_counted
        )
        first.run((number * n, len(groups) * n), counts.advance)
        totals, observed = counts.totals, counts.observed
        for step, readings in counts.found().items():
            some = any(one.undecided for one in readings)
            outcomes = np.array([one.outcome for one in readings], dtype=np.uint8)
            note, seconds = (first.note or counts.note) if some else "", first.seconds if step == first.step else 0.0
            yield StepVerdicts("interpretation", step, outcomes, readings, note, seconds, first.stopped and some)
