"""Elman networks, unrolled over the steps of a row, as a kind of subject (Elman, "Finding structure in time", 1990).

``h_t = f(W x_t + U h_(t-1) + b)`` with ``h_0 = 0``; the answer is the largest of ``V h_T + c`` after the last step. All
steps share weights, but are cut one by one: a circuit is a set of hidden units, each at one step, or of the edges into
these and into the outputs. One step and the outputs are a perceptron that reads ``[x_t, h_(t-1)]``, whose arithmetic
(:mod:`analysis.subjects.perceptron.mlp`) this is. What is absent carries 0, or its mean over the rows at that step; the
biases of units that take part stay. Outputs are there in every circuit.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import accumulate
from math import comb
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits, InvalidData, InvalidNetwork
from analysis.fixed_order import inner, mean
from analysis.strict_json import number_array
from analysis.subjects.classifier import Array, Classifier, NumberSpace, classifier_document, read_as
from analysis.subjects.graph import Edge, Graph, Masks, Node
from analysis.subjects.perceptron.mlp import activation_bound, next_circuit_layer, pre_activations
from analysis.subjects.perceptron.network import Network
from analysis.subjects.subject import Rules, Slope, SubjectKind

FORMAT: Final = "pluriscope-elman/1"
MAX_EDGES: Final = 256
"""Of the unrolled network."""
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
        """The whole network.

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

    @cached_property
    def layers(self) -> tuple[Array, ...]:
        """What is read at each step and by the outputs of the whole network, and these."""
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
        n_edges = n_units * (shapes[0][0] * network.n_inputs - n_units + n_outputs)
        if n_edges > MAX_EDGES:
            cause = f"has {n_edges:,} edges over {shapes[0][0]} steps, and {MAX_EDGES} are the most"
            raise BeyondLimits("model", cause, "use fewer hidden units or shorter rows")
        return np.array(arrays)

    @property
    def bound(self) -> float:
        """By one step after the other."""
        cell = self.network
        step = Network(cell.weights[:1], cell.biases[:1], cell.activation, cell.activation, cell.negative_slope)
        bound = float(np.abs(self.data).max())
        for _ in range(self.data.shape[1] - 1):
            bound = activation_bound(step, bound)
        return activation_bound(cell, bound)

    def space(self, rules: Rules) -> ElmanSpace:
        return ElmanSpace(self, rules["granularity"] == "neurons", rules["ablation"] == "mean")


@dataclass(frozen=True)
class _Shape:
    """What decides how many circuits there are of each size."""

    nodes: bool
    steps: int
    inputs: int
    units: int
    outputs: int  # 0 with nodes
    n_bits: int


