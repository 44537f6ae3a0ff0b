"""Networks that know nothing of a task: each layer's weights shuffled within the layer, biases as they are."""

from __future__ import annotations

import numpy as np

from pluriscope.analysis.subjects.perceptron.network import Network


def permuted_network(network: Network, number: int, *, seed: int) -> Network:
    """The ``number``-th network with each layer's weights shuffled; the same for the same seed and number.

    Args:
        network: any network.
        number: from 0.
        seed: of the shuffles, from 0.
    """
    random = np.random.default_rng([seed, number])
    weights = [random.permutation(w.ravel()).reshape(w.shape) for w in network.weights]
    return Network.from_arrays(
        weights,
        network.biases,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )
