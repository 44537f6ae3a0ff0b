"""Perceptrons by coarser grains than their edges, decided by the largest of several outputs, which are linear.

A circuit is a set of hidden neurons, or of edges into and out of the last hidden layer, which then reads the layer
below as it is in the whole network. The arithmetic is that of :mod:`pluriscope.analysis.subjects.perceptron.mlp`: what
is absent carries 0 or its mean over the rows, and the biases of neurons that take part stay. Outputs are there in every
circuit.

Between two classes the difference of the logits decides, so that edges lead to this difference: whatever is added to
both logits changes no decision, and must change no circuit. Among more classes nothing of the kind is left to read, and
edges lead to every logit.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import comb, prod
from typing import Annotated, Any, ClassVar, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.errors import BeyondLimits, InvalidData, InvalidNetwork, InvalidProtocol
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.graph import Edge, Graph, Masks, Node
from pluriscope.analysis.subjects.perceptron.gradients import backward, site_slopes
from pluriscope.analysis.subjects.perceptron.logits import difference_of
from pluriscope.analysis.subjects.perceptron.mlp import (
    MAX_ACTIVATION,
    activation_bound,
    activations,
    forward_pass,
    means,
    next_circuit_layer,
    run_sites,
    zeros,
)
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.subject import Change, Rules, Slope, Space, Subject
from pluriscope.analysis.subjects.trained import StepRecord
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.analysis.values.strict_json import MAX_TEXT, number_array, validated

Array = NDArray[np.float64]
C = TypeVar("C", bound="Classifier")
FORMAT: Final = "pluriscope-classifier/1"
MAX_ROWS: Final = 4_096
MAX_BITS: Final = 4_096
"""Of a mask."""
MAX_MULTIPLICATIONS: Final = 1 << 28
"""Of the whole network on all rows: a second."""
_FILE: Final = "model file"
_FILES: Final = (
    "pluriscope.analysis.network_files.files"  # knows what is planted and edited, which stands above this room
)
_CURE: Final = "give what docs/machine-interface.md says of model files"
_AT_ONCE: Final = 1 << 17  # activations in one array, so that it stays in the processor's cache
_ROUNDING: Final = 1e-9  # of the largest sum: more than 2⁻⁵³ for each addition of some thousand in some layers


@dataclass(frozen=True, eq=False, repr=False)
class Classifier(Described, Subject):
    """A perceptron with rows of numbers, as a subject.

    Args:
        network: its last layer is linear.
        outputs: the names of the classes.
        data: ``[rows, inputs]``.
        answers: ``[rows]`` the class of each.
        task: the name of the task.
        remarks: what is to be said of how it was read, one sentence each.
        training: the training that its file says it is a checkpoint of, None for none.
        read_from: the digest of the network that it is another reading of; "" for none.
    """

    format: ClassVar[str] = FORMAT
    name: str
    network: Network
    outputs: tuple[str, ...]
    data: Array
    answers: NDArray[np.int64]
    task: str = ""
    attribution: str = ""
    remarks: tuple[str, ...] = ()
    training: StepRecord | None = None
    read_from: str = ""

    @cached_property
    def digest(self) -> str:
        return self.read_from or sha256_hex(self.format.encode(), b"\n", self.network.digest.encode())

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        right = int((self.layers[-1].argmax(axis=1) == self.answers).sum())
        return (
            ("Layers", "-".join(map(str, self.network.sizes))),
            ("Activation", self.network.function_of(1).text),
            ("Classes", ", ".join(self.outputs)),
            ("Right itself", f"{right:,} of {len(self.data):,} rows"),
        )

    @property
    def inputs(self) -> Array:
        return self.data

    def run_sites(self, data: Array, change: Change) -> Array:
        return run_sites(self.network, data, change)

    def site_slopes(self, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
        return site_slopes(self.network, values, by_outputs)

    @cached_property
    def layers(self) -> tuple[Array, ...]:
        """Activations ``[rows, n_l]`` of the whole network."""
        return activations(self.network, self.data)

    @staticmethod
    def data_of(rows: list[Any], network: Network) -> Array:
        """The rows of a file as an array.

        Raises:
            AnalysisError: they do not fit the network, or it is of another kind.
        """
        data = number_array(rows, "rows", 2, InvalidData)
        if network.n_hidden_layers == 0:
            cause = f"is {'-'.join(map(str, network.sizes))}"
            raise InvalidNetwork("network", cause, "give a hidden layer or more")
        if data.shape[1] != network.n_inputs:
            cause = f"have {data.shape[1]} numbers, and the network has {network.n_inputs} inputs"
            raise InvalidData("rows", cause, "give a number for each input")
        return data

    @property
    def bound(self) -> float:
        """Bound above every number in any circuit; inf if float64 may overflow."""
        return activation_bound(self.network, float(np.abs(self.data).max()))

    @property
    def n_multiplications(self) -> int:
        """The number of multiplications of the whole network on all rows."""
        return len(self.data) * sum(one.size for one in self.network.weights)

    def judged_as(self, other: Classifier) -> Any:
        self.network.judged_as(other.network)
        return super().judged_as(other)

    def space(self, rules: Rules) -> Space:
        """Return the circuits of the network under some rules.

        Raises:
            InvalidProtocol: masks would have too many bits.
        """
        grain, two = rules["granularity"], len(self.outputs) == 2
        item = f"circuits by {grain}"
        if grain == "last-edges" and not two:
            cause = f"are not defined of {len(self.outputs)} logits: what is added to all of them changes no decision"
            raise InvalidProtocol(item, cause, "use logit-edges, or neurons")
        space = ClassifierSpace(self, grain, means=rules["ablation"] == "mean")
        if grain == "logit-edges" and not self.network.weights[-1].any(axis=1).all():
            cause = "would have edges to an output that is the same on every row"
            raise InvalidProtocol(item, cause, f"use {'last-edges or ' * two}neurons")
        if space.n_bits > MAX_BITS:
            cause = f"make masks of {space.n_bits:,} bits, and {MAX_BITS:,} is the most"
            raise InvalidProtocol(item, cause, "use neurons, or a smaller network")
        return space


def changed(change: Change | None, names: Sequence[str], layer: Array) -> Array:
    """A layer ``[masks, nodes, …, rows]`` as a change leaves it, which is asked of a single circuit.

    Args:
        change: as of :meth:`~pluriscope.analysis.subjects.subject.Space.run_sites`; None for none.
        names: of the nodes.
        layer: the values of each node, of which those of a row are one vector.
    """
    if change is None:
        return layer
    vectors = [one.reshape(-1, one.shape[-1]).T[:, None] for one in layer[0]]
    found = [change(name, one)[:, 0].T for name, one in zip(names, vectors, strict=True)]
    return np.stack(found).reshape(layer.shape)


class ClassifierSpace(Space):
    """The circuits of a classifier.

    Their bits are in blocks of parts: a circuit has of each block nothing, or something of every part.

    Args:
        subject: the classifier.
        grain: what a bit stands for: "neurons"; "last-edges", those into and out of the last hidden layer, which lead
            to the difference of two logits; or "logit-edges", which lead to each logit.
        means: whether what is absent carries its mean, otherwise 0.
    """

    _subject: Classifier

    def __init__(self, subject: Classifier, grain: str, *, means: bool) -> None:
        super().__init__(subject, means)
        nodes = self._nodes = grain == "neurons"
        self._difference = grain == "last-edges"
        whole = difference_of(subject.network) if self._difference else subject.network
        self._first = 1 if nodes else whole.n_hidden_layers - 1  # the layer whose values are given
        parts = whole.weights[self._first :], whole.biases[self._first :]
        self._network = Network(*parts, whole.activation, whole.output_activation, whole.negative_slope)
        self._sizes = self._network.sizes
        self._n_edges = sum(a * b for a, b in pairwise(self._sizes))
        if nodes:  # a neuron of every layer
            self._blocks = [np.split(np.arange(sum(self._sizes[:-1])), np.cumsum(self._sizes[:-2]))]
        else:  # of each neuron an edge in and an edge out
            n, hidden, n_out = self._sizes
            into, out_of = np.split(np.arange((n + n_out) * hidden), [n * hidden])
            pairs = zip(into.reshape(hidden, n), out_of.reshape(n_out, hidden).T, strict=True)
            self._blocks = [list(pair) for pair in pairs]
        self._parts = tuple(tuple(map(len, block)) for block in self._blocks)
        self.n_bits = sum(map(sum, self._parts))

    @cached_property
    def graph(self) -> Graph:
        first, last = self._first, len(self._subject.network.weights)
        nodes, before, edges = list[Node](), range(0), list[Edge]()
        if self._nodes:
            nodes, before = [Node("x", "inputs", 0, False, looks=False)], range(1)
        for layer, size in enumerate(self._sizes, start=first):
            there = range(len(nodes), len(nodes) + size)
            for k in range(size):
                name = f"y{k}" if layer == last else f"{layer}.{k}" if layer else f"x{k}"
                label = self._subject.outputs[k] if layer == last else f"n{name}" if layer else name
                if self._difference and layer == last:
                    label = "y"
                removable = layer < last and len(before) > 0
                nodes.append(Node(name, label, layer - first + self._nodes, removable, looks=False))
            edges += [Edge(source, target) for target in there for source in before]
            before = there
        return Graph(tuple(nodes), tuple(edges), "nodes" if self._nodes else "edges")

    @cached_property
    def possible(self) -> int:
        ways = (1 + prod((1 << n) - 1 for n in block) for block in self._parts)
        return prod(ways) - (not self._nodes)

    @cached_property
    def possible_by_bits(self) -> dict[int, int]:
        return {bits: count for bits, count in sorted(_of_blocks(self._parts)[1][0].items()) if bits or self._nodes}

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        masks, dice = np.zeros((len(bits), self.n_bits), dtype=np.bool_), random.Random(chance.bytes(32))  # noqa: S311
        for mask, n_bits in zip(masks, bits.tolist(), strict=True):
            sizes = _split(n_bits, *_of_blocks(self._parts), dice)
            for block, parts, size in zip(self._blocks, self._parts, sizes, strict=True):
                for part, k in zip(block, _split(size, *_of_parts(parts), dice) if size else (), strict=False):
                    mask[dice.sample(part.tolist(), k)] = True
        return masks

    def reduce(self, masks: Masks) -> Masks:
        left = masks.copy()
        for block in self._blocks:
            every: Masks = np.all([masks[:, part].any(axis=1) for part in block], axis=0)
            left[:, np.concatenate(block)] &= every[:, None]
        return left

    def kept(self, masks: Masks) -> list[Masks]:
        """The kept edges ``[masks, n_l, n_(l-1)]`` into each layer."""
        if not self._nodes:
            n, hidden, n_out = self._sizes
            into, out_of = np.split(masks, [n * hidden], axis=1)
            return [into.reshape(-1, hidden, n), out_of.reshape(-1, n_out, hidden)]
        there = [*(masks[:, part] for part in self._blocks[0]), np.ones((len(masks), self._sizes[-1]), dtype=np.bool_)]
        return [above[:, :, None] & below[:, None, :] for below, above in pairwise(there)]

    @property
    def carried(self) -> tuple[Array, ...]:
        """Activations by layer."""
        return self._subject.layers[self._first : -1]

    @cached_property
    def absent(self) -> tuple[Array, ...]:
        return means(self._subject.layers[self._first :]) if self._means else zeros(self._sizes)

    def outputs(self, masks: Masks, absent: Any, data: Array | None = None, change: Change | None = None) -> Array:
        layers = self._subject.layers if data is None else activations(self._subject.network, data)
        given, first = layers[self._first], self._first
        found, at_once = (
            np.empty((len(masks), len(given), self._sizes[-1])),
            _AT_ONCE // (len(given) * max(self._sizes)),
        )
        for start in range(0, len(masks), max(1, at_once)):
            some = slice(start, start + max(1, at_once))
            kept = self.kept(masks[some])
            values = np.broadcast_to(given.T, (len(kept[0]), *given.T.shape))
            for layer, into in enumerate(kept, start=1):
                if layer > 1 or self._nodes:
                    names = [f"{first + layer - 1}.{k}" for k in range(values.shape[1])]
                    values = changed(change, names, values)
                values = next_circuit_layer(self._network, layer, into, values, absent)
            found[some] = values.swapaxes(1, 2)
        return self._logits(found)

    def _logits(self, outputs: Array) -> Array:
        """Outputs ``[…, outputs]`` as logits: of a difference 0 and it."""
        return np.concatenate([np.zeros_like(outputs), outputs], axis=-1) if self._difference else outputs

    def quickly(self, masks: Masks) -> Array:
        """Run circuits as :meth:`run` does, by matrix products, which sum in an order of their own."""
        values: Array = self._subject.layers[self._first]
        for layer, (kept, absent) in enumerate(zip(self.kept(masks), self.absent, strict=False), start=1):
            weights, biases = self._network.weights[layer - 1], self._network.biases[layer - 1]
            sums = values @ np.swapaxes(weights * kept, 1, 2) + ((weights * ~kept) @ absent + biases)[:, None]
            values = self._network.function_of(layer).value(sums)
        return self._logits(values)

    @cached_property
    def rounding(self) -> float:
        """Bound above the rounding error of the sums of any circuit."""
        return _ROUNDING * activation_bound(self._network, float(np.abs(self._subject.layers[self._first]).max()))

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute effects by one pass back through the network."""
        given, absent = self._subject.layers[self._first], self.absent
        sums, layers = (
            [one.T for one in found] for found in forward_pass(self._network, absent[0] + at * (given - absent[0]))
        )
        by_logits = slope(self._logits(np.ascontiguousarray(layers[-1].T)), slice(None))
        slopes = backward(self._network, sums, layers, by_logits[:, -len(layers[-1]) :].T)
        lost = [carried - layer for carried, layer in zip(absent, self._subject.layers[self._first :], strict=False)]
        each = [
            inner(above, np.ascontiguousarray(below.T)) * weights / len(given)
            for above, below, weights in zip(slopes, lost, self._network.weights, strict=True)
        ]
        if self._nodes:  # a neuron that is not there is cut from all that read it
            return np.concatenate([np.add.accumulate(one, axis=0)[-1] for one in each])
        return np.concatenate([one.ravel() for one in each])


