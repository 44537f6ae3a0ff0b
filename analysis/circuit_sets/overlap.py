"""The number of edges that circuits share, for many pairs at once.

Jaccard's distance of two circuits is one minus the number of edges that both keep over the number of edges that one of
them keeps (Jaccard 1912). It is 0 of equal circuits only and 1 of circuits without a common edge. Distances are
compared as float64 numbers, which distinguish any two fractions with denominators of up to some thousand and take
equal ones as equal.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, EdgeLayout

Words = NDArray[np.uint64]
"""``[circuits, words]``: masks of any length, 64 edges in a word, the least significant word first."""


def words_of(masks: NDArray[Any], layout: EdgeLayout) -> Words:
    """Masks as :func:`~pluriscope.analysis.subjects.perceptron.circuit.mask_array` gives them, in words of 64 edges."""
    if layout.n_edges <= MAX_EDGES:
        return masks.astype(np.uint64).reshape(-1, 1)
    n_words = -(-layout.n_edges // 64)
    octets = np.zeros((len(masks), 8 * n_words), dtype=np.uint8)
    if len(masks):
        packed = np.packbits(number_bits(masks, layout.n_edges), axis=1, bitorder="little")
        octets[:, : packed.shape[1]] = packed
    return octets.view("<u8").astype(np.uint64)


def sizes_of(words: Words) -> NDArray[np.int64]:
    """Count the edges that each circuit keeps, ``[circuits]``."""
    return np.asarray(np.bitwise_count(words).sum(axis=1, dtype=np.int64))


def shared_edges(left: Words, right: Words) -> NDArray[np.uint16]:
    """Count the edges that two circuits share, ``[left, right]``."""
    if left.shape[1] == 1:
        return np.asarray(np.bitwise_count(left & right[:, 0]), dtype=np.uint16)
    shared = np.zeros((len(left), len(right)), dtype=np.uint16)
    for word in range(left.shape[1]):
        shared += np.bitwise_count(left[:, word, None] & right[:, word])
    return shared


def distances_to(words: Words, sizes: NDArray[np.int64], circuit: int) -> NDArray[np.float64]:
    """Compute Jaccard's distance of every circuit to one of them, ``[circuits]``."""
    shared = np.bitwise_count(words & words[circuit]).sum(axis=1, dtype=np.int64)
    either = sizes + sizes[circuit] - shared
    return np.asarray(np.where(either > 0, 1.0 - shared / np.maximum(either, 1), 0.0))  # 0 where neither keeps any


def jaccard_distance(first: int, second: int) -> Fraction:
    """Jaccard's distance of two circuits given as masks, exactly."""
    return 1 - Fraction((first & second).bit_count(), (first | second).bit_count())
