"""Running a network with some edges absent, as discovery methods do it while they search.

A *raw* mask need not be a circuit. A present edge carries what its source has in the masked run, an absent edge what
the ablation says, and a neuron without any edge in still computes its activation from its bias and from what its absent
edges carry. Sums are taken in the order of :mod:`pluriscope.analysis.subjects.perceptron.mlp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.search import decide_right
from pluriscope.analysis.discovery.masked_subject import Closed, MaskedSubject
from pluriscope.analysis.discovery.selection import Scores
from pluriscope.analysis.errors import InvalidMask, InvalidMethod
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.decisions import decided_right
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.subjects.graph import Graph, perceptron_graph
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, mask_array, possible_circuit
from pluriscope.analysis.subjects.perceptron.gradients import backward
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward_pass, keep_matrices
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.subject import Slope

Array = NDArray[np.float64]
RowRule = Literal["zero", "mean", "pairs"]
Metric = Literal["margin", "mse"]
ROW_RULES: Final[tuple[RowRule, ...]] = ("zero", "mean", "pairs")
METRICS: Final[tuple[Metric, ...]] = ("margin", "mse")
MAX_PAIRS: Final = 20_000


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that a method runs on, with the values of absent edges there.

    Args:
        inputs: ``[rows, n0]``.
        labels: ``[rows]`` 0 or 1.
        absent: ``[n_l, rows]`` for layers 0 … L − 1.
    """

    inputs: Array
    labels: Array
    absent: tuple[Array, ...]


def rows_of(question: Question, rule: RowRule) -> Rows:
    """The rows of an ablation.

    Args:
        question: whose clean rows and task.
        rule: "zero": every clean row, absent edges carry 0. "mean": every clean row, they carry their source's mean
            activation over these in the whole network. "pairs": every ordered pair (x, c) of rows with different
            labels, x slow, run on x, absent edges carry their source's activation on c.

    Raises:
        InvalidMethod: pairs of a task that is constant on the rows, or more of them than are run.
    """
    network = question.network
    rows, labels = question.method_rows
    layers = activations(network, rows)[:-1]
    if rule == "zero":
        return Rows(rows, labels, tuple(np.zeros((layer.shape[1], len(rows))) for layer in layers))
    if rule == "mean":
        means = (fixed_order.mean(layer) for layer in layers)
        return Rows(rows, labels, tuple(np.repeat(mean[:, None], len(rows), axis=1) for mean in means))
    n_pairs = 2 * int((labels == 0).sum()) * int((labels == 1).sum())
    if n_pairs > MAX_PAIRS:
        raise InvalidMethod(
            "ablation pairs",
            f"there are {n_pairs:,} pairs of rows, above the limit of {MAX_PAIRS:,}",
            "use zero or mean",
        )
    run, carried = np.nonzero(labels[:, None] != labels[None, :])
    if not len(run):
        raise InvalidMethod(
            "ablation pairs", "the task is constant, so no two rows have different labels", "use zero or mean"
        )
    return Rows(rows[run], labels[run], tuple(layer[carried].T for layer in layers))


def masked_outputs(network: Network, keep: Sequence[NDArray[np.bool_]], rows: Rows) -> Array:
    """Outputs ``[masks, rows]`` of raw masks.

    Args:
        network: cut to one output.
        keep: kept edges ``[masks, n_l, n_(l−1)]`` for layers 1 … L.
        rows: what to run on.
    """
    values = np.broadcast_to(rows.inputs.T, (len(keep[0]), network.n_inputs, len(rows.inputs)))
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            kept, carried = keep[layer - 1], rows.absent[layer - 1]
            total = np.broadcast_to(biases[:, None], (len(kept), len(biases), values.shape[2]))
            for index in range(values.shape[1]):
                present = np.where(kept[:, :, index, None], values[:, index, None, :], carried[index])
                total = total + present * weights[:, index, None]
            values = network.function_of(layer).value(total)
    return values[:, 0]


def outputs_of_masks(question: Question, masks: NDArray[Any], rows: Rows) -> Array:
    """Compute the outputs of masks as integers, ``[masks, rows]``, as :func:`masked_outputs` does of kept edges."""
    return masked_outputs(question.network, keep_matrices(masks, question.layout), rows)


def metric_of(outputs: Array, labels: Array, metric: Metric) -> Array:
    """The mean of a metric over the last axis; larger is better.

    Args:
        outputs: ``[…, rows]``.
        labels: ``[rows]``.
        metric: "margin": (2y − 1) · f; "mse": −(f − y)².
    """
    with np.errstate(over="ignore", invalid="ignore"):
        values = (2.0 * labels - 1.0) * outputs if metric == "margin" else -((outputs - labels) ** 2)
        mean: Array = np.add.accumulate(values, axis=-1)[..., -1] / values.shape[-1]
    return mean


