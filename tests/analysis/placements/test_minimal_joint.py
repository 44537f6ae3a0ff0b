"""Why no algorithm of two variables loses all of its alignments where they must be right jointly, too."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pluriscope.analysis.interventions.interchange import interchange_outputs
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.neuron_sets import neuron_sites
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from tests.oracles.brute_force_algorithms import rows
from tests.oracles.brute_force_interchange import run


@st.composite
def networks(draw) -> Network:
    """Random small networks with two inputs; small whole weights, so that sets that carry something are no rarity."""
    sizes = (2, *draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)), 1)
    values = st.integers(-3, 3).map(float)
    weights = [
        np.array(draw(st.lists(values, min_size=a * b, max_size=a * b))).reshape(b, a) for a, b in pairwise(sizes)
    ]
    biases = [np.array(draw(st.lists(values, min_size=b, max_size=b))) / 2 for b in sizes[1:]]
    activation = draw(st.sampled_from(["relu", "tanh", "leaky_relu"]))
    return Network.from_arrays(weights, biases, activation=activation, output_activation="linear")


XOR_OF_OR_AND_NAND = Network.from_arrays(
    [[[1, 1], [-1, -1], [0, 0]], [[1, 1, 0]]], [[0, 2, 0], [-1.5]], activation="relu", output_activation="linear"
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(networks())
@example(XOR_OF_OR_AND_NAND)
def test_a_set_carries_a_variable_if_and_only_if_the_rest_of_its_layer_carries_the_other(network: Network) -> None:
    """For every split f(p, q) of what the network decides, and every set of neurons in one layer."""
    inputs = input_table(2)
    decided = (forward(network, inputs)[:, 0] > 0.5).astype(int)
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1  # [function, input]
    splits = []
    for table in range(16):
        f = ((table >> np.arange(4)) & 1).reshape(2, 2)
        fits = (f[bits[:, None, :], bits[None, :, :]] == decided).all(axis=2)
        splits += [f[bits[p][:, None], bits[q][None, :]] for p, q in np.argwhere(fits)]  # [input of p, input of q]
    wanted = np.array(splits)
    sites = neuron_sites(network.hidden_sizes, "neuron_sets").sites
    outputs = dict(zip(sites, interchange_outputs(network, sites, inputs) > 0.5, strict=True))
    for site, output in outputs.items():
        rest = tuple(sorted(set(range(network.sizes[site.layer])) - set(site.neurons)))
        if rest:
            carries_p = (output == wanted).all(axis=(1, 2))  # the source gives p, the base keeps q
            carries_q = (wanted == outputs[NeuronSet(site.layer, rest)].T).all(axis=(1, 2))  # and the other way round
            assert carries_p.tolist() == carries_q.tolist()
            both = whole_layer_from_two(network, site)
            jointly_right = ((both == wanted[:, :, :, None]) | np.isnan(both)).all(axis=(1, 2, 3))
            assert (carries_p <= jointly_right).all()


def whole_layer_from_two(network: Network, site: NeuronSet) -> np.ndarray:
    """``[first, second, base]`` decisions with a set as on one input and the rest of its layer as on another, one run
    at a time; NaN where the output is too near the edge for another order of sums.
    """
    cut = [run(network, row)[site.layer] for row in rows(2)]
    found = np.full((4, 4, 4), np.nan)
    for (one, first), (other, second) in product(enumerate(cut), repeat=2):
        values = [first[n] if n in site.neurons else second[n] for n in range(len(first))]
        for base, row in enumerate(rows(2)):
            output = run(network, row, {(site.layer, n): value for n, value in enumerate(values)})[-1][0]
            if abs(output - 0.5) > 1e-9:
                found[one, other, base] = output > 0.5
    return found
