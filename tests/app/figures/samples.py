"""A fixed network with explanations of every kind, for the tests of drawings.

The weights are those of the authors' pretrained XOR network rounded to two decimals (MIT, © 2025 Maxime Méloux).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.alignments.alignment import Alignment
from analysis.interventions.neuron_set import NeuronSet
from app.figures.svg import Direction, Threshold, Tile
from app.figures.term_drawings import ALGORITHM, MASK, WEIGHTS

__all__ = ["ALGORITHM", "MASK", "WEIGHTS"]
TILES: Final = (
    Tile(1, 0, (0, 1, 1, 1), "A ∨ B"),
    Tile(1, 1, (0, 0, 0, 1), "A ∧ B"),
    Tile(2, 0, (0, 1, 1, 0), "A ⊕ B"),
    Tile(2, 2, (0, 1, 1, 0), "A ⊕ B"),
    Tile(3, 0, (0, 1, 1, 0), "A ⊕ B"),
)
DIRECTIONS: Final = (
    Direction(1, (-1.05, -0.34, 2.12), (0, 0, 1, 0)),
    Direction(1, (-1.05, 1.53, -1.81), (0, 1, 0, 0)),
)
THRESHOLDS: Final = (Threshold(0.04, "P", (0, 1, 1, 1)), Threshold(0.62, "Q", (0, 0, 0, 1)))

ALIGNMENT: Final = Alignment.of(ALGORITHM.text, {"0": NeuronSet(1, (0,)), "1": NeuronSet(1, (1, 2))})


def random_weights(sizes: tuple[int, ...], seed: int) -> tuple[NDArray[np.float64], ...]:
    """Weights of a made-up network, the same for the same seed."""
    source = np.random.default_rng(seed)
    return tuple(source.normal(0, 1, (n_out, n_in)) for n_in, n_out in pairwise(sizes))


def connected_mask(weights: tuple[NDArray[np.float64], ...], share: float, seed: int) -> tuple[NDArray[np.bool_], ...]:
    """A mask that keeps about ``share`` of the edges and at least one of each neuron, so that it draws as a circuit."""
    source = np.random.default_rng(seed)
    masks = tuple(source.random(w.shape) < share for w in weights)
    for mask in masks:
        mask[np.arange(mask.shape[0]), np.arange(mask.shape[0]) % mask.shape[1]] = True
        mask[np.arange(mask.shape[1]) % mask.shape[0], np.arange(mask.shape[1])] = True
    return masks
