"""Circuits that are right on some rows: how many there are, and how many of these are right on all.

A circuit is *m-valid* on a sample of m rows if it is right on each of these, and valid if it is right on every row. All
functions take ``right [circuits, rows]``, whether a circuit is right on a row, and ``sizes [circuits]``, its edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Bits = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Survivors:
    """Circuits that are right on samples of rows, by size; the last sample is all rows.

    Args:
        seen: ``[samples]`` rows of each sample.
        circuits: ``[sizes, samples]`` circuits that are right on all of its rows.
        errors: ``[sizes, samples]`` rows that these are wrong on, added up.
    """

    seen: NDArray[np.intp]
    circuits: Numbers
    errors: Numbers

    def of_all(self) -> tuple[Numbers, Numbers]:
        """``[samples]`` the share that is valid, and the share of rows not seen that are wrong, of all m-valid
        circuits.
        """
        every = self.circuits.sum(axis=0)
        return self.circuits[:, -1].sum() / every, self._unseen_wrong(self.errors.sum(axis=0), every)

    def of_smallest(self) -> tuple[Numbers, Numbers]:
        """The same of the smallest m-valid circuits alone."""
        at = self.smallest, np.arange(len(self.seen))
        return self.circuits[self.smallest, -1] / self.circuits[at], self._unseen_wrong(
            self.errors[at], self.circuits[at]
        )

    @property
    def smallest(self) -> NDArray[np.intp]:
        """``[samples]`` the size of the smallest m-valid circuits."""
        return np.asarray(np.argmax(self.circuits > 0, axis=0))

    def smaller_than_valid(self) -> tuple[Bits, Numbers]:
        """``[samples]`` whether the smallest m-valid circuits are smaller than every valid one, so that none of them is
        valid; and the share of all m-valid circuits that is, 0 in these samples.
        """
        smaller = self.smallest < self.smallest[-1]
        return smaller, np.where(smaller, 0.0, self.of_all()[0])

    def _unseen_wrong(self, errors: Numbers, circuits: Numbers) -> Numbers:
        return np.asarray(errors / circuits / np.maximum(1, self.seen[-1] - self.seen))


def on_every_sample(right: Bits, sizes: NDArray[np.integer]) -> Survivors:
    """Count survivors of each of the 2^rows samples; bit i of a sample's number is row i. Sums over supersets, so that
    no sample is looked at twice.
    """
    n = right.shape[1]
    bits = np.arange(1 << n)
    pattern = right @ (1 << np.arange(n))
    flat = np.bincount(sizes * len(bits) + pattern, minlength=(int(sizes.max()) + 1) * len(bits))
    circuits = flat.reshape(-1, len(bits)).astype(np.float64)
    seen = np.bitwise_count(bits).astype(np.intp)
    errors = circuits * (n - seen)
    for table in (circuits, errors):
        for row in range(n):
            halves = table.reshape(len(table), -1, 2, 1 << row)
            halves[:, :, 0] += halves[:, :, 1]
    return Survivors(seen, circuits, errors)


def on_first_rows(right: Bits, sizes: NDArray[np.integer], order: NDArray[np.intp]) -> Survivors:
    """Count survivors of the first 0, 1, … rows of an order."""
    n, wrong = right.shape[1], (~right).sum(axis=1)
    first = np.where(wrong > 0, np.argmin(right[:, order], axis=1), n)
    cell, shape = sizes * (n + 1) + first, (int(sizes.max()) + 1, n + 1)
    tables = (np.bincount(cell, weights, shape[0] * shape[1]).reshape(shape) for weights in (None, wrong))
    circuits, errors = (np.cumsum(one[:, ::-1], axis=1)[:, ::-1].astype(np.float64) for one in tables)
    return Survivors(np.arange(n + 1), circuits, errors)


def valid_if_tested(right: Bits) -> Numbers:
    """``[rows + 1]`` the probability that a circuit is valid which was drawn first, then tested on m drawn rows, and
    passed: a circuit that is wrong on k of n rows passes with C(n - k, m) / C(n, m).
    """
    n = right.shape[1]
    counts = np.bincount((~right).sum(axis=1), minlength=n + 1)
    k, m = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    free = np.maximum(0, n - k - m)
    log = gammaln(n - k + 1) + gammaln(n - m + 1) - gammaln(free + 1) - gammaln(n + 1)
    return np.asarray(counts[0] / (counts @ np.where(n - k >= m, np.exp(log), 0.0)))


def shuffled(right: Bits, sizes: NDArray[np.integer], chance: np.random.Generator) -> Bits:
    """Shuffle errors, row by row, among circuits of equal size that are not valid: each row stays as difficult as it
    is, and rows no longer have anything to do with each other.
    """
    found, invalid = right.copy(), ~right.all(axis=1)
    for size in np.unique(sizes):
        at = np.flatnonzero(invalid & (sizes == size))
        found[at] = chance.permuted(right[at], axis=0)
    return found