def metric_slope(outputs: Array, labels: Array, metric: Metric) -> Array:
    """The derivative of the metric of each row by its output."""
    return 2.0 * labels - 1.0 if metric == "margin" else -2.0 * (outputs - labels)


def edge_scores(network: Network, changes: Sequence[Array], slopes: Sequence[Array]) -> Array:
    """Compute the mean over rows of change at the source · weight · derivative at the target, ``[edges]``.

    Args:
        network: cut to one output.
        changes: ``[n_l, rows]`` for layers 0 … L − 1: what the source would carry less what it carries.
        slopes: from :func:`pluriscope.analysis.subjects.perceptron.gradients.backward`, for layers 1 … L.
    """
    scores = []
    for layer, weights in enumerate(network.weights):
        products = slopes[layer][:, None] * changes[layer][None]  # [out, in, rows]
        mean = np.add.accumulate(products, axis=2)[:, :, -1] / products.shape[2]
        scores.append((mean * weights).reshape(-1))
    return np.concatenate(scores)


def closed(raw: int, layout: EdgeLayout) -> Closed:
    """The circuit of a raw mask: what is left once edges that lead nowhere or come from nowhere are dropped.

    Repeated until nothing changes: the edges out of a hidden neuron without an edge in are dropped, and the edges into
    one without an edge out. What is left need not be a possible circuit: an input may have no edge, or nothing may be
    left. A neuron that has an edge out and none in in the raw mask is *severed*: its bias alone spoke for it.
    """
    into, out_of = layout.edges_into, layout.edges_out_of
    hidden = [(layer, neuron) for layer, size in enumerate(layout.sizes[1:-1], 1) for neuron in range(size)]
    severed = tuple((layer, one) for layer, one in hidden if raw & out_of[layer][one] and not raw & into[layer][one])
    mask, before = raw, -1
    while mask != before:
        before = mask
        for layer, neuron in hidden:
            if not (mask & into[layer][neuron] and mask & out_of[layer][neuron]):
                mask &= ~(into[layer][neuron] | out_of[layer][neuron])
    try:
        possible_circuit(mask, layout)
    except InvalidMask:
        return Closed(mask, severed, possible=False)
    return Closed(mask, severed, possible=True)


