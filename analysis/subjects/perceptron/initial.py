"""The weights and biases with which training begins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def initial_parameters(random: np.random.Generator, sizes: Sequence[int]) -> NDArray[np.float32]:
    """W1, b1, W2, … of one network, uniform in ±1/sqrt(inputs of the layer), the usual default of linear layers."""
    parts = []
    for n_in, n_out in pairwise(sizes):
        bound = 1 / np.sqrt(n_in)
        parts += [random.uniform(-bound, bound, n_out * n_in), random.uniform(-bound, bound, n_out)]
    return np.concatenate(parts).astype(np.float32)
