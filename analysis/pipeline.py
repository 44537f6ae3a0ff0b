"""The driver: one output of one network under one protocol and data record, from preflight to tallies.

preflight        everything that speaks against the analysis, at once
circuits         every valid circuit, or how many         (where)
interpretations  exact counts for each                    (then what)
algorithms       every candidate algorithm                (what)
alignments       where each can live in the network       (then where)
criteria         tallies that the searches give for free

On a data record whose rows stand for no Boolean inputs only circuits are searched.

A report that raises :class:`~analysis.progress.OutOfTime` ends the stage at hand with what it has found and leaves out
those after it; the analysis says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from analysis.algorithms.candidates import Candidates, candidate_algorithms
from analysis.alignments.result import AlgorithmResult, AlgorithmSearch
from analysis.alignments.search import search_alignments, untried
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import MAX_SO_FAR
from analysis.circuits.space import count_in_space
from analysis.circuits.strategy import find_circuits
from analysis.criteria.tallies import tallies, tallies_of_circuits
from analysis.errors import AnalysisError, BeyondLimits
from analysis.interpretations.counting import count_interpretations
from analysis.interpretations.result import InterpretationCounts
from analysis.limits import Limits as Limits  # callers take it from here
from analysis.preflight import preflight
from analysis.progress import OutOfTime, Progress
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.strict_json import combined
from analysis.work import DEFAULT_WORK, Work


@dataclass
class _Stages:
    """The stages of one analysis: the time that each took, and which of them the caller's time ended.

    Args:
        work: of the whole analysis.
        seconds: by stage; empty if no time is measured.
        out_of_time: the stages that ended early, in order.
    """

    work: Work
    seconds: dict[str, float] = field(default_factory=dict)
    out_of_time: tuple[str, ...] = ()

    @contextmanager
    def timed(self, name: str) -> Iterator[Work]:
        """Measure one stage and give it its work."""
        start = self.work.clock()
        yield self.noted(name)
        if self.work.is_timed:
            self.seconds[name] = self.work.clock() - start

    def noted(self, name: str) -> Work:
        """The work of one stage; once the caller's time is up it ends every later stage at its first report."""

        def tell(progress: Progress, /) -> None:
            try:
                self.work.pass_on(progress)
            except OutOfTime:
                self.out_of_time = tuple(dict.fromkeys((*self.out_of_time, name)))
                raise

        return replace(self.work, report=tell, deadline=math.inf)  # an end that comes by another way is not noted


def analyse_output(
    question: Question, work: Work = DEFAULT_WORK, *, circuits: CircuitSearch | None = None
) -> OutputAnalysis:
    """Run the whole analysis of one output.

    Args:
        work: told how far each stage is, and what is certain by then (an OutputAnalysis with everything else cut off
            as if its search had stopped there); may raise Cancelled between two steps, or OutOfTime to have what is
            found by then.
        circuits: what the search of circuits found under the same rules and limits, if it was made before.

    Raises:
        AnalysisError: everything that :func:`~analysis.preflight.preflight` refuses, as one error.
        Cancelled: the report asked to stop.
    """
    refuse(preflight(question))
    so_far = SoFar(question)
    work = so_far.telling(work)
    stages = _Stages(work)
    with stages.timed("circuits") as stage:
        if circuits is None:
            circuits = search_for_circuits(question, stage)
    if not question.data.boolean:
        return _circuits_alone(question, circuits, stages)
    so_far.circuits = circuits
    with stages.timed("interpretations") as stage:
        interpretations = _interpretations(question, circuits, stage)
    so_far.interpretations = interpretations
    with stages.timed("algorithms") as stage:
        candidates = _candidates(question, stage)
    so_far.candidates = candidates
    with stages.timed("alignments") as stage:
        algorithms = _alignments(question, candidates, stage)
    so_far.algorithms = algorithms
    with stages.timed("criteria"):
        with suppress(OutOfTime):  # tallies count what was found, whatever the time
            work.tell("criteria", 0, 1)
        criteria = tallies(question, circuits, interpretations, algorithms)
        work.tell("criteria", 1, 1)
    return OutputAnalysis(
        question=question,
        circuits=circuits,
        interpretations=interpretations,
        algorithms=algorithms,
        criteria=criteria,
        seconds=stages.seconds,
        out_of_time=stages.out_of_time,
    )


