"""One network under every criterion: how many of its explanations pass each alone, and how many are left in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.search import search_alignments
from analysis.circuits.search import search_circuits
from analysis.criteria.alignments import valid_alignments
from analysis.criteria.criterion import Kind
from analysis.criteria.interpretation_tallies import CountingReadings, tally_of_readings
from analysis.criteria.population import Population
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from analysis.data import DataRecord
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.question import ask
from analysis.result import CriterionTally
from analysis.tasks import Task
from analysis.work import DEFAULT_WORK


@dataclass(frozen=True)
class Step:
    """One criterion.

    Args:
        kind: of the explanations.
        key: of the criterion.
        alone: how those that it judges fare.
        left: how many pass it and all criteria above it; None where that is not counted.
    """

    kind: Kind
    key: str
    alone: CriterionTally
    left: int | None


def funnel(network: Network, task: Task, protocol: Protocol, data: DataRecord) -> tuple[Step, ...]:
    """Every criterion that applies, by kind, in the registry's order, with default settings.

    Circuits are the protocol's valid ones, alignments its valid ones over all candidate algorithms.
    """
    found = search_circuits(ask(network, task=task, protocol=protocol, data=data))
    circuits = Population("circuit", ask(network, task=task, protocol=protocol, data=data), found.masks)
    candidates = candidate_algorithms(task, protocol, network.n_hidden_layers)
    search = search_alignments(ask(network, protocol=protocol, data=data), candidates)
    algorithms = Population("algorithm", ask(network, task=task, data=data), candidates.algorithms)
    alignments = Population("alignment", ask(network, protocol=protocol, data=data), valid_alignments(search))
    steps: list[Step] = []
    for step in _listed(circuits):
        # the one criterion that decides among all possible circuits which are judged by the others
        possible = CriterionTally(len(circuits), found.possible - len(circuits), 0, 0)
        steps.append(replace(step, alone=possible) if step.key == "zero-ablation" else step)
    steps += _interpretations(circuits)
    steps += _listed(algorithms)
    steps += _listed(alignments)
    return tuple(steps)


def _listed(population: Population) -> Iterator[Step]:
    left: NDArray[np.bool_] = np.ones(len(population), dtype=bool)
    for criterion in criteria_for(population.kind):
        verdicts = criterion.judge(population)
        left &= verdicts.passed
        yield Step(population.kind, criterion.key, verdicts.tally, int(left.sum()))


def _interpretations(circuits: Population) -> Iterator[Step]:
    """Of all interpretations of all circuits; nothing is listed, so what two criteria leave together is known only
    where one of them leaves nothing or everything.
    """
    steps = [CriterionStep.of(criterion) for criterion in criteria_for("interpretation")]
    not_yet = [0] * len(circuits)
    counting = CountingReadings(circuits.question, circuits.items, not_yet, not_yet, steps)
    counting.advance(DEFAULT_WORK)
    found = counting.found()
    total = sum(one.total for one in found[steps[0]])
    left: int | None = total
    for step in steps:
        tally = tally_of_readings(found[step])
        if tally.passed == 0 or left == 0:
            left = 0
        elif left == total:
            left = tally.passed
        elif tally.passed != total:
            left = None
        yield Step("interpretation", step.key, tally, left)
