"""Candidate algorithms against every tree written down, the authors' lists and the published counts."""

from __future__ import annotations

from itertools import count

import pytest

from pluriscope.analysis.algorithms import candidates
from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task, named_task
from pluriscope.analysis.running.work import Work
from tests.oracles import brute_force_algorithms as oracle

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run


def task_of(pattern, n_inputs):
    return Task(tuple(pattern >> row & 1 for row in range(2**n_inputs)))


def at_depth(form, depth):
    return protocol_from_mapping({"algorithm_form": form, "max_depth": depth})


@pytest.mark.parametrize(("n_inputs", "depth"), [(1, 1), (1, 3), (2, 1), (2, 2), (3, 1), (4, 1)])
def test_and_inverter_candidates_of_every_function_are_those_of_brute_force(n_inputs, depth):
    protocol = at_depth("and_inverter", depth)
    by_table = oracle.and_inverter(n_inputs, depth)
    patterns = range(2 ** (2**n_inputs)) if n_inputs < 4 else (0, 0x8000, 0x7FFF, 0x00FF, 0x0FF0)
    for pattern in patterns:
        task = task_of(pattern, n_inputs)
        found = candidate_algorithms(task, protocol, 3)
        assert [a.text for a in found.algorithms] == by_table.get(task.truth_table, [])
        assert found.n_candidates == len(found.algorithms)


@pytest.mark.parametrize("table", [(0, 1, 1, 0), (0, 0, 0, 1), (1, 1, 0, 1), (0, 0, 0, 0), (0, 0, 1, 1)])
def test_and_inverter_candidates_of_depth_3_are_those_of_brute_force(table):
    found = candidate_algorithms(Task(table), COMPLETE, 2).algorithms
    assert [a.text for a in found] == oracle.and_inverter(2, 3)[table]
    for algorithm in found[:: max(1, len(found) // 60)]:
        assert irredundancy(algorithm) == oracle.redundancy(algorithm.text, 2)
        assert (algorithm.depth, algorithm.n_gates) == (oracle.depth(algorithm.text), oracle.gates(algorithm.text))


@pytest.mark.parametrize("form", ["and_inverter", "formula_trees"])
@pytest.mark.parametrize("pattern", [0b0110, 0b1000, 0b0000, 0b1111])
def test_truncation_keeps_the_first_and_counts_all(form, pattern):
    task = task_of(pattern, 2)
    whole = candidate_algorithms(task, at_depth(form, 3), 2)
    assert whole.truncated_at is None
    for limit in (1, 2, 7, 40, whole.n_candidates, whole.n_candidates + 1):
        part = candidate_algorithms(task, at_depth(form, 3), 2, max_candidates=limit)
        assert [a.text for a in part.algorithms] == [a.text for a in whole.algorithms[:limit]]
        assert part.n_candidates == whole.n_candidates
        assert part.truncated_at == (limit if limit < whole.n_candidates else None)


@pytest.mark.parametrize(("n_inputs", "depth"), [(1, 1), (2, 1), (2, 2), (3, 1)])
def test_formula_trees_of_every_function_are_those_of_brute_force(n_inputs, depth):
    for pattern in range(2 ** (2**n_inputs)):
        task = task_of(pattern, n_inputs)
        found = candidate_algorithms(task, at_depth("formula_trees", depth), 3)
        assert [a.text for a in found.algorithms] == oracle.formula_trees(task.truth_table, n_inputs, depth)


def test_many_candidates_are_left_to_the_search_by_support():
    task = named_task("XOR", 2)
    assert candidate_algorithms(task, COMPLETE, 2, max_listed=250).space is None
    beyond = candidate_algorithms(task, COMPLETE, 2, max_listed=249, n_first=9)
    assert beyond.space is not None
    assert (beyond.n_candidates, beyond.truncated_at) == (250, None)
    assert beyond.algorithms == candidate_algorithms(task, COMPLETE, 2).algorithms[:9]
    assert candidate_algorithms(task, at_depth("formula_trees", 3), 2, max_listed=1).space is None


@pytest.mark.parametrize("form", ["and_inverter", "shared_gates", "formula_trees"])
def test_candidates_that_time_ends_are_the_first_ones(form):
    task = named_task("MAJORITY", 3)
    whole = candidate_algorithms(task, at_depth(form, 3), 2)
    candidates._listed.cache_clear()
    kept, reading, found = set(), 0, None
    while found != whole:
        readings = count()
        work = Work(clock=lambda clock=readings: float(next(clock)), deadline=float(reading))
        found = candidate_algorithms(task, at_depth(form, 3), 2, work)
        n = found.truncated_at if work.ended else len(whole.algorithms)
        assert found.algorithms == whole.algorithms[:n]
        kept.add(n)
        reading += 1 + reading // 10
    assert (len(kept) > 2) == (form == "formula_trees")
