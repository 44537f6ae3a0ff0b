"""Shapley values of games: what each player adds, in the mean over all orders in which they join.

Shapley, "A Value for n-Person Games" (1953).
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from pluriscope_methods.lenses.lens import bit_of


def shapley_values(values: NDArray[np.float64], n_inputs: int) -> NDArray[np.float64]:
    """``[rows, n]`` each input's Shapley value from v ``[rows, 2^n]``."""
    found = np.zeros((len(values), n_inputs))
    for axis in range(n_inputs):
        bit = bit_of(axis, n_inputs)
        for coalition in range(values.shape[1]):
            if not coalition & bit:
                size = coalition.bit_count()
                weight = factorial(size) * factorial(n_inputs - size - 1) / factorial(n_inputs)
                found[:, axis] += weight * (values[:, coalition | bit] - values[:, coalition])
    return found
