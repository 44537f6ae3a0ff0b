"""Backbone and chance against every one of 2^18 masks, and against circuits drawn from a counted space."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.chance import chances
from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.distribution import CircuitDistribution
from pluriscope.analysis.circuits.result import CircuitSearch, SmallestCircuits
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import pretrained_xor, small_network

N_EDGES = 18
LAYOUT = EdgeLayout((2, 3, 3, 1))
XOR = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])


@lru_cache
def every_mask():
    """Mark which of the 2^18 masks of the pretrained 2-3-3-1 network are circuits, and which decide XOR right."""
    network = pretrained_xor().network
    bits = (np.arange(1 << N_EDGES)[:, None] >> np.arange(N_EDGES)) & 1 == 1
    first, second, last = bits[:, :6].reshape(-1, 3, 2), bits[:, 6:15].reshape(-1, 3, 3), bits[:, 15:].reshape(-1, 1, 3)
    possible = first.any(axis=1).all(axis=1) & last.any(axis=2)[:, 0]
    possible &= (first.any(axis=2) == second.any(axis=1)).all(axis=1)
    possible &= (second.any(axis=2) == last[:, 0]).all(axis=1)
    values = np.broadcast_to(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float), (1 << N_EDGES, 4, 2))
    for keep, weights, biases in zip((first, second, last), network.weights, network.biases, strict=True):
        values = np.einsum("moi,mri->mro", keep * np.array(weights), values) + np.array(biases)
        values = np.where(values > 0, values, network.negative_slope * values)
        values = values * keep.any(axis=2)[:, None, :]
    decided = np.rint(values[:, :, 0])
    return possible, possible & (decided == [0, 1, 1, 0]).all(axis=1)


def xor_search(limits=None) -> CircuitSearch:
    return find_circuits(XOR, Work(limits=limits or Limits()))


def counted_search(sizes=(2, 4, 4, 1), seed=0, n_draws=400) -> CircuitSearch:
    """A search that counts, for a network that solves an easy task, so that there is much to count."""
    network = small_network(seed, sizes).network
    outputs = network.for_output(0)
    question = ask(outputs, task=pretrained_xor().tasks[0])
    return count_circuits(question, n_draws=n_draws, seed=1)


@pytest.mark.slow
def test_the_backbone_and_chances_of_the_pretrained_network_are_those_of_every_mask():
    possible, valid = every_mask()
    masks = np.flatnonzero(valid)
    assert (int(possible.sum()), len(masks)) == (9_625, 197)
    search = xor_search()
    found = search.backbone
    assert found.always == int(np.bitwise_and.reduce(masks))
    assert found.never == (1 << N_EDGES) - 1 - int(np.bitwise_or.reduce(masks))
    assert found.always.bit_count() == 6
    sizes = np.bitwise_count(np.arange(1 << N_EDGES))
    answer = chances(XOR, search)
    assert {k: (one.low, one.high, one.possible) for k, one in answer.items()} == {
        int(k): (int((valid & (sizes == k)).sum()),) * 2 + (int((possible & (sizes == k)).sum()),)
        for k in np.unique(sizes[possible])
    }
    assert all(one.exact and one.share == one.low / one.possible for one in answer.values() if one.low in (0, 1))


@pytest.mark.slow
def test_the_backbone_of_a_counted_space_is_in_every_circuit_drawn_from_it():
    search = next(s for s in (counted_search(seed=seed) for seed in range(60)) if s.n_valid > 50)
    found = search.backbone
    assert found.exact
    assert np.all((search.masks & np.uint64(found.always)) == np.uint64(found.always))
    assert not np.any(search.masks & np.uint64(found.never))
    question = ask(small_network(0, (2, 4, 4, 1)).network, task=pretrained_xor().tasks[0])
    listed = find_circuits(question)
    counted = counted_search(seed=0)
    assert listed.backbone == counted.backbone
    assert chances(question, listed) == chances(question, counted)


def test_what_is_sampled_or_truncated_is_not_exact():
    exact = xor_search()
    some = replace(exact, truncated_at=50), replace(exact, truncated_at=50, method="sampled")
    assert [one.backbone.exact for one in (exact, *some)] == [True, False, False]


def test_no_circuit_has_no_backbone():
    search = CircuitSearch(LAYOUT, 9_625, mask_array([], LAYOUT), np.zeros((0, 4)), np.zeros(0))
    assert search.backbone is None


def test_chances_of_a_truncated_list_lie_between_what_is_listed_and_what_is_possible():
    whole = xor_search()
    some = replace(whole, masks=whole.masks[:50], truncated_at=50, count=50)
    exact = chances(XOR, whole)
    for size, one in chances(XOR, some).items():
        assert one.low <= exact[size].low <= one.high
        assert one.confidence is None


@pytest.mark.slow
def test_chances_of_an_estimate_hold_the_truth_and_know_what_a_search_by_size_proved():
    whole = xor_search()
    exact = chances(XOR, whole)
    estimate = xor_search(Limits(max_possible=10, max_seconds=0.0, n_samples=5_000))
    assert estimate.method == "sampled"
    answer = chances(XOR, estimate)
    assert all(answer[size].low <= exact[size].low <= answer[size].high for size in exact)
    assert all(one.high <= one.possible for one in answer.values())
    assert answer[9].exact
    assert answer[9].high == 0
    nothing = replace(
        estimate,
        masks=mask_array([], LAYOUT),
        known_distribution=CircuitDistribution(0, {}, {}, (0,) * 18, ((0,) * 3,) * 2),
        smallest=SmallestCircuits((), proved=True, searched_up_to=12, n_tried=9),
    )
    assert chances(XOR, nothing)[12].high == 0
    assert chances(XOR, nothing)[13].high > 0
