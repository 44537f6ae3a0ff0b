"""Common ground for explanations of every kind: what each predicts about interventions on neuron sets (spec §6).

An intervention patches a nonempty set S of hidden neurons: run ``base``, but give every neuron of S the activation that
it has when the unablated network runs ``source`` ≠ base. Neurons of S in different layers are all overwritten; the
others are recomputed. The network then answers (:mod:`pluriscope.analysis.questions.answers`).

1. List the sets (:func:`intervention_space`), 63 for a 3-3 network, so 63 · 12 = 756 interventions over two inputs.
2. Ask the network (:func:`decide_under_interventions`).
3. Ask each explanation. An interpretation always predicts: the patched neurons that it gives a gate take their bit on
   source, all other neurons follow its local gates; neurons without a gate change nothing. An aligned algorithm
   predicts where S is a union of its variables' places: those variables are fixed to their values on source. A bare
   circuit and an algorithm without places are silent.
4. Count coverage, accuracy and agreement.

Arrays are indexed ``[set, source, base]``; source = base is part of the arrays but never of a count. Predictions are
int8: 0, 1, or −1 for silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.interchange import run_with_swaps
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.mlp import activations, batch_activations, next_circuit_layer
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.described import Described

SILENT: Final = -1
MAX_SETS: Final = 2**12
MAX_INTERVENTIONS: Final = 2**18
CLEAR: Final = 0.3
"""How near an output is to 0 or 1 where every rule of decision, and every threshold from .3 to .7, says the same."""


NeuronSite = tuple[int, int]
"""(layer from 1, neuron from 0)."""


@dataclass(frozen=True, eq=False, repr=False)
class InterventionSpace(Described):
    """The neuron sets that are patched, all of them or all up to a stated size.

    Args:
        hidden_sizes: neurons of each hidden layer.
        n_inputs: inputs of the network; sources and bases are the 2^n Boolean inputs.
        sets: each set's (layer, neuron) pairs ascending; sets by size, then lexicographically.
        largest: most neurons in a set when not all sets are listed, else None.
    """

    hidden_sizes: tuple[int, ...]
    n_inputs: int
    sets: tuple[tuple[NeuronSite, ...], ...]
    largest: int | None = None

    @property
    def n_rows(self) -> int:
        """The number of Boolean inputs, 2^n."""
        return 1 << self.n_inputs

    @property
    def n_possible_sets(self) -> int:
        """Nonempty sets of hidden neurons there are, listed or not."""
        return int(2 ** sum(self.hidden_sizes) - 1)

    @property
    def n_interventions(self) -> int:
        """Sets listed times ordered pairs source ≠ base."""
        return len(self.sets) * self.n_rows * (self.n_rows - 1)

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.sets), self.n_rows, self.n_rows

    @cached_property
    def position(self) -> dict[frozenset[NeuronSite], int]:
        """Index of each listed set."""
        return {frozenset(members): index for index, members in enumerate(self.sets)}

    @cached_property
    def holds(self) -> dict[NeuronSite, NDArray[np.bool_]]:
        """The sets that hold each hidden neuron, as flags ``[sets]``."""
        sites = _hidden_sites(self.hidden_sizes)
        columns = {site: np.zeros(len(self.sets), dtype=bool) for site in sites}
        for index, members in enumerate(self.sets):
            for site in members:
                columns[site][index] = True
        return columns

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """The flags of the interventions that count, ``[set, source, base]``."""
        return counted_of(self.shape)


def intervention_space(hidden_sizes: Sequence[int], n_inputs: int, *, max_sets: int = MAX_SETS) -> InterventionSpace:
    """List every nonempty set of hidden neurons, or every set of up to k neurons with the largest k within the limits.

    Args:
        hidden_sizes: neurons of each hidden layer, none for a network without hidden layers (then there is no set).
        n_inputs: inputs of the network, at least 1.
        max_sets: most sets listed, unless single neurons alone are more.
    """
    rows = 1 << n_inputs
    return _sets_within(tuple(hidden_sizes), n_inputs, min(max_sets, MAX_INTERVENTIONS // (rows * (rows - 1))))


@lru_cache(maxsize=8)  # the same for every network of a population
def _sets_within(hidden_sizes: tuple[int, ...], n_inputs: int, limit: int) -> InterventionSpace:
    """Build the space as :func:`intervention_space` does, with one limit for both."""
    sites = _hidden_sites(hidden_sizes)
    size = n_sets = 0
    while size < len(sites):
        n_sets += comb(len(sites), size + 1)
        if n_sets > limit and size:
            break
        size += 1
    sets = tuple(members for k in range(1, size + 1) for members in combinations(sites, k))
    return InterventionSpace(hidden_sizes, n_inputs, sets, None if size == len(sites) else size)


def _hidden_sites(hidden_sizes: Sequence[int]) -> list[NeuronSite]:
    return [(layer, neuron) for layer, size in enumerate(hidden_sizes, start=1) for neuron in range(size)]


@dataclass(frozen=True, eq=False, repr=False)
class NetworkAnswers(Described):
    """The outputs of the network under every intervention of a space.

    Args:
        outputs: ``[set, source, base]`` raw outputs.
    """

    outputs: NDArray[np.float64]

    @cached_property
    def decisions(self) -> NDArray[np.int8]:
        """The decisions of the network, ``[set, source, base]``."""
        return answers(self.outputs)

    @cached_property
    def margins(self) -> NDArray[np.float64]:
        """The distance of the output from 0.5, ``[set, source, base]``."""
        return np.abs(self.outputs - 0.5)

    @cached_property
    def clear(self) -> NDArray[np.bool_]:
        """Whether the output is near 0 or 1, ``[set, source, base]``."""
        near: NDArray[np.bool_] = np.abs(self.outputs - self.decisions) <= CLEAR
        return near

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """The flags of the interventions that count, ``[set, source, base]``."""
        return counted_of(self.outputs.shape)

    @cached_property
    def turning(self) -> NDArray[np.bool_]:
        """Whether the network answers otherwise than unforced, which is as forced to its own values, ``[set, source,
        base]``.
        """
        turned: NDArray[np.bool_] = self.decisions != np.diagonal(self.decisions, axis1=1, axis2=2)[:, None, :]
        return turned

    @property
    def n_interventions(self) -> int:
        """The number of interventions."""
        return int(self.counted.sum())


def counted_of(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the flags of the interventions whose source differs from their base, ``[…, source, base]``."""
    return np.broadcast_to(~np.eye(shape[-1], dtype=bool), shape)


