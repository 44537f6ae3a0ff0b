"""Outputs as chances: the softmax in logarithms, and how far two such answers are apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def divergence(whole: NDArray[np.float64], circuit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the Kullback–Leibler divergence of a circuit's answers from the whole model's, in nats, ``[circuits,
    rows]``.

    Args:
        whole: outputs ``[rows, outputs]``, logarithms of probabilities but for a constant.
        circuit: ``[circuits, rows, outputs]`` likewise.
    """
    of_whole, of_circuit = (log_softmax(one) for one in (whole, circuit))
    total: NDArray[np.float64] = (np.exp(of_whole) * (of_whole - of_circuit)).sum(axis=-1)
    return np.maximum(total, 0.0)


def log_softmax(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the probabilities that outputs stand for, over the last axis."""
    below = outputs - outputs.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return found