def _circuits_alone(question: Question, circuits: CircuitSearch, stages: _Stages) -> OutputAnalysis:
    """The analysis on rows that stand for no Boolean inputs: of everything else nothing was looked for."""
    nothing = (0,) * circuits.n_listed
    interpretations = InterpretationCounts(nothing, nothing, truncated_at=0, complete=circuits.truncated_at is None)
    algorithms = AlgorithmSearch((), 0, truncated_at=0)
    return OutputAnalysis(
        question=question,
        circuits=circuits,
        interpretations=interpretations,
        algorithms=algorithms,
        criteria=tallies_of_circuits(question, circuits),
        seconds=stages.seconds,
        out_of_time=stages.out_of_time,
    )


def refuse(problems: tuple[AnalysisError, ...]) -> None:
    """Raise what preflight found, as one error.

    Raises:
        AnalysisError: of the first problem's kind, naming all of them.
    """
    if problems:
        raise combined(problems, "analysis", type(problems[0]))


def search_for_circuits(question: Question, work: Work) -> CircuitSearch:
    """The circuits in the best way within the limits, or an unsearched space with its exact size."""
    try:
        return find_circuits(question, work)
    except (BeyondLimits, OutOfTime):
        return unsearched(question)


def unsearched(question: Question) -> CircuitSearch:
    """The circuits of a space that is not searched: how many are possible, and none of them tested."""
    possible = count_in_space(question.cut.sizes, question.protocol)
    no_outputs = np.empty((0, len(question.data.representatives)))
    return CircuitSearch(question.layout, possible, np.empty(0, np.uint64), no_outputs, np.empty(0), truncated_at=0)


def _interpretations(question: Question, circuits: CircuitSearch, work: Work) -> InterpretationCounts:
    """Exact counts for the listed circuits, or none where there are too many states to carry or no time is left."""
    complete = circuits.truncated_at is None
    try:
        counts = count_interpretations(question, circuits.masks, work)
    except (BeyondLimits, OutOfTime):
        nothing = (0,) * circuits.n_listed
        return InterpretationCounts(nothing, nothing, truncated_at=0, complete=complete)
    return replace(counts, complete=complete)


def _candidates(question: Question, work: Work) -> Candidates:
    """The candidate algorithms, or none where no time is left to list them."""
    try:
        return candidate_algorithms(
            question.task,
            question.protocol,
            question.cut.n_hidden_layers,
            work,
            max_candidates=work.limits.max_candidates,
            max_listed=work.limits.max_listed,
            n_first=work.limits.n_first,
        )
    except OutOfTime:
        return Candidates((), 0, truncated_at=0)


def _alignments(question: Question, candidates: Candidates, work: Work) -> AlgorithmSearch:
    """The alignments of every candidate, or the candidates alone where there are too many neuron sets to try or no
    time is left.
    """
    try:
        return search_alignments(question, candidates, work, max_aligned=work.limits.max_aligned)
    except (BeyondLimits, OutOfTime):
        alone = tuple(map(untried, candidates.algorithms))
        at = candidates.truncated_at if candidates.space is None else len(alone)
        return AlgorithmSearch(alone, candidates.n_candidates, at)


# --- what is certain of an analysis while it is on its way, as an analysis that stopped where the work stands
#
# Whatever is still to come carries ``truncated_at`` as if its search had stopped there, so every rule for truncated
# searches (numbers are lower bounds, absence means nothing) holds for it as well. The lists are bounded: they are for
# looking at, and the whole comes at the end.


MAX_ALGORITHMS: Final = 2_000
MAX_ALIGNMENTS: Final = 5_000


