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
from analysis.studies.sources import Order, Produced, circuits_alone
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
        yield analysed_alone(network, tasks, protocol, order)


def analysed_alone(network: Network, tasks: Sequence[Task], protocol: Protocol, order: Order) -> Analysed:
    """The analyses of every output of one network; a refusal is its outcome and no other network's."""
    data = clean_data(network.n_inputs)
    questions = [Question(network, output, task, protocol, data) for output, task in enumerate(tasks)]
    try:
        refuse(tuple(problem for question in questions for problem in preflight(question)))
        return tuple(_analysis(question, order) for question in questions), None
    except Cancelled:
        raise
    except AnalysisError as problem:
        return (), problem


def _analysis(question: Question, order: Order) -> OutputAnalysis:
    """One output as far as its study needs it."""
    # which alignments are listed changes no count, and listing is most of the time; those that fail are no measure's
    counted = {"n_near_misses": 0} | ({} if order.listed else {"max_alignments": 1})
    asked = replace(question, protocol=question.protocol.model_copy(update=counted))
    if order.circuits:
        found = analyse_output(asked, order.work)
    elif order.algorithms:
        found = analyse_output(asked, order.work.reporting_to(silent), circuits=unsearched(question))
    else:
        found = circuits_alone(question, unsearched(question))
    return replace(found, question=question)
