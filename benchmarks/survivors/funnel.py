"""One network under every criterion: how many of its explanations pass each alone, and how many are left in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.search import search_alignments
from analysis.circuits.search import search_circuits
from analysis.criteria.alignment_context import AlignmentCriteriaContext, valid_alignments
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Kind
from analysis.criteria.interpretation_context import InterpretationCriteriaContext
from analysis.criteria.interpretation_counts import KEYS, CircuitReadings, read_circuits, tallied
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.registry import criteria_for, criterion_named
from analysis.criteria.symmetry import symmetries
from analysis.data import DataRecord
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.question import ask
from analysis.result import CriterionTally
from analysis.tasks import Task


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
    circuits = CircuitCriteriaContext(ask(network, task=task, protocol=protocol, data=data), found.masks)
    candidates = candidate_algorithms(task, protocol, network.n_hidden_layers)
    search = search_alignments(ask(network, protocol=protocol, data=data), candidates)
    algorithms = AlgorithmCriteriaContext(candidates.algorithms)
    alignments = AlignmentCriteriaContext(ask(network, protocol=protocol, data=data), valid_alignments(search))
    steps: list[Step] = []
    for step in _listed("circuit", circuits):
        # the one criterion that decides among all possible circuits which are judged by the others
        possible = CriterionTally(len(circuits), found.possible - len(circuits), 0, 0)
        steps.append(replace(step, alone=possible) if step.key == "zero-ablation" else step)
    steps += _interpretations(circuits)
    steps += _listed("algorithm", algorithms)
    steps += _listed("alignment", alignments)
    return tuple(steps)


def _listed(
    kind: Kind, context: CircuitCriteriaContext | AlgorithmCriteriaContext | AlignmentCriteriaContext
) -> Iterator[Step]:
    left: NDArray[np.bool_] = np.ones(len(context), dtype=bool)
    for criterion in criteria_for(kind):
        verdicts = criterion.judge(kind, context)
        left &= verdicts.passed
        yield Step(kind, criterion.key, verdicts.tally, int(left.sum()))


def _interpretations(circuits: CircuitCriteriaContext) -> Iterator[Step]:
    """Of all interpretations of all circuits; nothing is listed, so what two criteria leave together is known only
    where one of them leaves nothing or everything.
    """
    readings = list(
        read_circuits(ask(circuits.question.cut, data=circuits.question.data), circuits.masks, extremes=False)
    )
    total = sum(reading.total for reading in readings)
    left: int | None = total
    for criterion in criteria_for("interpretation"):
        if criterion.key in KEYS:
            tally = tallied(readings, criterion.key)
        else:
            tally = _of_circuits(criterion.key, circuits, readings)
        if tally.passed == 0 or left == 0:
            left = 0
        elif left == total:
            left = tally.passed
        elif tally.passed != total:
            left = None
        yield Step("interpretation", criterion.key, tally, left)


def _of_circuits(key: str, circuits: CircuitCriteriaContext, readings: Sequence[CircuitReadings]) -> CriterionTally:
    """A criterion on which all interpretations of a circuit agree, from the first of each."""
    network, data, protocol = circuits.question.cut, circuits.question.data, circuits.question.protocol
    assert key == "margin" or len(list(symmetries(network))) == 1, f"{key} differs within a circuit"
    firsts = tuple(InterpretationSpace(ask(network, data=data), reading.circuit).at(0) for reading in readings)
    context = InterpretationCriteriaContext(ask(network, protocol=protocol, data=data), firsts)
    passed = criterion_named(key).judge("interpretation", context).passed
    n_passed = sum(reading.total for reading, one in zip(readings, passed, strict=True) if one)
    return CriterionTally(n_passed, sum(reading.total for reading in readings) - n_passed, 0, 0)
