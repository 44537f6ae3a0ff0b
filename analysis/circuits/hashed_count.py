"""A number of models, known by hashing up to a factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

EPSILON: Final = 0.8
"""The usual one: ends of a bracket are then a factor of 3.2 apart, or more."""


@dataclass(frozen=True)
class HashedCount:
    """A count by ApproxMC (Chakraborty, Meel and Vardi 2016, Algorithmic Improvements in Approximate Counting).

    Args:
        cells: models in one cell, the median of several rounds.
        hashes: hash functions that divide the models into cells, each in two; 0 where all models were listed, which is
            so for at most 9.84 · (1 + ε / (1 + ε)) · (1 + 1 / ε)² + 1 of them (72 for ε = .8): the number is exact.
        epsilon: the number is at most 1 + ε times too large or too small,
        delta: but for this probability; one that is exact always is.
        seed: of the hash functions.
        version: of pyunigen, which contains ApproxMC.
    """

    cells: int
    hashes: int
    epsilon: float
    delta: float
    seed: int
    version: str

    @property
    def count(self) -> int:
        return self.cells << self.hashes

    @property
    def exact(self) -> bool:
        return not self.hashes

    @property
    def low(self) -> int:
        """The lower bound of the number of models, with probability 1 − δ together with :attr:`high`."""
        return self.count if self.exact else math.ceil(self.count / (1 + Fraction(self.epsilon)))

    @property
    def high(self) -> int:
        return self.count if self.exact else math.floor(self.count * (1 + Fraction(self.epsilon)))


@dataclass(frozen=True)
class Bracket:
    """A number of circuits between two numbers of models.

    Args:
        bits: numbers of the network were rounded to multiples of 2^−bits.
        inside: of the formula that only valid circuits fulfil.
        outside: of the formula that every valid circuit fulfils; None if the time was up before it was counted.
        n_counts: counts made that are not exact, those with fewer bits among them.
        possible: circuits of the space.
    """

    bits: int
    inside: HashedCount
    outside: HashedCount | None
    n_counts: int
    possible: int

    @property
    def interval(self) -> tuple[int, int]:
        return self.inside.low, min(self.outside.high, self.possible) if self.outside else self.possible

    @property
    def confidence(self) -> float:
        """The probability that the interval holds the truth, by the union bound over all counts made."""
        return max(0.0, 1 - self.n_counts * self.inside.delta)

    @property
    def about(self) -> int:
        """The geometric mean of both counts, rounded down: the interval's ends are as many times away from it."""
        return math.isqrt(self.inside.count * self.outside.count) if self.outside else self.inside.count
