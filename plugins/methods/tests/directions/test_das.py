"""Learned subspaces and maps: the same from the same seed, scored like any other, and what they reach."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from plugins.methods.tests.directions.test_alice_and_bob import CANDIDATES, NET
from pluriscope.analysis.placements import iia
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.directions.blocks import block_placements, demands
from pluriscope_methods.directions.das import LearningOptions, learn, learn_choices
from tests.factories import pretrained_xor, two_xor_algorithms

DATA = clean_data(2)


@pytest.fixture(autouse=True)
def _one_thread():
    """Tensors here are tiny; threads that wait for each other take a hundred times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_demands_are_those_of_the_algorithm() -> None:
    algorithm = two_xor_algorithms()[0]
    asked = demands(algorithm, iia.tested_pairs(2, "ordered"), joint=True)
    assert (asked.n_single, len(asked.wanted)) == (24, 24 + 64)
    functions = [algorithm.responses[path].function for path in sorted(algorithm.responses)]
    for run, (s, t, b) in zip(range(24, 88), product(range(4), repeat=3), strict=True):
        assert (asked.sources[run].tolist(), asked.bases[run]) == ([s, t], b)
        fixed = {p: 15 * (f >> x & 1) for p, f, x in zip(sorted(algorithm.responses), functions, (s, t), strict=True)}
        assert asked.wanted[run] == bool(algorithm.output_given(fixed) >> b & 1)


@pytest.mark.slow
def test_one_seed_one_result_whatever_is_learned_beside_it() -> None:
    algorithm = CANDIDATES.algorithms[0]
    asked = demands(algorithm, iia.tested_pairs(2, "ordered"), joint=True)
    placements = block_placements(2, (3,))

    def learned(some):
        return learn([NET], DATA.representatives, asked, some, short)

    short = LearningOptions(seeds=(0, 1), steps=20)
    together, alone, again = learned(placements), learned(placements[1:2]), learned(placements)
    for one, other in zip(together[1], alone[0], strict=True):
        assert (one.steps, one.n_single, one.n_joint) == (other.steps, other.n_single, other.n_joint)
        assert np.allclose(one.rotations[0], other.rotations[0], atol=1e-9)
    for one, other in zip(together[0], again[0], strict=True):
        assert np.array_equal(one.rotations[0], other.rotations[0])
        assert np.allclose(one.rotations[0] @ one.rotations[0].T, np.eye(3), atol=1e-12)


@pytest.mark.slow
def test_more_dimensions_reach_what_one_does_not() -> None:
    network = pretrained_xor().network
    bob = next(a for a in two_xor_algorithms() if a.text == "(!(!A&!B)&!(A&B))")
    found = learn_choices(ask(network, data=DATA), bob, block_placements(2, (3, 3)), n_seeds=1)
    assert len(found) == 24
    assert any(scored.valid and scored.joint_valid for runs in found for _, scored in runs)


@pytest.mark.slow
def test_under_non_linear_maps_the_wrong_algorithm_passes_too() -> None:
    network = pretrained_xor().network
    alice = next(a for a in two_xor_algorithms() if a.text != "(!(!A&!B)&!(A&B))")
    asked = demands(alice, iia.tested_pairs(2, "ordered"), joint=False)
    given = [network], DATA.representatives, asked, block_placements(2, (3, 3))
    runs = learn(*given, LearningOptions(seeds=(0,), steps=150, learning_rate=0.03), non_linear=True)
    assert any(seeds[0].n_single == 24 for seeds in runs)
    linear = learn(*given, LearningOptions(seeds=(0,), steps=150, learning_rate=0.1))
    assert sum(s[0].n_single == 24 for s in runs) > sum(s[0].n_single == 24 for s in linear)
