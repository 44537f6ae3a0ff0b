"""The value of a planted network: weights, and which neurons carry which part of the algorithm.

A *unit* is one Boolean value of the algorithm in one layer: an input, a gate, or a copy that carries one of these a
layer further. Its neurons carry the AND of its sources, each source being another unit or its negation. From the units
follow the planted circuit, which holds the edges between a unit and its sources, and the planted alignment, which puts
each variable of the algorithm on the neurons of its gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.interventions.neuron_set import NeuronSet
from analysis.network_files.planted_record import Made, PlantedRecord
from analysis.networks.circuit import Circuit, EdgeLayout, masks_of
from analysis.networks.network import Network
from analysis.tasks import Task, name_of, pattern_bits


class Source(NamedTuple):
    """A literal: a unit by its number, or its negation."""

    unit: int
    negated: bool


@dataclass(frozen=True)
class Unit:
    """One Boolean value of the algorithm on the neurons of one layer.

    Args:
        layer: 0 for inputs, else a hidden layer.
        neurons: that carry it, ascending.
        sources: literals in the layer before, of which it is the AND; none for an input.
        path: of the gate that it computes ("" for the root); None for an input and for a copy that carries a value on.
    """

    layer: int
    neurons: tuple[int, ...]
    sources: tuple[Source, ...] = ()
    path: str | None = None


@dataclass(frozen=True, eq=False)
class Planted:
    """A network with an algorithm planted in it.

    Args:
        network: one output.
        algorithm: what is planted.
        units: inputs first, in order; every source stands before what reads it.
        output: the literal that the output neuron reads.
        made: how the network was made, in order.
    """

    network: Network
    algorithm: HighLevelModel
    units: tuple[Unit, ...]
    output: Source
    made: tuple[Made, ...] = field(default=())

    @cached_property
    def task(self) -> Task:
        """What the algorithm computes."""
        table = tuple(int(bit) for bit in pattern_bits(self.algorithm.function, self.algorithm.n_inputs))
        return Task(table, name_of(table))

    @cached_property
    def edges(self) -> tuple[NDArray[np.bool_], ...]:
        """The planted circuit as one Boolean matrix ``[n_l, n_(l-1)]`` for each layer 1 … L."""
        sizes = self.network.sizes
        keep = [np.zeros((n_out, n_in), dtype=np.bool_) for n_in, n_out in zip(sizes, sizes[1:], strict=False)]
        for unit in self.units:
            for source in unit.sources:
                keep[unit.layer - 1][np.ix_(unit.neurons, self.units[source.unit].neurons)] = True
        keep[-1][:, list(self.units[self.output.unit].neurons)] = True
        return tuple(keep)

    @cached_property
    def circuit(self) -> Circuit:
        """The planted circuit."""
        layout = EdgeLayout(self.network.sizes)
        flat = np.concatenate([matrix.reshape(-1) for matrix in self.edges])[None]
        return Circuit(layout, int(masks_of(flat, layout)[0]))

    @cached_property
    def alignment(self) -> Alignment:
        """The planted alignment."""
        places = {unit.path: NeuronSet(unit.layer, unit.neurons) for unit in self.units if unit.path}
        return Alignment.of(self.algorithm.text, {path: places[path] for path in self.algorithm.carriers})

    def is_used(self, layer: int, neuron: int) -> bool:
        """Whether a hidden neuron is part of the planted circuit."""
        return any(unit.layer == layer and neuron in unit.neurons for unit in self.units)

    @cached_property
    def record(self) -> PlantedRecord:
        """What the network's file says of it."""
        return PlantedRecord(self.algorithm, self.alignment, self.circuit.hex, self.made)

    def remade(
        self, weights: Sequence[NDArray[np.float64]], biases: Sequence[NDArray[np.float64]], made: Made
    ) -> Planted:
        """The same units on other weights.

        Args:
            weights: ``W_l [n_l, n_(l-1)]``.
            biases: ``b_l [n_l]``.
            made: what was done.
        """
        old = self.network
        network = Network.from_arrays(
            weights,
            biases,
            activation=old.activation,
            output_activation=old.output_activation,
            negative_slope=old.negative_slope,
        )
        return replace(self, network=network, made=(*self.made, made))

    def moved(self, layer: int, neurons: Mapping[int, tuple[int, ...]]) -> tuple[Unit, ...]:
        """The units if the neurons of a hidden layer go elsewhere, each to one neuron or to several."""
        return tuple(
            replace(unit, neurons=tuple(sorted(new for old in unit.neurons for new in neurons[old])))
            if unit.layer == layer
            else unit
            for unit in self.units
        )
