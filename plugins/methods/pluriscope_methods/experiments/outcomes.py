"""Experiments on a perceptron, and the decision of each circuit under each.

A circuit predicts of an experiment what it decides itself with the same intervention made in it. An edge that it lacks,
or a neuron that is inactive in it, changes nothing. What is ablated carries what the rules give to absent edges; a
neuron whose last edge is ablated still has its bias. What is patched has the value that it has in the circuit on the
source row. The network predicts of itself what it does: it is the circuit that keeps every edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from math import comb
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.experiments import NeuronSite
from pluriscope.analysis.questions.decisions import NEITHER, decide
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

Kind = Literal["edge", "neuron", "patch", "interchange"]
KINDS: Final[dict[str, str]] = {
    "edge": "ablation of one edge",
    "neuron": "ablation of one neuron",
    "patch": "patch of one neuron",
    "interchange": "interchange of several neurons",
}
MOST: Final = 1_000  # interchanges
STAGE: Final = "experiments"
_CELLS: Final = 1 << 17  # numbers held at once


@dataclass(frozen=True)
class Experiment:
    """An intervention on a run.

    Args:
        row: that runs.
        source: the row whose values neurons are given; None where they, or an edge, are ablated.
        edge: that is ablated; None for neurons.
        neurons: hidden ones, of any layers.
    """

    kind: Kind
    row: int
    source: int | None = None
    edge: int | None = None
    neurons: tuple[NeuronSite, ...] = ()


def experiments_of(question: Question, largest: int | None = None) -> list[Experiment]:
    """Every experiment of each kind.

    Args:
        largest: most neurons that are interchanged at once; None for as many as :func:`largest_set` says.
    """
    rows, sizes = range(len(question.clean_rows)), question.network.hidden_sizes
    every = [(layer, neuron) for layer, size in enumerate(sizes, start=1) for neuron in range(size)]
    found = [Experiment("edge", row, edge=edge) for edge in range(question.layout.n_edges) for row in rows]
    found += [Experiment("neuron", row, neurons=(site,)) for site in every for row in rows]
    for n in range(1, (largest or largest_set(question)) + 1):
        kind: Kind = "patch" if n == 1 else "interchange"
        for some in combinations(every, n):
            found += [Experiment(kind, row, source, neurons=some) for source, row in permutations(rows, 2)]
    return found


def largest_set(question: Question) -> int:
    """Most neurons of the sets that are interchanged: all, or as many as :data:`MOST` experiments leave room for."""
    n_neurons, n_rows = sum(question.network.hidden_sizes), len(question.clean_rows)
    sizes, room = range(1, n_neurons + 1), MOST / (n_rows * (n_rows - 1))
    return max((n for n in sizes if sum(comb(n_neurons, k) for k in range(1, n + 1)) <= room), default=1)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What explanations predict of experiments.

    Args:
        table: ``[classes, experiments]`` decisions 0, 1, or 2 for neither; no two rows are alike.
        labels: ``[explanations]`` the class of each.
    """

    table: NDArray[np.int8]
    labels: NDArray[np.intp]


