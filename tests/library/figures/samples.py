"""A fixed network with explanations of every kind, for the tests of drawings.

The weights are those of the authors' pretrained XOR network rounded to two decimals (MIT, © 2025 Maxime Méloux).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import NeuronPlacement

WEIGHTS: Final = (
    ((1.05, 1.05), (0.85, 0.97), (0.66, 0.21)),
    ((-1.37, 0.98, 0.24), (1.66, -0.21, -0.08), (-0.81, 0.63, 0.22)),
    ((0.91, -0.80, 0.71),),
)
MASK: Final = "2b0cf"
_A, _B = Node("input", input=0), Node("input", input=1)
_BOTH, _NONE = Node("and", (_A, _B)), Node("and", (Node("not", (_A,)), Node("not", (_B,))))
ALGORITHM: Final = HighLevelModel("and_inverter", 2, Node("and", (Node("not", (_BOTH,)), Node("not", (_NONE,)))))

ALIGNMENT: Final = NeuronPlacement.of(ALGORITHM.text, {"0": NeuronSet(1, (0,)), "1": NeuronSet(1, (1, 2))})


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
