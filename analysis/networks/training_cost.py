"""What a training will take, told before it starts; and a stand-in for what it will make, for plans of analyses.

Rates were measured on one core of a common server. They tell seconds from minutes, no more: how many epochs a network
needs is not known before it is trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.networks.network import Network
from analysis.networks.training_spec import TrainingSpec

_LAYER_SECONDS: Final = 2e-4  # of one step in one layer, whatever its size
_ELEMENT_SECONDS: Final = 1.5e-8  # for one weight, row and network
_LANES: Final = 32  # networks are padded to a multiple of it, see analysis.networks.training
_START_SECONDS: Final = 3.0  # a process that loads torch
_EPOCHS: Final = 60  # before most networks reach a loss of .01


@dataclass(frozen=True)
class TrainingCost:
    """What training some networks of one shape together takes.

    Args:
        steps: steps of one epoch.
        epochs: a common number of epochs, at most those allowed.
        seconds: predicted for so many epochs.
        most_seconds: predicted if some network needs every epoch that is allowed.
    """

    steps: int
    epochs: int
    seconds: float
    most_seconds: float


def training_cost(spec: TrainingSpec, count: int = 1) -> TrainingCost:
    """Predict the time on one core.

    Args:
        spec: of the first network; the others differ by seed alone.
        count: how many.
    """
    steps = -(-(2**spec.n_inputs) * spec.samples_per_input // spec.batch_size)
    weights = sum(n_in * n_out for n_in, n_out in pairwise(spec.sizes))
    rows = spec.batch_size if spec.row_by_row else 2**spec.n_inputs
    lanes = -(-count // _LANES) * _LANES
    each = steps * (_LAYER_SECONDS * (len(spec.sizes) - 1) + _ELEMENT_SECONDS * weights * rows * lanes)
    # a tenth of the loss takes about half as many epochs again
    harder = 1.5 ** max(0.0, math.floor(math.log10(0.01 / spec.loss_target) + 1e-9))
    epochs = max(1, min(spec.epochs, round(_EPOCHS * harder)))
    return TrainingCost(steps, epochs, _START_SECONDS + epochs * each, _START_SECONDS + spec.epochs * each)


def untrained_network(spec: TrainingSpec) -> Network:
    """A network of the shape that is asked for, with weights as before training; the same every time."""
    random = np.random.default_rng(0)
    weights, biases = [], []
    for n_in, n_out in pairwise(spec.sizes):
        bound = 1 / math.sqrt(n_in)
        weights.append(random.uniform(-bound, bound, (n_out, n_in)))
        biases.append(random.uniform(-bound, bound, n_out))
    return Network.from_arrays(
        weights,
        biases,
        activation=spec.activation,
        output_activation=spec.output_activation,
        negative_slope=spec.negative_slope,
    )