def outcomes_of(
    question: Question, masks: NDArray[Any], some: Sequence[Experiment], work: Work = DEFAULT_WORK
) -> Outcomes:
    """What circuits decide in experiments."""
    plan, known, labels = _Plan(question, some), dict[bytes, int](), np.empty(len(masks), dtype=np.intp)
    step = max(1, _CELLS // plan.n_runs)
    for start in range(0, len(masks), step):
        work.report_step(STAGE, start, len(masks))
        outputs = plan.outputs(keep_matrices(masks[start : start + step], question.layout))
        for number, row in enumerate(decide(outputs, question.protocol.circuit_decision), start):
            labels[number] = known.setdefault(row.tobytes(), len(known))
    table = np.frombuffer(b"".join(known), dtype=np.int8).reshape(len(known), -1)[:, plan.group]
    return Outcomes(np.where(table == NEITHER, np.int8(2), table), labels)


class _Plan:
    """The runs of experiments layer by layer, what several have in common once; the last are those without a change."""

    def __init__(self, question: Question, some: Sequence[Experiment]) -> None:
        self.network, self.absent, self.rows = question.network, question.absent, question.clean_rows
        n_rows, offsets, sizes = len(self.rows), question.layout.offsets, self.network.sizes
        edges = np.array([-1 if one.edge is None else one.edge for one in some] + [-1] * n_rows)
        sources = np.array([-1 if one.source is None else one.source for one in some] + [-1] * n_rows)
        group = np.array([one.row for one in some] + [*range(n_rows)])
        clean, held, self.layers, self.last = np.arange(n_rows), np.zeros((len(group), sizes[0]), dtype=bool), [], []
        for layer in range(1, len(sizes) - 1):
            # runs in which the layer below carries the same, its own values or those of another row
            before, group = _different(
                group, held @ (1 << np.arange(sizes[layer - 1])), np.where(held.any(1), sources, -1)
            )
            # of these, runs in which the same edge into this layer is ablated
            here = (offsets[layer - 1] <= edges) & (edges < offsets[layer])
            sums, group = _different(group, np.where(here, edges - offsets[layer - 1], -1))
            self.layers.append((clean, before, sums))
            clean = group[len(some) :]
            held = np.array([[(layer, neuron) in one.neurons for neuron in range(sizes[layer])] for one in some])
            held = np.vstack([held, np.zeros((n_rows, sizes[layer]), dtype=bool)])
        # the last sums grow neuron by neuron, so that runs part only where a neuron carries something else
        states, group, none = group, np.zeros_like(group), group.max() + 1
        for neuron in range(sizes[-2]):
            given = np.where(held[:, neuron], np.where(sources < 0, none, clean[sources]), states)
            columns, group = _different(group, np.where(edges == offsets[-2] + neuron, none, given))
            self.last.append(columns)
        self.group, self.n_runs = group[: len(some)], int(group.max()) + 1

    def outputs(self, keep: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
        """Of circuits, ``[circuits, runs]``."""
        values = np.broadcast_to(self.rows.T, (len(keep[0]), *self.rows.T.shape))
        for layer, (clean, before, sums) in enumerate(self.layers, start=1):
            own, bits, sources = before
            swapped = (bits >> np.arange(values.shape[1])[:, None] & 1).astype(bool)
            given = np.where(sources < 0, self.absent[layer - 1].reshape(-1, 1), values[:, :, clean[sources]])
            values = self._layer(
                layer, keep[layer - 1], np.where(swapped, given, values[:, :, own])[:, :, sums[0]], sums[1]
            )
        weights, carried = self.network.weights[-1][0], self.absent[-1]
        total = np.broadcast_to(self.network.biases[-1], (len(values), 1))
        for neuron, (before, given) in enumerate(self.last):
            every = np.pad(values[:, neuron], ((0, 0), (0, 1)), constant_values=carried[neuron])
            every = np.where(keep[-1][:, 0, neuron, None], every, carried[neuron]) * weights[neuron]
            total = every[:, given] + total[:, before]
        return self.network.function_of(len(self.network.weights)).value(total)

    def _layer(self, layer: int, kept: NDArray[np.bool_], source: NDArray[np.float64], edges: NDArray[Any]) -> Any:
        weights, carried = self.network.weights[layer - 1], self.absent[layer - 1]
        n_out, n_in = weights.shape
        total: Any = self.network.biases[layer - 1][:, None]
        for index in range(n_in):  # in the order in which circuits are summed everywhere
            here = kept[:, :, index, None] & (edges != np.arange(n_out)[:, None] * n_in + index)
            total = np.where(here, source[:, index, None], carried[index]) * weights[:, index, None] + total
        values = self.network.function_of(layer).value(total)
        return np.where(np.any(kept, axis=2, keepdims=True), values, self.absent[layer].reshape(-1, 1))


def _different(*parts: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The different combinations, ``[parts, combinations]``, and which one each is."""
    found, which = np.unique(np.stack(parts), axis=1, return_inverse=True)
    return found, which.ravel()
