"""Alignments found again by their ids."""

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.neuron_sets import placement_with_id
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from tests.factories import pretrained_xor

NETWORK = pretrained_xor().network
ALGORITHMS = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2).algorithms


@pytest.mark.parametrize("n_variables", [2, 3, 4])
def test_any_placement_is_found_again(n_variables):
    random = np.random.default_rng(n_variables)
    algorithm = next(a for a in ALGORITHMS if len(a.variables) == n_variables)
    for _ in range(5):
        spots = random.permutation([(layer, neuron) for layer in (1, 2) for neuron in range(3)])[:n_variables]
        alignment = NeuronPlacement.of(
            algorithm.text,
            {v.path: NeuronSet(int(s[0]), (int(s[1]),)) for v, s in zip(algorithm.variables, spots, strict=True)},
        )
        assert placement_with_id(NETWORK, algorithm, alignment.id, "neuron_sets") == alignment


def test_sets_of_several_neurons_are_found_and_single_neurons_only_where_the_rule_says_so():
    algorithm = next(a for a in ALGORITHMS if len(a.variables) == 2)
    one, two = (v.path for v in algorithm.variables)
    alignment = NeuronPlacement.of(algorithm.text, {one: NeuronSet(1, (0, 2)), two: NeuronSet(2, (0, 1, 2))})
    assert placement_with_id(NETWORK, algorithm, alignment.id, "neuron_sets") == alignment
    assert placement_with_id(NETWORK, algorithm, alignment.id, "single_neurons") is None


def test_what_is_no_id_or_beyond_the_tries_is_not_found():
    algorithm = next(a for a in ALGORITHMS if len(a.variables) == 2)
    one, two = (v.path for v in algorithm.variables)
    last = NeuronPlacement.of(algorithm.text, {one: NeuronSet(2, (0, 1)), two: NeuronSet(1, (0,))})
    assert placement_with_id(NETWORK, algorithm, "0" * 16, "neuron_sets") is None
    assert placement_with_id(NETWORK, algorithm, last.id, "neuron_sets", max_tried=5) is None