@dataclass
class SoFar:
    """The stages of one analysis that are done; None for those that are not.

    Args:
        circuits: all that the search found.
        interpretations: parallel to these circuits.
        candidates: the algorithms to be aligned.
        algorithms: all results.
    """

    question: Question
    circuits: CircuitSearch | None = None
    interpretations: InterpretationCounts | None = None
    candidates: Candidates | None = None
    algorithms: AlgorithmSearch | None = None

    def telling(self, work: Work) -> Work:
        """The work of the analysis, which tells beside a stage's progress what is certain of the whole."""

        def tell(progress: Progress, /) -> None:
            if self.circuits is None:  # nothing else comes before circuits
                work.report(progress.within(self._with_circuits))
            else:
                part = progress.so_far
                work.report(replace(progress, so_far=lambda: self.analysis(None if part is None else part())))

        return work.reporting_to(tell)

    def _with_circuits(self, circuits: CircuitSearch) -> OutputAnalysis:
        return replace(self, circuits=circuits).analysis()

    def analysis(self, part: Any = None) -> OutputAnalysis:
        """Everything that is certain by now.

        Args:
            part: what the stage on its way has found; of alignments an AlgorithmSearch, of other stages nothing.

        Raises:
            ValueError: no circuits are known yet.
        """
        if self.circuits is None:
            raise ValueError("nothing is known before the circuits")
        circuits = _few_circuits(self.circuits)
        return OutputAnalysis(
            question=self.question,
            circuits=circuits,
            interpretations=self._interpretations(circuits),
            algorithms=_few_algorithms(self._algorithms(part)),
            criteria={},
            seconds={},
        )

    def _interpretations(self, circuits: CircuitSearch) -> InterpretationCounts:
        complete = circuits.truncated_at is None
        counts, n = self.interpretations, circuits.n_listed
        if counts is None:
            return InterpretationCounts((0,) * n, (0,) * n, truncated_at=0, complete=complete)
        return replace(
            counts,
            by_circuit=counts.by_circuit[:n],
            observed_by_circuit=counts.observed_by_circuit[:n],
            complete=counts.complete and complete,
        )

    def _algorithms(self, part: Any) -> AlgorithmSearch:
        if self.algorithms is not None:
            return self.algorithms
        if isinstance(part, AlgorithmSearch):
            return part
        if self.candidates is None:
            return AlgorithmSearch((), 0, truncated_at=0)
        few = self.candidates.algorithms[:MAX_ALGORITHMS]
        # of candidates searched by support those listed here are only the first
        n_told = len(few) if self.candidates.space is not None else self.candidates.truncated_at
        return AlgorithmSearch(tuple(map(untried, few)), self.candidates.n_candidates, n_told)


def _few_circuits(circuits: CircuitSearch) -> CircuitSearch:
    """No more than :data:`~analysis.circuits.search.MAX_SO_FAR` of the circuits, with the number and spread of all."""
    if circuits.n_listed <= MAX_SO_FAR:
        return circuits
    return replace(
        circuits,
        masks=circuits.masks[:MAX_SO_FAR],
        outputs=circuits.outputs[:MAX_SO_FAR],
        margins=circuits.margins[:MAX_SO_FAR],
        truncated_at=MAX_SO_FAR,
        known_distribution=circuits.distribution,
    )


def _few_algorithms(search: AlgorithmSearch) -> AlgorithmSearch:
    """The first of the algorithms, and alignments of these while there is room."""
    results = search.algorithms[:MAX_ALGORITHMS]
    at = search.truncated_at if len(results) == len(search.algorithms) else len(results)
    return replace(search, algorithms=tuple(_few_alignments(results)), truncated_at=at)


def _few_alignments(results: Iterable[AlgorithmResult]) -> Iterable[AlgorithmResult]:
    room = MAX_ALIGNMENTS
    for result in results:
        kept = result.alignments[:room]
        room -= len(kept)
        n_valid = sum(1 for scored in kept if scored.valid)
        cut = len(kept) < len(result.alignments) and n_valid < result.n_valid
        yield replace(result, alignments=kept, truncated_at=n_valid if cut else result.truncated_at)
