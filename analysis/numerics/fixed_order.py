"""Arithmetic with the same bits on every machine: sums in one order; exp, tanh, logarithm and normal distribution from
the four basic operations.

IEEE 754 fixes the result of one addition, multiplication, division or square root to the bit, but not the order in
which a sum is taken, and not exp. A matrix product by BLAS sums as its kernel for this processor does, a decomposition
by LAPACK inherits that, and exp and tanh come from whichever vector or library code was chosen at the start. What the
engine compares, writes or hashes is computed here instead: each operation below is one ufunc of NumPy on basic
operations, which never fuses a multiplication with an addition, and every order is written out.

The matrices are small (a layer's width by 2^inputs), so this costs microseconds. ``docs/numerics.md`` says who uses it.
"""

from __future__ import annotations

from math import frexp, prod, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BLOCK: Final = 4_096  # values taken through a polynomial at once, so that they stay in the processor's cache
_LEAST: Final = -708.0  # exp of less is below the smallest normal number
# ln 2 in two parts; the first ends in 21 zero bits, so that its products with whole numbers are exact (Cody and Waite)
_LN2_HIGH: Final = float.fromhex("0x1.62e42feep-1")
_LN2_LOW: Final = float.fromhex("0x1.a39ef35793c76p-33")
_PER_LN2: Final = float.fromhex("0x1.71547652b82fep+0")
# r − r·coth(r/2) + 2 as an even polynomial by Remez, last coefficient first (FreeBSD's e_exp.c, Sun Microsystems 1993)
_REMEZ: Final = (
    4.13813679705723846039e-08,
    -1.65339022054652515390e-06,
    6.61375632143793436117e-05,
    -2.77777777770155933842e-03,
    1.66666666666666019037e-01,
)
# (a + 5) e^(a²/2) Φ(−a) as a polynomial in u = (a − 5) / (a + 5) for all a ≥ 0, last coefficient first: Chebyshev
# interpolation in 60 digits, right within 8e-17; the substitution is that of Shepherd and Laframboise 1981
_NORMAL_AT: Final = 5.0
_NORMAL: Final = (
    -8.166192624428987e-10,
    5.037302126379857e-10,
    9.446827519677366e-09,
    -5.015649939857857e-09,
    -6.782555313291156e-08,
    3.581840051543223e-08,
    4.340262594829775e-07,
    -3.310698071526862e-07,
    -2.769337871043854e-06,
    3.977912640593242e-06,
    1.6681099115863468e-05,
    -4.976177118979218e-05,
    -5.9375673286488655e-05,
    0.00054489883090093,
    -0.0007978694094808063,
    -0.00299337673822322,
    0.020795066800941616,
    -0.06911863870881432,
    0.16502036617034282,
    -0.3135331566712138,
    0.4953056159699768,
    -0.6653825028900577,
    0.769193049750063,
)
_PER_ROOT_2_PI: Final = float.fromhex("0x1.9884533d43651p-2")
_HEAD: Final = np.int64(-(1 << 27))  # keeps the upper 26 binary digits of a number, whose square is exact
_LOG_TERMS: Final = 16  # of the series of atanh at 1/3, of which the next is below 1e-18
_FEW: Final = 256  # products of which all partial sums are kept, since so few calls take less than few sums
_MAX_SWEEPS: Final = 60
_ORTHOGONAL: Final = 2.0**-52  # cosine of two columns below which they count as at right angles


def inner(left: Array, right: Array) -> Array:
    """The product w·h of every row of one array with every row of the other, summed from the first number to the last.

    Args:
        left: ``[…, n]``.
        right: ``[m, n]``.

    Returns:
        ``[…, m]``; what ``left @ right.T`` is in exact arithmetic.
    """
    n_numbers, shape = left.shape[-1], (*left.shape[:-1], len(right))
    with np.errstate(over="ignore", invalid="ignore"):  # as silent as a matrix product
        if 0 < left.size * len(right) <= _FEW:
            # partial sums in one call; adding 0 makes of a sum of −0 what a sum that begins with 0 is
            sums: Array = np.add(np.add.accumulate(left[..., None, :] * right, axis=-1)[..., -1], 0.0, order="C")
            return sums
        # rows beside each other in memory: each step runs along them, and not along the few numbers of a result
        by_number = np.ascontiguousarray(left.reshape(prod(shape[:-1]), n_numbers).T)
        total = np.zeros((len(right), by_number.shape[1]))
        products = np.empty_like(total)
        for one, factors in zip(by_number, right.T, strict=True):
            np.multiply(factors[:, None], one, out=products)
            total += products
    return np.ascontiguousarray(total.T).reshape(shape)


