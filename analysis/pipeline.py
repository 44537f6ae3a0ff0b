"""The driver: one output of one network under one protocol and data record, from preflight to tallies.

preflight        everything that speaks against the analysis, at once
circuits         every valid circuit, or how many         (where)
interpretations  exact counts for each                    (then what)
algorithms       every candidate algorithm                (what)
alignments       where each can live in the network       (then where)
criteria         tallies that the searches give for free; under `paper` what float32 decides otherwise

On a data record whose rows stand for no Boolean inputs only circuits are searched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from analysis.algorithms.catalogue import Candidates, candidate_algorithms
from analysis.alignments.alignment import ScoredAlignment
from analysis.alignments.iia import score_alignment
from analysis.alignments.search import search_alignments, untried
from analysis.circuits.circuit import EdgeLayout
from analysis.circuits.finding import find_circuits
from analysis.circuits.space import count_in_space
from analysis.criteria.tallies import Findings, of_circuits, tallies
from analysis.data import DataRecord
from analysis.errors import AnalysisError, BeyondLimits
from analysis.interpretations.counting import count_interpretations
from analysis.limits import DEFAULT_LIMITS
from analysis.limits import Limits as Limits  # callers take it from here
from analysis.networks.network import Network
from analysis.preflight import preflight
from analysis.progress import Progress, Report, silent
from analysis.protocol import PAPER, Protocol
from analysis.result import (
    AlgorithmResult,
    AlgorithmSearch,
    CircuitSearch,
    Float32Outcome,
    InterpretationCounts,
    OutputAnalysis,
)
from analysis.shards import FORGETFUL, Shards, Within, once
from analysis.single_precision import float32_alignments, float32_circuits
from analysis.so_far import SoFar
from analysis.strict_json import combined
from analysis.tasks import Task

STAGES: Final = ("circuits", "interpretations", "algorithms", "alignments", "criteria")
Clock = Callable[[], float]


@dataclass
class _Stopwatch:
    clock: Clock | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = self.clock() if self.clock else 0.0
        yield
        if self.clock:
            self.seconds[name] = self.clock() - start


def analyse_output(
    network: Network,
    output: int,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    *,
    report: Report = silent,
    clock: Clock | None = None,
    limits: Limits = DEFAULT_LIMITS,
    circuits: CircuitSearch | None = None,
    shards: Shards = FORGETFUL,
) -> OutputAnalysis:
    """Run the whole analysis of one output.

    Args:
        network: the whole network, all outputs.
        output: which output, from 0.
        task: what it should compute.
        protocol: the rules.
        data: the rows, one representative per Boolean input and what circuits are judged on.
        report: told how far each stage is, and what is certain by then (an OutputAnalysis with everything else cut off
            as if its search had stopped there); may raise Cancelled between two steps.
        clock: seconds from any origin, e.g. ``time.perf_counter``; without it no time is measured.
        limits: where searches stop.
        circuits: what the search of circuits found under the same rules and limits, if it was made before.
        shards: where parts go that are done, for another attempt at the very same analysis under the same limits.

    Raises:
        AnalysisError: everything that :func:`~analysis.preflight.preflight` refuses, as one error.
        Cancelled: the report asked to stop.
    """
    refuse(preflight(network, output, task, protocol, data))
    watch = _Stopwatch(clock)
    cut = network.for_output(output)
    so_far = SoFar(network, output, task, protocol, data)
    telling = so_far.telling(report)
    with watch.stage("circuits"):
        if circuits is None:
            circuits = once(
                Within(shards, "circuits"),
                "all",
                lambda: _circuits(cut, task, protocol, data, output, telling, limits, Within(shards, "circuits")),
            )
    if not data.boolean:
        return _circuits_alone(so_far, circuits, watch)
    so_far.circuits = circuits
    with watch.stage("interpretations"):
        interpretations = _interpretations(cut, circuits, protocol, data, telling, Within(shards, "interpretations"))
    so_far.interpretations = interpretations
    with watch.stage("algorithms"):
        candidates = candidate_algorithms(
            task,
            protocol,
            cut.n_hidden_layers,
            report=telling,
            max_candidates=limits.max_candidates,
            max_listed=limits.max_listed,
            n_first=limits.n_first,
        )
    so_far.candidates = candidates
    with watch.stage("alignments"):
        algorithms = _alignments(cut, candidates, protocol, data, telling, limits, Within(shards, "alignments"))
    so_far.algorithms = algorithms

    def rescore(result: AlgorithmResult, scored: ScoredAlignment, rules: Protocol) -> ScoredAlignment:
        return score_alignment(cut, result.algorithm, scored.alignment, rules, data)

    with watch.stage("criteria"):
        telling(Progress("criteria", 0, 1))
        criteria = tallies(Findings(cut, protocol, data, circuits, interpretations, algorithms, rescore))
        float32 = None
        if protocol.digest == PAPER.digest:

            def beside(_progress: Progress, /) -> None:
                telling(Progress("criteria", 0, 1, "compared with float32"))

            float32 = Float32Outcome(
                float32_circuits(cut, task, protocol, data, circuits, output=output, report=beside, limits=limits),
                float32_alignments(cut, candidates, protocol, data, algorithms, report=beside),
            )
        report(Progress("criteria", 1, 1))
    return OutputAnalysis(
        network=network,
        output=output,
        task=task,
        protocol=protocol,
        data=data,
        circuits=circuits,
        interpretations=interpretations,
        algorithms=algorithms,
        criteria=criteria,
        seconds=watch.seconds,
        float32=float32,
    )


def _circuits_alone(so_far: SoFar, circuits: CircuitSearch, watch: _Stopwatch) -> OutputAnalysis:
    """The analysis on rows that stand for no Boolean inputs: of everything else nothing was looked for."""
    nothing = (0,) * circuits.n_listed
    interpretations = InterpretationCounts(nothing, nothing, truncated_at=0, complete=circuits.truncated_at is None)
    algorithms = AlgorithmSearch((), 0, truncated_at=0)
    cut, protocol, data = so_far.network.for_output(so_far.output), so_far.protocol, so_far.data

    def rescore(_result: AlgorithmResult, scored: ScoredAlignment, _rules: Protocol) -> ScoredAlignment:
        return scored  # there are no alignments

    return OutputAnalysis(
        network=so_far.network,
        output=so_far.output,
        task=so_far.task,
        protocol=protocol,
        data=data,
        circuits=circuits,
        interpretations=interpretations,
        algorithms=algorithms,
        criteria=of_circuits(Findings(cut, protocol, data, circuits, interpretations, algorithms, rescore)),
        seconds=watch.seconds,
    )


def refuse(problems: tuple[AnalysisError, ...]) -> None:
    """Raise what preflight found, as one error.

    Raises:
        AnalysisError: of the first problem's kind, naming all of them.
    """
    if problems:
        raise combined(problems, "analysis", type(problems[0]))


def _circuits(
    cut: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    output: int,
    report: Report,
    limits: Limits,
    shards: Shards,
) -> CircuitSearch:
    """The circuits in the best way within the limits, or an unsearched space with its exact size."""
    try:
        return find_circuits(cut, task, protocol, data, output=output, report=report, limits=limits, shards=shards)
    except BeyondLimits:
        return unsearched(cut, protocol, data)


def unsearched(cut: Network, protocol: Protocol, data: DataRecord) -> CircuitSearch:
    """The circuits of a space that is too large to search: how many are possible, and none of them tested."""
    possible = count_in_space(cut.sizes, protocol)
    no_outputs = np.empty((0, len(data.representatives)))
    layout = EdgeLayout(cut.sizes)
    return CircuitSearch(layout, possible, np.empty(0, np.uint64), no_outputs, np.empty(0), truncated_at=0)


def _interpretations(
    cut: Network, circuits: CircuitSearch, protocol: Protocol, data: DataRecord, report: Report, shards: Shards
) -> InterpretationCounts:
    """Exact counts for the listed circuits, or none where there are too many states to carry."""
    complete = circuits.truncated_at is None
    try:
        counts = count_interpretations(
            cut, circuits.masks, data, ablation=protocol.ablation, report=report, shards=shards
        )
    except BeyondLimits:
        nothing = (0,) * circuits.n_listed
        return InterpretationCounts(nothing, nothing, truncated_at=0, complete=complete)
    return replace(counts, complete=complete)


def _alignments(
    cut: Network,
    candidates: Candidates,
    protocol: Protocol,
    data: DataRecord,
    report: Report,
    limits: Limits,
    shards: Shards,
) -> AlgorithmSearch:
    """The alignments of every candidate, or the candidates alone where there are too many neuron sets to try."""
    try:
        return search_alignments(
            cut, candidates, protocol, data, report=report, max_aligned=limits.max_aligned, shards=shards
        )
    except BeyondLimits:
        alone = tuple(map(untried, candidates.algorithms))
        at = candidates.truncated_at if candidates.space is None else len(alone)
        return AlgorithmSearch(alone, candidates.n_candidates, at)
