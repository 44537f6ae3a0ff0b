"""Circuits as a kind of explanation: which edges are kept, so where, and not what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.answers import answers
from analysis.experiments import SILENT
from analysis.explanations.explanation import Claim, Kind
from analysis.networks.circuit import Circuit
from analysis.question import Question
from analysis.sandbox.prediction import Prediction

SAYS_WHERE: Final = "a circuit says where, not what: without an interpretation its neurons carry no bits"


def claims_of_circuit(circuit: Circuit) -> Iterator[Claim]:
    """Of every hidden neuron, by layer, then index: whether it is used or cut."""
    for layer, active in enumerate(circuit.active[1:-1], start=1):
        for neuron, used in enumerate(active):
            yield Claim(layer, (neuron,), says="used" if used else "cut")


def raw_outputs(question: Question, circuit: Circuit) -> NDArray[np.float64]:
    """The circuit's outputs ``[2^n]`` on the representatives, under the protocol's ablation."""
    return question.activations(circuit)[-1][:, 0]


def answered(question: Question, circuit: Circuit) -> tuple[int, ...]:
    """What the circuit answers on each Boolean input."""
    return tuple(answers(raw_outputs(question, circuit)).tolist())


CIRCUIT: Final = Kind[Circuit](
    key="circuit",
    letter="c",
    noun="circuit",
    plural="circuits",
    silence=SAYS_WHERE,
    traits=frozenset({"masked"}),
    outputs=answered,
    claims=lambda circuit: tuple(claims_of_circuit(circuit)),
    by_hand=lambda *_: Prediction(SILENT, SAYS_WHERE),
)
