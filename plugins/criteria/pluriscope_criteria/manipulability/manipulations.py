"""Doses and edits of a perceptron, what it then answers, and what explanations predict of that.

1. *Doses*: a number times a direction is added to a hidden layer. Directions are each neuron, the difference of the
   means of both answers, and those on which valid placements on directions read a variable.
2. *Edits*: one weight is set to 0, negated or doubled. To whoever reads numbers on edges that is an edge which carries
   so many times what its source does, so an interpretation reads it as it reads any number
   (:mod:`pluriscope.analysis.sandbox.predicting`). Placements speak of no edges.

A cell is a dose or an edit on one row, where the network answers 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.common_ground.interpreted import speaks
from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.interpretations.partial_gates import gate_tables
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.subjects.perceptron.mlp import forward, next_layer
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.steering.flips import exact_flips, exact_threshold
from pluriscope_methods.steering.predicting import (
    UNREAD,
    Bits,
    carried_up,
    classes_predict,
    placement_predicts,
    read_between,
    read_in,
)
from pluriscope_methods.steering.sites import Array

MOST: Final = 2.0
STEPS: Final = 10
DOSES: Final = MOST * np.concatenate([np.arange(-STEPS, 0), np.arange(1, STEPS + 1)]) / STEPS
FACTORS: Final = (0.0, -1.0, 2.0)
_WHOLE: Final = slice(None)
Integers = NDArray[np.intp]
Flips = list[tuple[float, int]]
"""Doses at which a row's answer changes, each with the answer above it."""


@dataclass(frozen=True, eq=False)
class Dosed:
    """Doses along the directions of one layer; cells go direction by direction, dose by dose, row by row.

    Args:
        directions: their names, and ``[d]``.
        clean: ``[rows, d]`` what the layer is.
        written: ``[cells, d]``.
        base: ``[cells]`` rows.
        happens: ``[cells]`` answers.
    """

    layer: int
    directions: Sequence[tuple[str, Array]]
    clean: Array
    written: Array
    base: Integers
    happens: Bits


@dataclass(frozen=True, eq=False)
class Edited:
    """Edits of the weights into one layer; cells go weight by weight, factor by factor, row by row.

    Args:
        target: ``[cells]`` the neuron that reads.
        source: ``[cells]`` the neuron or input that is read.
        value: ``[cells]`` what the edge carries then.
        base: ``[cells]`` rows.
        happens: ``[cells]`` answers.
    """

    layer: int
    target: Integers
    source: Integers
    value: Array
    base: Integers
    happens: Bits


