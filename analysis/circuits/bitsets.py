"""Sets of combinations as bits, 64 to a word, and in how many sets each item is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORD = 64

Words = NDArray[np.uint64]


def n_words(n_items: int) -> int:
    """Words that a set over so many items takes."""
    return -(-n_items // WORD)


def times_included(sets: Words) -> NDArray[np.uint8]:
    """How many sets of each block hold each item.

    The sets of a block are added as whole words, by full adders: three planes of bits become a sum and a carry of twice
    the weight, a third of all planes at once. Only what is left, a plane for each power of two, is unpacked.

    Args:
        sets: ``[sets, blocks, words]``, at most 255 sets.

    Returns:
        ``[blocks, 64 · words]``.
    """
    times = np.zeros((sets.shape[1], WORD * sets.shape[2]), dtype=np.uint8)
    planes, weight = sets, 0
    while len(planes):
        carries = [planes[:0]]
        while len(planes) >= 3:
            third = len(planes) // 3
            a, b, c, left = np.split(planes, [third, 2 * third, 3 * third])
            either = a ^ b
            carries.append(a & b | either & c)
            planes = np.concatenate([left, either ^ c])
        for plane in planes:
            times += _unpacked(plane) << weight
        planes, weight = np.concatenate(carries), weight + 1
    return times


def _unpacked(plane: Words) -> NDArray[np.uint8]:
    """``[blocks, 64 · words]`` the bits of ``[blocks, words]``."""
    return np.unpackbits(plane.astype("<u8", copy=False).view(np.uint8), axis=1, bitorder="little")
