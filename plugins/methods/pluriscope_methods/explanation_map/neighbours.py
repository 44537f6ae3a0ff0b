"""Rows of bits: which are nearest to each, and how many bits two rows have alike on average."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]
"""``[rows, words]`` bits of rows, 64 in a word."""
_CELLS_AT_ONCE: Final = 1 << 19


def apart(words: Words, row: int) -> Integers:
    """``[rows]`` in how many bits each row differs from one of them."""
    return np.asarray(np.bitwise_count(words ^ words[row]).sum(axis=1, dtype=np.int64))


def nearest(words: Words, among: int, k: int) -> tuple[Integers, Integers]:
    """The rows that differ from each row in the fewest bits; of equally near ones the first.

    Args:
        words: different rows.
        among: only so many of the first rows are looked at.
        k: how many are wanted, fewer than ``among``.

    Returns:
        ``[rows, k]`` their numbers, nearest first, and in how many bits they differ.
    """
    columns = np.ascontiguousarray(words[:among].T)
    return _first(lambda part: _differing(words[part], columns), len(words), among, k)


def nearest_on_map(x: Integers, y: Integers, k: int) -> Integers:
    """``[dots, k]`` the dots that stand nearest to each, nearest first; of equally near ones the first."""
    return _first(lambda part: (x[part, None] - x) ** 2 + (y[part, None] - y) ** 2, len(x), len(x), k)[0]


def mean_alike(words: Words, others: Integers, n_bits: int) -> Fraction:
    """How many bits each row and its ``[rows, k]`` others have alike, on average; all of them where there are none."""
    if not others.size:
        return Fraction(n_bits)
    differing = sum(int(np.bitwise_count(words ^ words[column]).sum()) for column in others.T)
    return n_bits - Fraction(differing, others.size)


def mean_alike_of_all(words: Words, n_bits: int) -> Fraction:
    """How many bits two different rows have alike, on average over all pairs."""
    n = len(words)
    if n < 2:
        return Fraction(n_bits)
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), axis=1, bitorder="little")
    ones = bits.sum(axis=0, dtype=np.int64)
    return n_bits - Fraction(int((ones * (n - ones)).sum()), n * (n - 1) // 2)


def _differing(some: Words, columns: Words) -> Integers:
    found = np.zeros((len(some), columns.shape[1]), dtype=np.int64)
    for one, other in zip(some.T, columns, strict=True):
        found += np.bitwise_count(one[:, None] ^ other)
    return found


def _first(distances: Callable[[slice], Integers], n: int, among: int, k: int) -> tuple[Integers, Integers]:
    """Of each of n rows the k columns with the smallest distances, itself left out, with these."""
    found = np.zeros((n, k), dtype=np.int64)
    step = max(1, _CELLS_AT_ONCE // max(1, among))
    for start in range(0, n, step):
        keys = distances(slice(start, start + step)) * among + np.arange(among)  # no two are equal
        own = np.arange(start, min(start + len(keys), among))
        keys[own - start, own] = np.iinfo(np.int64).max
        keys.partition(k - 1, axis=1)
        found[start : start + len(keys)] = np.sort(keys[:, :k], axis=1)
    return found % among, found // among
