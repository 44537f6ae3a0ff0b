"""Networks that were not trained beside those whose weights they are made of: moments and permutations."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.networks.network import split_parameters
from analysis.studies.cells import cells_of
from benchmarks.findings.results import design_of, results_of


@pytest.fixture(scope="module")
def moments():
    """By hidden layers."""
    results = results_of("learned-or-drawn")
    cells = {cell.key: cell for cell in cells_of(results.design)}
    layers = {}
    for one in results.outcomes:
        cell = cells[one.cell]
        if one.converged and not cell.levels["prior"]:
            layers.setdefault(cell.labels["hidden"], []).append(split_parameters(one.weights, one.sizes))
    return {hidden: pooled(networks) for hidden, networks in layers.items()}


def pooled(networks):
    found = []
    for layer in range(len(networks[0][0])):
        parts = [np.concatenate([network[kind][layer].ravel() for network in networks]) for kind in (0, 1)]
        found.append([round(float(number), 4) for part in parts for number in (part.mean(), part.std())])
    return found


@pytest.mark.parametrize("slug", ["scale-matched", "scale-matched-stories"])
def test_each_layer_has_the_mean_and_deviation_of_trained_ones(moments, slug):
    design = design_of(slug)
    told = design.source_options["moments"]
    assert list(told) == list(design.labels("hidden"))
    assert told == {hidden: moments[hidden] for hidden in told}


def test_permuted_networks_are_their_partners_with_weights_in_other_places():
    results = results_of("permuted-weights")
    cells = {cell.key: cell for cell in cells_of(results.design)}
    found = {"": {}, "permuted": {}}
    for one in results.outcomes:
        levels = cells[one.cell].levels
        if one.converged:
            found[levels["prior"]][levels["hidden"], one.seed] = one
    assert set(found["permuted"]) <= set(found[""])
    for key, one in found["permuted"].items():
        other = found[""][key]
        assert not np.array_equal(one.weights, other.weights)
        pairs = zip(*(split_parameters(each.weights, each.sizes) for each in (one, other)), strict=True)
        (weights, own_weights), (biases, own_biases) = pairs
        for a, b in zip((*map(np.sort, weights), *biases), (*map(np.sort, own_weights), *own_biases), strict=True):
            assert np.array_equal(a, b)
