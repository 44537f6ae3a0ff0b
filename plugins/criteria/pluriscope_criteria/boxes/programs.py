"""Circuits of perceptrons, classifiers, Elman and convolutional networks as functions of what is free in a box.

Free are the inputs of a row, each in an interval about its value, and what each source carries on the edges that the
circuit leaves out: one number for all of them, or one for each edge. Coefficients are the stored numbers, their
products with 1 / pixels, and differences of two of them; bounds are widened by more than these round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.subjects.convolutional import Convolutional
from pluriscope.analysis.subjects.elman import Elman
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.activations import Activation
from pluriscope.analysis.subjects.perceptron.logits import less_the_first
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

Array = NDArray[np.float64]
Bits = NDArray[np.bool_]
Ends = tuple[Array, Array]
"""The least and the most of some numbers."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer of sums.

    Args:
        weights: ``[sums, sources]``, inputs of its own first.
        biases: ``[sums]``.
        given: ``[rows, inputs]`` what its own inputs are on each row.
        clean: ``[rows, sources]`` what each source is in the whole network.
        sources: their names.
        pool: ``[sources, units]`` how sources follow from the units below; None where they are these.
    """

    weights: Array
    biases: Array
    given: Array
    clean: Array
    sources: Sequence[str]
    pool: Array | None = None


@dataclass(frozen=True, eq=False)
class BoxProgram:
    """A function of free numbers, as :func:`pluriscope_methods.robustness.intervals.bounds` reads it.

    Args:
        arrays: of each stage what it reads of the one before, of the free numbers, and its constants.
        activation: of all stages but the last.
    """

    arrays: tuple[tuple[Array, Array, Array], ...]
    activation: Activation

    def values(self, points: Array) -> Array:
        """Compute the last sums, ``[points, sums]``, in any order of additions."""
        hidden: Array = np.empty((len(points), 0))
        for k, f, b in self.arrays[:-1]:
            hidden = self.activation.value(hidden @ k.T + points @ f.T + b)
        k, f, b = self.arrays[-1]
        found: Array = hidden @ k.T + points @ f.T + b
        return found

    def weighed(self, weights: Array) -> BoxProgram:
        """Return the program of one sum of the last sums with some weights."""
        k, f, b = self.arrays[-1]
        return replace(self, arrays=(*self.arrays[:-1], (weights @ k, weights @ f, weights @ b)))


@dataclass(frozen=True, eq=False)
class FreeCircuit:
    """A circuit over a box.

    Args:
        program: of all outputs; its free numbers are the inputs of a row, then what is absent.
        ends: of what is absent.
        names: of what is absent: sources, or edges.
    """

    program: BoxProgram
    ends: Ends
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stages:
    """A network as stages.

    Args:
        every: from the inputs on.
        activation: of the hidden ones.
        graph: whose masks are circuits, and cut the last stages, one for each of its layers.
    """

    every: tuple[Stage, ...]
    activation: Activation
    graph: Graph

    @classmethod
    def of(cls, question: Any) -> Stages:
        """The stages of the network of a question, on its rows.

        Raises:
            NotOffered: a kind whose parts are no sums with an activation after each.
        """
        question.kind.require("boxes", "bounds over a box")
        subject = question.subject
        if isinstance(subject, Convolutional):
            return cls(tuple(_convolutional(subject)), subject.activation, question.graph)
        if isinstance(question, Question):
            rows, network, clean = question.judged[0], question.network, question.clean_activations
            hidden = ([f"n{layer}.{k}" for k in range(n)] for layer, n in enumerate(network.hidden_sizes, start=1))
            found = _perceptron(network, rows, clean, [INPUT_NAMES[: rows.shape[1]], *hidden])
        elif isinstance(subject, Elman):
            network, found = subject.network, _elman(subject)
        else:
            lowered = question.rules["granularity"] == "last-edges"
            network = less_the_first(subject.network) if lowered else subject.network
            names = [[f"{'x' if not at else f'{at}.'}{k}" for k in range(n)] for at, n in enumerate(network.sizes)]
            found = _perceptron(network, subject.data, subject.layers, names)
        return cls(tuple(found), network.function_of(1), question.graph)

    @cached_property
    def inputs(self) -> Array:
        """What the rows give, ``[rows, inputs of all stages]``."""
        return np.concatenate([stage.given for stage in self.every], axis=1)

    @cached_property
    def _layers(self) -> list[tuple[NDArray[np.intp], int]]:
        """Of each layer of the graph the edges into it, by target, and how many targets there are."""
        layer = np.array([self.graph.nodes[edge.target].layer for edge in self.graph.edges])
        sizes = np.bincount([node.layer for node in self.graph.nodes])
        return [(np.flatnonzero(layer == one), int(sizes[one])) for one in np.unique(layer).tolist()]

    def _kept(self, bits: Bits) -> Iterator[Bits]:
        """The kept edges ``[sums, sources]`` of every stage; where nodes are vectors an edge is a block."""
        flags = self.graph.kept_edges(bits[None])[0]
        for stage in self.every[: -len(self._layers)]:
            yield np.ones(stage.weights.shape, dtype=np.bool_)
        for stage, (edges, targets) in zip(self.every[-len(self._layers) :], self._layers, strict=True):
            blocks = flags[edges].reshape(targets, -1)
            for axis, size in enumerate(stage.weights.shape):
                blocks = np.repeat(blocks, size // blocks.shape[axis], axis=axis)
            yield blocks

    def over(self, bits: Bits, carried: Sequence[Ends], *, by_edge: bool) -> FreeCircuit:
        """A circuit over a box.

        Args:
            bits: ``[bits]`` of its mask.
            carried: of each stage what absent sources carry, ``[sources]``.
            by_edge: whether each absent edge carries a number of its own.
        """
        n_given, above, offset = self.inputs.shape[1], np.zeros(0, dtype=np.intp), 0
        names, lows, highs = list[str](), list[float](), list[float]()
        parts = list[tuple[Array, dict[int, Array], Array]]()
        for number, (stage, keep, (low, high)) in enumerate(zip(self.every, self._kept(bits), carried, strict=True)):
            own, last = stage.given.shape[1], number == len(self.every) - 1
            active = np.flatnonzero(keep.any(axis=1) | last)
            weights, keep = stage.weights[active], keep[active]
            held, gone = np.where(keep, weights, 0.0), np.where(keep, 0.0, weights)
            below = held[:, own:] if stage.pool is None else held[:, own:] @ stage.pool[own:]
            columns = {offset + at: held[:, at] for at in range(own)}
            for at in np.flatnonzero(gone.any(axis=0)).tolist():
                targets = np.flatnonzero(gone[:, at]).tolist() if by_edge else [None]
                for target in targets:
                    chosen = np.arange(len(active)) == target if by_edge else True
                    columns[n_given + len(names)] = np.where(chosen, gone[:, at], 0.0)
                    names.append(stage.sources[at] + (f" → {active[target]}" if by_edge else ""))
                    lows.append(float(low[at]))
                    highs.append(float(high[at]))
            parts.append((below[:, above], columns, stage.biases[active]))
            above, offset = active, offset + own
        every, arrays = range(n_given + len(names)), list[tuple[Array, Array, Array]]()
        for k, columns, b in parts:
            arrays.append((k, np.stack([columns.get(at, np.zeros(len(b))) for at in every], axis=1), b))
        ends = np.array(lows), np.array(highs)
        return FreeCircuit(BoxProgram(tuple(arrays), self.activation), ends, tuple(names))


def _perceptron(
    network: Network, rows: Array, clean: Sequence[Array], names: Sequence[Sequence[str]]
) -> Iterator[Stage]:
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        yield Stage(weights, biases, rows if not layer else rows[:, :0], clean[layer], names[layer])


def _elman(subject: Elman) -> Iterator[Stage]:
    cell, units, (_, steps, inputs) = subject.network, subject.n_units, subject.data.shape
    for step in range(steps + 1):
        given = subject.data[:, step] if step < steps else subject.data[:, 0, :0]
        names = [f"x{step + 1}.{k}" for k in range(given.shape[1])] + [f"h{step}.{k}" for k in range(units) if step]
        weights, clean = cell.weights[step == steps], subject.layers[step]
        if not step:  # nothing is before the first
            weights, clean = weights[:, :inputs], clean[:, :inputs]
        yield Stage(weights, cell.biases[step == steps], given, clean, names)


def _convolutional(subject: Convolutional) -> Iterator[Stage]:
    n_rows, readout = len(subject.data), subject.network
    for layer, (one, below) in enumerate(zip(subject.convolutions, subject.maps, strict=False)):
        channels, *size, _ = below.shape
        basis = np.eye(channels * size[0] * size[1]).reshape(channels, *size, -1)
        weights = one.slices(basis).sum(axis=1)  # of each number one summand is not 0
        clean = np.moveaxis(below, -1, 0).reshape(n_rows, -1)
        pixels = weights[0, ..., 0].size
        name = f"c{layer}.{{}}" if layer else "x"
        names = [f"{name.format(k)}[{y},{x}]" for k, y, x in np.ndindex(channels, *size)]
        flat = weights.reshape(-1, weights.shape[-1])
        yield Stage(flat, np.repeat(one.biases, pixels), clean[:, : 0 if layer else None], clean, names)
    channels = readout.sizes[0]
    pool = np.kron(np.eye(channels), np.ones(pixels)) / pixels
    names = [f"m{k}" for k in range(channels)]
    yield Stage(readout.weights[0], readout.biases[0], subject.layers[0][:, :0], subject.layers[0], names, pool)
