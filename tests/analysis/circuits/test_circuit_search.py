"""The vectorised search against brute force, against the authors' results, and against itself."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest
from scipy.stats import chi2

from pluriscope.analysis.circuits.search import Sampling, decide_right, search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.errors import BeyondLimits, Cancelled, InvalidData
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import in_space, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.circuit import possible_circuit
from pluriscope.analysis.subjects.perceptron.mlp import circuit_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests import random_networks
from tests.golden_files import golden_network
from tests.oracles.brute_force_circuits import (
    boolean_rows,
    edges_of,
    mean_activations,
    possible_masks,
    run,
    valid_circuits,
)

SHAPES = ((2, 2, 1), (2, 2, 2, 1), (3, 2, 1), (1, 3, 1), (2, 1, 2, 1), (2, 2, 1, 2, 1), (3, 1), (2, 1, 2, 1, 1))


random_network = partial(random_networks.random_network, biases=0.5)


def random_task(seed: int, n_inputs: int) -> Task:
    return Task(tuple(np.random.default_rng(seed).integers(0, 2, 2**n_inputs).tolist()))


def custom(**chosen):
    return protocol_from_mapping({"name": "custom", **chosen})


@pytest.mark.parametrize("activation", FAMILIES)
@pytest.mark.parametrize("sizes", SHAPES)
def test_brute_force_finds_the_same_circuits(sizes, activation):
    n_found = 0
    for seed, rule, ablation, space in [
        (1, "rounding", "zero", "all"),
        (2, "threshold", "zero", "without_full_node_mask"),
        (3, "rounding", "mean", "all"),
        (4, "threshold", "mean", "all"),
    ]:
        network, task = random_network(seed, sizes, activation), random_task(seed, sizes[0])
        protocol = custom(accuracy_threshold=0.45, circuit_decision=rule, ablation=ablation, circuit_space=space)
        result = search_circuits(ask(network, task=task, protocol=protocol))
        expected, n_possible = valid_circuits(
            network,
            boolean_rows(sizes[0]),
            task.truth_table,
            0.45,
            rule,
            ablation,
            lambda n, protocol=protocol, sizes=sizes: in_space(n, sizes, protocol),
        )
        assert result.possible == n_possible
        assert result.masks.tolist() == sorted(expected)
        assert result.masks.dtype == np.uint64
        outputs = np.array([expected[mask] for mask in sorted(expected)]).reshape(-1, 2 ** sizes[0])
        np.testing.assert_allclose(result.outputs, outputs, rtol=1e-12, atol=1e-12)
        edges = (-0.5, 0.5, 1.5) if rule == "rounding" else (0.5,)
        margins = [min(abs(o - e) for o in row for e in edges) for row in outputs]
        np.testing.assert_allclose(result.margins, margins, rtol=1e-9, atol=1e-12)
        n_found += result.n_valid
    assert n_found > 0 or len(sizes) == 2  # without a hidden layer there is one circuit, and it may be wrong


def test_circuits_valid_under_any_ablation_are_those_of_each_together():
    sizes = (2, 2, 2, 1)
    network, task = random_network(13, sizes), random_task(3, sizes[0])
    rows, everything = boolean_rows(sizes[0]), set(edges_of(network))
    sources = [run(network, everything, row) for row in rows]

    def valid(kept, absent):
        wrong = [
            round(run(network, kept, row, absent)[-1][0]) != y for row, y in zip(rows, task.truth_table, strict=True)
        ]
        return 1 - sum(wrong) / len(rows) > 0.45

    possible = dict(possible_masks(network))
    mean = mean_activations(network, rows)
    families = [
        {mask for mask, kept in possible.items() if valid(kept, None)},
        {mask for mask, kept in possible.items() if valid(kept, mean)},
        {mask for mask, kept in possible.items() if all(valid(kept, source) for source in sources)},
    ]
    question = ask(network, task=task, protocol=custom(accuracy_threshold=0.45, circuit_family="any_ablation"))
    answer = []
    found = search_circuits(question, Work(report=answer.append)).masks
    assert set(found.tolist()) == set.union(*families)
    assert answer[-1].found == f"{len(found):,} valid circuits"
    assert len({frozenset(family) for family in (*families, set.union(*families))}) == 4
    every = np.array(sorted(possible), dtype=np.uint64)
    assert every[decide_right(question, every)].tolist() == found.tolist()
    each = max(map(len, families))  # none of the three searches stops there, and together they find more
    few = search_circuits(question, max_valid=each)
    assert (few.n_listed, few.truncated_at) == (each, each)
    context = Population("circuit", question, found)
    for key, family in zip(("zero-ablation", "mean-ablation", "resample-ablation"), families, strict=True):
        verdicts = criterion_named(key).judge(context)
        assert {mask for mask, good in zip(found.tolist(), verdicts.passed, strict=True) if good} == family


@pytest.mark.slow
def test_rows_of_a_data_record_decide_with_a_strict_threshold():
    random = np.random.default_rng(0)
    rows = random.integers(0, 2, (300, 2)) + random.normal(scale=0.2, size=(300, 2))
    labels = random.integers(0, 2, (300, 3)).astype(float)
    network = random_network(8, (2, 2, 2, 1))
    data = DataRecord(clean_data(2).representatives, rows, labels)
    every, _ = valid_circuits(network, rows.tolist(), labels[:, 1].tolist(), -1.0)
    shares = sorted(
        np.mean([round(o) == y for o, y in zip(outputs, labels[:, 1], strict=True)]) for outputs in every.values()
    )
    threshold = float(shares[len(shares) // 2])  # met exactly by some circuit, which must not count
    expected, _ = valid_circuits(network, rows.tolist(), labels[:, 1].tolist(), threshold)
    result = search_circuits(
        ask(network, output=1, task=Task((0, 0, 0, 0)), protocol=custom(accuracy_threshold=threshold), data=data)
    )
    assert result.masks.tolist() == sorted(expected)
    assert 0 < result.n_valid < result.possible
    assert result.outputs.shape == (result.n_valid, 4)


@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_outputs_are_those_of_each_circuit_to_the_last_bit(ablation):
    network = random_network(11, (2, 3, 3, 1), "tanh")
    protocol = custom(accuracy_threshold=0.2, ablation=ablation)
    found = search_circuits(ask(network, task=Task((0, 1, 1, 0)), protocol=protocol))
    assert found.n_valid > 20
    for mask, outputs in list(zip(found.masks.tolist(), found.outputs, strict=True))[::7]:
        circuit = possible_circuit(mask, found.layout)
        alone = circuit_activations(network, circuit, clean_data(2).representatives, ablation=ablation)[-1]
        assert alone[:, 0].tolist() == outputs.tolist()


def test_every_circuit_is_tested_once_and_reported_and_the_callers_cancellation_goes_through():
    seen = []
    network = random_network(4, (2, 3, 3, 1))
    search_circuits(ask(network, task=Task((0, 1, 1, 0))), Work(report=seen.append))
    assert seen[0].done == 0
    assert seen[-1].done == seen[-1].total == 9_625
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert {p.stage for p in seen} == {"circuits"}

    def stop(progress):
        if progress.done:
            raise Cancelled("circuits")

    with pytest.raises(Cancelled):
        search_circuits(ask(network, task=Task((0, 1, 1, 0))), Work(report=stop))


@pytest.mark.parametrize("family", ["own", "any_ablation"])
def test_beyond_a_list_the_search_counts_to_its_end(family):
    protocol = custom(accuracy_threshold=0.2, circuit_family=family)
    question = ask(random_network(4, (2, 3, 2, 1)), task=Task((0, 1, 1, 0)), protocol=protocol)
    whole = search_circuits(question)
    by_size = sorted(whole.masks.tolist(), key=lambda mask: (mask.bit_count(), mask))
    for limit in (0, 7, 100, whole.n_valid - 1):
        some = search_circuits(question, max_valid=limit, beyond=Sampling(n_draws=20, n_smallest=30, seed=3))
        assert (some.method, some.count, some.possible) == ("counted", whole.n_valid, whole.possible)
        assert some.distribution == whole.distribution
        assert list(some.smallest.masks) == by_size[:30]
        drawn = set(some.masks.tolist()) - set(some.smallest.undrawn)
        assert len(drawn) == some.n_drawn == 20
        assert drawn <= set(whole.masks.tolist())
        assert some.masks.tolist() == sorted(drawn | set(by_size[:30]))
        assert drawn == set(search_circuits(question, max_valid=1, beyond=Sampling(20, 0, 3)).masks.tolist())
    assert search_circuits(question, max_valid=whole.n_valid, beyond=Sampling(20, 30)).method == "listed"


def test_draws_beyond_a_list_are_uniform():
    """By seed another 20 of all valid circuits: each is drawn about as often as any other."""
    question = ask(random_network(4, (2, 2, 2, 1)), task=Task((0, 1, 1, 0)), protocol=custom(accuracy_threshold=0.2))
    n_valid = search_circuits(question).n_valid
    drawn = Counter[int]()
    for seed in range(200):
        drawn.update(search_circuits(question, max_valid=1, beyond=Sampling(5, 0, seed)).masks.tolist())
    assert len(drawn) == n_valid
    expected = 200 * 5 / n_valid
    assert sum((n - expected) ** 2 / expected for n in drawn.values()) < chi2.ppf(0.9999, n_valid - 1)


@pytest.mark.parametrize("sizes", [(2, 2, 2, 1), (2, 1, 1)])
def test_truncation_is_claimed_exactly_when_more_are_valid(sizes):
    network, protocol = random_network(4, sizes), custom(accuracy_threshold=0.2)
    whole = search_circuits(ask(network, task=Task((0, 1, 1, 0)), protocol=protocol)).masks
    n_valid = len(whole)
    assert n_valid > 0
    for limit in range(1, n_valid + 2):
        found = search_circuits(ask(network, task=Task((0, 1, 1, 0)), protocol=protocol), max_valid=limit)
        assert (found.n_valid, found.truncated_at) == ((limit, limit) if limit < n_valid else (n_valid, None))
        assert np.isin(found.masks, whole).all()


def test_work_beyond_the_limits_is_refused_with_its_estimate():
    with pytest.raises(BeyondLimits, match="7,271,931,361"):
        search_circuits(ask(random_network(0, (2, 5, 5, 1)), task=Task((0, 1, 1, 0))))
    with pytest.raises(BeyondLimits, match="70 edges"):
        search_circuits(ask(random_network(0, (2, 6, 7, 2, 1)), task=Task((0, 1, 1, 0))))


def test_labels_must_fit_their_rows():
    data = DataRecord(clean_data(2).representatives, np.zeros((5, 2)))
    with pytest.raises(InvalidData):
        search_circuits(ask(random_network(0, (2, 2, 1)), task=Task((0, 1, 1, 0)), data=data))


def test_overflowing_networks_are_neither_right_nor_a_crash():
    huge = Network.from_arrays([[[1e300, 1e300]], [[1e300]]], [[0.0], [0.0]], activation="leaky_relu")
    found = search_circuits(ask(huge, task=Task((0, 1, 1, 1))))
    assert (found.possible, found.n_valid) == (1, 0)


def test_the_time_may_be_up_while_valid_circuits_are_run():
    file, reports = golden_network("xor_pretrained"), []
    work = Work(reports.append, stopped=lambda: bool(reports) and reports[-1].done == reports[-1].total)
    with pytest.raises(OutOfTime):
        search_circuits(ask(file.network, task=file.tasks[0]), work)
