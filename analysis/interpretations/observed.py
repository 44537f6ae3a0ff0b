"""The observed classes of one circuit as arrays: interpretations that no input distinguishes, free completions merged.

An observed class is one choice of thresholds that go together. The list is in the fixed order of interpretations (spec
§3: thresholds first, lexicographic, then completions), so the r-th entry is the class of rank r, and its least index is
the number of interpretations in the classes before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.thresholds import LayerThresholds, read_thresholds
from pluriscope.analysis.interpretations.transfer import States, first_states, grouped, links, n_first_states
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_CLASSES = 2_000_000
_STATES_AT_ONCE = 1 << 15
_MAX_BYTES = 1 << 29  # of all classes of one circuit, with those of the layers before while one is added


@dataclass(frozen=True, eq=False)
class ObservedClasses:
    """Every observed class of one circuit.

    Args:
        layers: its thresholds, layers 1 … L.
        thresholds: for each layer ``[classes, n_l]`` the threshold of every neuron, 0 where a neuron has no gate.
        factor: ``[classes]`` odd part of the number of interpretations in the class.
        exponent: ``[classes]`` and the power of two: there are ``factor · 2^exponent``.
    """

    circuit: Circuit
    layers: tuple[LayerThresholds, ...]
    thresholds: tuple[NDArray[np.int64], ...]
    factor: NDArray[np.int64]
    exponent: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.factor)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Interpretations in each class."""
        pairs = zip(self.factor.tolist(), self.exponent.tolist(), strict=True)
        return tuple(factor << exponent for factor, exponent in pairs)

    @cached_property
    def least_indices(self) -> tuple[int, ...]:
        """The least index of each class: its representative."""
        return tuple(accumulate(self.sizes[:-1], initial=0)) if self.sizes else ()

    def gated(self, layer: int) -> tuple[int, ...]:
        """Neurons of layer 1 … L that have a gate, ascending."""
        return tuple(np.flatnonzero(self.layers[layer - 1].n_thresholds[0]).tolist())

    def parents(self, layer: int, neuron: int) -> tuple[int, ...]:
        """The neurons of the layer below whose bits a gate reads, ascending; empty in the first layer."""
        return tuple(np.flatnonzero(self.layers[layer - 1].parents[0, neuron]).tolist())

    def bits(self, layer: int, part: slice | Sequence[int] | NDArray[np.intp] = slice(None)) -> NDArray[np.bool_]:
        """Return the bits of each gate of a layer on each input, for a part of the classes, ``[classes, gated neurons,
        2^n]``.
        """
        gated = list(self.gated(layer))
        levels = self.layers[layer - 1].levels[0, gated]
        above: NDArray[np.bool_] = levels[None] > self.thresholds[layer - 1][part][:, gated, None]
        return above


def observed_classes(question: Question, circuit: Circuit, *, max_classes: int = MAX_CLASSES) -> ObservedClasses:
    """List the observed classes of a circuit.

    Args:
        circuit: a circuit of it.
        max_classes: most partial or whole classes held at once.

    Raises:
        BeyondLimits: more of them.
    """
    mask = mask_array([circuit.mask], circuit.layout)
    layers = read_thresholds(question, mask)
    max_classes = min(max_classes, _MAX_BYTES // (16 * (sum(circuit.layout.sizes[1:]) + 4)))
    _check(circuit, float(n_first_states(layers[0])[0]), max_classes)
    thresholds = [np.concatenate([block.thresholds for block in first_states(layers[0], _STATES_AT_ONCE)])]
    factor = np.ones(len(thresholds[0]), dtype=np.int64)
    exponent = np.zeros(len(thresholds[0]), dtype=np.int64)
    for below, above in pairwise(layers):
        states = States(np.zeros(len(thresholds[-1]), dtype=np.int64), thresholds[-1])
        position, first = grouped(states)
        found, n_found = [], 0
        for part in links(below, above, states[first]):  # each of which is on the way of a class at least
            found.append(part)
            n_found += len(part.source)
            if n_found > max_classes:
                raise _too_many(circuit, f"more than {max_classes:,} combinations of thresholds, which is the limit")
        offsets = np.concatenate([part.source for part in found])
        n_options = np.bincount(offsets, minlength=len(first))
        repeats = n_options[position]
        _check(circuit, float(repeats.sum()), max_classes)
        path = np.repeat(np.arange(len(position)), repeats)
        within = np.arange(len(path)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        link = (np.cumsum(n_options) - n_options)[position[path]] + within
        thresholds = [chosen[path] for chosen in thresholds]
        thresholds.append(np.concatenate([part.target.thresholds for part in found])[link])
        factor = factor[path] * np.concatenate([part.factor for part in found])[link]
        exponent = exponent[path] + np.concatenate([part.exponent for part in found])[link]
    return ObservedClasses(circuit, layers, tuple(thresholds), factor, exponent)


def _check(circuit: Circuit, n_classes: float, max_classes: int) -> None:
    if n_classes > max_classes:
        raise _too_many(circuit, f"{n_classes:,.0f} combinations of thresholds, and the limit is {max_classes:,}")


def _too_many(circuit: Circuit, cause: str) -> BeyondLimits:
    return BeyondLimits(f"observed classes of circuit {circuit.hex}", cause, "choose a circuit with fewer neurons")
