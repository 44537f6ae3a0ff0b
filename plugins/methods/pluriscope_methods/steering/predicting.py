"""Predictions of valid explanations about steering: the values written at a layer are read as Play reads numbers.

An interpretation reads what is written into a neuron as the bit on whose side of its threshold it lies, and is silent
about what lies between the two values that the threshold separates, unless nothing depends on that
(:mod:`pluriscope.analysis.sandbox.predicting`); also where a free row of a gate would decide. A
placement speaks if the direction lies within what its variables of that layer move. It reads a variable on one neuron
or direction likewise, and one on several as what it is on the input that has the same values there; of others it says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.interpretations.partial_gates import gate_tables
from pluriscope.analysis.interpretations.thresholds import EQUAL_WITHIN
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope_methods.steering.sites import Array

Bits = NDArray[np.int8]
UNREAD: Final = 2
"""Where either bit is possible, and where nothing is predicted."""
_CELLS: Final = 1 << 23
_ON: Final = 1e-9


def read_between(written: Array, low: float, high: float) -> Bits:
    """Whether numbers lie on the upper side, 1, on the lower, 0, or between the two, 2."""
    slack = EQUAL_WITHIN * np.maximum(1.0, np.abs(written))
    sides = np.where(written >= high - slack, 1, UNREAD)
    return np.asarray(np.where(written <= low + slack, 0, sides), dtype=np.int8)


def classes_predict(
    classes: ObservedClasses, layer: int, written: Array, moved: Sequence[int], base: NDArray[np.intp]
) -> Iterator[Bits]:
    """``[some classes, cells]`` what observed classes of one circuit predict, in order; their output has a gate.

    Args:
        classes: all or some of a circuit.
        layer: that is steered.
        written: ``[cells, d]`` what is written there.
        moved: the neurons into which anything is written.
        base: ``[cells]`` the input that is run.
    """
    widest = max(len(thresholds.parents[0, 0]) for thresholds in classes.layers[1:])
    step = max(1, _CELLS // max(len(base), 3**widest))
    for start in range(0, len(classes), step):
        yield _some_predict(classes, slice(start, start + step), layer, written, moved, base)


def _some_predict(
    classes: ObservedClasses, some: slice, layer: int, written: Array, moved: Sequence[int], base: NDArray[np.intp]
) -> Bits:
    clean = classes.bits(layer, some)
    bits = {
        neuron: read_in(classes, some, layer, neuron, written[:, neuron])
        if neuron in moved
        else clean[:, gate][:, base].astype(np.int8)
        for gate, neuron in enumerate(classes.gated(layer))
    }
    return carried_up(classes, some, layer, bits, base)


def read_in(classes: ObservedClasses, some: slice, layer: int, neuron: int, written: Array) -> Bits:
    """How each class reads numbers in a neuron with a gate, ``[some classes, numbers]``."""
    thresholds = classes.layers[layer - 1]
    values, levels = thresholds.values[0, neuron], thresholds.levels[0, neuron]
    sides = ((values[levels <= threshold].max(), values[levels > threshold].min()) for threshold in range(levels.max()))
    by_threshold = np.stack([read_between(written, low, high) for low, high in sides])
    return np.asarray(by_threshold[classes.thresholds[layer - 1][some, neuron]])


def carried_up(
    classes: ObservedClasses, some: slice, layer: int, bits: dict[int, Bits], base: NDArray[np.intp]
) -> Bits:
    """The output's bit in each class, ``[some classes, cells]``, by the bits of the gates of a layer in each cell."""
    below, clean = classes.gated(layer), classes.bits(layer, some)
    for above in range(layer + 1, len(classes.layers) + 1):
        here, own = {}, classes.bits(above, some)
        for gate, neuron in enumerate(classes.gated(above)):
            parents = classes.parents(above, neuron)
            tables = gate_tables(own[:, gate], clean[:, [below.index(one) for one in parents]], settled=True)
            index = np.zeros((len(own), len(base)), dtype=np.int64)
            for one in parents:
                index = index * 3 + bits[one]
            here[neuron] = np.take_along_axis(tables, index, axis=1)
        bits, below, clean = here, classes.gated(above), own
    return bits[0]


def placement_predicts(
    algorithm: HighLevelModel,
    places: Sequence[tuple[str, Subspace]],
    direction: Array,
    clean: Array,
    written: Array,
    base: NDArray[np.intp],
) -> Bits | None:
    """Bits that an algorithm predicts by those of its variables that are placed on the steered layer, ``[cells]``.

    Args:
        algorithm: what is placed.
        places: of its variables on that layer.
        direction: ``[d]``.
        clean: ``[inputs, d]`` the values there on each input.
        written: ``[cells, d]`` what is written there.
        base: ``[cells]`` the input that is run.

    Returns:
        None where it is silent about the direction altogether.
    """
    spans = np.array([row for _, place in places for row in place.swaps or place.reads]).reshape(-1, len(direction))
    inside = fixed_order.decomposed(spans, _ON)[2]
    left = direction - fixed_order.inner(fixed_order.inner(direction[None], inside), inside.T)[0]
    if fixed_order.length(left) > _ON * fixed_order.length(direction):
        return None
    size = fixed_order.length(direction)
    moved = [
        (path, place)
        for path, place in places
        if any(abs(fixed_order.dot(np.array(row), direction)) > _ON * size for row in place.reads)
    ]
    n_rows, read = 1 << algorithm.n_inputs, []
    for path, place in moved:
        function = pattern_bits(algorithm.responses[path].function, algorithm.n_inputs).astype(np.int8)
        read.append(_read(fixed_order.inner(written, place.matrix), fixed_order.inner(clean, place.matrix), function))
    possible = np.zeros((2, len(base)), dtype=bool)
    for choice in product((0, 1), repeat=len(moved)):
        fits = np.ones(len(base), dtype=bool)
        for bit, one in zip(choice, read, strict=True):
            fits &= (one == bit) | (one == UNREAD)
        fixed = {path: (1 << n_rows) - 1 if bit else 0 for bit, (path, _) in zip(choice, moved, strict=True)}
        says = pattern_bits(algorithm.output_given(fixed), algorithm.n_inputs)[base].astype(np.intp)
        possible[says[fits], np.flatnonzero(fits)] = True
    return np.where(possible.all(axis=0), UNREAD, possible[1]).astype(np.int8)


def _read(written: Array, clean: Array, function: Bits) -> Bits:
    """``[cells]`` the bit of what is written, ``[cells, k]``, by the values on inputs, ``[inputs, k]``."""
    if clean.shape[1] == 1:
        some = [clean[function == bit, 0] for bit in (0, 1)]
        ends = [(one.min(initial=np.inf), one.max(initial=-np.inf)) for one in some]
        if ends[0][1] < ends[1][0]:
            return read_between(written[:, 0], ends[0][1], ends[1][0])
        if ends[1][1] < ends[0][0]:
            falling = read_between(written[:, 0], ends[1][1], ends[0][0])
            return np.where(falling == UNREAD, UNREAD, 1 - falling).astype(np.int8)
    apart = np.abs(written[:, None] - clean[None])
    same = np.all(apart <= EQUAL_WITHIN * np.maximum(1.0, np.abs(clean)), axis=2)
    zero, one = (same[:, function == bit].any(axis=1) for bit in (0, 1))
    return np.where(zero == one, UNREAD, one).astype(np.int8)
