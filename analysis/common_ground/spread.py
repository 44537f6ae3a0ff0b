"""Distribution of all interpretations of circuits over numbers of right predictions: exactly, without listing them.

Within an observed class and a completion of the upper gates an interpretation is a choice of one column for each r, and
it is right on Σ_r N(r, column of r) interventions (:mod:`pluriscope.analysis.interpretations.predicting`). So the
polynomial whose coefficient of x^k counts the interpretations that are right on k interventions is a product over r of
Σ_w x^N(r,w), summed over the completions of those gates whose entries depend on each other, over upper completions and
over classes.

1. Take the lowest power out of every factor. What is left is nearly always a factor that was seen before, and so is the
   product of what is left; so products are distinguished by their factors, and only counted, by the power taken out.
2. Multiply each product once, and add all up.

Polynomials are then held as one integer each, x standing for a power of two above every coefficient: Python adds them
exactly, whatever their size.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.batched_classes import Group, along
from pluriscope.analysis.interpretations.columns import Columns
from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.interpretations.predicting import class_blocks
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers
from pluriscope.analysis.running.work import DEFAULT_WORK, Work

Integers = NDArray[np.int64]
MAX_PRODUCTS: Final = 1 << 16  # factors multiplied for one class
MAX_TRIED: Final = 1 << 12
_MAX_HELD: Final = 1 << 26  # bytes of factors, products and their numbers; to add them up takes several times as much
_PRODUCTS_AT_ONCE: Final = 64  # multiplied between two reports of progress
_NONE: Final = np.iinfo(np.int32).max  # in place of an exponent: a column that does not fit
_BYTES_OF_ENTRY: Final = 200  # of a dictionary with short keys
_ODD: Final = 0x9E3779B97F4A7C15  # spreads what differs little over 64 bits


class Spread:
    """A sum over circuits.

    Args:
        space: the interventions.
        answers: what the unablated network does on them.
        max_products: most factors multiplied for one class.
        max_tried: most completions that are tried one after the other for one class.
    """

    def __init__(
        self,
        space: InterventionSpace,
        answers: NetworkAnswers,
        *,
        max_products: int = MAX_PRODUCTS,
        max_tried: int = MAX_TRIED,
    ) -> None:
        self.space, self.answers, self.max_products, self.max_tried = space, answers, max_products, max_tried
        self._n = 0  # interpretations
        self._held = 0  # bytes
        self._factors: dict[bytes, int] = {}  # by exponents, ascending, the lowest 0
        self._products: dict[bytes, int] = {}  # by the numbers of their factors, ascending
        self._times: Counter[tuple[int, int]] = Counter()  # by product and power taken out
        self._polynomials: list[_Factor] = []  # of the factors, as far as they were needed

    def add(self, classes: ObservedClasses) -> bool:
        """Take in the classes of one circuit; they must speak.

        Returns:
            False if that is more work than allowed for some class; then the whole sum is without meaning.
        """
        everything = np.arange(len(self.space.sets))
        columns = Columns(classes, self.space, self.answers, everything, self.max_tried, [1])
        if columns.is_too_large:
            return False
        self._n += sum(classes.sizes)
        for block in class_blocks(columns, np.arange(len(classes))):
            _, tried = block.work()
            if not tried.all():
                return False
            for group in block.groups(tried):
                if group.right.shape[1] * columns.n_rows * group.completions.shape[1] > self.max_products:
                    return False
                self._take(group)
                if self._held + _BYTES_OF_ENTRY * len(self._times) > _MAX_HELD:
                    return False
        return True

    def _take(self, group: Group) -> None:
        right = np.where(group.fits[:, None], group.right.astype(np.int32), np.int32(_NONE))
        exponents = np.sort(right[..., group.columns], axis=4)  # [classes, upper, r, shared, columns]
        lowest = exponents[..., 0].astype(np.int64)
        rest = np.where(exponents == _NONE, np.int32(_NONE), exponents - exponents[..., :1])
        numbers = self._numbered(rest.reshape(-1, rest.shape[-1]), self._factors).reshape(lowest.shape)
        powers = along(lowest, group.completions).sum(axis=3).ravel()
        factors = np.sort(along(numbers, group.completions), axis=3)
        products = self._numbered(factors.reshape(len(powers), -1), self._products)
        span = int(powers.max(initial=0)) + 1
        each, times = np.unique(products * span + powers, return_counts=True)
        for both, n in zip(each.tolist(), times.tolist(), strict=True):
            self._times[divmod(both, span)] += n

    def _numbered(self, rows: NDArray[Any], known: dict[bytes, int]) -> Integers:
        """The number of each row, new ones added to those that are known."""
        first, position = _alike(rows)
        before = len(known)
        numbers = [known.setdefault(row.tobytes(), len(known)) for row in rows[first]]
        self._held += (len(known) - before) * (rows[:1].nbytes + _BYTES_OF_ENTRY)
        return np.array(numbers, dtype=np.int64)[position]

    def _multiplied(self) -> list[_Factor]:
        """Every factor as a polynomial, by number."""
        self._polynomials += map(_Factor.of, islice(self._factors, len(self._polynomials), None))
        return self._polynomials

    @property
    def cost(self) -> float:
        """Words of 64 bits that are added to multiply every product, about 5 · 10⁸ a second."""
        factors = self._multiplied()
        degrees = np.array([one.degree for one in factors])
        terms = np.array([0 if one.is_one else len(one.terms) for one in factors])
        product = np.repeat(np.arange(len(self._products)), [len(row) // 8 for row in self._products])
        used = np.frombuffer(b"".join(self._products), dtype=np.int64)
        adds = np.bincount(product, degrees[used]) @ np.bincount(product, terms[used])
        return float(adds) * self._n.bit_length() / 128

    def counted(self, work: Work = DEFAULT_WORK) -> Counter[int]:
        """Interpretations by the number of interventions that they predict right.

        Args:
            work: reports "spread" now and then; may raise Cancelled, or OutOfTime to stop.
        """
        coefficient = np.dtype(np.uint32 if self._n < 1 << 32 else np.uint64)
        n_words = max(1, -(-self._n.bit_length() // (8 * coefficient.itemsize)))
        bits = 8 * coefficient.itemsize * n_words
        factors = self._multiplied()
        taken_out: list[tuple[list[int], list[int]]] = [([], []) for _ in self._products]
        for (number, power), times in self._times.items():
            powers, repeats = taken_out[number]
            powers.append(power)
            repeats.append(times)
        total = 0
        for done, (row, (powers, repeats)) in enumerate(zip(self._products, taken_out, strict=True)):
            if done % _PRODUCTS_AT_ONCE == 0:
                work.report_step("spread", done, len(taken_out))
            lowest = min(powers)
            words = np.zeros((max(powers) - lowest + 1, n_words), dtype=coefficient)
            words[np.array(powers) - lowest, 0] = repeats
            product = int.from_bytes(words.tobytes(), "little")
            for number in np.frombuffer(row, dtype=np.int64).tolist():
                if not factors[number].is_one:
                    product = sum(times * product << bits * k for k, times in factors[number].terms)
            total += product << bits * lowest
        return _coefficients(total, bits // 8)


@dataclass(frozen=True)
class _Factor:
    """A polynomial whose lowest power is 0.

    Args:
        terms: exponents, ascending, with their coefficients; so few that adding shifted products beats multiplying.
    """

    terms: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, row: bytes) -> _Factor:
        exponents = np.frombuffer(row, dtype=np.int32)
        values, times = np.unique(exponents[exponents != _NONE], return_counts=True)
        return cls(tuple(zip(values.tolist(), times.tolist(), strict=True)))

    @property
    def degree(self) -> int:
        return self.terms[-1][0]

    @property
    def is_one(self) -> bool:
        return self.terms == ((0, 1),)


def _alike(rows: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the different rows: the position where each occurs first, and for each row which of them it is.

    Rows are compared by a number made of them. Where rows that differ have the same, they are compared as they are.
    """
    key = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        key = (key ^ column.astype(np.uint64)) * np.uint64(_ODD)
        key ^= key >> np.uint64(29)
    _, first, position = np.unique(key, return_index=True, return_inverse=True)
    if (rows[first[position]] == rows).all():
        return first, position
    _, first, position = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, position.reshape(-1)


def _coefficients(total: int, width: int) -> Counter[int]:
    """The coefficients that are not 0, by exponent."""
    raw = total.to_bytes(-(-total.bit_length() // 8), "little")
    parts = (raw[start : start + width] for start in range(0, len(raw), width))
    return Counter({k: n for k, part in enumerate(parts) if (n := int.from_bytes(part, "little"))})
