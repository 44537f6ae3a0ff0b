"""How all interpretations of a circuit are spread over numbers of right predictions: exactly, without listing them.

Within an observed class and a completion of the upper gates an interpretation is a choice of one column for each r, and
it is right on Σ_r N(r, column of r) interventions (:mod:`analysis.interpretations.predicting`). So the polynomial whose
coefficient of x^k counts the interpretations that are right on k interventions is a product over r of Σ_w x^N(r,w),
summed over the completions of those gates whose entries depend on each other, over upper completions and over classes.

Polynomials are held as one integer each, x standing for a power of two above every coefficient: Python then multiplies
them exactly, whatever their size.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import InterventionSpace, NetworkAnswers
from analysis.interpretations.columns import Columns
from analysis.interpretations.judged_blocks import class_blocks
from analysis.interpretations.observed import ObservedClasses

MAX_PRODUCTS: Final = 1 << 16  # polynomials multiplied for one class
MAX_TRIED: Final = 1 << 12


def spread_over_right(
    classes: ObservedClasses,
    space: InterventionSpace,
    answers: NetworkAnswers,
    *,
    max_products: int = MAX_PRODUCTS,
    max_tried: int = MAX_TRIED,
) -> Counter[int] | None:
    """Interpretations of these classes by the number of interventions that they predict right; they must speak.

    Args:
        classes: of one circuit.
        space: the interventions of its network.
        answers: what the unablated network does on them.
        max_products: most polynomials multiplied for one class.
        max_tried: most completions that are tried one after the other for one class.

    Returns:
        None if that is more work than allowed for some class. Counts sum to the interpretations of the classes.
    """
    columns = Columns(classes, space, answers, np.arange(len(space.sets)), max_tried, [1])
    if columns.is_too_large:
        return None
    width = -(-sum(classes.sizes).bit_length() // 8)  # bytes of a coefficient
    total = 0
    for block in class_blocks(columns, np.arange(len(classes))):
        _, tried = block.work()
        if not tried.all():
            return None
        for group in block.groups(tried):
            if group.right.shape[1] * columns.n_rows * group.completions.shape[1] > max_products:
                return None
            shared = np.empty(columns.n_columns, dtype=np.int64)
            shared[group.columns] = np.arange(len(group.columns))[:, None]
            for right, fits, completions in zip(
                group.right.astype(np.int64), group.fits, group.completions, strict=True
            ):
                total += _polynomial(right, fits, shared, completions, 8 * width)
    return _coefficients(total, width)


def _polynomial(
    right: NDArray[np.int64],
    fits: NDArray[np.bool_],
    shared: NDArray[np.int64],
    completions: NDArray[np.int64],
    bits: int,
) -> int:
    """The polynomial of one class.

    Args:
        right: ``[upper, r, w]`` what a column is worth.
        fits: ``[r, w]`` whether it agrees with what is settled.
        shared: ``[w]`` its bits of the gates whose entries depend on each other, as a number.
        completions: ``[tried, r]`` that number on each r.
        bits: x is 2^bits.
    """
    keys = shared.tolist()
    columns = [np.flatnonzero(row).tolist() for row in fits]
    lowest = np.where(fits, right, np.iinfo(np.int64).max).min(axis=2)
    above = ((right - lowest[..., None]) * bits).tolist()
    joint = completions.tolist()
    total = 0
    for shifts, start in zip(above, lowest.sum(axis=1).tolist(), strict=True):
        factors: list[dict[int, int]] = []
        for own, fitting in zip(shifts, columns, strict=True):
            of_row: dict[int, int] = {}
            for w in fitting:
                of_row[keys[w]] = of_row.get(keys[w], 0) + (1 << own[w])
            factors.append(of_row)
        found = 0
        for choice in joint:
            product = 1
            for of_row, key in zip(factors, choice, strict=True):
                factor = of_row.get(key, 0)
                if factor != 1:
                    product *= factor
            found += product
        total += found << bits * start
    return total


def _coefficients(total: int, width: int) -> Counter[int]:
    """The coefficients that are not 0, by exponent.

    Args:
        total: the polynomial.
        width: bytes of each coefficient.
    """
    raw = total.to_bytes(-(-total.bit_length() // 8), "little")
    parts = (raw[start : start + width] for start in range(0, len(raw), width))
    return Counter({k: n for k, part in enumerate(parts) if (n := int.from_bytes(part, "little"))})
