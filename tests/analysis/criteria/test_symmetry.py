"""Symmetries of networks, and one circuit of each class under them."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.symmetry import permuted_masks, symmetries
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.wide import wide_masks
from tests.analysis.criteria.circuit_contexts import random_network
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import possible_masks


def twin_network() -> Network:
    """Neurons 0 and 2 of the first hidden layer are twins, and so are both of the second."""
    weights = [[[1.0, -1.0], [0.5, 2.0], [1.0, -1.0]], [[0.7, 0.2, 0.7], [0.7, 0.2, 0.7]], [[1.5, 1.5]]]
    return Network.from_arrays(weights, [[0.1, 0.2, 0.1], [0.3, 0.3], [0.0]])


@pytest.mark.slow
@pytest.mark.parametrize("twins", [True, False])
def test_representatives_are_the_least_of_their_class(twins: bool) -> None:
    network = twin_network() if twins else random_network(3, (2, 3, 2, 1), "tanh")
    masks = np.array([mask for mask, _ in possible_masks(network)][::7], dtype=np.uint64)
    context = Population("circuit", ask(network, task=task_from_table([0, 1, 1, 0], 2)), masks)
    assert len(list(symmetries(network))) == (4 if twins else 1)
    verdicts = criterion_named("representative").judge(context)
    least = [plain.least_of_class(network, mask) for mask in masks.tolist()]
    assert verdicts.passed.tolist() == [one == mask for one, mask in zip(least, masks.tolist(), strict=True)]
    assert verdicts.passed.all() != twins
    for position in np.flatnonzero(~verdicts.passed).tolist():
        assert int(verdicts.at(position).witness["mask"], 16) == least[position]


def test_a_symmetry_that_goes_round_in_three_is_found_the_right_way_round() -> None:
    around = [[1.0, 2.0, 4.0], [4.0, 1.0, 2.0], [2.0, 4.0, 1.0]]
    network = Network.from_arrays([[[1.0, -1.0]] * 3, around, [[1.0] * 3]], [[0.0] * 3, [0.5] * 3, [0.0]])
    found = list(symmetries(network))
    assert len(found) == 3
    for first, second in found:
        for out in range(3):
            for source in range(3):
                assert around[second[out]][first[source]] == around[out][source]


def test_neurons_move_beyond_64_edges_as_they_do_before() -> None:
    sizes = (3, 20, 1)
    layout, permutations = EdgeLayout(sizes), (tuple(np.random.default_rng(0).permutation(20).tolist()),)
    masks = wide_masks(sizes, 12)
    images = permuted_masks(mask_array(masks, layout), permutations, layout)
    for mask, image in zip(masks, images, strict=True):
        edges = {(o, s) for o in range(20) for s in range(3) if mask >> layout.edge_index(1, o, s) & 1}
        found = {(o, s) for o in range(20) for s in range(3) if int(image) >> layout.edge_index(1, o, s) & 1}
        assert found == {(permutations[0][o], s) for o, s in edges}
        assert int(image).bit_count() == mask.bit_count()
