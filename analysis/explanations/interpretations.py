"""Interpretations as a kind of explanation: a circuit, and a gate for each of its neurons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import InterventionSpace, predict_by_interpretation
from analysis.explanations.circuits import claims_of_circuit, decisions
from analysis.explanations.explanation import Claim, Kind
from analysis.interpretations.gates import gate_name
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.question import Question
from analysis.reverify import Recomputed, recompute_circuit, recompute_interpretation
from analysis.sandbox.predicting_along import predict_by_interpretation_along


def gate_label(gate: NeuronGate, n_inputs: int) -> str:
    """A gate by the function of the inputs that it computes; by its local name where that function has none."""
    return gate_name(gate.function, n_inputs) or gate.name


def _claims(interpretation: Interpretation) -> Iterator[Claim]:
    """The circuit's claims, with the function of each neuron that has a gate."""
    n_inputs = interpretation.circuit.layout.sizes[0]
    for claim in claims_of_circuit(interpretation.circuit):
        gate = interpretation.gate(claim.layer, claim.neurons[0])
        if gate is None:
            yield claim
        else:
            yield Claim(claim.layer, claim.neurons, function=gate.function, label=gate_label(gate, n_inputs))


def _predict(
    _question: Question, interpretations: Sequence[Interpretation], space: InterventionSpace
) -> NDArray[np.int8]:
    return np.stack([predict_by_interpretation(one, space) for one in interpretations])


def _figures(question: Question, interpretation: Interpretation) -> Iterator[Recomputed]:
    yield from recompute_circuit(question, interpretation.circuit)
    yield from recompute_interpretation(question, interpretation.circuit, interpretation.index)


INTERPRETATION: Final = Kind[Interpretation](
    key="interpretation",
    letter="i",
    noun="interpretation",
    plural="interpretations",
    title="Circuit, interpreted",
    silence="its output carries no gate",
    traits=frozenset({"masked", "interpreted"}),
    outputs=lambda question, interpretation: decisions(question, interpretation.circuit),
    predict=_predict,
    claims=lambda interpretation: tuple(_claims(interpretation)),
    by_hand=lambda _, interpretation, intervention, bench: predict_by_interpretation_along(
        interpretation, intervention, bench
    ),
    figures=_figures,
)
