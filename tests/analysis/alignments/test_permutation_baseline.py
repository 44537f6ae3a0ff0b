"""What search reaches by chance, against searching each control alone."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.algorithms.candidates import Candidates, candidate_algorithms
from analysis.alignments import permutation_baseline
from analysis.alignments.permutation_baseline import (
    best_on_permuted_networks,
    best_on_shuffled_rows,
    permuted_network,
    row_shuffles,
)
from analysis.alignments.search import search_alignments
from analysis.data import clean_data
from analysis.errors import BeyondLimits
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.tasks import named_task
from tests.analysis.circuits.test_circuit_search import random_network
from tests.factories import pretrained_xor
from tests.oracles.brute_force_algorithms import evaluate, rows, variables
from tests.oracles.brute_force_alignments import neuron_sets
from tests.oracles.brute_force_interchange import decision

CLEAN = clean_data(2)
XOR = [a for a in candidate_algorithms(named_task("XOR", 2), COMPLETE, 2).algorithms if a.variables]


def best_found(network, algorithms, protocol=COMPLETE) -> list[int]:
    """Most agreements of each algorithm, from the search of alignments."""
    rules = protocol.model_copy(update={"n_near_misses": 1, "max_alignments": 1})
    found = search_alignments(ask(network, protocol=rules, data=CLEAN), Candidates(tuple(algorithms), len(algorithms)))
    return [max((a.iia.agreed for a in result.alignments), default=-1) for result in found.algorithms]


def test_a_permuted_network_has_the_same_numbers_in_each_layer_in_another_order():
    network = pretrained_xor().network
    first, again, other = (permuted_network(network, number, seed=3) for number in (0, 0, 1))
    assert first == again != other
    assert permuted_network(network, 0, seed=4) != first
    for before, after in zip(network.weights, first.weights, strict=True):
        assert sorted(before.ravel()) == sorted(after.ravel())
    for before, after in zip(network.biases, first.biases, strict=True):
        assert np.array_equal(before, after)


def test_the_best_on_permuted_networks_is_what_the_search_finds_there():
    for network in (pretrained_xor().network, random_network(2, (2, 2, 1), "tanh")):
        algorithms = [a for a in XOR if len(a.variables) <= 3][::3]
        got = best_on_permuted_networks(ask(network, data=CLEAN), algorithms, 4, seed=7)
        assert got.shape == (len(algorithms), 4)
        for number in range(4):
            wanted = best_found(permuted_network(network, number, seed=7), algorithms)
            assert [max(n, -1) for n in got[:, number].tolist()] == wanted


def test_one_direction_and_single_neurons_are_obeyed():
    network = pretrained_xor().network
    rules = COMPLETE.model_copy(
        update={"name": "other", "interchange_pairs": "one_direction", "alignment_sites": "single_neurons"}
    )
    algorithms = XOR[:4]
    got = best_on_permuted_networks(ask(network, protocol=rules, data=CLEAN), algorithms, 2, seed=0)
    for number in range(2):
        assert got[:, number].tolist() == best_found(permuted_network(network, number, seed=0), algorithms, rules)


def shuffled_best(network, algorithm, shuffle) -> int:
    """One shuffle the slow way: every placement, the algorithm asked on the shuffled rows."""
    boolean, texts = rows(2), variables(algorithm.text, authors=False)
    paths = sorted(texts)
    sites = neuron_sets(network)
    agreed = {}
    for path in paths:
        for site in sites:
            members = [(site[0], neuron) for neuron in site[1]]
            agreed[path, site] = sum(
                decision(network, members, source, base)
                == evaluate(
                    algorithm.text,
                    boolean[shuffle[base]],
                    {path: evaluate(texts[path], boolean[shuffle[source]])},
                )
                for source in range(4)
                for base in range(4)
                if source != base
            )

    def best(rest, used) -> int:
        if not rest:
            return 0
        return max(
            (
                agreed[rest[0], site] + best(rest[1:], used | {(site[0], n) for n in site[1]})
                for site in sites
                if not used & {(site[0], n) for n in site[1]}
            ),
            default=-(10**6),
        )

    return best(paths, set())


@pytest.mark.slow
def test_shuffled_rows_against_every_placement():
    network = random_network(9, (2, 2, 2, 1), "tanh")
    algorithms = [a for a in XOR if len(a.variables) == 2] + [a for a in XOR if len(a.variables) == 3][:1]
    shuffles = row_shuffles(2, 0, seed=0)
    assert len(shuffles) == 24
    got = best_on_shuffled_rows(ask(network, data=CLEAN), algorithms, shuffles)
    for row, algorithm in enumerate(algorithms):
        for column in range(0, 24, 7):
            assert got[row, column] == shuffled_best(network, algorithm, shuffles[column].tolist())
    assert got[:, 0].tolist() == best_found(network, algorithms)


def test_shuffles_are_all_or_seeded_with_the_identity_first():
    assert row_shuffles(1, 5, seed=0).tolist() == [[0, 1], [1, 0]]
    many = row_shuffles(3, 5, seed=1)
    assert many.shape == (6, 8)
    assert many[0].tolist() == list(range(8))
    assert (np.sort(many, axis=1) == np.arange(8)).all()
    assert np.array_equal(many, row_shuffles(3, 5, seed=1))
    assert not np.array_equal(many, row_shuffles(3, 5, seed=2))


def test_too_much_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(permutation_baseline, "MAX_STEPS", 1000)
    with pytest.raises(BeyondLimits, match="14 neuron sets of 6 neurons"):
        best_on_permuted_networks(ask(pretrained_xor().network, data=CLEAN), XOR[:1], 10, seed=0)
