"""Sets of combinations as bits, 64 to a word, and how many there are in each.

A family of tails is sorted by a threshold; the tails that a head may be joined with are then a prefix of that order,
and the prefixes of all lengths are a table of bit sets. Joining conditions is AND, counting is a population count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORD = 64
_ROWS_IN_A_BYTE = 255  # so many ones still fit into a uint8 sum

Words = NDArray[np.uint64]


def n_words(n_items: int) -> int:
    """Words that a set over so many items takes."""
    return -(-n_items // WORD)


def packed(members: NDArray[np.bool_]) -> Words:
    """Bit sets of rows of Booleans.

    Args:
        members: ``[sets, items]``.

    Returns:
        ``[sets, words]``; item i is bit i mod 64 of word i div 64.
    """
    n_sets, n_items = members.shape
    padded = np.zeros((n_sets, n_words(n_items) * WORD), dtype=np.bool_)
    padded[:, :n_items] = members
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def prefixes_of(order: NDArray[np.int64]) -> Words:
    """The sets of the first 0, 1, … n items of an order.

    Args:
        order: ``[n]`` a permutation of the items.

    Returns:
        ``[n + 1, words]``.
    """
    n_items = len(order)
    sets = np.zeros((n_items + 1, n_words(n_items)), dtype=np.uint64)
    sets[np.arange(1, n_items + 1), order // WORD] = np.uint64(1) << (order % WORD).astype(np.uint64)
    np.bitwise_or.accumulate(sets, axis=0, out=sets)
    return sets


def sizes_of(sets: Words) -> NDArray[np.int64]:
    """Members of each set, ``[sets]``."""
    sizes: NDArray[np.int64] = np.bitwise_count(sets).sum(axis=1, dtype=np.int64)
    return sizes


def members_of(one: Words, n_items: int) -> NDArray[np.int64]:
    """The members of one set ``[words]``, ascending."""
    return np.flatnonzero(_unpacked(one[None])[0, :n_items])


def times_included(sets: Words, starts: NDArray[np.int64], n_items: int) -> NDArray[np.int64]:
    """How many sets of each run hold each item.

    Args:
        sets: ``[sets, words]``.
        starts: first set of each run, ascending, and the number of sets last.
        n_items: items.

    Returns:
        ``[runs, items]``.
    """
    times = np.zeros((len(starts) - 1, n_items), dtype=np.int64)
    for run, (start, stop) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        for first in range(start, stop, _ROWS_IN_A_BYTE):
            part = sets[first : min(first + _ROWS_IN_A_BYTE, stop)]
            times[run] += _unpacked(part).sum(axis=0, dtype=np.uint8)[:n_items]
    return times


def _unpacked(sets: Words) -> NDArray[np.uint8]:
    """``[sets, 64 · words]`` of 0/1."""
    return np.unpackbits(np.ascontiguousarray(sets).astype("<u8", copy=False).view(np.uint8), axis=1, bitorder="little")
