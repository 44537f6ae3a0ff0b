"""A circuit read neuron by neuron that stays right whatever input each neuron is taken from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA
from analysis.contradictions.readers import Reader, interpretation_reader
from analysis.directions.swaps import run_from
from analysis.errors import BeyondLimits
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation
from analysis.networks.circuit import Circuit
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.question import Question
from analysis.tasks import pattern_bits
from analysis.validity import decide

_INTERPRETATIONS: Final = 2_000  # of all circuits together that are looked at


@dataclass(frozen=True)
class FoundInterpretation:
    """A circuit read neuron by neuron, and what it passes.

    Args:
        interpretation: circuit, index and gates.
        joint: interchanges of all its last hidden neurons at once, each from any input, that are right.
        n_circuits: valid circuits.
        n_passing: interpretations that pass all of these too.
        refines: texts of the algorithms each of whose variables is a function of bits of neurons of its own.
        reader: what it says of hidden states.
    """

    interpretation: Interpretation
    joint: IIA
    n_circuits: int
    n_passing: int
    refines: tuple[str, ...]
    reader: Reader


def first_interpretation(
    question: Question, circuits: Sequence[Circuit], algorithms: Sequence[HighLevelModel]
) -> FoundInterpretation | None:
    """The interpretation with fewest edges, then least mask and index, that every joint interchange confirms.

    Args:
        circuits: the valid ones.
        algorithms: of which it is said whether it refines them.

    Returns:
        None if there is none among the first 2,000, or the network has several hidden layers.
    """
    network = question.cut
    if network.n_hidden_layers != 1 or len(circuits) > _INTERPRETATIONS:
        return None
    clean = activations(network, question.data.clean_rows)[1]
    passing = []
    for interpretation in islice(_interpretations(question, circuits), _INTERPRETATIONS):
        joint = _joint_of_neurons(network, interpretation, clean)
        if joint is not None and joint.agreed == joint.of:
            passing.append((interpretation, joint))
    if not passing:
        return None
    first, joint = passing[0]
    read = set(first.gates[-1].parents)  # the output's, without which nothing is predicted
    parents = [gate for gate in first.gates if (gate.layer, gate.neuron) in read]
    names = [gate.name for gate in parents]
    bits = [pattern_bits(gate.function, network.n_inputs) for gate in parents]
    refines = tuple(algorithm.text for algorithm in algorithms if _refines(bits, algorithm))
    reader = interpretation_reader(network, first, names)
    return FoundInterpretation(first, joint, len(circuits), len(passing), refines, reader)


def _interpretations(question: Question, circuits: Sequence[Circuit]) -> Iterator[Interpretation]:
    for circuit in sorted(circuits, key=lambda one: (one.n_edges, one.mask)):
        try:
            space = InterpretationSpace(question, circuit)
            yield from map(space.at, range(space.count))
        except BeyondLimits:
            continue


def _joint_of_neurons(network: Network, interpretation: Interpretation, clean: NDArray[np.float64]) -> IIA | None:
    """Every gated hidden neuron from any input of its own, on every base; None if the output has no gate."""
    output = interpretation.gate(2, 0)
    if output is None:
        return None
    gates = [gate for gate in interpretation.gates if gate.layer == 1]
    n_rows = len(clean)
    bits = {(g.layer, g.neuron): pattern_bits(g.function, network.n_inputs) for g in gates}
    agreed = of = 0
    for sources in product(range(n_rows), repeat=len(gates)):
        moved = clean.copy()  # [base, width]
        index = 0
        for gate, source in zip(gates, sources, strict=True):
            moved[:, gate.neuron] = clean[source, gate.neuron]
        at = {(g.layer, g.neuron): s for g, s in zip(gates, sources, strict=True)}
        for parent in output.parents:
            index = index << 1 | int(bits[parent][at[parent]])
        agreed += int((decide(run_from(network, 1, moved), "threshold") == output.table[index]).sum())
        of += n_rows
    return IIA(agreed, of)


def _refines(bits: Sequence[NDArray[np.bool_]], algorithm: HighLevelModel) -> bool:
    """Whether each variable is a function, on the inputs, of bits of neurons that no other variable needs."""
    paths = sorted(algorithm.responses)
    values = [pattern_bits(algorithm.responses[path].function, algorithm.n_inputs) for path in paths]
    for owners in product(range(len(paths) + 1), repeat=len(bits)):
        if all(
            _is_function([bit for bit, owner in zip(bits, owners, strict=True) if owner == number], value)
            for number, value in enumerate(values)
        ):
            return True
    return False


def _is_function(bits: Sequence[NDArray[np.bool_]], value: NDArray[np.bool_]) -> bool:
    seen: dict[tuple[bool, ...], bool] = {}
    for row, said in enumerate(value.tolist()):
        key = tuple(bool(bit[row]) for bit in bits)
        if seen.setdefault(key, said) != said:
            return False
    return True
