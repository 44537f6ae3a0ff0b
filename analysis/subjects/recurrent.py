"""Recurrent networks of one layer, unrolled over the steps of a row: what all cells have in common.

Each unit reads the inputs of a step and all units after the step before, which are 0 before the first, and gives a
function of one or several weighted sums of these; the answer is the largest of the outputs, which are linear in the
units after the last step. All steps share weights, but are cut one by one: a circuit is a set of hidden units, each at
one step, or of the edges into these and into the outputs. What is absent carries 0, or its mean over the rows at that
step; the biases of units that take part stay. Outputs are there in every circuit.

Sums are those of :mod:`pluriscope.analysis.subjects.perceptron.mlp`, each of a linear layer of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.classifier import Array, Classifier, changed
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.layered import LayeredSpace, edge_counts
from pluriscope.analysis.subjects.perceptron.mlp import next_circuit_layer, pre_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.subject import Change, Rules, Slope
from pluriscope.analysis.values.strict_json import number_array

_AT_ONCE: Final = 1 << 17  # numbers in one array, so that it stays in the processor's cache


@dataclass(frozen=True, eq=False, repr=False)
class Recurrent(Classifier):
    """A recurrent network with rows of steps.

    Args:
        network: whose last layer are the outputs.
        data: ``[rows, steps, inputs]``.
    """

    @property
    @abstractmethod
    def sums(self) -> tuple[Network, ...]:
        """The linear layers ``[units, inputs + units]`` whose sums a unit is a function of."""

    @abstractmethod
    def units_of(self, sums: Sequence[Array]) -> Array:
        """The units of their sums, of any shape."""

    @abstractmethod
    def unit_slopes(self, sums: Sequence[Array]) -> Sequence[Array]:
        """Derivatives of the units by each of their sums."""

    @abstractmethod
    def with_weights(self, given: Sequence[Array], kept: Sequence[Array]) -> Self:
        """The network with other weights for the inputs ``[units, inputs]`` and for the units ``[units, units]``, in
        the order of :attr:`matrices`.
        """

    @property
    @abstractmethod
    def matrices(self) -> tuple[Sequence[Array], Sequence[Array]]:
        """The weights for the inputs ``[units, inputs]``, and for the units ``[units, units]``."""

    @abstractmethod
    def keeping(self) -> Self:
        """The network with such weights for the units that the state stays as it is but for its size."""

    @cached_property
    def n_units(self) -> int:
        return self.network.sizes[-2]

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The numbers of each step, joined by commas."""
        return tuple(" ".join(",".join(f"{value:g}" for value in step) for step in row) for row in self.data.tolist())

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        (_, steps, inputs), (_, *others) = self.data.shape, super().facts
        sizes = {"Steps": steps, "Inputs of a step": inputs, "Hidden units": self.n_units}
        return *((label, str(size)) for label, size in sizes.items()), *others

    def _sums(self, read: Array) -> list[Array]:
        """The sums ``[rows, units]`` of what is read ``[rows, inputs + units]``."""
        return [pre_activations(one, 1, read) for one in self.sums]

    def answer(self, state: Array) -> Array:
        """The outputs ``[rows, outputs]`` of the units after the last step ``[rows, units]``."""
        return pre_activations(self.network, len(self.network.weights), state)

    def run_through(self, data: Array) -> list[Array]:
        """Run the whole network.

        Args:
            data: ``[rows, steps, inputs]``.

        Returns:
            What is read at each step ``[rows, inputs + units]``, by the outputs ``[rows, units]``, and the outputs.
        """
        read, state = list[Array](), np.zeros((len(data), self.n_units))
        for given in data.swapaxes(0, 1):
            read.append(np.concatenate([given, state], axis=1))
            state = self.units_of(self._sums(read[-1]))
        return [*read, state, self.answer(state)]

    def run_sites(self, data: Array, change: Change) -> Array:
        """Sites: ``x1`` the inputs of step 1, ``h1`` the hidden units after it, and so on."""
        state = np.zeros((len(data), self.n_units))
        for step, given in enumerate(data.swapaxes(0, 1), start=1):
            read = np.concatenate([change(f"x{step}", given[:, None])[:, 0], state], axis=1)
            state = change(f"h{step}", self.units_of(self._sums(read))[:, None])[:, 0]
        return self.answer(state)

    def back(self, later: Array, read: Array) -> tuple[list[Array], Array]:
        """Derivatives by the sums of a step, ``[rows, units]`` each, and by what it reads, ``[rows, inputs + units]``.

        Args:
            later: by the units ``[rows, units]``.
            read: ``[rows, inputs + units]``.
        """
        by_sums = [later * slope for slope in self.unit_slopes(self._sums(read))]
        weights = (np.ascontiguousarray(one.weights[0].T) for one in self.sums)
        first, *others = (inner(one, matrix) for one, matrix in zip(by_sums, weights, strict=True))
        return by_sums, sum(others, first)

    def site_slopes(self, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
        (_, steps, inputs), found = self.data.shape, dict[str, Array]()
        later = inner(by_outputs, np.ascontiguousarray(self.network.weights[-1].T))
        for step in range(steps, 0, -1):
            before = values[f"h{step - 1}"][:, 0] if step > 1 else np.zeros_like(later)
            _, by_read = self.back(later, np.concatenate([values[f"x{step}"][:, 0], before], axis=1))
            found |= {f"h{step}": later[:, None], f"x{step}": by_read[:, None, :inputs]}
            later = by_read[:, inputs:]
        return found

    @cached_property
    def layers(self) -> tuple[Array, ...]:
        """The values that are read at each step and by the outputs of the whole network, and the outputs."""
        return (*self.run_through(self.data),)

    def space(self, rules: Rules) -> RecurrentSpace:
        return RecurrentSpace(self, rules["granularity"] == "neurons", rules["ablation"] == "mean")


def rows_of_steps(rows: Sequence[Any], n_inputs: int, n_units: int, n_outputs: int) -> Array:
    """The rows of a file as an array ``[rows, steps, inputs]``.

    Raises:
        InvalidData: they differ in steps, or do not fit the inputs.
        BeyondLimits: there are too many edges.
    """
    arrays = [number_array(row, f"rows[{at}]", 2, InvalidData) for at, row in enumerate(rows)]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1 or shapes[0][1] != n_inputs:
        cause = f"have {' and '.join(f'{steps} steps of {numbers} numbers' for steps, numbers in shapes[:3])}"
        cure = f"give every row as many steps, each with a number for each of {n_inputs} inputs"
        raise InvalidData("rows", cause, cure)
    edge_counts([n_inputs] * shapes[0][0], [n_units] * shapes[0][0], n_outputs)
    return np.array(arrays)


class RecurrentSpace(LayeredSpace):
    """The circuits of a recurrent network; each step is a layer.

    Args:
        subject: the network.
        nodes: whether masks name units at steps, otherwise edges.
        means: whether what is absent carries its mean, otherwise 0.
    """

    _subject: Recurrent

    def __init__(self, subject: Recurrent, nodes: bool, means: bool) -> None:
        (_, steps, inputs), units = subject.data.shape, subject.n_units
        read = [[f"x{t}.{i}" for i in range(inputs)] for t in range(1, steps + 1)]
        hidden = [[f"h{t}.{k}" for k in range(units)] for t in range(1, steps + 1)]
        super().__init__(subject, read, hidden, nodes=nodes, means=means)
        self._n_edges *= len(subject.sums)

    @property
    def carried(self) -> tuple[Array, ...]:
        """What each step and the outputs read."""
        return self._subject.layers[:-1]

    def outputs(self, masks: Masks, absent: Any, data: Array | None = None, change: Change | None = None) -> Array:
        subject, units = self._subject, self._subject.n_units
        data = subject.data if data is None else data
        n_read, n_outputs, last = data.shape[2] + units, len(subject.outputs), len(subject.network.weights)
        found = np.empty((len(masks), len(data), n_outputs))
        at_once = max(1, _AT_ONCE // (len(data) * max(n_read, n_outputs)))
        for start in range(0, len(masks), at_once):
            edges = self.graph.kept_edges(masks[start : start + at_once])
            state = np.zeros((len(edges), units, len(data)))
            for step, into in enumerate(self._into):
                kept = edges[:, into]
                kept = np.pad(kept, ((0, 0), (0, 0), (0, n_read - kept.shape[2])))  # of the first step
                given = np.broadcast_to(data[:, step].T, (len(edges), data.shape[2], len(data)))
                read = np.concatenate([given, state], axis=1)
                sums = [next_circuit_layer(one, 1, kept, read, (absent[step],)) for one in subject.sums]
                there = np.any(kept, axis=2, keepdims=True)
                state = np.where(there, subject.units_of(sums), absent[step + 1][-units:].reshape(units, -1))
                state = changed(change, self._names[1][step], state)
            outputs = next_circuit_layer(subject.network, last, edges[:, self._out], state, absent[-1:] * last)
            found[start : start + at_once] = outputs.swapaxes(1, 2)
        return found

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute effects by one pass back through all steps."""
        subject, units, (n_rows, steps, inputs) = self._subject, self._subject.n_units, self._subject.data.shape
        resting = np.array([carried[:inputs] for carried in self.absent[:-1]])
        *read, outputs = subject.run_through(resting + at * (subject.data - resting))
        lost = [carried - layer for carried, layer in zip(self.absent, subject.layers, strict=False)]

        def effect(by_sums: Sequence[Array], weights: Sequence[Array], step: int) -> Array:
            gone = np.ascontiguousarray(lost[step].T)
            each = (inner(np.ascontiguousarray(above.T), gone) for above in by_sums)
            first, *others = (one * matrix / n_rows for one, matrix in zip(each, weights, strict=True))
            return np.asarray(sum(others, first))

        by_outputs, readout = slope(outputs, slice(None)), subject.network.weights[-1]
        each, later = [effect([by_outputs], [readout], steps)], inner(by_outputs, np.ascontiguousarray(readout.T))
        for step in range(steps - 1, -1, -1):
            by_sums, by_read = subject.back(later, read[step])
            found = effect(by_sums, [one.weights[0] for one in subject.sums], step)
            each.insert(0, found if step else found[:, :inputs])
            later = by_read[:, -units:]
        return self.effects_of_bits(each)
