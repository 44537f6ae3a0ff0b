"""The source "boolean": networks trained on Boolean tasks, many together; loads torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analysis.data import clean_data
from analysis.errors import AnalysisError, Cancelled
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_course import TrainingOutcome, training_json
from analysis.pipeline import analyse_output, refuse, unsearched
from analysis.preflight import preflight
from analysis.progress import silent
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.studies.cells import Cell
from analysis.studies.partial import circuits_alone
from analysis.studies.sources import Order, Produced
from analysis.tasks import Task

Analysed = tuple[tuple[OutputAnalysis, ...], AnalysisError | None]


def make_networks(cell: Cell, seeds: Sequence[int], order: Order) -> Iterator[Produced]:
    """Train a cell's networks of some seeds together, and analyse those that converged under every protocol.

    Yields:
        One for each seed, in order.

    Raises:
        Cancelled: the report asked to stop.
    """
    if not seeds:
        return
    start = order.work.clock()
    outcomes = train_networks([cell.spec(seed) for seed in seeds], order.work, device=order.device)
    each = (order.work.clock() - start) / len(seeds)
    good = [(o.network, o.spec.resolved_tasks()) for o in outcomes if o.converged and o.network is not None]
    walks = {protocol.name: analysed(good, protocol, order) for protocol in order.protocols}
    for seed, outcome in zip(seeds, outcomes, strict=True):
        found = {name: next(walk) for name, walk in walks.items()} if outcome.converged else {}
        yield _produced(seed, outcome, found, each)


def _produced(seed: int, outcome: TrainingOutcome, found: dict[str, Analysed], training_seconds: float) -> Produced:
    analyses = {name: outputs for name, (outputs, problem) in found.items() if problem is None}
    spent = sum(sum(analysis.seconds.values()) for outputs in analyses.values() for analysis in outputs)
    return Produced(
        seed=seed,
        state=outcome.state,
        message=outcome.message,
        network=outcome.network,
        tasks=outcome.spec.resolved_tasks(),
        analyses=analyses,
        problems={name: problem for name, (_, problem) in found.items() if problem is not None},
        training=training_json(outcome, max_points=50),
        seconds=training_seconds + spent,
    )


def analysed(
    networks: Sequence[tuple[Network, tuple[Task, ...]]], protocol: Protocol, order: Order
) -> Iterator[Analysed]:
    """The analyses of networks with their tasks, in order; without circuits where nobody asks for these."""
    for done, (network, tasks) in enumerate(networks):
        order.work.tell("networks", done, len(networks), f"{done:,} networks analysed")
        yield _analysed_alone(network, tasks, protocol, order, circuits=order.circuits)


def _counted(protocol: Protocol, order: Order) -> Protocol:
    """The protocol as it is searched: which alignments are listed changes no count, and listing is most of the time.

    Criteria judge the valid ones; those that fail are no measure's.
    """
    return protocol.model_copy(update={"n_near_misses": 0} | ({} if order.listed else {"max_alignments": 1}))


def _under(protocol: Protocol, analyses: tuple[OutputAnalysis, ...]) -> tuple[OutputAnalysis, ...]:
    return tuple(replace(analysis, question=replace(analysis.question, protocol=protocol)) for analysis in analyses)


def without_circuits(network: Network, tasks: Sequence[Task], protocol: Protocol, order: Order) -> Analysed:
    """A network's analyses with circuits left unsearched, or why it cannot be analysed."""
    return _analysed_alone(network, tasks, protocol, order, circuits=False)


def _analysed_alone(
    network: Network, tasks: Sequence[Task], protocol: Protocol, order: Order, *, circuits: bool
) -> Analysed:
    """What an analysis finds of the network alone; a refusal is this network's outcome and no other's."""
    data, analyses = clean_data(network.n_inputs), []
    work = order.work if circuits else order.work.reporting_to(silent)
    try:
        for output, task in enumerate(tasks):
            question = Question(network, output, task, protocol, data)
            refuse(preflight(question))
            none = None if circuits else unsearched(question)
            if none is not None and not order.algorithms:
                analyses.append(circuits_alone(question, none))
                continue
            rules = _counted(protocol, order)
            analyses.append(analyse_output(replace(question, protocol=rules), work, circuits=none))
    except Cancelled:
        raise
    except AnalysisError as problem:
        return (), problem
    return _under(protocol, tuple(analyses)), None
