"""Plans before the work, and the circuits found by each way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pluriscope.analysis.circuits import planning, strategy
from pluriscope.analysis.circuits.planning import plan_circuits
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.strategy import add_smallest, add_tried, find_circuits, find_number
from pluriscope.analysis.circuits.trying import try_circuits
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.limits import Limits, listed_bytes
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import pretrained_xor
from tests.golden_files import golden_network
from tests.random_networks import random_network

XOR = Task((0, 1, 1, 0))


def network_of(sizes, scale=1.0):
    return random_network(0, sizes, weights=scale, biases=scale)


@pytest.mark.parametrize(
    ("sizes", "method", "possible"),
    [((2, 3, 3, 1), "listed", 9_625), ((2, 5, 5, 1), "counted", 7_271_931_361), ((2, 7, 7, 1), "sampled", None)],
)
def test_plans_of_known_sizes(sizes, method, possible):
    plan = plan_circuits(ask(network_of(sizes), task=XOR))
    assert plan.method == plan.way.method == method
    assert possible in (None, plan.possible)
    assert plan.reason.endswith(".")
    assert f"{plan.possible:,}" not in plan.reason  # which stands before it
    assert [cost.method for cost in plan.ways] == ["listed", "counted", "sampled", "hashed"]
    assert all(cost.obstacle or cost.seconds > 0 for cost in plan.ways[:2])


@pytest.mark.parametrize(("seconds", "is_counted"), [(0.0, True), (1e6, False)])
def test_more_circuits_than_a_list_holds_are_counted_the_quicker_way(monkeypatch, seconds, is_counted):
    question, limits = ask(golden_network("xor_pretrained").network, task=XOR), Limits(max_valid=50)
    asked, way, counted = [], planning._counting, planning.count_circuits
    monkeypatch.setattr(planning, "_counting", lambda *a: replace(way(*a), seconds=seconds))
    monkeypatch.setattr(planning, "count_circuits", lambda *a, **k: asked.append(a) or counted(*a, **k))
    found = find_number(Work(limits=limits), plan_circuits(question, limits=limits))
    assert (bool(asked), found.method, found.n_valid) == (is_counted, "counted", 197)


def test_the_users_limits_decide():
    network, data = network_of((2, 3, 3, 1)), clean_data(2)

    def method(**chosen):
        return plan_circuits(ask(network, task=XOR, data=data), limits=Limits(**chosen)).method

    assert method(max_possible=9_625) == "listed"
    assert method(max_possible=9_624) == "counted"
    assert method(max_possible=9_624, max_seconds=0) == "sampled"
    assert method(max_possible=9_624, max_bytes=1) == "sampled"
    with pytest.raises(BeyondLimits, match=r"not listed: 9,625 circuits.*not counted.*not sampled.*not hashed"):
        method(max_possible=9_624, max_seconds=0, n_samples=0)
    loose = protocol_from_mapping({"accuracy_threshold": 0.7})
    plan = plan_circuits(ask(network, task=XOR, protocol=loose, data=data), limits=Limits(max_possible=1))
    assert plan.method == "sampled"
    assert "lets some of the 4 rows be wrong" in plan.reason


def test_circuits_valid_under_any_ablation_are_listed_or_not_searched():
    network = network_of((2, 3, 3, 1))
    rules = COMPLETE.model_copy(update={"circuit_family": "any_ablation"})
    question = ask(network, task=XOR, protocol=rules)
    assert plan_circuits(question).way.seconds == 3 * plan_circuits(ask(network, task=XOR)).way.seconds
    with pytest.raises(BeyondLimits, match="not counted: circuits valid under any ablation are listed or not searched"):
        plan_circuits(question, limits=Limits(max_possible=1))


def test_no_plan_for_nothing():
    network = Network.from_arrays([[[1.0, 1.0]]], [[0.0]])
    plan = plan_circuits(ask(network, task=XOR, protocol=PAPER))
    assert (plan.method, plan.possible) == ("listed", 0)
    assert find_circuits(ask(network, task=XOR, protocol=PAPER)).count == 0


@pytest.mark.slow
def test_three_ways_to_the_same_circuits():
    file = golden_network("xor_pretrained")
    network, data = file.network, clean_data(2)
    listed = find_circuits(ask(network, task=XOR, data=data))
    alone = search_circuits(ask(network, task=XOR, data=data))
    assert (listed.method, listed.count, listed.n_valid, listed.n_tested) == ("listed", 197, 197, 9_625)
    assert listed.masks.tolist() == alone.masks.tolist()
    assert (listed.interval, listed.confidence, listed.truncated_at) == (None, None, None)

    every = find_circuits(ask(network, task=XOR, data=data), Work(limits=Limits(max_possible=1)))
    assert (every.method, every.count, every.truncated_at) == ("counted", 197, None)
    assert every.masks.tolist() == listed.masks.tolist()
    assert every.outputs.tolist() == listed.outputs.tolist()
    assert every.margins.tolist() == listed.margins.tolist()
    assert every.distribution == listed.distribution

    guess = find_circuits(
        ask(network, task=XOR, data=data), Work(limits=Limits(max_possible=1, max_seconds=0, n_samples=4_000))
    )
    assert (guess.method, guess.n_tested, guess.confidence) == ("sampled", 4_000, 0.99)
    assert guess.interval[0] <= 197 <= guess.interval[1]
    assert set(guess.masks.tolist()) < set(listed.masks.tolist())
    assert guess.truncated_at == guess.n_listed == len(guess.outputs) == len(guess.margins)


def test_more_than_memory_holds_a_list_of_are_counted():
    question = ask(golden_network("xor_pretrained").network, task=XOR)
    whole = find_circuits(question)
    some = find_circuits(question, Work(limits=Limits(max_bytes=10 * listed_bytes(4) + 7, n_draws=30, n_smallest=20)))
    assert (whole.method, some.method) == ("listed", "counted")
    assert (some.count, some.distribution, some.n_tested) == (whole.count, whole.distribution, whole.n_tested)


@pytest.mark.slow
def test_overflow_on_the_way_turns_a_count_into_an_estimate():
    network = network_of((2, 3, 3, 1), scale=1e150)
    limits = Limits(max_possible=1, n_samples=500)
    assert plan_circuits(ask(network, task=XOR), limits=limits).method == "counted"
    found = find_circuits(ask(network, task=XOR), Work(limits=limits))
    assert found.method == "sampled"
    with pytest.raises(BeyondLimits, match="overflow"):
        find_circuits(ask(network, task=XOR), Work(limits=replace(limits, n_samples=0)))


@pytest.mark.parametrize("limits", [Limits(max_possible=1), Limits(max_valid=50)])
def test_no_first_answer_waits_for_what_counts_to_be_compiled(monkeypatch, limits):
    question, is_there = ask(golden_network("xor_pretrained").network, task=XOR), []
    monkeypatch.setattr(planning, "is_compiled", lambda: is_there)
    plan, work = plan_circuits(question, limits=limits), Work(limits=limits)
    first = strategy.first_answer(work, plan, 60.0)
    assert (first.method, work.ended.pop("circuits")) == ("sampled", "time")
    found = find_number(work, plan, first)
    assert (found.method, found.n_valid, work.ended) == ("counted", 197, {})
    is_there.append(True)
    assert strategy.first_answer(work, plan, 60.0).masks.tolist() == found.masks.tolist()


@pytest.mark.slow
def test_circuits_that_were_tried_are_listed_and_change_no_later_answer():
    network = pretrained_xor()
    question = ask(network.network, task=network.tasks[0])
    work = Work(limits=Limits(n_samples=200, n_tried=1))
    sample = planning._sampled(question, work)
    *_, tried = try_circuits(question, work)
    new = {*tried.masks} - {*sample.masks.tolist()}
    found = add_tried(question, sample, tried.masks, work.limits)
    assert {*found.masks.tolist()} == {*sample.masks.tolist()} | new
    assert {*found.smallest.undrawn} == new != set()
    assert found.smallest.masks[0] == min(tried.masks, key=int.bit_count)
    assert not found.smallest.proved
    later, usual = add_smallest(question, found, work), add_smallest(question, sample, work)
    assert (later.masks.tolist(), later.smallest) == (usual.masks.tolist(), usual.smallest)
    assert (later.count, later.interval, later.n_drawn) == (usual.count, usual.interval, usual.n_drawn)
