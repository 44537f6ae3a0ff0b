"""The smallest valid circuits, against all masks of small networks and against exact counts of larger ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.circuits import smallest
from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.smallest import find_smallest
from pluriscope.analysis.circuits.space import count_by_edges, count_in_space
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, possible_circuit
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network
from tests.oracles import brute_force_circuits as oracle
from tests.random_networks import random_network

SETTINGS = COMPLETE.model_dump(mode="json")
THRESHOLD = protocol_from_mapping({**SETTINGS, "name": "by-threshold", "circuit_decision": "threshold"})
LENIENT = protocol_from_mapping({**SETTINGS, "name": "lenient", "accuracy_threshold": 0.7})
MEAN = protocol_from_mapping({**SETTINGS, "name": "by-means", "ablation": "mean"})
PROTOCOLS = {"complete": COMPLETE, "paper": PAPER, "threshold": THRESHOLD, "lenient": LENIENT, "mean": MEAN}


def network_of(sizes, seed, activation="relu"):
    return random_network(seed, sizes, activation, weights=1.5, biases=0.5)


def decided_by(network):
    """The task that a network computes, so that at least the whole of it is valid by threshold."""
    return Task(tuple(int(out > 0.5) for out in forward(network, input_table(network.n_inputs))[:, 0]), "its own")


def by_size(masks):
    return sorted(masks, key=lambda mask: (mask.bit_count(), mask))


def by_edges(masks):
    sizes = [mask.bit_count() for mask in masks]
    return {n: sizes.count(n) for n in sorted(set(sizes))}


def test_no_choices_are_listed_that_leave_too_few_edges_for_the_layers_above(monkeypatch):
    asked, listed = [], smallest._choices
    monkeypatch.setattr(smallest, "_choices", lambda *key: asked.append(key) or listed(*key))
    network = network_of((6, 7, 1, 1), 3)
    found = find_smallest(ask(network, task=Task((0, 1) * 32)), max_tried=100_000)
    # each active neuron of the first layer has an edge to the next, and that one an edge to the output
    needed = [n_edges + n_neurons + 1 for n_sources, n_neurons, n_edges in asked if n_sources == 6]
    assert max(needed) == found.searched_up_to > 8


@pytest.mark.slow
@settings(max_examples=40)
@given(
    st.integers(1, 3),
    st.lists(st.integers(1, 3), max_size=3),
    st.integers(0, 99),
    st.sampled_from([*PROTOCOLS.values()]),
)
def test_it_is_the_whole_search_in_order_of_size(n_inputs, hidden, seed, protocol):
    sizes = (n_inputs, *hidden, 1)
    if count_in_space(sizes, protocol) > 20_000:
        sizes = (n_inputs, *hidden[:2], 1)
    network, data = network_of(sizes, seed), clean_data(n_inputs)
    task = decided_by(network)
    valid = by_size(search_circuits(ask(network, task=task, protocol=protocol, data=data)).masks.tolist())
    whole = find_smallest(ask(network, task=task, protocol=protocol, data=data), n_smallest=10**6)
    assert whole.masks == tuple(valid)
    assert whole.proved
    few = find_smallest(
        ask(network, task=task, protocol=protocol, data=data), known=valid[-2:], n_smallest=5, max_tried=300
    )
    assert set(few.masks) <= set(valid)
    assert few.masks == tuple(by_size(few.masks))
    known = [mask for mask in valid if mask.bit_count() <= few.searched_up_to]
    assert set(known[:5]) <= set(few.masks)
    if few.proved and few.masks:
        assert [m.bit_count() for m in few.masks] == [m.bit_count() for m in valid[: len(few.masks)]]
    if not few.proved:
        assert not known


@pytest.mark.parametrize("protocol", [COMPLETE, PAPER], ids=["complete", "paper"])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 3, 1), (3, 2, 2, 1), (2, 2, 2, 2, 1), (2, 4, 2, 1)])
def test_circuits_by_number_of_edges_are_all_of_them(sizes, protocol):
    n_edges = EdgeLayout(sizes).n_edges
    counts = count_by_edges(sizes, protocol, n_edges)
    assert sum(counts.values()) == count_in_space(sizes, protocol)
    assert count_by_edges(sizes, protocol, n_edges - 2) == {n: c for n, c in counts.items() if n <= n_edges - 2}
    if n_edges <= 12:
        masks = [mask for mask, _ in oracle.possible_masks(network_of(sizes, 0))]
        if protocol is COMPLETE:
            assert counts == by_edges(masks)


@pytest.mark.slow
def test_exact_counts_by_edges_are_an_independent_proof():
    network = network_of((2, 4, 4, 1), 3)
    task, data = decided_by(network), clean_data(2)
    counted = count_circuits(ask(network, task=task, data=data), n_draws=10)
    exact = {n: number for n, number in counted.distribution.by_edges.items() if number}
    alone = find_smallest(ask(network, task=task, data=data), n_smallest=300, max_tried=200_000)
    helped = find_smallest(ask(network, task=task, data=data), by_edges=exact, n_smallest=300, max_tried=200_000)
    assert alone.proved
    assert alone.masks == helped.masks
    assert alone.n_edges == min(exact)
    assert helped.n_tried <= alone.n_tried
    for n, number in by_edges(alone.masks).items():
        if n < alone.searched_up_to:
            assert number == exact[n]


def test_a_descent_finds_valid_circuits_and_does_not_claim_a_proof():
    network, task, data = golden_network("xor_pretrained").network, Task((0, 1, 1, 0)), clean_data(2)
    whole = search_circuits(ask(network, task=task, data=data))
    fewest = int(np.bitwise_count(whole.masks).min())
    found = find_smallest(ask(network, task=task, data=data), known=whole.masks[-3:].tolist(), max_tried=500)
    assert found.searched_up_to < fewest - 1
    assert found.masks
    assert set(found.masks) <= set(whole.masks.tolist())
    assert found.n_edges >= fewest
    assert not found.proved
    assert found.n_descended > 0
    assert found == find_smallest(ask(network, task=task, data=data), known=whole.masks[-3:].tolist(), max_tried=500)


def test_where_nothing_is_valid_that_is_said_as_far_as_it_is_known():
    network, task, data = network_of((2, 3, 1), 0), Task((0, 1, 1, 0)), clean_data(2)
    silent = Network.from_arrays([w * 0 for w in network.weights], [b * 0 for b in network.biases])
    whole = find_smallest(ask(silent, task=task, data=data))
    assert whole.masks == ()
    assert whole.proved
    assert whole.n_edges is None
    part = find_smallest(ask(silent, task=task, data=data), max_tried=40)
    assert part.masks == ()
    assert not part.proved
    assert 0 < part.searched_up_to < 9


def test_estimates_list_what_was_hit_and_the_smallest_beyond_64_edges():
    network = network_of((2, 7, 7, 1), 0)
    data = clean_data(2)
    limits = Limits(n_samples=500, n_draws=20, n_smallest=30)
    found = find_circuits(ask(network, task=Task((0, 0, 0, 0)), data=data), Work(limits=limits))
    assert found.method == "sampled"
    assert found.n_drawn == 20
    assert found.smallest is not None
    assert found.smallest.proved
    assert len(found.smallest.masks) == 30
    masks = found.masks.tolist()
    assert masks == sorted(masks)
    assert len(masks) == found.truncated_at == len(set(masks)) == 50
    assert set(found.smallest.masks) <= set(masks)
    for mask in masks:
        possible_circuit(mask, found.layout)
    right = np.abs(found.outputs) <= 0.5
    assert right.all()
    assert min(mask.bit_count() for mask in masks) == found.smallest.n_edges == 4
