"""The search by what a network supports against trying every candidate, and against brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.alignments import placements
from pluriscope.analysis.alignments import search as search_module
from pluriscope.analysis.alignments.carriable_search import Support, aligned_algorithms
from pluriscope.analysis.alignments.decisions import site_decisions
from pluriscope.analysis.alignments.iia import Behaviour
from pluriscope.analysis.alignments.search import search_alignments
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.result_file import output_json, what_is_missing
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task, input_table, named_task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network
from tests.oracles import brute_force_alignments as oracle
from tests.random_networks import own_task, random_network

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

BARE = {"n_near_misses": 0, "max_alignments": 1}  # counts are exact whatever is kept


def always_no(seed, sizes):
    """A network that decides 0 whatever happens to its hidden neurons, and the task that it computes."""
    network = random_network(seed, sizes)
    never = Network.from_arrays(network.weights, [*network.biases[:-1], [-90.0]])
    return never, Task((0,) * 2 ** sizes[0])


def supported(network, task, protocol, data=None, max_aligned=10**6):
    sites = site_decisions(ask(network, protocol=protocol, data=data or clean_data(network.n_inputs)))
    depth = protocol.depth_for(network.n_hidden_layers)
    return aligned_algorithms(task.pattern, depth, sites, max_aligned=max_aligned)


def assert_same_as_trying_each(network, task, protocol, data=None):
    """Counts and aligned algorithms are those of the plain search; returns how many are aligned."""
    candidates = candidate_algorithms(task, protocol, network.n_hidden_layers, max_candidates=10**6)
    plain = search_alignments(ask(network, protocol=protocol, data=data or clean_data(network.n_inputs)), candidates)
    found = supported(network, task, protocol, data)
    assert (found.n_aligned, found.n_valid, found.n_minimal) == (
        plain.n_aligned,
        plain.n_valid_alignments,
        plain.n_minimal_alignments,
    )
    assert [a.text for a in found.algorithms] == [r.algorithm.text for r in plain.algorithms if r.n_valid]
    return found.n_aligned


settings_of_pairs_and_sites = st.fixed_dictionaries(
    {
        "interchange_pairs": st.sampled_from(["ordered", "one_direction"]),
        "alignment_decision": st.sampled_from(["threshold", "rounding"]),
        "alignment_sites": st.sampled_from(["neuron_sets", "single_neurons"]),
        "max_depth": st.integers(1, 3),
    }
)


@pytest.mark.slow
@settings(max_examples=15)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1), (2, 1, 3, 1), (1, 2, 2, 1), (2, 1, 1, 2, 1)]),
    st.sampled_from(["leaky_relu", "tanh"]),
    settings_of_pairs_and_sites,
)
def test_one_and_two_inputs_are_searched_as_by_trying_each(seed, sizes, activation, rules):
    network = random_network(seed, sizes, activation)
    assert_same_as_trying_each(network, own_task(network), protocol_from_mapping({**BARE, **rules}))


@settings(max_examples=8)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(3, 2, 1), (3, 3, 1), (3, 2, 2, 1), (3, 1, 3, 1)]),
    settings_of_pairs_and_sites,
)
def test_three_inputs_are_searched_as_by_trying_each(seed, sizes, rules):
    network = random_network(seed, sizes)
    rules = {**rules, "max_depth": min(2, rules["max_depth"])}
    assert_same_as_trying_each(network, own_task(network), protocol_from_mapping({**BARE, **rules}))


@pytest.mark.parametrize("name", ["xor_2-2-2", "xor_pretrained", "and_3-3", "or_sigmoid_2-2", "majority_3-3"])
def test_golden_networks_are_searched_as_by_trying_each(name):
    file = golden_network(name)
    assert assert_same_as_trying_each(file.network, file.tasks[0], protocol_from_mapping(BARE)) >= (
        name != "majority_3-3"
    )


def test_the_own_rows_of_a_data_record_count():
    network = golden_network("xor_pretrained").network
    rows = input_table(2) + np.random.default_rng(1).normal(scale=0.3, size=(4, 2))
    assert_same_as_trying_each(network, named_task("XOR", 2), protocol_from_mapping(BARE), DataRecord(rows))


def test_counts_are_those_of_brute_force():
    file = golden_network("xor_2-2-2")
    found = supported(file.network, file.tasks[0], COMPLETE)
    one_by_one = oracle.Interchange(file.network, input_table(2))
    candidates = candidate_algorithms(file.tasks[0], COMPLETE, 3).algorithms
    valid = {}
    for algorithm in candidates:
        if len(algorithm.variables) <= 3:  # the others: brute force has too many placements
            placed, _ = oracle.alignments(one_by_one, algorithm.text)
            if placed:
                valid[algorithm.text] = len(placed), sum(entry[-1] for entry in placed)
    few = [algorithm for algorithm in found.algorithms if len(algorithm.variables) <= 3]
    assert {algorithm.text for algorithm in few} == set(valid)
    whole = search_alignments(ask(file.network), Candidates(found.algorithms, 1))
    assert {r.algorithm.text: (r.n_valid, r.n_minimal) for r in whole.algorithms if r.algorithm in few} == valid
    assert found.n_valid == whole.n_valid_alignments


@settings(max_examples=10)
@given(st.integers(0, 10_000), settings_of_pairs_and_sites, st.sampled_from([(2, 2, 1), (2, 2, 2, 1), (3, 2, 1)]))
def test_what_is_carried_is_what_some_site_fits(seed, rules, sizes):
    network, protocol = random_network(seed, sizes), protocol_from_mapping(rules)
    task = own_task(network)
    support = Support(site_decisions(ask(network, protocol=protocol)), task.pattern)
    candidates = candidate_algorithms(task, protocol, network.n_hidden_layers, max_candidates=100).algorithms
    responses = [response for algorithm in candidates for response in algorithm.responses.values()]
    if responses:
        answer = support.carried(*(np.array(column, dtype=np.uint64) for column in zip(*responses, strict=True)))
        fits = [support.valid(Behaviour.of(response, network.n_inputs)).any() for response in responses]
        assert answer.tolist() == fits


def test_the_first_aligned_algorithms_are_kept_and_all_are_counted():
    network, task = always_no(0, (2, 3, 3, 1))
    whole = supported(network, task, COMPLETE)
    assert whole.n_aligned == len(whole.algorithms) > 100
    for limit in (1, 7, whole.n_aligned):
        part = supported(network, task, COMPLETE, max_aligned=limit)
        assert replace(part, algorithms=()) == replace(whole, algorithms=())
        assert part.algorithms == whole.algorithms[:limit]


def test_the_pipeline_lists_the_first_and_the_aligned_and_says_so():
    file = golden_network("xor_pretrained")
    one_by_one = analyse_output(ask(file.network, task=file.tasks[0]))
    limits = Limits(max_listed=249, n_first=20)
    analysis = analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))
    plain, search = one_by_one.algorithms, analysis.algorithms
    assert (plain.method, search.method) == ("listed", "by_support")
    assert (search.n_candidates, search.truncated_at) == (250, None)
    expected = [r for i, r in enumerate(plain.algorithms) if i < 20 or r.n_valid]
    assert list(search.algorithms) == expected  # with their near misses
    assert analysis.criteria == one_by_one.criteria
    assert analysis.exhaustive
    assert what_is_missing(analysis) == []
    answer = output_json(analysis)["candidate_search"]
    assert (answer["method"], answer["first"], answer["listed"]) == ("by_support", 20, len(expected))
    assert answer["irredundant"] == {"irredundant-gates": 194, "irredundant-functions": 18, "irredundant-literals": 2}
    assert f"{250 - len(expected)} others are not listed" in answer["note"]


def test_aligned_algorithms_beyond_the_limit_are_counted_and_missed():
    network, task = always_no(0, (2, 2, 1, 1))
    limits = Limits(max_listed=1, n_first=0, max_aligned=1)
    analysis = analyse_output(ask(network, task=task), Work(limits=limits))
    search = analysis.algorithms
    assert (len(search.algorithms), search.truncated_at) == (1, 1)
    assert search.n_aligned > 1
    assert not analysis.exhaustive
    assert what_is_missing(analysis) == [
        f"output 0: {search.n_aligned} of {search.n_candidates:,} candidate algorithms can be placed, counted exactly "
        "without listing them; 1 of them are kept"
    ]


@pytest.mark.parametrize("max_listed", [10, None])
def test_kept_alignments_are_bounded_in_all(monkeypatch, max_listed):
    """Whether candidates are searched by support or one by one: an equal share each, but what is not needed goes on."""
    network, task = always_no(0, (2, 2, 1, 1))
    candidates = candidate_algorithms(task, COMPLETE, 2, max_listed=max_listed, n_first=0)
    whole = search_alignments(ask(network), candidates)
    wanted = [full.n_valid for full in whole.algorithms if full.algorithm.responses]
    most = max(wanted) - 1
    assert min(wanted) < most
    monkeypatch.setattr(search_module, "MAX_KEPT", sum(min(most, n) for n in wanted))
    part = search_alignments(ask(network), candidates)
    assert part.totals == whole.totals
    for cut, full in zip(part.algorithms, whole.algorithms, strict=True):
        assert (cut.n_valid, cut.n_minimal) == (full.n_valid, full.n_minimal)
        assert sum(s.valid for s in cut.alignments) == min(most, full.n_valid)
        assert cut.truncated_at == (most if full.n_valid > most else None)


def test_too_wide_networks_are_refused_before_the_search():
    candidates = candidate_algorithms(named_task("AND", 3), COMPLETE, 2, max_listed=10)
    with pytest.raises(BeyondLimits, match="30 hidden neurons"):
        search_alignments(ask(random_network(0, (3, 15, 15, 1))), candidates)


def test_totals_stay_exact_where_too_many_neuron_sets_forbid_a_list(monkeypatch):
    file = golden_network("xor_2-2-2")
    task = file.tasks[0]
    candidates = candidate_algorithms(task, COMPLETE, 3, max_listed=1)
    whole = search_alignments(ask(file.network), candidates)
    monkeypatch.setattr(placements, "MAX_STEPS", 1)
    bare = search_alignments(ask(file.network), candidates)
    assert (bare.algorithms, bare.truncated_at, bare.n_candidates) == ((), 0, 250)
    assert (bare.n_aligned, bare.n_valid_alignments) == (whole.n_aligned, whole.n_valid_alignments)
    assert bare.totals.irredundant == whole.totals.irredundant


@pytest.mark.slow
@pytest.mark.parametrize("n_inputs", [5, pytest.param(6, marks=pytest.mark.release)])
def test_millions_of_candidates_are_searched(n_inputs):
    network, task = always_no(0, (n_inputs, 2, 2, 1))
    found = supported(network, task, COMPLETE, max_aligned=10)
    assert found.n_aligned > 1_000
    results = search_alignments(ask(network), Candidates(found.algorithms, 1)).algorithms
    assert all(result.n_valid for result in results)
