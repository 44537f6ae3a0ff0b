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


def absent_values(layers: Sequence[NDArray[np.float64]], ablation: Ablation) -> tuple[NDArray[np.float64], ...]:
    """What absent edges carry, by source neuron.

    Args:
        layers: ``[rows, n_l]`` activations of the full network on the rows that means are taken over.
        ablation: "zero" or "mean".

    Returns:
        ``[n_l]`` for each of ``layers``.
    """
    if ablation == "zero":
        return tuple(np.zeros(layer.shape[1]) for layer in layers)
    return tuple(layer.mean(axis=0) for layer in layers)
