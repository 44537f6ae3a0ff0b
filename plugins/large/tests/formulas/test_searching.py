"""Tests of the solver's answers about all valid circuits against lists of them."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from types import SimpleNamespace

import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.questions.protocol import protocol_from_mapping
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_large.formulas.searching import EdgeUse, ValidCircuits, edge_use_of, find_edge_use, find_smallest_solved
from tests.random_networks import own_task, random_network

pytest.importorskip("z3")
pytest.importorskip("pysat")

LENIENT = protocol_from_mapping({"name": "lenient", "accuracy_threshold": 0.7, "ablation": "mean"})


ASKED = ("append_formula", "add_clause", "conf_budget", "accum_stats")


def small(seed=1, sizes=(2, 3, 1), **asked):
    network = random_network(seed, sizes, "relu", biases=0.5)
    return ask(network, **{"task": own_task(network), **asked})


def check(question, bits):
    valid = search_circuits(question).masks.tolist()
    circuits, whole = ValidCircuits(question, bits=bits), (1 << question.layout.n_edges) - 1
    used, shared = (reduce(join, valid, start) for join, start in ((or_, 0), (and_, whole)))
    assert find_edge_use(circuits) == EdgeUse(shared, whole & ~used if valid else whole)
    found = find_smallest_solved(circuits, len(valid) + 1)
    assert found.masks == tuple(sorted(valid, key=lambda mask: (mask.bit_count(), mask)))
    assert found.searched_up_to == question.layout.n_edges
    return valid, circuits


@pytest.mark.parametrize(
    ("bits", "n_valid", "asked"),
    [(2, 6, {"sizes": (2, 2, 2, 1), "seed": 6}), (3, 0, {"seed": 6}), (8, 49, {"protocol": LENIENT})],
)
def test_answers_are_those_of_the_given_network_however_coarse_the_formula_is(bits, n_valid, asked):
    valid, circuits = check(small(**asked), bits)
    assert len(valid) == n_valid
    assert not {*valid} & {*circuits.excluded}
    assert bits > 3 or circuits.excluded


def test_what_a_solver_was_not_asked_for_proves_nothing(monkeypatch):
    circuits = ValidCircuits(small())
    n, given = circuits.formula.n_edges, circuits._solver
    answers = {"solve_limited": lambda **_: True, "get_model": lambda: [1] * n}
    wrong = SimpleNamespace(**answers, **{name: getattr(given, name) for name in ASKED})
    monkeypatch.setattr(circuits, "_solver", wrong)
    assert find_edge_use(circuits, [(1 << n) - 1]).undecided == (1 << n) - 1
    assert not find_smallest_solved(circuits, 3).proved


def test_whether_some_circuit_has_what_is_asked():
    question = small()
    valid, circuits = search_circuits(question).masks.tolist(), ValidCircuits(question)
    for most in range(1, question.layout.n_edges + 1):
        found = circuits.find([2, *circuits.at_most(most), circuits.having([(3, 4), (-5,)])])
        fitting = [m for m in valid if m >> 1 & 1 and m >> 2 & 3 and not m >> 4 & 1 and m.bit_count() <= most]
        assert (found is None) == (not fitting)
        assert found is None or found in fitting


def test_what_is_known_when_the_time_is_up():
    now = iter(range(10**6))
    question = small()
    valid = search_circuits(question).masks.tolist()
    for seconds in (0, 8, 16):
        start = next(now)
        work = Work(clock=lambda: next(now), deadline=start + seconds)
        circuits = ValidCircuits(question, work)
        found = find_smallest_solved(circuits, 1, known=valid[-1:], searched_up_to=2)
        assert found.proved or found.masks == (valid[-1],)
        assert found.searched_up_to < min(mask.bit_count() for mask in valid)
        assert ("smallest" in work.ended) == (not found.proved)
    work = Work(clock=lambda: next(now), deadline=next(now) + 4)
    use = find_edge_use(ValidCircuits(question, work))
    assert use.undecided
    assert edge_use_of(question, valid[:1], work) is None
    assert edge_use_of(question, valid[:1], Work()) == find_edge_use(ValidCircuits(question), valid)
    assert all(mask & use.always == use.always and not mask & use.never for mask in valid)