def right_counts(space: ClassifierSpace, masks: Masks) -> NDArray[np.int64]:
    """Count the rows on which circuits are right, ``[circuits]``: by quick sums, and near ties by the
    sums of ``run``.
    """
    found = []
    for some in np.split(masks, range(space.batch, len(masks), space.batch)):
        apart = space.margins(space.quickly(some))
        near = (np.abs(apart) <= 2 * space.rounding).any(axis=1)
        apart[near] = space.margins(space.run(some[near]))
        found.append((apart > 0).sum(axis=1))
    return np.concatenate(found)


def _suffixes(factors: Sequence[Mapping[int, int]]) -> list[dict[int, int]]:
    """Multiply the numbers of ways by size, from the last choice to the first: size → ways of each choice and all after
    it.
    """
    found: list[dict[int, int]] = [{0: 1}]
    for factor in reversed(factors):
        product: dict[int, int] = {}
        for size, ways in factor.items():
            for more, others in found[0].items():
                product[size + more] = product.get(size + more, 0) + ways * others
        found.insert(0, product)
    return found


@lru_cache
def _of_parts(parts: tuple[int, ...]) -> tuple[list[dict[int, int]], list[dict[int, int]]]:
    """The sets of some of so many, by size, of each part; and of it and all after it."""
    factors = [{k: comb(n, k) for k in range(1, n + 1)} for n in parts]
    return factors, _suffixes(factors)


