"""Sets of combinations as bits, 64 to a word: how many there are in each, and in how many sets each item is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORD = 64
_ADDED_TOGETHER = 63  # sets whose bits are added in six planes before they are unpacked
_ROWS_IN_A_BYTE = 255  # so many ones still fit into a uint8 sum

Words = NDArray[np.uint64]


def n_words(n_items: int) -> int:
    """Words that a set over so many items takes."""
    return -(-n_items // WORD)


def times_included(sets: Words) -> NDArray[np.int64]:
    """How many sets hold each item.

    Sixty-three sets at a time are added as whole words, by full adders: two planes of bits and a carry become a sum and
    a carry of twice the weight. What is left, six planes for so many sets, is unpacked and added item by item.

    Args:
        sets: ``[sets, words]``.

    Returns:
        ``[64 · words]``.
    """
    n_whole = len(sets) - len(sets) % _ADDED_TOGETHER
    times = _unpacked_sum(sets[n_whole:])
    if not n_whole:
        return times
    planes = list(sets[:n_whole].reshape(_ADDED_TOGETHER, -1, sets.shape[1]))
    weight = 0
    while planes:
        carries = []
        while len(planes) >= 3:
            a, b, c = planes.pop(), planes.pop(), planes.pop()
            either = a ^ b
            carries.append(a & b | either & c)
            planes.insert(0, either ^ c)
        for plane in planes:
            times += _unpacked_sum(plane) << weight
        planes, weight = carries, weight + 1
    return times


def _unpacked_sum(sets: Words) -> NDArray[np.int64]:
    """In how many sets each item is, by unpacking them."""
    times = np.zeros(WORD * sets.shape[1], dtype=np.int64)
    for first in range(0, len(sets), _ROWS_IN_A_BYTE):
        part = np.ascontiguousarray(sets[first : first + _ROWS_IN_A_BYTE]).astype("<u8", copy=False)
        bits = np.unpackbits(part.view(np.uint8), axis=1, bitorder="little")
        times += bits.sum(axis=0, dtype=np.uint8)
    return times
