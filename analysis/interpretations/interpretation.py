"""The interpretation value: a Boolean function for each active neuron of a circuit."""

from __future__ import annotations

from dataclasses import dataclass

from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.values.described import Described


@dataclass(frozen=True)
class NeuronGate:
    """The gate as which a neuron is read.

    Args:
        layer: 1 for the first hidden layer, L for the output.
        neuron: index in the layer, from 0.
        low: largest activation that reads 0; of the output its answer, 0 (rounded, under the authors' rules).
        high: smallest activation that reads 1; the threshold lies between the two.
        function: what the neuron computes of the Boolean inputs, as an integer (bit i = input row i).
        parents: (layer, neuron) of the bits that the gate reads, ascending: all inputs in the first hidden layer, later
            the kept sources that have a gate.
        table: the gate's output for each of the 2^p parent rows, lowest-index parent most significant.
        free_rows: rows that no input reaches, ascending; completions differ in their entries.
        name: the gate for people, e.g. "AND"; "" if it has no common name.
    """

    layer: int
    neuron: int
    low: float
    high: float
    function: int
    parents: tuple[tuple[int, int], ...]
    table: tuple[int, ...]
    free_rows: tuple[int, ...]
    name: str

    @property
    def threshold(self) -> float:
        """The midpoint between ``low`` and ``high``."""
        return self.low + (self.high - self.low) / 2


@dataclass(frozen=True, repr=False)
class Interpretation(Described):
    """An interpretation of a circuit.

    Args:
        circuit: the circuit whose activations are read.
        index: its place in the fixed order of the circuit's interpretations (spec §3).
        gates: one for each neuron with more than one activation, by layer, then index; the output's last.
    """

    circuit: Circuit
    index: int
    gates: tuple[NeuronGate, ...]

    def gate(self, layer: int, neuron: int) -> NeuronGate | None:
        """The gate of one neuron, or None if it has none."""
        return next((gate for gate in self.gates if (gate.layer, gate.neuron) == (layer, neuron)), None)
