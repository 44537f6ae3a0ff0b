"""Many networks, trained and analysed together; each is an outcome, whatever became of it.

train      all specs in step (:mod:`analysis.networks.training`); one that does not converge is an outcome, with reason
analyse    network by network; what does not depend on weights (candidates, what their variables do, redundancy
           classes) is made once and remembered by the modules that make it

A member's analyses are those that :func:`analysis.pipeline.analyse_output` gives for the network alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.data import DataRecord, clean_data
from analysis.errors import AnalysisError, Cancelled, InvalidNetwork, InvalidTask
from analysis.networks.network import Network
from analysis.networks.training_course import TrainingOutcome
from analysis.pipeline import analyse_output, refuse
from analysis.preflight import preflight
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.tasks import Task
from analysis.work import DEFAULT_WORK, Work


@dataclass(frozen=True, eq=False)
class PopulationMember:
    """One network of a population and its outcome.

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
    outcomes: Sequence[TrainingOutcome], protocol: Protocol, work: Work = DEFAULT_WORK
) -> Iterator[PopulationMember]:
    """Analyse the networks that converged in training, and pass the others through.

    Yields:
        One member per outcome, in the same order; for the arguments and errors see :func:`iterate_population`.
    """
    converged = [outcome.network for outcome in outcomes if outcome.converged and outcome.network is not None]
    tasks = outcomes[0].spec.resolved_tasks() if outcomes else ()
    members = iterate_population(converged, tasks, protocol, work)
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
) -> Iterator[PopulationMember]:
    """Analyse every output of networks of equal shape, one after the other.

    Args:
        networks: whole networks, of equal sizes, activations and slope.
        tasks: one for each output, the same for all networks.
        protocol: the rules.
        data: rows to judge on; every Boolean input once if None.
        work: told "networks" before each network and at the end, and the stages of each network's analysis in between;
            may raise Cancelled.

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
    for done, network in enumerate(networks):
        work.tell("networks", done, len(networks), f"{done:,} networks analysed")
        yield _member(network, [Question(network, k, tasks[k], protocol, data) for k in outputs], work)
    work.tell("networks", len(networks), len(networks), f"{len(networks):,} networks analysed")


def check_equal_shapes(networks: Sequence[Network]) -> None:
    """Whether networks are of one population.

    Raises:
        InvalidNetwork: naming the first that differs from the first of all.
    """
    for index, network in enumerate(networks):
        if _shape_of(network) != _shape_of(networks[0]):
            raise InvalidNetwork(
                f"network {index} of the population",
                f"has shape {_shape_of(network)}, the first one {_shape_of(networks[0])}",
                "analyse networks of different shapes in populations of their own",
            )


def _shape_of(network: Network) -> tuple[object, ...]:
    """What the networks of a population share."""
    return (network.sizes, network.activation, network.output_activation, network.negative_slope)


def _member(network: Network, questions: Sequence[Question], work: Work) -> PopulationMember:
    """What the analyses of a network give; a refusal is this member's outcome and no other's."""
    try:
        return PopulationMember(network, tuple(analyse_output(question, work) for question in questions))
    except Cancelled:
        raise
    except AnalysisError as problem:
        return PopulationMember(network, (), problem)
