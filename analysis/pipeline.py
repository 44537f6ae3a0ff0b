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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.algorithms.candidates import Candidates, candidate_algorithms
from analysis.alignments.result import AlgorithmSearch
from analysis.alignments.search import search_alignments, untried
from analysis.circuits.result import CircuitSearch
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
        work: told how far each stage is; may raise Cancelled between two steps, or OutOfTime to have what is found by
            then.
        circuits: what the search of circuits found under the same rules and limits, if it was made before.

    Raises:
        AnalysisError: everything that :func:`~analysis.preflight.preflight` refuses, as one error.
        Cancelled: the report asked to stop.
    """
    refuse(preflight(question))
    stages = _Stages(work)
    with stages.timed("circuits") as stage:
        if circuits is None:
            circuits = search_for_circuits(question, stage)
    if not question.data.boolean:
        return _circuits_alone(question, circuits, stages)
    with stages.timed("interpretations") as stage:
        interpretations = _interpretations(question, circuits, stage)
    with stages.timed("algorithms") as stage:
        candidates = _candidates(question, stage)
    with stages.timed("alignments") as stage:
        algorithms = _alignments(question, candidates, stage)
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
