"""The driver: one output of one network under one protocol and data record, from preflight to tallies.

preflight        everything that speaks against the analysis, at once
circuits         every valid circuit, or how many         (where)
interpretations  exact counts for each                    (then what)
algorithms       every candidate algorithm                (what)
alignments       where each can live in the network       (then where)
criteria         tallies that the searches give for free

On a data record whose rows stand for no Boolean inputs only circuits are searched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

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
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.strict_json import combined
from analysis.work import DEFAULT_WORK, Work


@contextmanager
def _timed(name: str, work: Work, seconds: dict[str, float]) -> Iterator[None]:
    """Note how long a stage took, where time is measured."""
    start = work.clock()
    yield
    if work.is_timed:
        seconds[name] = work.clock() - start


def analyse_output(
    question: Question, work: Work = DEFAULT_WORK, *, circuits: CircuitSearch | None = None
) -> OutputAnalysis:
    """Run the whole analysis of one output.

    Args:
        work: told how far each stage is; may raise Cancelled between two steps.
        circuits: what the search of circuits found under the same rules and limits, if it was made before.

    Raises:
        AnalysisError: everything that :func:`~analysis.preflight.preflight` refuses, as one error.
        Cancelled: the report asked to stop.
    """
    refuse(preflight(question))
    seconds: dict[str, float] = {}
    with _timed("circuits", work, seconds):
        if circuits is None:
            circuits = search_for_circuits(question, work)
    if not question.data.boolean:
        return _circuits_alone(question, circuits, seconds)
    with _timed("interpretations", work, seconds):
        interpretations = _interpretations(question, circuits, work)
    with _timed("algorithms", work, seconds):
        candidates = candidate_algorithms(
            question.task,
            question.protocol,
            question.cut.n_hidden_layers,
            work,
            max_candidates=work.limits.max_candidates,
            max_listed=work.limits.max_listed,
            n_first=work.limits.n_first,
        )
    with _timed("alignments", work, seconds):
        algorithms = _alignments(question, candidates, work)
    with _timed("criteria", work, seconds):
        work.tell("criteria", 0, 1)
        criteria = tallies(question, circuits, interpretations, algorithms)
        work.tell("criteria", 1, 1)
    return OutputAnalysis(
        question=question,
        circuits=circuits,
        interpretations=interpretations,
        algorithms=algorithms,
        criteria=criteria,
        seconds=seconds,
    )


def _circuits_alone(question: Question, circuits: CircuitSearch, seconds: dict[str, float]) -> OutputAnalysis:
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
        seconds=seconds,
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
    except BeyondLimits:
        return unsearched(question)


def unsearched(question: Question) -> CircuitSearch:
    """The circuits of a space that is not searched: how many are possible, and none of them tested."""
    possible = count_in_space(question.cut.sizes, question.protocol)
    no_outputs = np.empty((0, len(question.data.representatives)))
    return CircuitSearch(question.layout, possible, np.empty(0, np.uint64), no_outputs, np.empty(0), truncated_at=0)


def _interpretations(question: Question, circuits: CircuitSearch, work: Work) -> InterpretationCounts:
    """Exact counts for the listed circuits, or none where there are too many states to carry."""
    complete = circuits.truncated_at is None
    try:
        counts = count_interpretations(question, circuits.masks, work)
    except BeyondLimits:
        nothing = (0,) * circuits.n_listed
        return InterpretationCounts(nothing, nothing, truncated_at=0, complete=complete)
    return replace(counts, complete=complete)


def _alignments(question: Question, candidates: Candidates, work: Work) -> AlgorithmSearch:
    """The alignments of every candidate, or the candidates alone where there are too many neuron sets to try."""
    try:
        return search_alignments(question, candidates, work, max_aligned=work.limits.max_aligned)
    except BeyondLimits:
        alone = tuple(map(untried, candidates.algorithms))
        at = candidates.truncated_at if candidates.space is None else len(alone)
        return AlgorithmSearch(alone, candidates.n_candidates, at)
