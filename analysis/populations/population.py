"""Many networks, trained and analysed together; each is an outcome, whatever became of it.

train      all specs in step (:mod:`analysis.networks.training`); one that does not converge is an outcome, with reason
circuits   the spaces of many networks of equal shape at once (:mod:`analysis.populations.batched_circuits`)
the rest   network by network; what does not depend on weights (candidates, what their variables do, redundancy
           classes) is made once and remembered by the modules that make it

A member's analyses are those that :func:`analysis.pipeline.analyse_output` gives for the network alone, seconds apart.
This module loads torch, so nothing that answers requests may import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from analysis.circuits.result import CircuitSearch
from analysis.circuits.space import count_in_space
from analysis.data import DataRecord, clean_data
from analysis.errors import AnalysisError, Cancelled, InvalidTask
from analysis.networks.circuit import MAX_EDGES
from analysis.networks.network import Network
from analysis.networks.training_course import TrainingOutcome
from analysis.pipeline import analyse_output, refuse
from analysis.populations.batched_circuits import check_equal_shapes, search_circuits_together
from analysis.preflight import preflight
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.tasks import Task
from analysis.work import DEFAULT_WORK, Work

NETWORKS_AT_ONCE: Final = 256
_CIRCUITS_AT_ONCE: Final = 1 << 23  # possible ones of one batch: 400 MB of results if all were valid


@dataclass(frozen=True, eq=False)
class PopulationMember:
    """One network of a population and what came of it.

    Args:
        network: None if training diverged.
        analyses: one for each output; empty if the network was not analysed.
        problem: why it could not be analysed, None otherwise.
        training: what came of training, None for a network that was given.
    """

    network: Network | None
    analyses: tuple[OutputAnalysis, ...]
    problem: AnalysisError | None = None
    training: TrainingOutcome | None = None

    @property
    def analysed(self) -> bool:
        return bool(self.analyses)


def analyse_outcomes(
    outcomes: Sequence[TrainingOutcome], protocol: Protocol, work: Work = DEFAULT_WORK, *, device: str = "cpu"
) -> Iterator[PopulationMember]:
    """Analyse the networks that converged in training, and pass the others through.

    Yields:
        One member per outcome, in the same order; for the arguments and errors see :func:`iterate_population`.
    """
    converged = [outcome.network for outcome in outcomes if outcome.converged and outcome.network is not None]
    tasks = outcomes[0].spec.resolved_tasks() if outcomes else ()
    members = iterate_population(converged, tasks, protocol, work, device=device)
    for outcome in outcomes:
        if not outcome.converged:
            yield PopulationMember(outcome.network, (), None, outcome)
            continue
        member = next(members)
        yield PopulationMember(member.network, member.analyses, member.problem, outcome)


def iterate_population(
    networks: Sequence[Network],
    tasks: Sequence[Task],
    protocol: Protocol,
    work: Work = DEFAULT_WORK,
    *,
    data: DataRecord | None = None,
    device: str = "cpu",
) -> Iterator[PopulationMember]:
    """Analyse every output of networks of equal shape, one batch of them in memory at a time.

    Args:
        networks: whole networks, of equal sizes, activations and slope.
        tasks: one for each output, the same for all networks.
        protocol: the rules.
        data: rows to judge on; every Boolean input once if None.
        device: torch device on which circuits are searched. The results do not depend on it.
        work: told "circuits" over all networks of a batch, "networks" before each network and at the end, and the
            stages of each network's analysis in between; may raise Cancelled.

    Yields:
        One member per network, in the same order.

    Raises:
        InvalidNetwork: networks of different shapes.
        AnalysisError: tasks or data that fit none of the networks.
        Cancelled: the report asked to stop.
    """
    if not networks:
        return
    check_equal_shapes(networks)
    first = networks[0]
    data = clean_data(first.n_inputs) if data is None else data
    outputs = range(first.n_outputs)
    if len(tasks) != len(outputs):
        raise InvalidTask("tasks", f"{len(tasks)} for {len(outputs)} outputs", "give one task for each output")
    refuse(tuple(problem for k in outputs for problem in preflight(Question(first, k, tasks[k], protocol, data))))
    run = _Run(tuple(tasks), protocol, data, device, work)
    size = max(1, min(NETWORKS_AT_ONCE, _CIRCUITS_AT_ONCE // max(1, count_in_space(first.sizes, protocol))))
    done = 0
    for start in range(0, len(networks), size):
        batch = networks[start : start + size]
        found = [run.circuits(batch, k) for k in outputs]
        for place, network in enumerate(batch):
            work.tell("networks", done, len(networks), f"{done:,} networks analysed")
            yield run.member(network, [(searches[place], seconds) for searches, seconds in found])
            done += 1
    work.tell("networks", done, len(networks), f"{done:,} networks analysed")


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same over one population."""

    tasks: tuple[Task, ...]
    protocol: Protocol
    data: DataRecord
    device: str
    work: Work

    @property
    def alone(self) -> bool:
        """Whether each network is searched by itself: for its own noisy rows, or under more than one ablation."""
        return bool(self.protocol.noise_std) or self.protocol.circuit_family != "own"

    def question(self, network: Network, output: int) -> Question:
        """What is asked about one output of one network."""
        return Question(network, output, self.tasks[output], self.protocol, self.data)

    def circuits(self, networks: Sequence[Network], output: int) -> tuple[Sequence[CircuitSearch | None], float]:
        """The circuits of one output of each network, and the seconds that one network is charged.

        None where each network's own analysis is to find them: spaces that are not listed, more valid circuits than
        are kept, or rules under which each is searched by itself.
        """
        questions = [self.question(network, output) for network in networks]
        first = questions[0]
        possible = count_in_space(first.cut.sizes, self.protocol)
        if possible > self.work.limits.max_possible or first.layout.n_edges > MAX_EDGES or self.alone:
            return [None] * len(questions), 0.0
        start = self.work.clock()
        searches = search_circuits_together(
            questions,
            self.work,
            device=self.device,
            max_valid=self.work.limits.most_listed(2 ** networks[0].n_inputs),
            max_possible=self.work.limits.max_possible,
        )
        seconds = (self.work.clock() - start) / len(networks)
        return [replace(s, n_tested=possible) if s.truncated_at is None else None for s in searches], seconds

    def member(self, network: Network, found: Sequence[tuple[CircuitSearch | None, float]]) -> PopulationMember:
        """Everything but the circuits; a refusal is this member's outcome and no other's."""
        analyses = []
        try:
            for output, (circuits, seconds) in enumerate(found):
                analysis = analyse_output(
                    self.question(network, output),
                    self.work,
                    circuits=circuits,
                )
                if self.work.is_timed:
                    spent = {**analysis.seconds, "circuits": analysis.seconds["circuits"] + seconds}
                    analysis = replace(analysis, seconds=spent)
                analyses.append(analysis)
        except Cancelled:
            raise
        except AnalysisError as problem:
            return PopulationMember(network, (), problem)
        return PopulationMember(network, tuple(analyses))