def decide_under_interventions(network: Network, rows: NDArray[np.float64], space: InterventionSpace) -> NetworkAnswers:
    """Run every intervention on the unablated network.

    Args:
        network: cut to one output.
        rows: ``[2^n, n]`` one real-valued row for each Boolean input, in binary order.
        space: sets of this network's hidden neurons.
    """
    if not space.sets:
        return NetworkAnswers(np.zeros(space.shape))
    swapped = {
        layer: np.stack([space.holds[layer, neuron] for neuron in range(size)], axis=1)
        for layer, size in enumerate(space.hidden_sizes, start=1)
    }
    return NetworkAnswers(run_with_swaps(network, swapped, activations(network, rows)))


def run_interventions(question: Question) -> tuple[InterventionSpace, NetworkAnswers]:
    """The neuron sets that are patched, and what the network does under every intervention on them."""
    space = intervention_space(question.network.hidden_sizes, question.network.n_inputs)
    return space, decide_under_interventions(question.network, question.data.clean_rows, space)


def decide_in_circuit(
    question: Question, circuit: Circuit, space: InterventionSpace, chosen: NDArray[np.intp]
) -> NetworkAnswers:
    """Run interventions on the circuit's own forward pass: sources and bases are runs of the circuit.

    Args:
        question: what the circuit is one of; absent edges carry what its protocol's ablation says.
        space: neuron sets of the network.
        chosen: which of its sets are run; the outputs of the others are 0.
    """
    network, rows = question.network, question.data.clean_rows
    keep = [matrix[None] for matrix in circuit.keep]
    clean = batch_activations(network, keep, rows, question.absent)
    group = np.zeros(len(chosen), dtype=np.intp)  # sets that swap the same so far have the same values
    values = clean[0][:, :, None, None, :]
    for layer, kept in enumerate(keep, start=1):
        runs = next_circuit_layer(network, layer, kept, values.reshape(1, values.shape[1], -1), question.absent)
        values = runs.reshape(1, runs.shape[1], *values.shape[2:])  # [1, neurons, group, source, base]
        if layer <= len(space.hidden_sizes):
            held = [space.holds[layer, neuron][chosen] for neuron in range(runs.shape[1])]
            different, group = np.unique(np.vstack([group, *held]), axis=1, return_inverse=True)
            swapped = different[1:, :, None, None].astype(bool)
            values = np.where(swapped, clean[layer][:, :, None, :, None], values[:, :, different[0]])
    outputs = np.zeros(space.shape)
    outputs[chosen] = values[0, 0, group]
    return NetworkAnswers(outputs)


def predict_nothing(space: InterventionSpace) -> NDArray[np.int8]:
    """Predict nothing, as a bare circuit or an algorithm without places does: ``[set, source, base]`` of −1."""
    return np.full(space.shape, SILENT, dtype=np.int8)


@dataclass(frozen=True)
class Standing:
    """The coverage and accuracy of an explanation on a space.

    Args:
        predicted: interventions on which it predicts (the numerator of coverage).
        right: of those, the ones on which the network answers as predicted (the numerator of accuracy).
        of: interventions in the space (the denominator of coverage).
    """

    predicted: int
    right: int
    of: int


def standing_of(predictions: NDArray[np.int8], answers: NetworkAnswers) -> Standing:
    """Coverage and accuracy of ``predictions [set, source, base]``, over source ≠ base."""
    spoken = (predictions != SILENT) & answers.counted
    right = spoken & (predictions == answers.decisions)
    return Standing(int(spoken.sum()), int(right.sum()), answers.n_interventions)
