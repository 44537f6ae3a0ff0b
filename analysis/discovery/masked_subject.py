"""A masked subject, which discovery methods search: a graph of which edges are left out, and what these then carry.

A *raw* mask goes in, losses and faithfulness come out. Of a perceptron it is run as it is
(:mod:`pluriscope.analysis.discovery.masked_perceptron`); of other subjects it means the circuit that
:meth:`~pluriscope.analysis.subjects.subject.Space.reduce` leaves of it. Bits stand for edges, or for nodes where a mask
names nodes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.selection import UNDEFINED, Scores, shares_between
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics.fixed_order import mean
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.chances import divergence, log_softmax
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.subject import Slope, Space, Subject

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


class MaskedSubject(ABC):
    """The graph that a method searches, parts of which it may leave out."""

    kept: dict[Any, Any]
    """Scores and shares that several answers have in common, by what they are of."""
    measures: tuple[str, ...]
    """The losses that there are, and "margin" where it is; "decision" has no derivatives."""

    @property
    @abstractmethod
    def graph(self) -> Graph: ...

    @property
    def n_bits(self) -> int:
        return self.graph.n_bits

    @property
    def weights(self) -> Array:
        """The absolute weight of each bit, ``[bits]``; zeros where a bit is no single weight."""
        return np.zeros(self.n_bits)

    @abstractmethod
    def outputs(self, masks: Sequence[int]) -> Array:
        """Compute the outputs of raw masks, ``[masks, rows]`` of a perceptron and ``[masks, rows, outputs]`` of other
        subjects.
        """

    @abstractmethod
    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """The loss of each raw mask."""

    @abstractmethod
    def measured(self, masks: Sequence[int], settings: Settings) -> list[float]:
        """Compute the metric of raw masks of which faithfulness is a share."""

    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """Faithfulness of raw masks: how far they are from the empty mask towards the whole; None where these are
        alike.
        """
        key = ("shares", str(settings.get("loss", "")), *masks)
        if key not in self.kept:
            self.kept[key] = shares_between(self.measured([*masks, 0, (1 << self.n_bits) - 1], settings))
        found: list[float] | None = self.kept[key]
        return found

    @abstractmethod
    def is_right(self, raw: int) -> bool:
        """Whether a raw mask decides right under this ablation."""

    @abstractmethod
    def changes(self, settings: Settings) -> Scores:
        """Compute the change of the loss when each bit alone is cut, by running it."""

    @abstractmethod
    def first_order(self, settings: Settings, points: Sequence[float]) -> Scores:
        """Compute the change of the loss when each bit alone is cut, to first order, by derivatives.

        Args:
            points: where derivatives are taken and averaged: 1 in the whole, 0 where all that it is given has gone to
                what absent edges carry.
        """

    @abstractmethod
    def moved_slopes(self, settings: Settings, moved: float) -> Array:
        """Compute the derivatives of what :meth:`changes` are of, ``[bits]``, by how far each bit has gone from what it
        carries to what it carries when absent.

        Args:
            moved: how far all of them have gone.
        """

    def gate_slopes(self, gates: Array, settings: Settings) -> Array:
        """Compute the derivatives of the loss that settings name, else of "mse", by a gate on each
        edge, ``[edges]``.
        """
        return self.gradients(gates, self.slope(str(settings.get("loss", "mse"))))

    @abstractmethod
    def slope(self, measure: str) -> Slope:
        """Return a function: outputs and the numbers of their rows → derivatives by them of each row's part of a
        measure.
        """

    @abstractmethod
    def gradients(self, gates: Array, slope: Slope) -> Array:
        """Compute the derivatives of the loss by gates, ``[edges]``; see
        :meth:`~pluriscope.analysis.subjects.subject.Space.gate_slopes`.
        """

    @abstractmethod
    def effects(self, slope: Slope, at: float) -> Array:
        """Compute the effects of bits to first order, ``[bits]``; see
        :meth:`~pluriscope.analysis.subjects.subject.Space.effects`.
        """

    def scored(self, values: Array) -> Scores:
        """Return numbers for bits as scores."""
        return Scores(values)

    @abstractmethod
    def left(self, raw: int) -> Closed:
        """The circuit of a raw mask."""

    @abstractmethod
    def are_valid(self, circuits: Sequence[Closed]) -> list[bool]:
        """Decide which are valid circuits under the rules of the analysis, whatever absent edges carry here."""

    def is_valid(self, circuit: Closed) -> bool:
        """Decide whether a circuit is valid, as :meth:`are_valid` does."""
        return self.are_valid([circuit])[0]

    def deleted(self, raw: int, order: Sequence[int], work: Work = DEFAULT_WORK) -> int | None:
        """The circuit that is left when bits are deleted one by one, each of which stays out if what is then left is a
        valid circuit. The order is gone through again until no single bit can be deleted from what is left, since one
        that could not be may be later.

        Args:
            raw: where it starts; from the whole if the circuit of this raw mask is not valid.
            order: of all bits, in which they are tried.
            work: reports progress; may cancel.

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
                    work.report_step("methods", done, len(order), "edges tried")
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
                    found += [read[position] for position in random.permutation(len(read)).tolist()]
                else:
                    found += sorted(read, key=lambda bit: weights[bit]) if order == "by-weight" else read
        return found

    @property
    def each_removed(self) -> list[int]:
        """The whole mask, then it without each bit."""
        everything = (1 << self.n_bits) - 1
        return [everything, *(everything & ~(1 << bit) for bit in range(self.n_bits))]


