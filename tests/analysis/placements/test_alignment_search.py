"""The search against every placement tried one by one, the authors' mappings, and itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import with_signs
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements import counting, neuron_sets
from pluriscope.analysis.placements import formulas as search_module
from pluriscope.analysis.placements.formulas import search_formulas, untried
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import NAMES, golden, golden_data, golden_network, node_paths
from tests.oracles import brute_force_alignments as oracle
from tests.random_networks import own_task, random_network

ALGORITHM_CASES = [
    (name, output) for name in NAMES for output, found in enumerate(golden(name)["outputs"]) if "algorithms" in found
]
BOTH_DIRECTIONS = protocol_from_mapping(
    {**PAPER.model_dump(), "name": "authors, both directions", "interchange_pairs": "ordered"}
)


def custom(**settings_):
    return protocol_from_mapping(settings_)


def some(candidates, limit, max_variables):
    """Evenly chosen candidates with few enough variables for brute force."""
    fitting = [a for a in candidates.algorithms if len(a.variables) <= max_variables]
    chosen = tuple(fitting[:: max(1, -(-len(fitting) // limit))])
    return Candidates(chosen, len(chosen))


def as_tuples(result):
    return [
        (
            scored.iia.agreed,
            scored.iia.of,
            scored.alignment.n_neurons,
            scored.alignment.id,
            {path: (site.layer, site.neurons) for path, site in scored.alignment.places},
            scored.minimal,
        )
        for scored in result.alignments
    ]


def assert_same_as_brute_force(network, candidates, protocol, data):
    found = search_formulas(ask(network, protocol=protocol, data=data), candidates)
    rows = data.representatives if data.interchange_rows is None else data.interchange_rows
    one_by_one = oracle.Interchange(network, rows, protocol.interchange_pairs, protocol.alignment_decision)
    assert [result.algorithm for result in found.algorithms] == list(candidates.algorithms)
    n_valid = 0
    for result in found.algorithms:
        valid, failing = oracle.alignments(one_by_one, result.algorithm.text, protocol.alignment_sites != "neuron_sets")
        n_valid += len(valid)
        assert result.n_valid == len(valid)
        assert result.n_minimal == sum(entry[-1] for entry in valid)
        kept = [e for e in valid if e[-1]] if protocol.alignments_kept == "minimal" else valid
        assert as_tuples(result) == kept + failing[: protocol.n_near_misses]
        assert result.truncated_at is None
        for scored in result.alignments:
            margins = [one_by_one.margin((site.layer, site.neurons)) for _, site in scored.alignment.places]
            assert scored.margin == pytest.approx(min(margins, default=np.inf), abs=1e-12)
            assert (
                score_placement(ask(network, protocol=protocol, data=data), result.algorithm, scored.alignment)
                == scored
            )
    return n_valid


@pytest.mark.parametrize(("name", "n_valid"), [("xor_2-2-2", 4), ("xor_2-2", 1), ("nor_2-2", 1), ("or_sigmoid_2-2", 1)])
@pytest.mark.slow
def test_golden_networks_are_aligned_as_by_brute_force(name, n_valid):
    file = golden_network(name)
    candidates = candidate_algorithms(file.tasks[0], COMPLETE, file.network.n_hidden_layers)
    chosen = some(candidates, 40, 3)
    whole = search_formulas(ask(file.network), candidates)
    assert whole.n_valid_placements == n_valid
    aligned = tuple(r.algorithm for r in whole.algorithms if r.n_valid)
    assert_same_as_brute_force(
        file.network, Candidates(chosen.algorithms + aligned, len(chosen.algorithms)), COMPLETE, clean_data(2)
    )


@settings(max_examples=8)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(2, 2, 1), (2, 2, 2, 1), (2, 3, 1), (2, 1, 3, 1), (3, 2, 1), (2, 1, 1, 2, 1)]),
    st.fixed_dictionaries(
        {
            "interchange_pairs": st.sampled_from(["ordered", "one_direction"]),
            "alignment_decision": st.sampled_from(["threshold", "rounding"]),
            "alignment_sites": st.sampled_from(["neuron_sets", "single_neurons"]),
            "alignments_kept": st.sampled_from(["all", "minimal"]),
            "algorithm_form": st.sampled_from(["and_inverter", "formula_trees"]),
            "n_near_misses": st.sampled_from([0, 1, 5, 100]),
        }
    ),
)
@pytest.mark.slow
def test_random_networks_are_aligned_as_by_brute_force(seed, sizes, settings_):
    network, protocol = random_network(seed, sizes), custom(**settings_)
    candidates = candidate_algorithms(own_task(network), protocol, network.n_hidden_layers)
    assert_same_as_brute_force(network, some(candidates, 12, 3), protocol, clean_data(network.n_inputs))


def test_the_own_rows_of_a_data_record_are_interchanged():
    network = golden_network("xor_2-2-2").network
    rows = input_table(2) + np.random.default_rng(1).normal(scale=0.3, size=(4, 2))
    candidates = some(candidate_algorithms(named_task("XOR", 2), COMPLETE, 2), 20, 2)
    assert_same_as_brute_force(network, candidates, COMPLETE, DataRecord(rows))
    assert_same_as_brute_force(network, candidates, COMPLETE, DataRecord(input_table(2), interchange_rows=rows))


@pytest.mark.parametrize(("name", "output"), ALGORITHM_CASES)
def test_mappings_in_both_directions_are_the_authors(name, output):
    expected = golden(name)["outputs"][output]["algorithms"]
    paths = [node_paths(candidate["ast"]) for candidate in expected["candidates"]]
    theirs = {
        (
            m["formula"],
            frozenset(
                (paths[m["formula"]][n["node"]], with_signs(n["subformula"]), n["layer"], *n["neurons"])
                for n in m["nodes"]
            ),
        )
        for m in expected["both_directions"]["mappings"]
    }
    file = golden_network(name)
    candidates = candidate_algorithms(file.tasks[output], BOTH_DIRECTIONS, file.network.n_hidden_layers)
    question = ask(file.network, output=output, protocol=BOTH_DIRECTIONS, data=golden_data(name))
    found = search_formulas(question, candidates)
    ours = {
        (index, frozenset((path, formulas[path], site.layer, *site.neurons) for path, site in scored.alignment.places))
        for index, result in enumerate(found.algorithms)
        for formulas in [{v.path: v.formula for v in result.algorithm.variables}]
        for scored in result.alignments
    }
    assert ours == theirs
    assert found.n_minimal_placements == len(theirs) == expected["both_directions"]["n_mappings"]


def with_idle_neurons(network, n_idle):
    """Add neurons to the first layer that nobody reads: the same function with many valid alignments."""
    first, rest = network.weights[0], network.weights[1:]
    weights = [np.vstack([first, np.ones((n_idle, first.shape[1]))]), *rest]
    weights[1] = np.hstack([weights[1], np.zeros((len(weights[1]), n_idle))])
    return Network.from_arrays(weights, [np.append(network.biases[0], np.zeros(n_idle)), *network.biases[1:]])


@pytest.mark.slow
def test_truncation_keeps_fewest_neurons_and_counts_all():
    network = with_idle_neurons(golden_network("xor_2-2-2").network, 3)
    found = search_formulas(ask(network), candidate_algorithms(named_task("XOR", 2), COMPLETE, 2))
    aligned = tuple(r.algorithm for r in found.algorithms if r.n_valid)
    candidates = Candidates(aligned, len(aligned))
    whole = search_formulas(ask(network, protocol=custom(max_alignments=1_000_000)), candidates)
    assert whole.n_valid_placements > 300
    for limit in (1, 3, 50):
        part = search_formulas(ask(network, protocol=custom(max_alignments=limit)), candidates)
        assert any(r.truncated_at is not None for r in part.algorithms)
        for cut, full in zip(part.algorithms, whole.algorithms, strict=True):
            assert (cut.n_valid, cut.n_minimal) == (full.n_valid, full.n_minimal)
            valid = [s for s in cut.alignments if s.valid]
            everything = [s for s in full.alignments if s.valid]
            assert len(valid) == min(limit, full.n_valid)
            assert cut.truncated_at == (limit if full.n_valid > limit else None)
            sizes = [s.alignment.n_neurons for s in everything]
            assert [s.alignment.n_neurons for s in valid] == sizes[:limit]
            assert [s for s in everything if s in valid] == valid  # the same verdicts, in the same order
            assert cut.alignments[len(valid) :] == full.alignments[len(everything) :]


@pytest.mark.slow
def test_counts_are_those_of_listing_and_stay_exact_beyond_64_bits():
    table = neuron_sets.neuron_sites((3, 3), "neuron_sets")
    everywhere = np.ones(len(table.sites), dtype=bool)
    counter = counting.PlacementCounter(table)
    assert [counter.count([everywhere] * k) for k in range(8)] == [1, 14, 122, 516, 1200, 1440, 720, 0]
    # fourteen variables with the same eight neurons of sixteen to themselves: 16!/2! ways on single neurons, and the
    # bound 15^16 < 2^63 < 16^16 takes the other branch with fifteen variables, where 16! ways exceed 2^44
    wide = neuron_sets.neuron_sites((16,), "single_neurons")
    single = np.ones(16, dtype=bool)
    assert counting.PlacementCounter(wide).count([single] * 14) == factorial(16) // factorial(2)
    assert counting.PlacementCounter(wide).count([single] * 15) == factorial(16)


@pytest.mark.slow
def test_too_wide_networks_are_refused_with_the_estimate():
    candidates = candidate_algorithms(named_task("XOR", 2), COMPLETE, 1)
    with pytest.raises(BeyondLimits, match="30 hidden neurons"):
        search_formulas(ask(random_network(0, (2, 30, 1))), candidates)
    deep = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2)
    with pytest.raises(BeyondLimits, match="variables on"):
        search_formulas(ask(random_network(0, (2, 14, 14, 1))), deep)


def test_many_ties_are_cut_but_the_best_stay(monkeypatch):
    network = random_network(1, (2, 2, 2, 1))
    candidates = some(candidate_algorithms(named_task("XOR", 2), COMPLETE, 2), 30, 3)
    whole = search_formulas(ask(network), candidates)
    monkeypatch.setattr(search_module, "MAX_TIES", 5)
    cut = search_formulas(ask(network), candidates)
    for one, other in zip(cut.algorithms, whole.algorithms, strict=True):
        assert [(s.iia, s.alignment.n_neurons) for s in one.alignments] == [
            (s.iia, s.alignment.n_neurons) for s in other.alignments
        ]


@pytest.mark.parametrize(
    ("protocol", "max_listed"), [(COMPLETE, None), (COMPLETE, 100), (custom(algorithm_form="formula_trees"), None)]
)
def test_what_time_ends_is_the_first_of_the_whole(protocol, max_listed):
    file = golden_network("xor_2-2-2")
    candidates = candidate_algorithms(file.tasks[0], protocol, 3, max_listed=max_listed, n_first=20)
    candidates = replace(candidates, algorithms=candidates.algorithms[:40])
    question = ask(file.network, protocol=protocol)
    whole = search_formulas(question, candidates)
    n_tried, reading = set(), 0
    while len(candidates.algorithms) not in n_tried:
        readings = count()
        work = Work(clock=lambda clock=readings: float(next(clock)), deadline=float(reading))
        found = search_formulas(question, candidates, work)
        if not work.ended:
            assert found == whole
            break
        assert found.truncated_at is not None
        tried, rest = found.algorithms[: found.truncated_at], found.algorithms[found.truncated_at :]
        assert [one.algorithm for one in found.algorithms] == [
            one.algorithm for one in (whole if found.totals else candidates_alone(candidates)).algorithms
        ]
        assert tried == (whole.algorithms[: len(tried)] if found.totals == whole.totals else ())
        assert all(one == untried(one.algorithm) for one in rest)
        n_tried.add(len(tried))
        reading += 1 + reading // 10
    assert len(n_tried) > 3


def candidates_alone(candidates):
    return AlgorithmSearch(tuple(map(untried, candidates.algorithms)), candidates.n_candidates)


@pytest.mark.parametrize("max_bytes", [1_000, 100_000, 300_000])
def test_memory_for_the_first_algorithms_alone_ends_the_search_there(max_bytes):
    file = golden_network("xor_2-2-2")
    candidates = candidate_algorithms(file.tasks[0], COMPLETE, 3)
    whole = search_formulas(ask(file.network), candidates)
    work = Work(limits=Limits(max_bytes=max_bytes))
    found = search_formulas(ask(file.network), candidates, work)
    assert work.ended == {"alignments": "memory"}
    assert found.truncated_at is not None
    assert (found.truncated_at > 0) == (max_bytes > 10_000)
    assert [one.n_valid for one in found.algorithms[: found.truncated_at]] == [
        one.n_valid for one in whole.algorithms[: found.truncated_at]
    ]
    assert all(one.truncated_at == 0 for one in found.algorithms[found.truncated_at :])