@lru_cache
def _of_blocks(blocks: tuple[tuple[int, ...], ...]) -> tuple[list[dict[int, int]], list[dict[int, int]]]:
    """Count the sets by size, of each block and of it and all after it; a block's set may be empty."""
    factors = [{0: 1, **_of_parts(parts)[1][0]} for parts in blocks]
    return factors, _suffixes(factors)


def _split(
    total: int, factors: Sequence[Mapping[int, int]], suffixes: Sequence[Mapping[int, int]], dice: random.Random
) -> list[int]:
    """A size for each choice, each choice of this total size as likely."""
    sizes = []
    for factor, this, rest in zip(factors, suffixes, suffixes[1:], strict=False):
        rank = dice.randrange(this[total])
        for size, ways in factor.items():
            rank -= ways * rest.get(total - size, 0)
            if rank < 0:
                break
        sizes.append(size)
        total -= size
    return sizes


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(max_length=MAX_TEXT)
    rows: list[Any] = Field(min_length=1, max_length=MAX_ROWS)
    answers: list[int]


class _Own(BaseModel):
    """The keys that are not as in network files."""

    model_config = ConfigDict(strict=True)

    outputs: list[Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]]
    tasks: list[_Task] = Field(min_length=1, max_length=1)
    planted: None = None
    edited: None = None
    training: StepRecord | None = None


