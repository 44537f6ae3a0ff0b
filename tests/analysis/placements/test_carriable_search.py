"""The search by what a network supports against trying every candidate, and against brute force."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.result_file import output_json, what_is_missing
from pluriscope.analysis.placements import counting
from pluriscope.analysis.placements import formulas as search_module
from pluriscope.analysis.placements.carriable import aligned_algorithms
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.neuron_sets import site_decisions
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network
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
    plain = search_formulas(ask(network, protocol=protocol, data=data or clean_data(network.n_inputs)), candidates)
    found, algorithms = supported(network, task, protocol, data)
    assert (found.n_aligned, found.n_valid, found.n_minimal) == (
        plain.n_aligned,
        plain.n_valid_placements,
        plain.n_minimal_placements,
    )
    assert [a.text for a in algorithms] == [r.algorithm.text for r in plain.algorithms if r.n_valid]
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


@pytest.mark.parametrize("name", ["xor_2-2-2", "xor_pretrained", "and_3-3", "or_sigmoid_2-2", "majority_3-3"])
def test_golden_networks_are_searched_as_by_trying_each(name):
    file = golden_network(name)
    assert assert_same_as_trying_each(file.network, file.tasks[0], protocol_from_mapping(BARE)) >= (
        name != "majority_3-3"
    )


def test_the_first_aligned_algorithms_are_kept_and_all_are_counted():
    network, task = always_no(0, (2, 3, 3, 1))
    whole, algorithms = supported(network, task, COMPLETE)
    assert whole.n_aligned == len(algorithms) > 100
    for limit in (1, 7, whole.n_aligned):
        assert supported(network, task, COMPLETE, max_aligned=limit) == (whole, algorithms[:limit])


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
    whole = search_formulas(ask(network), candidates)
    wanted = [full.n_valid for full in whole.algorithms if full.algorithm.responses]
    most = max(wanted) - 1
    assert min(wanted) < most
    monkeypatch.setattr(search_module, "MAX_KEPT", sum(min(most, n) for n in wanted))
    part = search_formulas(ask(network), candidates)
    assert part.totals == whole.totals
    for cut, full in zip(part.algorithms, whole.algorithms, strict=True):
        assert (cut.n_valid, cut.n_minimal) == (full.n_valid, full.n_minimal)
        assert sum(s.valid for s in cut.alignments) == min(most, full.n_valid)
        assert cut.truncated_at == (most if full.n_valid > most else None)


def test_totals_stay_exact_where_too_many_neuron_sets_forbid_a_list(monkeypatch):
    file = golden_network("xor_2-2-2")
    task = file.tasks[0]
    candidates = candidate_algorithms(task, COMPLETE, 3, max_listed=1)
    whole = search_formulas(ask(file.network), candidates)
    monkeypatch.setattr(counting, "MAX_STEPS", 1)
    bare = search_formulas(ask(file.network), candidates)
    assert (bare.algorithms, bare.truncated_at, bare.n_candidates) == ((), 0, 250)
    assert (bare.n_aligned, bare.n_valid_placements) == (whole.n_aligned, whole.n_valid_placements)
    assert bare.totals.irredundant == whole.totals.irredundant


@pytest.mark.slow
@pytest.mark.parametrize("n_inputs", [5, pytest.param(6, marks=pytest.mark.release)])
def test_millions_of_candidates_are_searched(n_inputs):
    network, task = always_no(0, (n_inputs, 2, 2, 1))
    found, algorithms = supported(network, task, COMPLETE, max_aligned=10)
    assert found.n_aligned > 1_000
    results = search_formulas(ask(network), Candidates(algorithms, 1)).algorithms
    assert all(result.n_valid for result in results)