class ElmanSpace(NumberSpace):
    """The circuits of an Elman network.

    A unit takes part at a step if it reads something that does, and something that does reads it.

    Args:
        subject: the network.
        nodes: whether masks name units at steps, otherwise edges.
        means: whether what is absent carries its mean, otherwise 0.
    """

    def __init__(self, subject: Elman, nodes: bool, means: bool) -> None:
        self._subject: Elman = subject
        self._means = means
        (_, steps, inputs), units, outputs = subject.data.shape, subject.n_units, len(subject.outputs)
        # the edges [readers, sources] into each step, the first of which has no step before, and into the outputs
        each = [(units, inputs), *[(units, inputs + units)] * (steps - 1), (outputs, units)]
        *ends, self._n_edges = accumulate(readers * sources for readers, sources in each)
        *self._into, self._out = (
            edges.reshape(size) for edges, size in zip(np.split(np.arange(self._n_edges), ends), each, strict=True)
        )
        self.n_bits = steps * units if nodes else self._n_edges
        self._shape = _Shape(nodes, steps, inputs, units, 0 if nodes else outputs, self.n_bits)

    @cached_property
    def graph(self) -> Graph:
        shape = self._shape
        nodes = [
            Node(f"x{t}.{i}", f"x{t}.{i}", 0, False, looks=False)
            for t in range(1, shape.steps + 1)
            for i in range(shape.inputs)
        ]
        edges, before = list[Edge](), list[int]()
        for t in range(1, shape.steps + 1):
            sources = [*range((t - 1) * shape.inputs, t * shape.inputs), *before]
            before = [*range(len(nodes), len(nodes) + shape.units)]
            nodes += [Node(f"h{t}.{k}", f"h{t}.{k}", t, looks=False) for k in range(shape.units)]
            edges += [Edge(source, target) for target in before for source in sources]
        for k, label in enumerate(self._subject.outputs):
            edges += [Edge(source, len(nodes)) for source in before]
            nodes.append(Node(f"y{k}", label, shape.steps + 1, False, looks=False))
        return Graph(tuple(nodes), tuple(edges), "nodes" if shape.nodes else "edges")

    @property
    def possible(self) -> int:
        return sum(self.possible_by_bits.values())

    @cached_property
    def possible_by_bits(self) -> dict[int, int]:
        counts = enumerate(_digits(_from(self._shape, _first(self._shape, 0, 0)), self.n_bits + 1))
        return {bits: count for bits, count in counts if count and (bits or self._shape.nodes)}

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        """Reader by reader, by exact counts of what may follow."""
        masks, dice = np.zeros((len(bits), self.n_bits), dtype=np.bool_), random.Random(chance.bytes(32))  # noqa: S311
        shape = self._shape
        nodes = np.arange(self.n_bits).reshape(shape.steps, -1, 1) if shape.nodes else ()
        for mask, left in zip(masks, bits.tolist(), strict=True):
            active = list[int]()
            for step, readers in enumerate(nodes if shape.nodes else (*self._into, self._out)):
                inputs = shape.inputs if step < shape.steps else 0
                free, waiting, active = [*range(inputs)], [inputs + unit for unit in active], list[int]()
                for reader, into in enumerate(readers):
                    place = step, reader, len(free), len(waiting), len(active)
                    options, ends = _options(shape, place, left)
                    new, kept = options[bisect_right(ends, dice.randrange(ends[-1]))]
                    if new < 0:
                        continue
                    dice.shuffle(waiting)
                    mask[into if shape.nodes else into[waiting[:new] + dice.sample(free, kept - new)]] = True
                    free, waiting, left = free + waiting[:new], waiting[new:], left - kept
                    active += [reader] if step < shape.steps else []
        return masks

    def reduce(self, masks: Masks) -> Masks:
        left, units, inputs = masks.copy(), self._shape.units, self._shape.inputs
        if self._shape.nodes:  # a step is read only where some unit of each later one is there
            there = left.reshape(len(left), -1, units)
            read: Masks = np.logical_and.accumulate(np.any(there, axis=2)[:, ::-1], axis=1)[:, ::-1]
            return (there & read[:, :, None]).reshape(masks.shape)
        reached: Masks = np.zeros((len(left), 0), dtype=np.bool_)
        for into in self._into:
            left[:, into[:, inputs:]] &= reached[:, None]
            reached = np.any(left[:, into], axis=2)
        left[:, self._out] &= reached[:, None]
        read = np.any(left[:, self._out], axis=1)
        for into in reversed(self._into):
            left[:, into] &= read[:, :, None]
            read = np.any(left[:, into[:, inputs:]], axis=1)
        return left

    @cached_property
    def _absent(self) -> list[Array]:
        """What absent edges into each step and into the outputs carry."""
        read = self._subject.layers[:-1]
        return [mean(one) if self._means else np.zeros(one.shape[1]) for one in read]

    def run_from(self, masks: Masks, row: int) -> Array:
        return self._outputs(masks, [layer[row] for layer in self._subject.layers[:-1]])

    def _outputs(self, masks: Masks, absent: Sequence[Array]) -> Array:
        data, cell, units = self._subject.data, self._subject.network, self._shape.units
        found = np.empty((len(masks), len(data), len(self._subject.outputs)))
        at_once = max(1, _AT_ONCE // (len(data) * max(cell.sizes)))
        for start in range(0, len(masks), at_once):
            edges = self.graph.kept_edges(masks[start : start + at_once])
            state = np.zeros((len(edges), units, len(data)))
            for step, into in enumerate(self._into):
                kept = edges[:, into]
                kept = np.pad(kept, ((0, 0), (0, 0), (0, cell.n_inputs - kept.shape[2])))  # of the first step
                given = np.broadcast_to(data[:, step].T, (len(edges), self._shape.inputs, len(data)))
                carried = absent[step], absent[step + 1][-units:]
                state = next_circuit_layer(cell, 1, kept, np.concatenate([given, state], axis=1), carried)
            outputs = next_circuit_layer(cell, 2, edges[:, self._out], state, (absent[0], absent[-1]))
            found[start : start + at_once] = outputs.swapaxes(1, 2)
        return found

    def effects(self, slope: Slope, at: float) -> Array:
        """By one pass back through all steps."""
        subject, inputs, cell = self._subject, self._shape.inputs, self._subject.network
        resting = np.array([carried[:inputs] for carried in self._absent[:-1]])
        read, sums = subject.run_through(resting + at * (subject.data - resting))
        lost = [carried - layer for carried, layer in zip(self._absent, subject.layers, strict=False)]
        above, weights, each = slope(sums[-1], slice(None)), cell.weights[1], list[Array]()
        for step in range(self._shape.steps, -1, -1):
            effect = inner(np.ascontiguousarray(above.T), np.ascontiguousarray(lost[step].T)) * weights / len(above)
            each.insert(0, effect if step else effect[:, :inputs])
            if step:
                back = inner(above, np.ascontiguousarray(weights[:, -self._shape.units :].T))
                above = back * cell.function_of(1).slope(sums[step - 1], read[step][:, -self._shape.units :])
                weights = cell.weights[0]
        if self._shape.nodes:  # a unit that is not there is cut from all that read it
            return np.concatenate([np.add.accumulate(one, axis=0)[-1][-self._shape.units :] for one in each[1:]])
        return np.concatenate([one.ravel() for one in each])


# Numbers of circuits by their bits are digits of one number, to a base that none of them reaches.
_Place = tuple[int, int, int, int, int]
"""A step, or the outputs after the last, and of its readers one; how many sources it may read beside those that are
still to be read by some reader; how many of these; how many units of the step take part.
"""


def _choices(shape: _Shape, place: _Place) -> Iterator[tuple[_Place, int, int]]:
    """What a reader may do: the next one's place, the ways by their bits, and how many sources that waited it reads."""
    step, reader, others, waiting, active = place
    weight, unit = 1 << shape.n_bits + 1, step < shape.steps
    if unit:
        yield (step, reader + 1, others, waiting, active), 1, -1  # takes no part
    if shape.nodes:
        yield (step, reader + 1, others + waiting, 0, active + 1), weight, waiting
        return
    for new in range(waiting + 1):
        ways = comb(waiting, new) * ((1 + weight) ** others - (unit and not new)) * weight**new
        yield (step, reader + 1, others + new, waiting - new, active + unit), ways, new


@lru_cache(1 << 16)
def _from(shape: _Shape, place: _Place) -> int:
    """The ways for a reader and all after it."""
    step, reader, _, waiting, active = place
    if reader < (shape.units if step < shape.steps else shape.outputs):
        return sum(ways * _from(shape, onward) for onward, ways, _ in _choices(shape, place))
    if waiting or step == shape.steps:
        return int(not waiting)
    return _from(shape, _first(shape, step + 1, active))


def _first(shape: _Shape, step: int, before: int) -> _Place:
    """The place of a step's first reader; outputs, which masks of nodes do not name, read the last units alone."""
    if step < shape.steps:
        return step, 0, shape.inputs, before, 0
    return step, 0, 0, 0 if shape.nodes else before, 0


@lru_cache(1 << 12)
def _digits(number: int, width: int) -> tuple[int, ...]:
    return tuple(number >> at & (1 << width) - 1 for at in range(0, number.bit_length(), width))


@lru_cache(1 << 16)
def _options(shape: _Shape, place: _Place, left: int) -> tuple[list[tuple[int, int]], list[int]]:
    """How many that waited a reader may read, and its bits, with so many left for it and all after it; and the ways,
    added up.
    """
    found = {}
    for onward, ways, new in _choices(shape, place):
        after = _digits(_from(shape, onward), shape.n_bits + 1)
        for kept, count in enumerate(_digits(ways, shape.n_bits + 1)):
            if count and 0 <= left - kept < len(after):
                found[new, kept] = count * after[left - kept]
    return [*found], [*accumulate(found.values())]


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
    traits=frozenset(),
    module="analysis.explaining.graphs",
)
