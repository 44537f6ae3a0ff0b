"""What discovery methods search: a graph that can be cut, with what absent edges carry.

A *raw* mask goes in, losses and faithfulness come out. Of a perceptron it is run as it is
(:mod:`analysis.discovery.masked_runs`); of a model of another kind it means the circuit that
:meth:`~analysis.subjects.subject.Space.reduce` leaves of it. Bits stand for edges, or for nodes where a mask names
nodes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.search import decide_right
from analysis.discovery.masked_runs import (
    Metric,
    RowRule,
    Rows,
    edge_scores,
    metric_of,
    metric_slope,
    outputs_of_masks,
    rows_of,
)
from analysis.discovery.selection import UNDEFINED, Scores, shares_between
from analysis.errors import InvalidMask
from analysis.fixed_order import mean
from analysis.method_settings import Settings
from analysis.protocol import in_space
from analysis.question import Question
from analysis.subjects.chances import divergence, log_softmax
from analysis.subjects.enumeration import most_wrong
from analysis.subjects.graph import Graph, perceptron_graph
from analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, mask_array, possible_circuit
from analysis.subjects.perceptron.gradients import backward
from analysis.subjects.perceptron.mlp import activations, forward_pass
from analysis.subjects.subject import Space, Subject, gaps
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Closed:
    """A raw mask's circuit.

    Args:
        mask: of the edges that are left.
        severed: hidden neurons, (layer, neuron), that have an edge out and none in in the raw mask.
        possible: whether it is a structurally possible circuit.
    """

    mask: int
    severed: tuple[tuple[int, int], ...]
    possible: bool


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


class Cut(ABC):
    """What a method is given: a graph, parts of which it may leave out."""

    kept: dict[Any, Any]
    """Scores and shares that several answers have in common, by what they are of."""

    @property
    @abstractmethod
    def graph(self) -> Graph: ...

    @property
    def n_bits(self) -> int:
        return self.graph.n_bits

    @property
    def weights(self) -> Array:
        """``[bits]`` how large the weight of each bit is; zeros where a bit is no single weight."""
        return np.zeros(self.n_bits)

    @abstractmethod
    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """The loss of each raw mask."""

    @abstractmethod
    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """Faithfulness of raw masks: how far they are from the empty mask towards the whole; None where these are
        alike.
        """

    @abstractmethod
    def changes(self, settings: Settings) -> Scores:
        """What each bit alone changes when it is cut, by running it."""

    @abstractmethod
    def first_order(self, settings: Settings, points: Sequence[float]) -> Scores:
        """The same to first order, by derivatives.

        Args:
            points: where derivatives are taken and averaged: 1 in the whole, 0 where all that it is given has gone to
                what absent edges carry.
        """

    @abstractmethod
    def left(self, raw: int) -> Closed:
        """The circuit of a raw mask."""

    @abstractmethod
    def are_valid(self, circuits: Sequence[Closed]) -> list[bool]:
        """Which are valid circuits under the rules of the analysis, whatever absent edges carry here."""

    def is_valid(self, one: Closed) -> bool:
        """The same of one."""
        return self.are_valid([one])[0]

    def deleted(self, raw: int, order: Sequence[int], work: Work = DEFAULT_WORK) -> int | None:
        """The circuit that is left when bits are deleted one by one, each of which stays out if what is then left is a
        valid circuit. The order is gone through again until no single bit can be deleted from what is left, since one
        that could not be may be later.

        Args:
            raw: where it starts; from the whole if the circuit of this raw mask is not valid.
            order: of all bits, in which they are tried.
            work: told how far it is; may cancel.

        Returns:
            None where the whole is not valid either.
        """
        start = next((one for one in map(self.left, (raw, (1 << self.n_bits) - 1)) if self.is_valid(one)), None)
        if start is None:
            return None
        mask, before = start.mask, -1
        while mask != before:
            before = mask
            for done, bit in enumerate(order):
                if done % 64 == 0:
                    work.tell("methods", done, len(order), "edges tried")
                if mask >> bit & 1 and self.is_valid(without := self.left(mask & ~(1 << bit))):
                    mask = without.mask
        return mask

    def order(self, order: str, seed: int = 0) -> list[int]:
        """Every bit in the order in which it is tried, from the last layer of readers back.

        Args:
            order: "out-first": within a layer ascending; "reverse": descending bits; "by-weight": what one node reads
                by ascending weight; "shuffled": the nodes of a layer and what each reads drawn.
        """
        if order == "reverse":
            return list(range(self.n_bits))[::-1]
        random, found, weights = np.random.default_rng(seed), list[int](), self.weights
        for layer in reversed(self.graph.readers):
            drawn = random.permutation(len(layer)).tolist() if order == "shuffled" else range(len(layer))
            for read in (layer[reader] for reader in drawn):
                if order == "shuffled":
                    found += [read[place] for place in random.permutation(len(read)).tolist()]
                else:
                    found += sorted(read, key=lambda bit: weights[bit]) if order == "by-weight" else read
        return found

    @property
    def each_removed(self) -> list[int]:
        """The whole mask, then it without each bit."""
        everything = (1 << self.n_bits) - 1
        return [everything, *(everything & ~(1 << bit) for bit in range(self.n_bits))]


@dataclass(frozen=True, eq=False)
class CutNetwork(Cut):
    """One output of a network under an ablation.

    Args:
        question: with the network and the task.
        rows: of the ablation.
    """

    question: Question
    rows: Rows
    kept: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def under(cls, question: Question, ablation: object) -> CutNetwork:
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
        return np.concatenate([np.abs(weights).reshape(-1) for weights in self.question.cut.weights])

    @cached_property
    def _whole(self) -> Array:
        """Outputs of the whole network ``[1, rows]``."""
        return self._outputs([(1 << self.n_bits) - 1])

    def _outputs(self, masks: Sequence[int]) -> Array:
        return outputs_of_masks(self.question, mask_array(masks, self.question.layout), self.rows)

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """How far each masked network is from the whole one: "mse" the mean squared difference, "kl" the divergence of
        Bernoulli variables with these logits; "decision": rows that are decided wrong.
        """
        outputs = self._outputs(masks)
        with np.errstate(over="ignore", invalid="ignore"):
            if loss == "decision":
                return [float(wrong) for wrong in (decide(outputs, "rounding") != self.rows.labels).sum(axis=1)]
            each = (outputs - self._whole) ** 2 if loss == "mse" else _bernoulli(self._whole, outputs)
            return [float(total / each.shape[1]) for total in np.add.accumulate(each, axis=1)[:, -1]]

    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """(m(C) − m(∅)) / (m(N) − m(∅)) under the metric "margin", whatever the settings."""
        key = tuple(masks)
        if key not in self.kept:
            outputs = self._outputs([*masks, 0, (1 << self.n_bits) - 1])
            self.kept[key] = shares_between(metric_of(outputs, self.rows.labels, "margin").tolist())
        found: list[float] | None = self.kept[key]
        return found

    def left(self, raw: int) -> Closed:
        """See :func:`closed`."""
        return closed(raw, self.question.layout)

    def in_space(self, one: Closed) -> bool:
        """Whether that is one of the circuits that the protocol looks at."""
        layout, protocol = self.question.layout, self.question.protocol
        return one.possible and in_space(Circuit(layout, one.mask).n_neurons, layout.sizes, protocol)

    def are_valid(self, circuits: Sequence[Closed]) -> list[bool]:
        """By the protocol."""
        inside = [one.mask for one in circuits if self.in_space(one)]
        right = decide_right(self.question, mask_array(inside, self.question.layout)) if inside else ()
        valid = {mask for mask, told in zip(inside, right, strict=True) if told}
        return [one.mask in valid for one in circuits]

    def changes(self, settings: Settings) -> Scores:
        """Of the metric that settings name."""
        values = metric_of(self._outputs(self.each_removed), self.rows.labels, cast(Metric, settings["metric"]))
        return Scores(values[1:] - values[0])

    def first_order(self, settings: Settings, points: Sequence[float]) -> Scores:
        """Of the metric that settings name."""
        network, rows = self.question.cut, self.rows
        clean = tuple(layer.T for layer in activations(network, rows.inputs))
        start = rows.absent[0].T
        total = [np.zeros(layer.shape) for layer in clean[1:]]
        for point in points:
            inputs = rows.inputs if point == 1.0 else start + point * (rows.inputs - start)
            sums, moved = ([one.T for one in found] for found in forward_pass(network, inputs))
            slope = metric_slope(moved[-1][0], rows.labels, cast(Metric, settings["metric"]))
            total = [sum_ + here for sum_, here in zip(total, backward(network, sums, moved, slope), strict=True)]
        slopes = [sum_ / len(points) for sum_ in total]
        changes = [absent - layer for absent, layer in zip(rows.absent, clean, strict=False)]
        return Scores(edge_scores(network, changes, slopes))


def _bernoulli(p_logits: Array, q_logits: Array) -> Array:
    """The divergence of Bernoulli variables with these logits, from differences of softplus."""
    share = 1.0 / (1.0 + np.exp(-p_logits))
    on = np.logaddexp(0.0, -q_logits) - np.logaddexp(0.0, -p_logits)
    off = np.logaddexp(0.0, q_logits) - np.logaddexp(0.0, p_logits)
    found: Array = share * on + (1.0 - share) * off
    return found


@dataclass(frozen=True, eq=False)
class CutModel(Cut):
    """A model under the rules that a method cuts it by.

    Args:
        space: its circuits.
        rules: the model under the rules of the analysis, if these are others.
    """

    model: Subject
    space: Space
    rules: CutModel | None = None
    kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.space.graph

    @cached_property
    def _whole(self) -> Array:
        """Outputs of the whole model ``[rows, outputs]``."""
        outputs: Array = self._outputs([(1 << self.n_bits) - 1])[0]
        return outputs

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """The mean over the rows, in nats: "kl" of the whole model's distribution over outputs from the circuit's,
        "cross-entropy" minus the logarithm of the answer's probability; "decision": rows that are wrong.
        """
        found: list[float] = []
        for start in range(0, len(masks), self.space.batch):
            outputs = self._outputs(masks[start : start + self.space.batch])
            if loss == "decision":
                found += (gaps(outputs, self.model.answers) <= 0).sum(axis=1).tolist()
                continue
            answers = self.model.answers
            right = log_softmax(outputs)[:, np.arange(len(answers)), answers]
            each = divergence(self._whole, outputs) if loss == "kl" else -right
            found += (np.add.accumulate(each, axis=1)[:, -1] / len(answers)).tolist()
        return found

    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """How far the loss that settings name has come from the empty mask's to the whole model's."""
        loss = str(settings["loss"])
        key = (loss, *masks)
        if key not in self.kept:
            everything = (1 << self.n_bits) - 1
            self.kept[key] = shares_between(self.losses([*masks, 0, everything], loss))
        found: list[float] | None = self.kept[key]
        return found

    def left(self, raw: int) -> Closed:
        """What a raw mask means."""
        mask = self.graph.number(self.space.reduce(self.graph.bits([raw]))[0])
        return Closed(mask, (), possible=self.graph.cut == "nodes" or mask != 0)

    def changes(self, settings: Settings) -> Scores:
        """Of the loss that settings name, with the sign that bits that help are negative."""
        whole, *without = self.losses(self.each_removed, str(settings["loss"]))
        return _model_scores(whole - np.array(without))

    def first_order(self, settings: Settings, points: Sequence[float]) -> Scores:
        """Likewise. The divergence from the whole model is least there, so that its derivatives at 1 are all 0."""
        slope = partial(self._slope, str(settings["loss"]))
        return _model_scores(mean(np.array([-self.space.effects(slope, point) for point in points])))

    def _slope(self, loss: str, outputs: Array, rows: slice) -> Array:
        """Derivatives of each row's loss by its outputs: given less wanted probabilities."""
        given = np.exp(log_softmax(outputs))
        if loss == "kl":
            return given - np.exp(log_softmax(self._whole[rows]))
        given[np.arange(len(given)), self.model.answers[rows]] -= 1.0
        return given

    def right(self, mask: int) -> int:
        """Rows on which what a raw mask means is right."""
        self.run({mask})
        found: int = self.kept["right", mask]
        return found

    def run(self, masks: Set[int]) -> None:
        """Keep on how many rows what masks mean is right."""
        new = sorted(mask for mask in masks if ("right", mask) not in self.kept)
        for mask, wrong in zip(new, self.losses(new, "decision"), strict=True):
            self.kept["right", mask] = len(self.model.rows) - int(wrong)

    def is_right(self, mask: int) -> bool:
        """Whether what a raw mask means is right on enough rows."""
        return len(self.model.rows) - self.right(mask) <= most_wrong(self.model)

    def are_valid(self, circuits: Sequence[Closed]) -> list[bool]:
        """By the rules of the analysis."""
        judge = self.rules or self
        judge.run({one.mask for one in circuits if one.possible})
        return [one.possible and judge.is_right(one.mask) for one in circuits]

    def _outputs(self, masks: Sequence[int]) -> Array:
        return self.space.run(self.space.reduce(self.space.graph.bits(masks)))


def _model_scores(values: Array) -> Scores:
    """Scores of a model's bits, which say nothing where all are 0 but for rounding."""
    return Scores(values, says_nothing=bool(np.abs(values).max(initial=0.0) < UNDEFINED))