@dataclass(frozen=True, eq=False)
class MaskedSpace(MaskedSubject):
    """A model under the rules that a method cuts it by.

    Args:
        space: its circuits.
        rules: the model under the rules of the analysis, if these are others.
    """

    model: Subject
    space: Space
    rules: MaskedSpace | None = None
    kept: dict[Any, Any] = field(default_factory=dict)

    measures = ("cross-entropy", "kl", "decision")

    @property
    def graph(self) -> Graph:
        return self.space.graph

    @cached_property
    def _whole(self) -> Array:
        """Outputs of the whole model ``[rows, outputs]``."""
        outputs: Array = self.outputs([(1 << self.n_bits) - 1])[0]
        return outputs

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """The mean over the rows, in nats: "kl" of the whole model's distribution over outputs from the circuit's,
        "cross-entropy" minus the logarithm of the answer's probability; "decision": rows that are wrong.
        """
        found: list[float] = []
        for start in range(0, len(masks), self.space.batch):
            outputs = self.outputs(masks[start : start + self.space.batch])
            if loss == "decision":
                found += (self.space.margins(outputs) <= 0).sum(axis=1).tolist()
                continue
            answers = self.model.answers
            right = log_softmax(outputs)[:, np.arange(len(answers)), answers]
            each = divergence(self._whole, outputs) if loss == "kl" else -right
            found += (np.add.accumulate(each, axis=1)[:, -1] / len(answers)).tolist()
        return found

    def measured(self, masks: Sequence[int], settings: Settings) -> list[float]:
        """The loss that settings name."""
        return self.losses(masks, str(settings["loss"]))

    def left(self, raw: int) -> Closed:
        """Return the circuit that a raw mask means."""
        mask = self.graph.number(self.space.reduce(self.graph.bits([raw]))[0])
        return Closed(mask, (), possible=self.graph.cut == "nodes" or mask != 0)

    def changes(self, settings: Settings) -> Scores:
        """Compute the change of the loss that settings name, with the sign that bits that help are negative."""
        whole, *without = self.losses(self.each_removed, str(settings["loss"]))
        return self.scored(whole - np.array(without))

    def first_order(self, settings: Settings, points: Sequence[float]) -> Scores:
        """Compute the change of the loss to first order, by derivatives. The divergence from the whole model is least
        in the whole, so that its derivatives at 1 are all 0.
        """
        slope = self.slope(str(settings["loss"]))
        return self.scored(mean(np.array([-self.effects(slope, point) for point in points])))

    def moved_slopes(self, settings: Settings, moved: float) -> Array:
        """Compute the derivatives of the loss where bits are moved; of a node they are the sum over the edges out of
        it.
        """
        gated_by, found = self.graph.gated_by, np.zeros(self.n_bits)
        gates = np.array([1.0 if bit is None else 1.0 - moved for bit in gated_by])
        for bit, by_edge in zip(gated_by, self.gate_slopes(gates, settings).tolist(), strict=True):
            if bit is not None:
                found[bit] += by_edge
        return found

    def slope(self, measure: str) -> Slope:
        return partial(self._slope, measure)

    def gradients(self, gates: Array, slope: Slope) -> Array:
        return self.space.gate_slopes(gates, slope)

    def effects(self, slope: Slope, at: float) -> Array:
        return self.space.effects(slope, at)

    def scored(self, values: Array) -> Scores:
        """Return values as scores, which say nothing where all are 0 but for rounding."""
        return Scores(values, says_nothing=bool(np.abs(values).max(initial=0.0) < UNDEFINED))

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
        return len(self.model.rows) - self.right(mask) <= self.space.most_wrong

    def are_valid(self, circuits: Sequence[Closed]) -> list[bool]:
        """Judge circuits by the rules of the analysis."""
        judge = self.rules or self
        judge.run({one.mask for one in circuits if one.possible})
        return [one.possible and judge.is_right(one.mask) for one in circuits]

    def outputs(self, masks: Sequence[int]) -> Array:
        return self.space.run(self.space.reduce(self.space.graph.bits(masks)))
