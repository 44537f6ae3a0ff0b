"""Ablation: what an absent edge into an active neuron carries.

1. Zero ablation (Méloux et al., ICLR 2025): nothing, the edge carries 0.
2. Mean ablation: the mean activation of its source neuron in the full network over the clean inputs.

Edges that leave an inactive neuron count as absent. Biases of active neurons stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ablation = Literal["zero", "mean"]


def zeros(sizes: Sequence[int]) -> tuple[NDArray[np.float64], ...]:
    """Zero ablation: ``[n_l]`` for layers 0 … L − 1 of a network with these layer sizes."""
    return tuple(np.zeros(width) for width in sizes[:-1])


def means(layers: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], ...]:
    """Mean ablation.

    Args:
        layers: ``[rows, n_l]`` activations of the full network for layers 0 … L, on the rows to average over.

    Returns:
        ``[n_l]`` for layers 0 … L − 1.
    """
    return tuple(layer.mean(axis=0) for layer in layers[:-1])
