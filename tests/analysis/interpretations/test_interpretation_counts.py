"""Counts of interpretations, against listing them, against the authors' counts, and against each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import count as count_from

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations import counting, transfer
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.observed import observed_classes
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.interpretations.thresholds import read_thresholds
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.golden_files import golden_network
from tests.oracles.brute_force_circuits import possible_masks
from tests.oracles.brute_force_interpretations import count, interpretations

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

SHAPES = ((2, 2, 1), (2, 2, 2, 1), (3, 2, 1), (2, 3, 1), (1, 3, 1), (2, 1, 2, 1), (2, 2, 1, 2, 1), (3, 1))


def some_masks(network: Network, n: int = 25) -> np.ndarray:
    masks = np.array([mask for mask, _ in possible_masks(network)], dtype=np.uint64)
    return masks[:: max(1, len(masks) // n)]


@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize("activation", FAMILIES)
@pytest.mark.parametrize("sizes", SHAPES)
def test_listing_gives_the_same_counts(sizes, activation, ablation):
    network = random_network(21, sizes, activation)
    masks = some_masks(network)
    counts = count_interpretations(ask(network, protocol=COMPLETE.model_copy(update={"ablation": ablation})), masks)
    for mask, total, observed in zip(masks.tolist(), counts.by_circuit, counts.observed_by_circuit, strict=True):
        found, classes = interpretations(network, mask, ablation=ablation)
        assert (total, observed) == (len(found), len(set(classes)))


def test_going_through_the_thresholds_gives_the_same_counts_with_three_parents():
    # outputs scaled up, so that rounding, as the authors read, leaves several thresholds there as well
    for seed, sizes in [(6, (2, 3, 1)), (25, (2, 3, 2, 1)), (25, (3, 3, 1))]:
        network = random_network(seed, sizes)
        network = Network.from_arrays([*network.weights[:-1], network.weights[-1] * 4], network.biases)
        masks = some_masks(network, 6)
        masks[0] = 2 ** EdgeLayout(sizes).n_edges - 1
        counts = count_interpretations(ask(network, protocol=PAPER), masks)
        assert list(zip(counts.by_circuit, counts.observed_by_circuit, strict=True)) == [
            count(network, mask, round) for mask in masks.tolist()
        ]
        assert counts.total > 1_000


def test_counts_read_the_representatives():
    rows = clean_data(2).representatives * 1.7 - 0.6
    network = random_network(5, (2, 2, 2, 1), "tanh")
    masks = some_masks(network)
    counts = count_interpretations(ask(network, data=DataRecord(rows)), masks)
    listed = [len(interpretations(network, mask, rows.tolist())[0]) for mask in masks.tolist()]
    assert list(counts.by_circuit) == listed
    assert counts != count_interpretations(ask(network), masks)


def test_counts_beyond_64_bits_are_exact():
    # 1-8-1 with the eight neurons alike: 2 of 2^8 parent rows occur, so the output has 2^254 completions
    alike = Network.from_arrays([np.ones((8, 1)), np.ones((1, 8)) / 8], [np.zeros(8), np.zeros(1)])
    counts = count_interpretations(ask(alike), np.array([2**16 - 1], dtype=np.uint64))
    assert counts.by_circuit == (2**254,)
    assert counts.observed_by_circuit == (1,)


def wide_network() -> Network:
    network = golden_network("xor_4-4").network
    assert network.sizes == (2, 4, 4, 1)
    return network


@pytest.mark.parametrize("rule", ["threshold", "rounding"])
@pytest.mark.parametrize("rows", [4, 3])
def test_an_output_is_read_where_it_decides_and_nowhere_else(rule, rows):
    network = Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[0.0], [0.0]])  # A + B: 0, 1, 1, 2
    table = clean_data(2).representatives
    data = DataRecord(table, table[:rows], np.array([[0.0], [1.0], [1.0], [1.0]])[:rows])
    question = ask(network, data=data, protocol=COMPLETE.model_copy(update={"circuit_decision": rule}))
    masks = search_circuits(replace(question, task=named_task("OR", 2))).masks
    assert masks.tolist() == ([0b111] if rule == "threshold" or rows == 3 else [])
    for mask in masks.tolist():
        every = InterpretationSpace(question, Circuit(question.layout, mask))
        gates = [tuple((gate.function, gate.threshold) for gate in every.at(at).gates) for at in range(every.count)]
        assert gates == [((0b1110, 0.5), (0b1110, 0.5))]  # OR of both neurons, and no AND
        authors = replace(question, protocol=PAPER.model_copy(update={"circuit_decision": rule}))
        assert count_interpretations(authors, masks).total == (1 if rule == "threshold" else 2)


def test_values_that_nearly_agree_are_one_value():
    # the second input weighs 1e-13: it opens no threshold; at 1e-9 it does
    def network(weight):
        return Network.from_arrays([[[1.0, weight]], [[1.0]]], [[0.0], [0.0]])

    mask = np.array([0b111], dtype=np.uint64)
    for weight, n_thresholds in [(1e-13, 1), (1e-9, 3)]:
        first = read_thresholds(ask(network(weight)), mask)[0]
        assert first.n_thresholds.tolist() == [[n_thresholds]]
        found, _ = interpretations(network(weight), 0b111)
        assert count_interpretations(ask(network(weight)), mask).by_circuit == (len(found),)


def test_hopeless_counts_are_refused():
    network = random_network(1, (6, 4, 1))
    with pytest.raises(BeyondLimits, match="1,000 combinations"):
        count_interpretations(
            ask(network), np.array([2**28 - 1], dtype=np.uint64), Work(limits=Limits(max_states=1000))
        )


@pytest.mark.parametrize(("max_bytes", "n_counted"), [(1 << 30, 197), (20_000, 197), (3_000, 0)])
def test_memory_bounds_the_states_of_a_circuit_not_of_a_batch(max_bytes, n_counted):
    file = golden_network("xor_pretrained")
    masks = search_circuits(ask(file.network, task=file.tasks[0])).masks
    work = Work(limits=Limits(max_bytes=max_bytes))
    if n_counted:
        assert count_interpretations(ask(file.network), masks, work) == count_interpretations(ask(file.network), masks)
    else:
        with pytest.raises(BeyondLimits, match="of a valid circuit"):
            count_interpretations(ask(file.network), masks[::-1], work)


@pytest.mark.parametrize("at_once", [1, 50, 2048])
def test_a_count_that_grows_too_large_keeps_what_it_has(at_once, monkeypatch):
    file = golden_network("xor_pretrained")
    question = ask(file.network, task=file.tasks[0])
    masks = search_circuits(question).masks
    whole = count_interpretations(question, masks)
    n = int(np.searchsorted(np.cumsum(counting.n_states(question, masks)), 2_500, side="right"))
    monkeypatch.setattr(counting, "_CIRCUITS_AT_ONCE", at_once)
    stopped = count_interpretations(question, masks, Work(limits=Limits(max_states=2_500)))
    assert 0 < n < len(masks)
    assert stopped == first_of(whole, n)


def first_of(whole, n):
    rest = (0,) * (len(whole.by_circuit) - n)
    return InterpretationCounts(whole.by_circuit[:n] + rest, whole.observed_by_circuit[:n] + rest, n if rest else None)


def stopped_at(reading):
    """Work whose time is up at that reading of its clock."""
    readings = count_from()
    return Work(clock=lambda: float(next(readings)), deadline=float(reading))


def test_counting_that_time_ends_keeps_the_first_circuits_and_goes_on_to_the_same_end(monkeypatch):
    file = golden_network("xor_pretrained")
    question = ask(file.network, task=file.tasks[0])
    masks = search_circuits(question).masks[::8]
    whole = count_interpretations(question, masks)
    monkeypatch.setattr(counting, "_STATES_OF_CIRCUITS", 16)
    seen, found, reading = set(), None, 0
    while found != whole:
        found = count_interpretations(question, masks, stopped_at(reading))
        n = found.truncated_at
        assert found == first_of(whole, len(masks) if n is None else n)
        assert count_interpretations(question, masks, so_far=found) == whole
        seen.add(n)
        reading += 1
    assert len(seen) > 5
    assert 0 in seen


def test_a_large_count_of_one_circuit_can_be_stopped_within(monkeypatch):
    monkeypatch.setattr(counting, "_STATES_AT_ONCE", 8)
    question, circuit = ask(random_network(1, (3, 4, 2, 1))), np.array([2**22 - 1], dtype=np.uint64)
    work = stopped_at(3)
    assert count_interpretations(question, circuit, work).truncated_at == 0
    assert work.ended == {"interpretations": "time"}


def test_classes_beyond_the_limit_are_refused_before_all_ways_to_them_are_held(monkeypatch):
    monkeypatch.setattr(transfer, "LINKS_AT_ONCE", 16)
    question = ask(random_network(1, (3, 4, 3, 1)))
    circuit = Circuit(EdgeLayout((3, 4, 3, 1)), 2**27 - 1)
    n_first = int(transfer.n_first_states(observed_classes(question, circuit).layers[0])[0])
    with pytest.raises(BeyondLimits, match=r"more than .* which is the limit"):
        observed_classes(question, circuit, max_classes=n_first)
