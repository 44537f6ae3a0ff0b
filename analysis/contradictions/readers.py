"""Explanations as readers of hidden states: each variable is read off the last hidden layer, then the gates decide.

An alignment on directions gives for each variable an affine reading of the layer; a state in which the reading is above
1/2 has the variable. An interpretation gives each neuron a cut; above its middle the neuron's bit is 1. On the inputs
both decide as the network does, which is why they pass. A reader also speaks about every other state of the layer, and
there it may disagree with the network, with another reader, or with itself: a combination of bits that no input has is
*impossible* for it (A without B, and B without A, at once).

Readings with weights within 1e-3 of small fractions are read as those fractions, as a person would say them; by how
much that changes them is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.joint import algorithm_says
from analysis.directions.integers import INTEGER_RESIDUAL
from analysis.directions.scoring import ScoredDirections
from analysis.errors import InvalidAlignment
from analysis.interpretations.interpretation import Interpretation
from analysis.networks.network import Network
from analysis.validity import TANH_EDGE

_SAYABLE: Final = 4  # largest denominator of a fraction that people say
HALF: Final = Fraction(1, 2)


@dataclass(frozen=True)
class HalfSpace:
    """The states h of one layer with w·h + c > 0.

    Args:
        weights: ``[width]`` w, exact.
        constant: c.
    """

    weights: tuple[Fraction, ...]
    constant: Fraction

    def holds(self, state: Sequence[Fraction]) -> bool:
        """Whether a state lies inside."""
        return self.level(state) > 0

    def level(self, state: Sequence[Fraction]) -> Fraction:
        """w·h + c."""
        return sum((w * h for w, h in zip(self.weights, state, strict=True)), self.constant)

    @property
    def opposite(self) -> HalfSpace:
        """The rest, its border apart."""
        return HalfSpace(tuple(-w for w in self.weights), -self.constant)


@dataclass(frozen=True)
class Reader:
    """An explanation that says something about every state of the last hidden layer.

    Args:
        names: what each bit is, as a formula over the inputs, e.g. "A ∧ ¬B".
        tests: where each bit is 1.
        outputs: what it decides for each combination of bits, the first most significant.
        possible: for each combination, whether some input has it.
        change: largest difference between a reading as found and as a person says it.
    """

    names: tuple[str, ...]
    tests: tuple[HalfSpace, ...]
    outputs: tuple[int, ...]
    possible: tuple[bool, ...]
    change: float

    @property
    def n_bits(self) -> int:
        return len(self.tests)

    def combination(self, state: Sequence[Fraction]) -> int:
        """Which combination of bits a state has."""
        return sum(test.holds(state) << (self.n_bits - 1 - i) for i, test in enumerate(self.tests))


def network_test(network: Network) -> HalfSpace:
    """The states of the last hidden layer for which the network decides 1 (threshold).

    Args:
        network: cut to one output. Of tanh the edge atanh(1/2) is the nearest float.
    """
    edge = {"sigmoid": Fraction(0), "tanh": Fraction(TANH_EDGE)}.get(network.output_activation, HALF)
    weights = tuple(Fraction(w) for w in network.weights[-1][0].tolist())
    return HalfSpace(weights, Fraction(float(network.biases[-1][0])) - edge)


def alignment_reader(network: Network, algorithm: HighLevelModel, scored: ScoredDirections) -> Reader:
    """An algorithm aligned on directions of the last hidden layer, as a reader.

    Args:
        network: cut to one output.
        algorithm: whose output its variables alone decide.
        scored: its alignment, one direction for each variable.

    Raises:
        InvalidAlignment: variables in other layers or of several dimensions, a direction that does not read its
            variable, or an output that also depends on inputs.
    """
    item = f"alignment {scored.alignment.id}"
    places = scored.alignment.places
    if not places or any(p.layer != network.n_hidden_layers or p.dimension != 1 for _, p in places):
        raise InvalidAlignment(item, "has variables elsewhere than on directions of the last hidden layer", "use one")
    tests, changes = [], []
    for (_, place), reading in zip(places, scored.read_outs, strict=True):
        if reading is None or not reading.gain or reading.residual > INTEGER_RESIDUAL:
            raise InvalidAlignment(item, "has a direction that does not read its variable", "use read-outs")
        numbers = [reading.gain * w for w in place.matrix[0].tolist()]
        said = [_said(number) for number in (*numbers, reading.constant)]
        changes += [abs(float(one) - number) for one, number in zip(said, (*numbers, reading.constant), strict=True)]
        tests.append(HalfSpace(tuple(said[:-1]), said[-1] - HALF))
    paths = [path for path, _ in places]
    decides = algorithm_says(algorithm, tuple(paths))
    if (decides != decides[:, :1]).any():
        raise InvalidAlignment(item, "leaves the output to the inputs beside its variables", "use another")
    functions = [algorithm.responses[path].function for path in paths]
    return Reader(
        tuple(algorithm.formulas[path] for path in paths),
        tuple(tests),
        tuple(decides[:, 0].tolist()),
        possible_combinations(functions, 1 << algorithm.n_inputs),
        max(changes, default=0.0),
    )


def interpretation_reader(network: Network, interpretation: Interpretation, names: Sequence[str]) -> Reader:
    """A circuit's interpretation as a reader of the last hidden layer.

    Args:
        network: the network whose circuit it is, cut to one output.
        interpretation: with an output gate.
        names: formulas of the gates that the output reads.

    Raises:
        InvalidAlignment: its output has no gate.
    """
    output = interpretation.gate(network.n_hidden_layers + 1, 0)
    if output is None:
        raise InvalidAlignment("interpretation", "has an output without a gate", "use one whose output varies")
    width = network.sizes[-2]
    tests, functions, changes = [], [], []
    for layer, neuron in output.parents:
        gate = interpretation.gate(layer, neuron)
        if gate is None:
            raise InvalidAlignment("interpretation", "reads a neuron without a gate", "use another")
        said = _said(gate.threshold)
        changes.append(abs(float(said) - gate.threshold))
        tests.append(HalfSpace(tuple(Fraction(int(i == neuron)) for i in range(width)), -said))
        functions.append(gate.function)
    possible = possible_combinations(functions, 1 << network.n_inputs)
    return Reader(tuple(names), tuple(tests), output.table, possible, max(changes, default=0.0))


def possible_combinations(functions: Sequence[int], n_rows: int) -> tuple[bool, ...]:
    """For each combination of some truth tables' values, whether an input has it; the first most significant."""
    found = np.zeros(1 << len(functions), dtype=bool)
    for row in range(n_rows):
        found[sum((function >> row & 1) << (len(functions) - 1 - i) for i, function in enumerate(functions))] = True
    return tuple(found.tolist())


def _said(number: float) -> Fraction:
    """The fraction that a person would say, if there is one near; else the number as it is."""
    near = Fraction(number).limit_denominator(_SAYABLE)
    return near if abs(near - Fraction(number)) <= Fraction(INTEGER_RESIDUAL) else Fraction(number)