@dataclass(frozen=True, eq=False)
class MaskedPerceptron(MaskedSubject):
    """An output of a network under an ablation.

    Args:
        question: with the network and the task.
        rows: of the ablation.
    """

    question: Question
    rows: Rows
    kept: dict[Any, Any] = field(default_factory=dict)

    measures = ("margin", "mse", "kl", "decision")

    @classmethod
    def of(cls, question: Question, ablation: object) -> MaskedPerceptron:
        """The network under an ablation.

        Raises:
            InvalidMethod: pairs of a constant task, or too many of them.
        """
        return cls(question, rows_of(question, cast(RowRule, ablation)))

    @property
    def graph(self) -> Graph:
        return perceptron_graph(self.question.layout.sizes)

    @property
    def weights(self) -> Array:
        return np.concatenate([np.abs(weights).reshape(-1) for weights in self.question.network.weights])

    @cached_property
    def _whole(self) -> Array:
        """Outputs of the whole network ``[1, rows]``."""
        return self.outputs([(1 << self.n_bits) - 1])

    def outputs(self, masks: Sequence[int]) -> Array:
        return outputs_of_masks(self.question, mask_array(masks, self.question.layout), self.rows)

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """Compute how far each masked network is from the whole one: "mse" is the mean squared difference, "kl" the
        divergence of Bernoulli variables with these logits, "decision" the number of rows decided wrong.
        """
        outputs = self.outputs(masks)
        with np.errstate(over="ignore", invalid="ignore"):
            if loss == "decision":
                right = decided_right(outputs, self.rows.labels, self.question.protocol.circuit_decision)
                return [float(wrong) for wrong in (~right).sum(axis=1)]
            each = (outputs - self._whole) ** 2 if loss == "mse" else bernoulli_divergence(self._whole, outputs)
            return [float(total / each.shape[1]) for total in np.add.accumulate(each, axis=1)[:, -1]]

    def measured(self, masks: Sequence[int], settings: Settings) -> list[float]:
        """The metric "margin", whatever the settings."""
        found: list[float] = metric_of(self.outputs(masks), self.rows.labels, "margin").tolist()
        return found

    def right_rows(self, raw: int) -> NDArray[np.bool_]:
        """Decide on which rows a raw mask is right by the protocol's rule for circuits, ``[rows]``."""
        found: NDArray[np.bool_] = decided_right(
            self.outputs([raw])[0], self.rows.labels, self.question.protocol.circuit_decision
        )
        return found

    def is_right(self, raw: int) -> bool:
        """Decide whether a mask is right on every row."""
        return bool(self.right_rows(raw).all())

    def left(self, raw: int) -> Closed:
        """Return the circuit that is left of a raw mask, by :func:`closed`."""
        return closed(raw, self.question.layout)

    def in_space(self, circuit: Closed) -> bool:
        """Whether that is one of the circuits that the protocol looks at."""
        layout, protocol = self.question.layout, self.question.protocol
        return circuit.possible and in_space(Circuit(layout, circuit.mask).n_neurons, layout.sizes, protocol)

    def are_valid(self, circuits: Sequence[Closed]) -> list[bool]:
        """Judge circuits by the protocol."""
        inside = [one.mask for one in circuits if self.in_space(one)]
        right = decide_right(self.question, mask_array(inside, self.question.layout)) if inside else ()
        valid = {mask for mask, answer in zip(inside, right, strict=True) if answer}
        return [one.mask in valid for one in circuits]

    def changes(self, settings: Settings) -> Scores:
        """Compute the change of the metric that settings name, by running each mask."""
        values = metric_of(self.outputs(self.each_removed), self.rows.labels, cast(Metric, settings["metric"]))
        return Scores(values[1:] - values[0])

    def first_order(self, settings: Settings, points: Sequence[float]) -> Scores:
        """Compute the change of the metric that settings name, to first order."""
        return Scores(self._first_order(self._slope(str(settings["metric"])), points))

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute effects by one pass back through the network."""
        return self._first_order(slope, [at])

    def _first_order(self, slope: Slope, points: Sequence[float]) -> Array:
        network, rows = self.question.network, self.rows
        clean = tuple(layer.T for layer in activations(network, rows.inputs))
        start = rows.absent[0].T
        total = [np.zeros(layer.shape) for layer in clean[1:]]
        for point in points:
            inputs = rows.inputs if point == 1.0 else start + point * (rows.inputs - start)
            sums, moved = ([one.T for one in found] for found in forward_pass(network, inputs))
            by_output = slope(moved[-1][0], slice(None))
            total = [sum_ + here for sum_, here in zip(total, backward(network, sums, moved, by_output), strict=True)]
        slopes = [sum_ / len(points) for sum_ in total]
        changes = [absent - layer for absent, layer in zip(rows.absent, clean, strict=False)]
        return edge_scores(network, changes, slopes)

    def moved_slopes(self, settings: Settings, moved: float) -> Array:
        """Compute derivatives of the metric that settings name."""
        return self._moved_slopes(np.full(self.n_bits, moved), self._slope(str(settings["metric"])))

    def gradients(self, gates: Array, slope: Slope) -> Array:
        """Compute derivatives by one pass forth and back."""
        return -self._moved_slopes(1.0 - gates, slope)

    def _moved_slopes(self, moved: Array, slope: Slope) -> Array:
        """Compute the derivatives by how far each edge has gone to what it carries when absent, ``[edges]``."""
        network, rows, layout = self.question.network, self.rows, self.question.layout
        given, layers, gone = [], [rows.inputs.T], list[Array]()
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            values, absent = layers[-1], rows.absent[layer - 1]
            gone.append(moved[layout.offsets[layer - 1] : layout.offsets[layer]].reshape(weights.shape))
            sums = np.broadcast_to(biases[:, None], (len(biases), values.shape[1]))
            for index in range(len(values)):
                carried = values[index] + gone[-1][:, index, None] * (absent[index] - values[index])
                sums = sums + carried * weights[:, index, None]
            given.append(sums)
            layers.append(network.function_of(layer).value(sums))
        slopes = backward(network, given, layers, slope(layers[-1][0], slice(None)), [1.0 - one for one in gone])
        return edge_scores(network, [absent - one for absent, one in zip(rows.absent, layers, strict=False)], slopes)

    def slope(self, measure: str) -> Slope:
        """Return the derivative of "margin", or of a loss that has one."""
        if measure == "margin":
            return self._slope(measure)
        whole = self._whole[0]
        if measure == "mse":
            return lambda outputs, _: 2.0 * (outputs - whole)
        return lambda outputs, _: _share(outputs) - _share(whole)

    def _slope(self, metric: str) -> Slope:
        return lambda outputs, _: metric_slope(outputs, self.rows.labels, cast(Metric, metric))


def bernoulli_divergence(p_logits: Array, q_logits: Array) -> Array:
    """The divergence of Bernoulli variables with these logits, from differences of softplus."""
    share = _share(p_logits)
    on = np.logaddexp(0.0, -q_logits) - np.logaddexp(0.0, -p_logits)
    off = np.logaddexp(0.0, q_logits) - np.logaddexp(0.0, p_logits)
    found: Array = share * on + (1.0 - share) * off
    return found


def _share(logits: Array) -> Array:
    """Return the probability of the answer that positive logits speak for, from 0 to 1."""
    with np.errstate(over="ignore"):
        share: Array = 1.0 / (1.0 + np.exp(-logits))
    return share
