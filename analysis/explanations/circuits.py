"""Circuits as a kind of explanation, where and not what; and their interpretations, a gate for each neuron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.explanations.explanation import Claim, Kind
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.interpretations.partial_gates import gate_tables
from pluriscope.analysis.interventions.experiments import SILENT, InterventionSpace, NeuronSite, predict_nothing
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.sandbox import predicting
from pluriscope.analysis.sandbox.intervention import Prediction
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question

SAYS_WHERE: Final = "a circuit says where, not what: without an interpretation its neurons carry no bits"


def claims_of_circuit(circuit: Circuit) -> Iterator[Claim]:
    """Yield a claim about every hidden neuron, by layer, then index: it is used, or it is cut."""
    for layer, active in enumerate(circuit.active[1:-1], start=1):
        for neuron, used in enumerate(active):
            yield Claim(layer, (neuron,), says="used" if used else "cut")


def raw_outputs(question: Question, circuit: Circuit) -> NDArray[np.float64]:
    """The circuit's outputs ``[2^n]`` on the clean rows, under the protocol's ablation."""
    return question.activations(circuit, question.clean_rows)[-1][:, 0]


def answered(question: Question, circuit: Circuit) -> tuple[int, ...]:
    """Return the answers of the circuit on each Boolean input."""
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


def predict_by_interpretation(interpretation: Interpretation, space: InterventionSpace) -> NDArray[np.int8]:
    """Predict by an interpreted circuit: ``[set, source, base]``, never silent while its output has a gate."""
    output = bits_by_interpretation(interpretation, space).get((len(space.hidden_sizes) + 1, 0))
    return predict_nothing(space) if output is None else np.ascontiguousarray(np.broadcast_to(output, space.shape))


def bits_by_interpretation(
    interpretation: Interpretation, space: InterventionSpace, *, settled: bool = False
) -> dict[NeuronSite, NDArray[np.int8]]:
    """The bit of every gate, of a shape that spreads to ``[set, source, base]``.

    A patched neuron carries the bit that it has on source; every other neuron applies its local gate to its parents'
    bits, in the first layer to the base inputs. Neurons that the interpretation gives no gate (ablated, or constant on
    every input) carry no bit and change nothing. Without an output gate (the circuit's output is constant) nothing is
    predicted.

    Args:
        space: the interventions.
        settled: whether a bit is 2 where it depends on rows of gates that are free.
    """
    bits: dict[NeuronSite, NDArray[np.int8]] = {}
    functions = {(gate.layer, gate.neuron): gate.function for gate in interpretation.gates}
    for gate in sorted(interpretation.gates, key=lambda gate: (gate.layer, gate.neuron)):
        clean = pattern_bits(gate.function, space.n_inputs).astype(np.int8)
        if gate.layer == 1:
            computed: NDArray[np.int8] = clean[None, None, :]
        else:
            table = np.array(gate.table, dtype=np.int8)
            if settled:
                below = [pattern_bits(functions[parent], space.n_inputs) for parent in gate.parents]
                table = gate_tables(clean[None] > 0, np.array([below]), settled=True)[0]
            index = np.zeros((1, 1, 1), dtype=np.int64)
            for parent in gate.parents:
                index = index * (3 if settled else 2) + bits[parent]
            computed = table[index]
        if gate.layer <= len(space.hidden_sizes):
            patched = space.holds[gate.layer, gate.neuron][:, None, None]
            computed = np.where(patched, clean[None, :, None], computed)
        bits[gate.layer, gate.neuron] = computed
    return bits


def _settled(interpretation: Interpretation, space: InterventionSpace) -> NDArray[np.bool_]:
    bits = bits_by_interpretation(interpretation, space, settled=True)
    return np.broadcast_to(bits.get((len(space.hidden_sizes) + 1, 0), np.int8(0)) != 2, space.shape)


def _predict(
    _question: Question, interpretations: Sequence[Interpretation], space: InterventionSpace
) -> NDArray[np.int8]:
    return np.stack([predict_by_interpretation(one, space) for one in interpretations])


INTERPRETATION: Final = Kind[Interpretation](
    key="interpretation",
    letter="i",
    noun="interpretation",
    plural="interpretations",
    title="Circuit, interpreted",
    silence="its output carries no gate",
    traits=frozenset({"masked", "interpreted"}),
    outputs=lambda question, interpretation: answered(question, interpretation.circuit),
    predict=_predict,
    claims=lambda interpretation: tuple(_claims(interpretation)),
    values=bits_by_interpretation,
    settled=_settled,
    by_hand=lambda _, interpretation, intervention, bench: predicting.predict_by_interpretation(
        interpretation, intervention, bench
    ),
)
