"""Counting models and drawing them, in processes that end when they are to."""

from __future__ import annotations

import time
from itertools import count

import numpy as np
import pytest

from plugins.large.tests.solved_formulas import models
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import BeyondLimits, Cancelled, MissingLibrary
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_large.formulas import hashing
from pluriscope_large.formulas.formula import Formula
from pluriscope_large.formulas.hashing import bracket, count_by_hashing, draw_models, hash_count, of_size, rounds
from tests.factories import pretrained_xor
from tests.random_networks import own_task, random_network

pytest.importorskip("pyunigen")


def formula_of(n_edges, *clauses):
    return Formula(n_edges, n_edges, np.array([literal for one in clauses for literal in (*one, 0)], dtype=np.int32))


# an edge that no clause names doubles the number; of one that another determines, both are counted
@pytest.mark.parametrize(
    ("n_edges", "clauses", "n"),
    [(3, [(1, 2)], 6), (3, [(1, 2), (-1, -2)], 4), (2, [(1,), (-1,)], 0), (2, [(1, 2), (1, -2), (-1, 2), (-1, -2)], 0)],
)
@pytest.mark.slow
def test_few_models_are_counted_exactly(n_edges, clauses, n):
    found = hash_count(formula_of(n_edges, *clauses))
    assert (found.count, found.low, found.high, found.exact) == (n, n, n, True)


@pytest.mark.slow
def test_many_models_are_counted_within_the_factor_and_alike_each_time():
    formula = formula_of(16, (1, 2), (3, -4))
    found, again = (hash_count(formula, seed=5) for _ in range(2))
    assert found == again
    assert not found.exact
    assert found.low <= 9 * 2**12 <= found.high
    assert found.low == -(-found.count * 10 // 18)
    assert found.high == found.count * 18 // 10
    draws = [draw_models(formula, found, 200, seed=seed) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0]) == 200
    assert all(mask & 3 and mask & 12 != 8 and mask < 2**16 for mask in draws[0])
    assert hash_count(formula, clauses=[[k] for k in range(5, 15)]).count == 9 * 4
    assert [hash_count(of_size(formula, *sizes)).count for sizes in ((15, 15), (15, 16))] == [15, 16]


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["time", "cancelled"])
def test_its_process_ends_with_the_work(stop, monkeypatch):
    ended, begin = [], hashing.subprocess.Popen
    monkeypatch.setattr(
        hashing.subprocess, "Popen", lambda *given, **more: ended.append(begin(*given, **more)) or ended[0]
    )

    def report(progress):
        if stop == "cancelled":
            raise Cancelled

    chance = np.random.default_rng(0)
    hard = formula_of(60, *(chance.choice(60, 3, replace=False) + 1 for _ in range(40)))  # takes seconds
    with pytest.raises(Cancelled if stop == "cancelled" else OutOfTime):
        hash_count(hard, work=Work(report, time.perf_counter).for_seconds(0.05))
    assert ended[0].poll() is not None


@pytest.mark.slow
def test_a_bracket_holds_the_number_of_valid_circuits():
    network = random_network(1, (2, 2, 2, 1), "leaky_relu", biases=0.5)
    question = ask(network, task=own_task(network))
    every = search_circuits(question).masks
    found = count_by_hashing(question, n_draws=40)
    assert found.interval[0] <= len(every) <= found.interval[1]
    assert set(found.masks.tolist()) <= set(every.tolist())
    assert found.n_drawn == len(found.masks)
    few = bracket(question, restricted=lambda formula: of_size(formula, 0, 5))
    assert few.inside.exact
    assert few.inside.low <= np.count_nonzero(np.bitwise_count(every) <= 5) <= few.interval[1]


@pytest.mark.slow
def test_without_time_it_says_what_would_be_enough():
    question, ticks = ask(pretrained_xor().network), count()
    with pytest.raises(BeyondLimits, match=r"not enough to say.* in round 1 of 21 .*Give it about"):
        bracket(question, Work(clock=lambda: float(next(ticks)), deadline=3))


def test_wrong_answers_of_pyunigen_are_left_out_and_named(monkeypatch):
    question = ask(pretrained_xor().network)
    whole, counted = [*range(1, question.layout.n_edges + 1)], [3, 4]

    def answer(formula, asked, show):
        yield [whole, [-edge for edge in whole], whole] if asked["known"] else counted
        if asked["known"]:
            raise hashing._failed("Killed")

    monkeypatch.setattr(hashing, "_answers", answer)
    found = count_by_hashing(question, n_draws=200)
    assert (found.masks.tolist(), found.n_tested) == ([(1 << len(whole)) - 1], 2)
    assert "Of 3 draws of pyunigen" in found.why
    assert "1 are no valid circuits; they are left out." in found.why
    counted = [5, 400]
    with pytest.raises(BeyondLimits, match=r"pyunigen failed: it counts 5 · 2\^400 models on 18 edges"):
        bracket(question)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(hashing, "find_spec", lambda name: None)
    with pytest.raises(MissingLibrary, match=r"pluriscope-large\[solvers\]"):
        hash_count(formula_of(1, (1,)))


def test_rounds_are_those_of_approxmc():
    assert [rounds(delta) for delta in (0.2, 0.1, 0.05, 0.02, 0.01)] == [9, 21, 33, 53, 67]


@pytest.mark.release
def test_draws_are_nearly_uniform():
    from scipy.stats import chisquare

    formula = formula_of(8, (1, 2, 3), (-4, 5), (6, 7, -8))
    every = sorted(set(models(formula)))
    draws = draw_models(formula, hash_count(formula), 20 * len(every))
    assert chisquare([draws.count(mask) for mask in every]).pvalue > 1e-3
