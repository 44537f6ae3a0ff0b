"""Estimates: their interval against known truths, and what the sample tells besides."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from pluriscope.analysis.circuits.distribution import distribution_of
from pluriscope.analysis.circuits.estimating import estimate_circuits, share_interval
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import BeyondLimits, Cancelled
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import PAPER, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network
from tests.random_networks import random_network


def tail(n_trials, n_hits, share):
    """P(at least ``n_hits`` of ``n_trials``) in exact fractions."""
    return sum(comb(n_trials, k) * share**k * (1 - share) ** (n_trials - k) for k in range(n_hits, n_trials + 1))


@pytest.mark.parametrize(("n_hits", "n_trials"), [(0, 30), (1, 30), (7, 30), (29, 30), (30, 30), (3, 200)])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_interval_is_that_of_exact_binomial_tails(n_hits, n_trials, confidence):
    low, high = share_interval(n_hits, n_trials, confidence)
    half = (1 - confidence) / 2
    if n_hits:
        assert float(tail(n_trials, n_hits, low)) == pytest.approx(half, rel=1e-9)
    else:
        assert low == 0
    if n_hits < n_trials:
        assert float(1 - tail(n_trials, n_hits + 1, high)) == pytest.approx(half, rel=1e-9)
    else:
        assert high == 1


@pytest.mark.slow
def test_estimates_cover_a_known_number():
    file = golden_network("xor_pretrained")
    n_covered = 0
    for seed in range(40):
        found = estimate_circuits(ask(file.network, task=file.tasks[0]), n_samples=1_000, confidence=0.9, seed=seed)
        low, high = found.interval
        assert low <= found.count <= high
        n_covered += low <= 197 <= high
    assert n_covered >= 33, "P(fewer than 33 of 40 at 90%) is about 5% even where coverage is no better than stated"
    assert n_covered < 40 or found.interval[1] - found.interval[0] < 400


def test_on_many_rows_few_circuits_are_tested_once_the_time_is_up():
    noisy = protocol_from_mapping({"name": "noisy", "noise_std": 0.1})
    question = ask(golden_network("xor_pretrained").network, protocol=noisy, task=Task((0, 1, 1, 0)))
    found = estimate_circuits(question, Work(stopped=lambda: True))
    assert 10 <= found.n_tested <= 50
    assert found.interval[0] < found.interval[1]


@pytest.mark.slow
def test_the_report_names_its_sample():
    file = golden_network("xor_pretrained")
    listed = search_circuits(ask(file.network, task=file.tasks[0]))
    seen = []
    found = estimate_circuits(
        ask(file.network, task=file.tasks[0]), Work(report=seen.append), n_samples=20_000, n_draws=30
    )
    assert (found.n_tested, found.possible) == (20_000, 9_625)
    assert (seen[-1].done, seen[-1].total) == (20_000, 20_000)
    assert len(set(found.masks.tolist())) == 30
    assert np.isin(found.masks, listed.masks).all()
    assert found.distribution.of == sum(found.distribution.by_edges.values())
    # about twice each: the sample's shares are near those of all valid circuits
    whole = distribution_of(listed.masks, listed.layout)
    shares = np.array(found.distribution.edge_use) / found.distribution.of - np.array(whole.edge_use) / 197
    assert np.abs(shares).max() < 0.15
    again = estimate_circuits(ask(file.network, task=file.tasks[0]), n_samples=20_000, n_draws=30)
    assert again.masks.tolist() == found.masks.tolist()
    every = estimate_circuits(ask(file.network, task=file.tasks[0]), n_samples=20_000)
    assert every.interval[0] >= len(every.masks), "what was seen is certain"


def test_noisy_rows_and_filters_are_judged_as_in_the_search():
    random = np.random.default_rng(0)
    rows = random.integers(0, 2, (40, 2)) + random.normal(scale=0.2, size=(40, 2))
    labels = (rows > 0.5).any(axis=1, keepdims=True).astype(float)
    data = DataRecord(clean_data(2).representatives, rows, labels)
    network = golden_network("or_3-3").network
    loose = protocol_from_mapping(
        {"accuracy_threshold": 0.9, "ablation": "mean", "circuit_space": "without_full_node_mask"}
    )
    listed = search_circuits(ask(network, task=Task((0, 1, 1, 1)), protocol=loose, data=data))
    found = estimate_circuits(
        ask(network, task=Task((0, 1, 1, 1)), protocol=loose, data=data), n_samples=3_000, n_draws=10**6
    )
    assert 0 < len(found.masks) < listed.n_valid
    assert np.isin(found.masks, listed.masks).all()
    assert found.interval[0] <= listed.n_valid <= found.interval[1]


def test_networks_beyond_64_edges_are_estimated_with_the_circuits_hit():
    network = random_network(0, (2, 7, 7, 1))
    found = estimate_circuits(ask(network, task=Task((0, 0, 0, 0))), n_samples=500)
    assert found.distribution.of > 0
    assert len(found.masks) == len(set(found.masks.tolist())) <= found.distribution.of
    assert found.masks.tolist() == sorted(found.masks.tolist())
    assert max(found.masks.tolist()) >> 64
    assert distribution_of(found.masks, found.layout).of == len(found.masks) > 0
    assert found.interval[0] <= found.count <= found.interval[1] <= found.possible
    assert len(found.distribution.edge_use) == 70


def test_an_empty_space_and_a_cancelled_estimate():
    small = Network.from_arrays([[[1.0, 1.0]]], [[0.0]])
    with pytest.raises(BeyondLimits, match="no circuit is possible"):
        estimate_circuits(ask(small, task=Task((0, 1, 1, 1)), protocol=PAPER))

    def stop(progress):
        raise Cancelled("circuits")

    file = golden_network("xor_pretrained")
    with pytest.raises(Cancelled):
        estimate_circuits(ask(file.network, task=file.tasks[0]), Work(report=stop))
