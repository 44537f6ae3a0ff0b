"""Plans before the work, and the circuits found by each way."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import reduce
from operator import and_, or_

import pytest

from pluriscope.analysis.circuits import planning
from pluriscope.analysis.circuits.planning import plan_circuits
from pluriscope.analysis.circuits.result import EdgeUse
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.strategy import add_smallest, find_circuits, find_number, first_answer
from pluriscope.analysis.network_files.result_file import read_smallest, smallest_json
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_large.formulas import hashing
from tests.factories import pretrained_xor
from tests.golden_files import golden_network
from tests.random_networks import random_network

XOR = Task((0, 1, 1, 0))


def network_of(sizes, scale=1.0):
    return random_network(0, sizes, weights=scale, biases=scale)


FEW_DRAWN = Limits(max_possible=1, max_bytes=1, n_samples=20, n_draws=10, n_smallest=0)


@pytest.mark.parametrize(
    ("network", "limits", "obstacle"),
    [
        (network_of((2, 2, 2, 1)), {}, ""),
        (network_of((2, 2, 2, 1)), {"max_seconds": 0.1}, "hashing would take about 10 seconds"),
        (network_of((2, 40, 40, 1)), {"max_seconds": 1e9}, "at most 1,562 edges would do"),
        (network_of((2, 8, 8, 8, 1)), {"max_seconds": 1e9}, "beyond float64's 53 bits"),
        (replace(network_of((2, 2, 2, 1)), activation="tanh"), {}, "tanh gives numbers that are no fractions"),
    ],
)
def test_what_can_be_counted_by_hashing(network, limits, obstacle):
    pytest.importorskip("pyunigen")
    plan = plan_circuits(ask(network, task=XOR), limits=replace(FEW_DRAWN, **limits))
    assert obstacle in plan.way_of("hashed").obstacle
    assert bool(obstacle) == bool(plan.way_of("hashed").obstacle)
    assert ("hashing may count them, in about 10 seconds" in plan.reason) == (not obstacle)


def test_without_a_solver_nothing_is_counted_by_hashing(monkeypatch):
    monkeypatch.setattr(hashing, "find_spec", lambda name: None if name == "pyunigen" else name)
    cost = plan_circuits(ask(network_of((2, 2, 2, 1)), task=XOR)).way_of("hashed")
    assert cost.obstacle == 'pyunigen missing: pip install "pluriscope-large[solvers]"'


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [20, 0])
def test_where_a_sample_says_little_or_none_is_allowed_the_number_is_hashed(n_samples):
    pytest.importorskip("pyunigen")
    question, limits = ask(golden_network("xor_2-2").network), replace(FEW_DRAWN, n_samples=n_samples)
    found = find_circuits(question, Work(limits=limits))
    assert (found.method, found.interval, found.confidence, found.n_listed) == ("hashed", (1, 1), 1.0, 1)
    assert (found.bracket.inside.cells, found.bracket.inside.hashes) == (1, 0)


@pytest.mark.parametrize(("of_hashed", "expected"), [(0.8, 0.79), (1.0, 1.0)])
def test_the_narrower_of_two_intervals_holds_where_both_do(monkeypatch, of_hashed, expected):
    pytest.importorskip("pyunigen")
    question = ask(golden_network("xor_2-2").network)
    hashed = replace(find_circuits(question), method="hashed", interval=(1, 3), confidence=of_hashed)
    monkeypatch.setattr(planning, "_hashed", lambda *_, **__: hashed)
    found = find_circuits(question, Work(limits=replace(FEW_DRAWN, n_samples=20)))
    assert (found.interval, found.confidence) == ((1, 3), expected)


@pytest.mark.slow
def test_hashing_is_not_begun_without_the_time_that_it_needs(monkeypatch):
    pytest.importorskip("pyunigen")
    monkeypatch.setattr(hashing, "count_by_hashing", None)
    question = ask(golden_network("xor_2-2").network)
    work, plan = Work(clock=time.monotonic, limits=FEW_DRAWN), plan_circuits(question, limits=FEW_DRAWN)
    first = first_answer(work.for_seconds(8), plan, 8.0)
    assert (first.method, work.ended.pop("circuits")) == ("sampled", "time")  # so that it is gone on with
    assert find_number(work.for_seconds(8), plan, first) is first
    assert work.ended == {}


def test_a_solver_proves_the_smallest_where_the_order_of_size_ends():
    pytest.importorskip("z3")
    pytest.importorskip("pysat")
    network = pretrained_xor()
    question = ask(network.network, task=network.tasks[0])
    work = Work(limits=Limits(n_samples=200, n_smallest=30, n_tried=1))
    found = add_smallest(question, planning._sampled(question, work), work)
    valid = sorted(map(int.bit_count, search_circuits(question).masks.tolist()))[:30]
    smallest = found.smallest
    assert smallest.proved
    assert smallest.solved
    assert [*map(int.bit_count, smallest.masks)] == valid
    masks = search_circuits(question).masks.tolist()
    assert found.edge_use == EdgeUse(reduce(and_, masks), (1 << 18) - 1 - reduce(or_, masks))
    partly = replace(smallest, masks=smallest.masks[:9], searched_up_to=valid[8] - 1)
    again = add_smallest(question, replace(found, smallest=partly), work)
    assert [*map(int.bit_count, again.smallest.masks)] == valid
    assert read_smallest(smallest_json(smallest, question.layout)) == smallest
