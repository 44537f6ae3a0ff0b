"""Elman networks, unrolled over the steps of a row, as a kind of subject (Elman, "Finding structure in time", 1990).

``h_t = f(W x_t + U h_(t-1) + b)`` with ``h_0 = 0``; the answer is the largest of ``V h_T + c`` after the last step. All
steps share weights, but are cut one by one: a circuit is a set of hidden units, each at one step, or of the edges into
these and into the outputs. One step and the outputs are a perceptron that reads ``[x_t, h_(t-1)]``, whose arithmetic
(:mod:`pluriscope.analysis.subjects.perceptron.mlp`) this is. What is absent carries 0, or its mean over the rows at
that step; the biases of units that take part stay. Outputs are there in every circuit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, Final

import numpy as np

from pluriscope.analysis.errors import InvalidData, InvalidNetwork
from pluriscope.analysis.numerics.fixed_order import inner, mean
from pluriscope.analysis.subjects.classifier import Array, Classifier, changed, classifier_document, read_as
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.layered import LayeredSpace, edge_counts
from pluriscope.analysis.subjects.perceptron.mlp import (
    activation_bound,
    next_circuit_layer,
    next_layer,
    pre_activations,
)
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.subject import Change, Rules, Slope, SubjectKind
from pluriscope.analysis.values.strict_json import number_array

FORMAT: Final = "pluriscope-elman/1"
_AT_ONCE: Final = 1 << 17  # numbers in one array, so that it stays in the processor's cache


@dataclass(frozen=True, eq=False, repr=False)
class Elman(Classifier):
    """An Elman network with rows of steps.

    Args:
        network: of one step: its inputs are those of the step and then the hidden units of the step before.
        data: ``[rows, steps, inputs]``.
    """

    format: ClassVar[str] = FORMAT

    @property
    def n_units(self) -> int:
        return self.network.sizes[1]

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The numbers of each step, joined by commas."""
        return tuple(" ".join(",".join(f"{value:g}" for value in step) for step in row) for row in self.data.tolist())

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        (_, steps, inputs), (_, *others) = self.data.shape, super().facts
        sizes = {"Steps": steps, "Inputs of a step": inputs, "Hidden units": self.n_units}
        return *((label, str(size)) for label, size in sizes.items()), *others

    def run_through(self, data: Array) -> tuple[list[Array], list[Array]]:
        """Run the whole network.

        Args:
            data: ``[rows, steps, inputs]``.

        Returns:
            What is read at each step ``[rows, inputs + units]``, by the outputs ``[rows, units]``; and the sums
            ``[rows, units]`` of each step, ``[rows, outputs]`` of the outputs.
        """
        read, sums, state = list[Array](), list[Array](), np.zeros((len(data), self.n_units))
        for given in data.swapaxes(0, 1):
            read.append(np.concatenate([given, state], axis=1))
            sums.append(pre_activations(self.network, 1, read[-1]))
            state = self.network.function_of(1).value(sums[-1])
        return [*read, state], [*sums, pre_activations(self.network, 2, state)]

    def run_sites(self, data: Array, change: Change) -> Array:
        """Sites: ``x1`` the inputs of step 1, ``h1`` the hidden units after it, and so on."""
        state = np.zeros((len(data), self.n_units))
        for step, given in enumerate(data.swapaxes(0, 1), start=1):
            read = np.concatenate([change(f"x{step}", given[:, None])[:, 0], state], axis=1)
            state = change(f"h{step}", next_layer(self.network, 1, read)[:, None])[:, 0]
        return next_layer(self.network, 2, state)

    def site_slopes(self, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
        cell, (_, steps, inputs), found = self.network, self.data.shape, dict[str, Array]()
        later = inner(by_outputs, np.ascontiguousarray(cell.weights[1].T))
        for step in range(steps, 0, -1):
            state = values[f"h{step}"][:, 0]
            before = values[f"h{step - 1}"][:, 0] if step > 1 else np.zeros_like(state)
            sums = pre_activations(cell, 1, np.concatenate([values[f"x{step}"][:, 0], before], axis=1))
            by_read = inner(later * cell.function_of(1).slope(sums, state), np.ascontiguousarray(cell.weights[0].T))
            found |= {f"h{step}": later[:, None], f"x{step}": by_read[:, None, :inputs]}
            later = by_read[:, inputs:]
        return found

    @cached_property
    def layers(self) -> tuple[Array, ...]:
        """The values that are read at each step and by the outputs of the whole network, and the outputs."""
        read, sums = self.run_through(self.data)
        return (*read, sums[-1])

    @staticmethod
    def data_of(rows: list[Any], network: Network) -> Array:
        arrays = [number_array(row, f"rows[{at}]", 2, InvalidData) for at, row in enumerate(rows)]
        shapes = sorted({array.shape for array in arrays})
        if network.n_hidden_layers != 1 or network.n_inputs <= network.sizes[1]:
            cause = f"is {'-'.join(map(str, network.sizes))}"
            cure = "give one hidden layer, which reads the inputs of a step and then each of its own units"
            raise InvalidNetwork("network", cause, cure)
        n_inputs, n_units, n_outputs = network.n_inputs - network.sizes[1], *network.sizes[1:]
        if len(shapes) > 1 or shapes[0][1] != n_inputs:
            cause = f"have {' and '.join(f'{steps} steps of {numbers} numbers' for steps, numbers in shapes[:3])}"
            cure = f"give every row as many steps, each with a number for each of {n_inputs} inputs"
            raise InvalidData("rows", cause, cure)
        edge_counts([n_inputs] * shapes[0][0], [n_units] * shapes[0][0], n_outputs)
        return np.array(arrays)

    @property
    def bound(self) -> float:
        """The largest absolute value, bounded one step after the other."""
        cell = self.network
        step = Network(cell.weights[:1], cell.biases[:1], cell.activation, cell.activation, cell.negative_slope)
        bound = float(np.abs(self.data).max())
        for _ in range(self.data.shape[1] - 1):
            bound = activation_bound(step, bound)
        return activation_bound(cell, bound)

    def space(self, rules: Rules) -> ElmanSpace:
        return ElmanSpace(self, rules["granularity"] == "neurons", rules["ablation"] == "mean")


class ElmanSpace(LayeredSpace):
    """The circuits of an Elman network; each step is a layer.

    Args:
        subject: the network.
        nodes: whether masks name units at steps, otherwise edges.
        means: whether what is absent carries its mean, otherwise 0.
    """

    _subject: Elman

    def __init__(self, subject: Elman, nodes: bool, means: bool) -> None:
        (_, steps, inputs), units = subject.data.shape, subject.n_units
        read = [[f"x{t}.{i}" for i in range(inputs)] for t in range(1, steps + 1)]
        hidden = [[f"h{t}.{k}" for k in range(units)] for t in range(1, steps + 1)]
        super().__init__(subject, read, hidden, nodes=nodes, means=means)

    @cached_property
    def _absent(self) -> list[Array]:
        """The values that absent edges into each step and into the outputs carry."""
        read = self._subject.layers[:-1]
        return [mean(one) if self._means else np.zeros(one.shape[1]) for one in read]

    def run_from(self, masks: Masks, row: int) -> Array:
        return self._outputs(masks, [layer[row] for layer in self._subject.layers[:-1]])

    def _outputs(
        self, masks: Masks, absent: Sequence[Array], data: Array | None = None, change: Change | None = None
    ) -> Array:
        data = self._subject.data if data is None else data
        cell, units = self._subject.network, self._subject.n_units
        found = np.empty((len(masks), len(data), len(self._subject.outputs)))
        at_once = max(1, _AT_ONCE // (len(data) * max(cell.sizes)))
        for start in range(0, len(masks), at_once):
            edges = self.graph.kept_edges(masks[start : start + at_once])
            state = np.zeros((len(edges), units, len(data)))
            for step, into in enumerate(self._into):
                kept = edges[:, into]
                kept = np.pad(kept, ((0, 0), (0, 0), (0, cell.n_inputs - kept.shape[2])))  # of the first step
                given = np.broadcast_to(data[:, step].T, (len(edges), data.shape[2], len(data)))
                carried = absent[step], absent[step + 1][-units:]
                state = next_circuit_layer(cell, 1, kept, np.concatenate([given, state], axis=1), carried)
                state = changed(change, self._names[1][step], state)
            outputs = next_circuit_layer(cell, 2, edges[:, self._out], state, (absent[0], absent[-1]))
            found[start : start + at_once] = outputs.swapaxes(1, 2)
        return found

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute effects by one pass back through all steps."""
        subject, units, cell = self._subject, self._subject.n_units, self._subject.network
        (_, steps, inputs) = subject.data.shape
        resting = np.array([carried[:inputs] for carried in self._absent[:-1]])
        read, sums = subject.run_through(resting + at * (subject.data - resting))
        lost = [carried - layer for carried, layer in zip(self._absent, subject.layers, strict=False)]
        above, weights, each = slope(sums[-1], slice(None)), cell.weights[1], list[Array]()
        for step in range(steps, -1, -1):
            effect = inner(np.ascontiguousarray(above.T), np.ascontiguousarray(lost[step].T)) * weights / len(above)
            each.insert(0, effect if step else effect[:, :inputs])
            if step:
                back = inner(above, np.ascontiguousarray(weights[:, -units:].T))
                above = back * cell.function_of(1).slope(sums[step - 1], read[step][:, -units:])
                weights = cell.weights[0]
        return self.effects_of_bits(each)


ELMAN: Final = SubjectKind(
    key="elman",
    noun="Elman network",
    plural="Elman networks",
    definition="A recurrent network with one hidden layer that reads rows step by step and answers with the largest of "
    "several outputs after the last. Its circuits are sets of edges, or of hidden units, each at one step.",
    format=FORMAT,
    settings={"granularity": ("edges", "neurons"), "ablation": ("zero", "mean")},
    read=partial(read_as, Elman),
    write=classifier_document,
    traits=frozenset({"boxes", "play", "sites", "steps"}),
    module="pluriscope.analysis.explaining.graphs",
)