def dot(left: Array, right: Array) -> float:
    """The product of two rows of n numbers, summed from the first to the last; 0 for empty ones."""
    return total_of(left * right)


def total_of(values: Array) -> float:
    """The sum of a row of numbers from the first to the last; 0 for an empty one."""
    # accumulate keeps all partial sums, so it cannot take them in another order
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def mean(rows: Array) -> Array:
    """Compute the mean over the first axis, ``[…]``, summed from the first row to the last."""
    average: Array = np.add.accumulate(rows, axis=0)[-1] / len(rows)
    return average


def length(row: Array) -> float:
    """The Euclidean length of a row of numbers below 1e150."""
    return sqrt(dot(row, row))


def exp_of_negative(values: Array) -> Array:
    """Exp of numbers of 0 and below, within 1 unit in the last place; 0 below −708; NaN stays NaN.

    Args:
        values: any shape, each ≤ 0.
    """
    rest, scale = _reduced_expm1(values)
    rest += 1.0
    rest *= scale
    return rest


def expm1_of_negative(values: Array) -> Array:
    """Exp less 1 of numbers of 0 and below, within 2 units in the last place; NaN stays NaN."""
    rest, scale = _reduced_expm1(values)
    rest *= scale
    scale -= 1.0
    rest += scale
    return rest


def tanh(values: Array) -> Array:
    """The hyperbolic tangent, within 3 units in the last place; NaN stays NaN."""
    rest = expm1_of_negative(-2.0 * np.minimum(np.abs(values), -_LEAST))  # twice the largest would overflow
    rest /= rest + 2.0
    return np.copysign(rest, values)


def log1p_of_share(values: Array) -> Array:
    """The logarithm of 1 + v for 0 ≤ v ≤ 1, within 3 units in the last place; NaN stays NaN."""
    part = values / (2.0 + values)  # ln(1 + v) = 2 atanh(v / (2 + v))
    square = part * part
    series: Array = np.full(square.shape, 1.0 / (2 * _LOG_TERMS + 1))
    for k in range(_LOG_TERMS - 1, -1, -1):
        series = series * square + 1.0 / (2 * k + 1)
    return 2.0 * (part * series)


def normal(values: Array) -> tuple[Array, Array]:
    """The standard normal distribution function, ½ erfc(−v/√2), and its density at each number.

    Both are within 8 units in the last place, and 0 where they are below 1e-300; NaN stays NaN.
    """
    at = np.asarray(np.minimum(np.abs(values), 40.0), dtype=np.float64)
    head = (at.view(np.int64) & _HEAD).view(np.float64)
    # exp(−a²/2) as of a² = head² + (a − head)(a + head): rounding a² would cost hundreds of units in the last place
    bell = exp_of_negative(-0.5 * head * head) * exp_of_negative(-0.5 * (at - head) * (at + head))
    u = (at - _NORMAL_AT) / (at + _NORMAL_AT)
    series: Array = np.full(u.shape, _NORMAL[0])
    for coefficient in _NORMAL[1:]:
        series = series * u + coefficient
    tail = bell * series / (at + _NORMAL_AT)
    return np.where(np.signbit(values), tail, 1.0 - tail), bell * _PER_ROOT_2_PI


