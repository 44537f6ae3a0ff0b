"""A stand-in for what a training will make, so that the search of its circuits can be planned before it starts."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from analysis.networks.network import Network
from analysis.networks.training_spec import TrainingSpec


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
