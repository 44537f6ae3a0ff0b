"""Answers of the network, and of circuits, under interchange: shared by the criteria for interpretations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.predicting import family_sets
from pluriscope.analysis.interventions.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_in_circuit,
    run_interventions,
)
from pluriscope.analysis.subjects.perceptron.circuit import Circuit

T = TypeVar("T")
_RECENT: Final = 8  # circuits of which something is held; explanations come circuit by circuit


def interventions(population: Population) -> tuple[InterventionSpace, NetworkAnswers]:
    """The neuron sets that are patched, and what the unablated network does under every intervention."""
    return population.once("interventions", lambda: run_interventions(population.question))


def answers_in(population: Population, circuit: Circuit) -> NetworkAnswers:
    """Return the answers of the circuit itself under every intervention on its active neurons."""
    space, _ = interventions(population)

    def decide() -> NetworkAnswers:
        return decide_in_circuit(population.question, circuit, space, family_sets(circuit, space, "joint"))

    return _recent(population, "answers", circuit, decide)


def space_of(population: Population, circuit: Circuit) -> InterpretationSpace:
    """All interpretations of a circuit; expensive on first use."""
    return _recent(population, "spaces", circuit, lambda: InterpretationSpace(population.question, circuit))


def _recent(population: Population, what: str, circuit: Circuit, compute: Callable[[], T]) -> T:
    held: dict[int, T] = population.once(what, dict)
    if circuit.mask not in held:
        if len(held) >= _RECENT:
            held.clear()
        held[circuit.mask] = compute()
    return held[circuit.mask]
