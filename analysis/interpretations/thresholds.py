"""Thresholds: where a neuron's activations can be split into 0 and 1, and which inputs each one separates.

On the circuit's own activations over the Boolean inputs a neuron is split between two neighbouring distinct values;
above the threshold it reads 1. The output is read as what it answers, so it has one threshold, where it decides; under
the authors' rules it is split between any two of its rounded values, as in their program. A neuron with one value only
has no threshold. Thresholds of a neuron are numbered from 0, the lowest.

A threshold is kept as its *separations*: one bit for each pair of inputs, set if the two fall on different sides.
Separations make the rest simple (see :mod:`pluriscope.analysis.interpretations.transfer`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

EQUAL_WITHIN: Final = 1e-12  # times max(1, |v|)

Words = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, eq=False)
class LayerThresholds:
    """The thresholds of one layer in many circuits.

    Args:
        values: ``[circuits, n_l, 2^n]`` activations that are split (the output's are its answers, or rounded).
        levels: ``[circuits, n_l, 2^n]`` rank of each input's value among the neuron's distinct values, from 0.
        n_thresholds: ``[circuits, n_l]`` distinct values minus one; 0 for a constant or inactive neuron.
        separations: ``[1 + different thresholds, words]`` pairs of inputs that a threshold separates; the first
            separates none.
        first: ``[circuits, n_l]`` where the separations of a neuron's thresholds begin; 0 beyond ``n_thresholds``.
        parents: ``[circuits, n_l, n_(l-1)]`` kept edges from neurons that have a gate; empty for the first layer.
    """

    values: NDArray[np.float64]
    levels: NDArray[np.int64]
    n_thresholds: NDArray[np.int64]
    separations: Words
    first: NDArray[np.int64]
    parents: NDArray[np.bool_]

    def __getitem__(self, part: slice) -> LayerThresholds:
        """Return the thresholds of a part of the circuits."""
        of_circuits = (self.values[part], self.levels[part], self.n_thresholds[part])
        return LayerThresholds(*of_circuits, self.separations, self.first[part], self.parents[part])


def read_thresholds(question: Question, masks: NDArray[np.uint64]) -> tuple[LayerThresholds, ...]:
    """Find the thresholds of layers 1 … L of each circuit, ``[circuits]``, on the representatives of the question."""
    keep = keep_matrices(masks, question.layout)
    with np.errstate(over="ignore", invalid="ignore"):
        layers = batch_activations(question.network, keep, question.data.representatives, question.absent)[1:]
    thresholds: list[LayerThresholds] = []
    for layer, (values, kept) in enumerate(zip(layers, keep, strict=True), start=1):
        read = values
        if layer == len(layers):  # + 0.0: no −0
            read = np.rint(values) + 0.0 if question.protocol.splits_rounded else answers(values).astype(np.float64)
        levels = _levels(read)
        levels[~kept.any(axis=2)] = 0
        n_thresholds = levels.max(axis=2)
        gated = thresholds[-1].n_thresholds[:, None, :] > 0 if thresholds else np.zeros((len(masks), 1, 0), dtype=bool)
        parents = kept & gated if thresholds else np.zeros((*kept.shape[:2], 0), dtype=bool)
        thresholds.append(
            LayerThresholds(
                read, levels, n_thresholds, *_separations(levels, int(n_thresholds.max(initial=0))), parents
            )
        )
    return tuple(thresholds)


def common_thresholds(
    first: Sequence[LayerThresholds], second: Sequence[LayerThresholds]
) -> tuple[tuple[LayerThresholds, ...], NDArray[np.bool_]]:
    """Find the thresholds that read the same function in two networks of one shape, for the same circuits.

    The functions that thresholds of one neuron read are true on ever fewer inputs, so those in common are again the
    thresholds of some levels.

    Returns:
        The thresholds in common, and ``[circuits]`` whether in both networks the same neurons have a gate, each with a
        function in common: otherwise the circuit has no interpretation in common, whatever its thresholds.
    """
    alike = np.ones(len(first[0].levels), dtype=np.bool_)
    found = []
    for one, other in zip(first, second, strict=True):
        own, others = _functions(one), _functions(other)
        # both lack the words of a threshold beyond their last: those are no function of either
        shared = (own[..., :, None] == others[..., None, :]).any(axis=-1)
        shared &= np.arange(own.shape[-1]) < one.n_thresholds[..., None]
        rows = np.arange(one.levels.shape[-1], dtype=np.uint64)
        above = (own[..., None] >> rows & np.uint64(1)).astype(np.bool_)
        levels = (above & shared[..., None]).sum(axis=2)
        n_thresholds = shared.sum(axis=2)
        alike &= (
            ((one.n_thresholds > 0) == (n_thresholds > 0)) & ((other.n_thresholds > 0) == (n_thresholds > 0))
        ).all(axis=1)
        separations = _separations(levels, int(n_thresholds.max(initial=0)))
        found.append(LayerThresholds(one.values, levels, n_thresholds, *separations, one.parents))
    return tuple(found), alike


def _functions(thresholds: LayerThresholds) -> NDArray[np.uint64]:
    """Return the function that each threshold reads, ``[circuits, n_l, thresholds]``, bit i for input i; 0 beyond a
    neuron's last threshold.
    """
    n_rows, most = thresholds.levels.shape[-1], max(int(thresholds.n_thresholds.max(initial=0)), 1)
    above = thresholds.levels[:, :, None, :] > np.arange(most)[:, None]
    weights = np.uint64(1) << np.arange(n_rows, dtype=np.uint64)
    return np.asarray(np.where(above, weights, np.uint64(0)).sum(axis=-1, dtype=np.uint64))


def _levels(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank of each value among the distinct ones along the last axis; neighbours that nearly agree share a rank."""
    order = np.argsort(values, axis=-1, kind="stable")
    ascending = np.take_along_axis(values, order, axis=-1)
    size = np.maximum(1.0, np.maximum(np.abs(ascending[..., 1:]), np.abs(ascending[..., :-1])))
    steps = (ascending[..., 1:] - ascending[..., :-1]) > EQUAL_WITHIN * size
    ranks = np.zeros(values.shape, dtype=np.int64)
    np.cumsum(steps, axis=-1, out=ranks[..., 1:])
    levels = np.empty_like(ranks)
    np.put_along_axis(levels, order, ranks, axis=-1)
    return levels


def _separations(levels: NDArray[np.int64], n_thresholds: int) -> tuple[Words, NDArray[np.int64]]:
    """Return the separations of every threshold, of neurons with equal levels once, and the first of each neuron."""
    n_rows = levels.shape[-1]
    keys = np.ascontiguousarray(levels, dtype=np.uint8).view(f"V{n_rows}")[..., 0]
    distinct, number = np.unique(keys, return_inverse=True)
    above = distinct.view(np.uint8).reshape(-1, 1, n_rows) > np.arange(max(n_thresholds, 1))[:, None]
    first, second = pairs(n_rows)
    distinguished = as_words(above[..., first] != above[..., second])
    none = np.zeros_like(distinguished[:1, 0], shape=(1, distinguished.shape[-1]))
    separations: Words = np.concatenate([none, distinguished.reshape(-1, distinguished.shape[-1])])
    return separations, 1 + number.reshape(levels.shape[:-1]) * max(n_thresholds, 1)


@cache
def pairs(n_rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of inputs a < b, ordered by b, then a."""
    second, first = np.tril_indices(n_rows, -1)
    return first, second


def as_words(bits: NDArray[np.bool_]) -> Words:
    """Bits along the last axis as the fewest machine words."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    n_bytes = packed.shape[-1]
    size = next((size for size in (1, 2, 4, 8) if size >= n_bytes), 8)
    padding = [(0, 0)] * (packed.ndim - 1) + [(0, -n_bytes % size)]
    return np.ascontiguousarray(np.pad(packed, padding)).view(f"u{size}")


@cache
def earlier_pairs(n_rows: int) -> Words:
    """Return for each input b ≥ 1 the pairs (a, b) with a < b, ``[n_rows − 1, words]``."""
    _, second = pairs(n_rows)
    return as_words(second == np.arange(1, n_rows)[:, None])


def pattern(levels: Sequence[int], threshold: int) -> int:
    """Return the Boolean function that a threshold reads, as an integer: bit i is set if input i lies above it."""
    return sum(1 << row for row, level in enumerate(levels) if level > threshold)