def read_classifier(document: dict[str, Any]) -> Classifier:
    """The classifier in a file of the format ``pluriscope-classifier/1``; arguments and errors as for
    :func:`read_as`.
    """
    return read_as(Classifier, document)


def read_as(kind: type[C], document: dict[str, Any], **more: Any) -> C:
    """The network of a kind on rows of numbers in a file.

    Args:
        kind: what the file is to be read as.
        document: the JSON object.
        more: what such networks have beside what classifiers have.

    Raises:
        AnalysisError: naming every key at fault, or else the first thing that does not fit another.
    """
    own = validated(_Own, document, _FILE, InvalidNetwork, _CURE)
    (task,), shared = own.tasks, {key: value for key, value in document.items() if key not in _Own.model_fields}
    file = function_at(f"{_FILES}:network_from")(shared, optional=("sizes", "tasks"), item=_FILE)
    network = file.network
    n_classes, answers = network.n_outputs, np.array(task.answers, dtype=np.int64)
    if network.output_activation != "linear":
        raise InvalidNetwork("network", f"ends with {network.output_activation}", "give a linear last layer")
    data = kind.data_of(task.rows, network)
    if not 2 <= n_classes == len(own.outputs) == len({*own.outputs}):
        cause = f"are {len({*own.outputs})} different names, and the last layer has {n_classes} neurons"
        raise InvalidNetwork("outputs", cause, "give two classes or more, and a name of its own for each")
    if len(answers) != len(data) or answers.min() < 0 or answers.max() >= n_classes:
        cause = f"are {len(answers):,} from {min(task.answers, default=0)} to {max(task.answers, default=0)}"
        raise InvalidData("answers", cause, f"give for each of {len(data):,} rows a class from 0 to {n_classes - 1}")
    said = {"attribution": file.attribution, "training": own.training, **more}
    found = kind(file.name, network, tuple(own.outputs), data, answers, task.name, **said)
    if found.bound > MAX_ACTIVATION:
        raise InvalidNetwork("weights and rows", "are so large that activations may exceed float64", "scale them down")
    if (needed := found.n_multiplications) > MAX_MULTIPLICATIONS:
        cause = f"takes {needed:,} multiplications on its rows; the most are {MAX_MULTIPLICATIONS:,}"
        raise BeyondLimits("model", cause, "use a smaller network or fewer rows")
    return found


def classifier_document(classifier: Classifier) -> dict[str, Any]:
    """A classifier as the JSON object of a file, from which the very same numbers are read."""
    file = function_at(f"{_FILES}:NetworkFile")(classifier.name, classifier.network, (), classifier.attribution)
    shared: dict[str, Any] = function_at(f"{_FILES}:network_file_json")(file)
    del shared["sizes"]  # which the weights have
    shared |= {} if classifier.training is None else {"training": classifier.training.model_dump()}
    return shared | {"format": classifier.format, "outputs": [*classifier.outputs], "tasks": [classifier.task_document]}