@dataclass(frozen=True, eq=False)
class Manipulations:
    """The doses and edits of a network.

    Args:
        question: about a perceptron with hidden layers, on Boolean inputs.
        placed: layers, and directions there beside the usual ones.
    """

    question: Question
    placed: Sequence[tuple[int, Array]] = ()

    @cached_property
    def doses(self) -> list[Dosed]:
        """Layer by layer."""
        found, network = list[Dosed](), self.question.network
        right = np.array(self.question.task.truth_table) == 1
        for layer, width in enumerate(network.hidden_sizes, start=1):
            clean = self.question.clean_activations[layer]
            named = [(f"n{layer}.{at}", one) for at, one in enumerate(np.eye(width))]
            if right.any() and not right.all():
                named.append(("means", fixed_order.mean(clean[right]) - fixed_order.mean(clean[~right])))
            for at, direction in self.placed:
                if at == layer and not any(_parallel(direction, one) for _, one in named):
                    named.append((f"({', '.join(f'{one:g}' for one in direction)})".replace("-", "−"), direction))
            added = np.concatenate([DOSES[:, None] * direction for _, direction in named])
            written = values = (clean[None] + added[:, None]).reshape(-1, width)
            for above in range(layer + 1, len(network.weights) + 1):
                values = next_layer(network, above, values)
            base = np.tile(np.arange(len(clean)), len(added))
            found.append(Dosed(layer, named, clean, written, base, answers(values[:, 0]).astype(np.int8)))
        return found

    @cached_property
    def edits(self) -> list[Edited]:
        """Layer by layer."""
        network, rows, found = self.question.network, self.question.clean_rows, list[Edited]()
        for layer, weights in enumerate(network.weights, start=1):
            changed = [(*at, factor) for at in np.ndindex(weights.shape) for factor in FACTORS]
            happens = []
            for target, source, factor in changed:
                other = weights.copy()
                other[target, source] *= factor
                happens.append(
                    answers(forward(network.with_parameters({**network.parameters, f"W{layer}": other}), rows)[:, 0])
                )
            target, source, factors = (np.repeat(one, len(rows)) for one in zip(*changed, strict=True))
            base = np.tile(np.arange(len(rows)), len(changed))
            value = factors * self.question.clean_activations[layer - 1][base, source]
            found.append(Edited(layer, target, source, value, base, np.concatenate(happens).astype(np.int8)))
        return found

    @property
    def every(self) -> list[Dosed | Edited]:
        """All of them, in the order of cells."""
        return [*self.doses, *self.edits]

    @cached_property
    def happens(self) -> Bits:
        """The answer of the network in every cell, −1 where it is neither."""
        return np.concatenate([one.happens for one in self.every])

    @cached_property
    def unchanged(self) -> Bits:
        """The answer without the dose or the edit in every cell."""
        before = answers(forward(self.question.network, self.question.clean_rows)[:, 0])
        return np.concatenate([before[one.base] for one in self.every]).astype(np.int8)

    def flips(self, dosed: Dosed, direction: Array) -> list[Flips] | None:
        """The doses at which each row's answer changes along a direction; None where these are not found exactly."""
        network, layer = self.question.network, dosed.layer
        edge = exact_threshold(network, layer, len(dosed.clean))
        if edge is None:
            return None
        every = (exact_flips(network, layer, row, direction.tolist(), MOST, edge) for row in dosed.clean.tolist())
        return [[(float(at), answer) for at, answer in one] for one in every]

    def of_classes(self, classes: ObservedClasses) -> Bits:
        """What the classes of a circuit predict in every cell, ``[classes, cells]``."""
        if not speaks(classes):
            return np.full((len(classes), len(self.happens)), UNREAD, dtype=np.int8)
        every = range(max(self.question.network.hidden_sizes))
        by_doses = (
            np.concatenate([*classes_predict(classes, one.layer, one.written, every, one.base)]) for one in self.doses
        )
        return np.concatenate([*by_doses, *(self._of_edit(classes, one) for one in self.edits)], axis=1)

    def _of_edit(self, classes: ObservedClasses, edited: Edited) -> Bits:
        layer, own, bits = edited.layer, classes.bits(edited.layer), dict[int, Bits]()
        for gate, neuron in enumerate(classes.gated(layer)):
            here = own[:, gate][:, edited.base].astype(np.int8)
            parents = classes.parents(layer, neuron) if layer > 1 else _inputs(classes, neuron)
            rows = self._parent_bits(classes, layer, parents)
            tables = gate_tables(own[:, gate], rows, settled=True)
            for place, parent in enumerate(parents):
                cells = np.flatnonzero((edited.target == neuron) & (edited.source == parent))
                read = self._read(classes, layer - 1, parent, edited.value[cells])
                index = np.zeros((len(classes), len(cells)), dtype=np.int64)
                for other in range(len(parents)):
                    index = index * 3 + (read if other == place else rows[:, other][:, edited.base[cells]])
                here[:, cells] = np.take_along_axis(tables, index, axis=1)
            bits[neuron] = here
        return carried_up(classes, _WHOLE, layer, bits, edited.base)

    def _parent_bits(self, classes: ObservedClasses, layer: int, parents: Sequence[int]) -> NDArray[np.bool_]:
        """The bits of what a gate reads on each input, ``[classes, parents, 2^n]``."""
        if layer > 1:
            return classes.bits(layer - 1)[:, [classes.gated(layer - 1).index(one) for one in parents]]
        n = self.question.network.n_inputs
        bits = np.arange(1 << n) >> (n - 1 - np.array(parents, dtype=np.int64)[:, None]) & 1
        return np.broadcast_to(bits.astype(np.bool_), (len(classes), *bits.shape))

    def _read(self, classes: ObservedClasses, layer: int, parent: int, values: Array) -> Bits:
        """How a number is read that an edge carries, ``[classes, numbers]``; of an input alike by all."""
        if layer:
            return read_in(classes, _WHOLE, layer, parent, values)
        ones = self._parent_bits(classes, 1, [parent])[0, 0]
        known = self.question.clean_rows[:, parent]
        low, high = known[~ones], known[ones]
        if low.max() < high.min():
            return read_between(values, low.max(), high.min())[None]
        if high.max() < low.min():
            read = read_between(values, high.max(), low.min())[None]
            return np.asarray(np.where(read == UNREAD, UNREAD, 1 - read), dtype=np.int8)
        return np.full((1, len(values)), UNREAD, dtype=np.int8)

    def of_placement(self, algorithm: HighLevelModel, places: Iterable[tuple[str, Subspace]]) -> Bits:
        """What a placement predicts in every cell, ``[cells]``."""
        found, every = list[Bits](), list(places)
        for one in self.doses:
            here = [(path, place) for path, place in every if place.layer == one.layer]
            n = len(one.base) // len(one.directions)
            for at, (_, direction) in enumerate(one.directions):
                part = slice(at * n, (at + 1) * n)
                moved = one.written[part], one.base[part]
                predicted = placement_predicts(algorithm, here, direction, one.clean, *moved) if here else None
                found.append(np.full(n, UNREAD, dtype=np.int8) if predicted is None else predicted)
        silent = (np.full(len(one.base), UNREAD, dtype=np.int8) for one in self.edits)
        return np.concatenate([*found, *silent])

    def right(self, predicted: Bits) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Count what is predicted right, right where the answer changes, and wrong, ``[explanations]`` each."""
        meant = self.happens >= 0
        same = (predicted == self.happens) & meant
        changed = same & (self.happens != self.unchanged)
        wrong = (predicted != UNREAD) & ~same & meant
        return same.sum(axis=-1), changed.sum(axis=-1), wrong.sum(axis=-1)


def _parallel(one: Array, other: Array) -> bool:
    product = fixed_order.dot(one, other)
    return bool(abs(abs(product) - fixed_order.length(one) * fixed_order.length(other)) < 1e-9 * max(1.0, abs(product)))


def _inputs(classes: ObservedClasses, neuron: int) -> tuple[int, ...]:
    return tuple(np.flatnonzero(classes.circuit.keep[0][neuron]).tolist())