def _reduced_expm1(values: Array) -> tuple[Array, Array]:
    """Compute ``exp(r) − 1`` and 2^k, where each value is ``r + k ln 2`` with |r| ≤ ln(2)/2; 2^k is 0 below −708."""
    flat = np.ravel(np.asarray(values, dtype=np.float64))
    rests, scales = np.empty(flat.shape), np.empty(flat.shape)
    for start in range(0, len(flat), _BLOCK):
        part = flat[start : start + _BLOCK]
        k = np.fmax(part, _LEAST)  # fmax passes over NaN, maximum keeps it
        k *= _PER_LN2
        np.rint(k, out=k)
        r = np.maximum(part, _LEAST)
        r -= k * _LN2_HIGH
        r -= k * _LN2_LOW
        square = r * r
        c = square * _REMEZ[0]
        for coefficient in _REMEZ[1:]:
            c += coefficient
            c *= square
        np.subtract(r, c, out=c)
        np.multiply(r, c, out=square)
        np.subtract(2.0, c, out=c)
        square /= c
        r += square
        rests[start : start + _BLOCK] = r
        exponents = k.astype(np.int64)
        exponents += 1023
        exponents <<= 52  # the bits of 2^k
        exponents[part < _LEAST] = 0  # those of 0
        scales[start : start + _BLOCK] = exponents.view(np.float64)
    return rests.reshape(values.shape), scales.reshape(values.shape)


def solved(matrix: Array, sides: Array) -> Array:
    """The solution of symmetric equations without negative eigenvalues, by elimination in one order.

    Args:
        matrix: ``[n, n]``.
        sides: ``[n]`` or ``[n, m]``.

    Returns:
        As ``sides``; NaN where a pivot is 0.
    """
    matrix, sides = matrix.copy(), sides.copy()
    n = len(sides)
    for k in range(n):
        if not matrix[k, k] > 0.0:
            return np.full(sides.shape, np.nan)
        shares = matrix[k + 1 :, k] / matrix[k, k]
        matrix[k + 1 :] -= shares[:, None] * matrix[k]
        sides[k + 1 :] -= shares.reshape(-1, *[1] * (sides.ndim - 1)) * sides[k]
    found = np.zeros(sides.shape)
    for k in range(n - 1, -1, -1):
        rest = matrix[k, k + 1 :].reshape(-1, *[1] * (sides.ndim - 1)) * found[k + 1 :]
        total = np.add.accumulate(rest, axis=0)[-1] if len(rest) else 0.0
        found[k] = (sides[k] - total) / matrix[k, k]
    return found


def decomposed(matrix: Array, least: float) -> tuple[Array, Array, Array]:
    """The singular value decomposition without the small values, by one-sided Jacobi rotations.

    Rotations make the columns orthogonal, pair after pair in one order (Golub and Van Loan, "Matrix Computations",
    §8.6.3). The relative error of each singular value is a few units in the last place where the columns are well
    scaled, which is better than what LAPACK promises.

    Args:
        matrix: ``[m, n]`` finite numbers.
        least: share of the largest singular value below which others count as 0.

    Returns:
        Left vectors ``[rank, m]``, singular values ``[rank]`` in no order, right vectors ``[rank, n]``; rank 0 for a
        matrix of zeros.
    """
    if matrix.shape[0] < matrix.shape[1]:
        right, values, left = decomposed(matrix.T, least)
        return left, values, right
    m, n = matrix.shape
    _, size = frexp(float(np.abs(matrix).max(initial=0.0)))
    columns = [*np.ldexp(matrix.T, -size)]  # scaled by a power of 2, which is exact: no square overflows
    turned = [*np.eye(n)]
    for _ in range(_MAX_SWEEPS):
        done = True
        for p in range(n - 1):
            for q in range(p + 1, n):
                first, second, between = (
                    dot(columns[p], columns[p]),
                    dot(columns[q], columns[q]),
                    dot(columns[p], columns[q]),
                )
                if abs(between) <= _ORTHOGONAL * sqrt(first) * sqrt(second):
                    continue
                done = False
                half = (second - first) / (2.0 * between)
                tangent = (1.0 if half >= 0 else -1.0) / (abs(half) + sqrt(1.0 + half * half))
                cosine = 1.0 / sqrt(1.0 + tangent * tangent)
                sine = cosine * tangent
                for rows in (columns, turned):
                    rows[p], rows[q] = cosine * rows[p] - sine * rows[q], sine * rows[p] + cosine * rows[q]
        if done:
            break
    lengths = [length(column) for column in columns]
    kept = [i for i in range(n) if lengths[i] > least * max(lengths)]
    singular = np.array([lengths[i] for i in kept])
    left = np.array([columns[i] / lengths[i] for i in kept]).reshape(len(kept), m)
    return left, np.ldexp(singular, size), np.array([turned[i] for i in kept]).reshape(len(kept), n)
