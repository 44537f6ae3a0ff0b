"""The declared test of the field's scores, held against plain loops, scipy and statsmodels."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.api import OLS

from benchmarks.score_study import ABLATIONS, NEAR, SIGNS, Answers, answers_of, interval, stops, verdicts_of
from pluriscope_bench.key.condition import Condition
from tests.checkout import ROOT

METHODS = ("eap", "edge", "mask", "weights")
EDGES, SMALLEST = 20, 8


def answers(seed=0, n=40, levels=6):
    """Drawn ones with many ties; networks 0 and 1 have all alike."""
    draw = np.random.default_rng(seed)
    regret, score = (draw.integers(0, levels, (n, len(METHODS))) / 12 for _ in range(2))
    regret[0], score[1] = 0.5, 0.25
    return Answers(METHODS, regret, score, np.full(n, 12.0), np.arange(n) % 2)


def rows_of(regret, score, *, method=METHODS, key="cmd", ablations=("zero", "zero")):
    """Rows of networks of the arm ``xor-3``; what is None has no row."""
    blank = dict.fromkeys(SIGNS) | {"regret": None, "edges": EDGES, "smallest": SMALLEST, "arm": "xor-3"}
    for number, (its_regret, its_score) in enumerate(zip(regret, score, strict=True)):
        for name, r, s in zip(method, its_regret, its_score, strict=True):
            own = blank | {"network": f"n{number}", "seed": number, "method": name}
            for ablation in dict.fromkeys(ablations):
                answer = {key: SIGNS[key] * s} if ablation == ablations[0] and s is not None else {}
                answer |= {"regret": r} if ablation == ablations[1] else {}
                yield own | answer | {"condition": Condition(ablation).key}


def arm(row):
    return row["arm"]


def test_the_design_is_the_one_that_was_declared():
    design = json.loads((ROOT / "docs" / "findings" / "field-scores.design.json").read_text())
    assert design["scores"] == [*SIGNS]
    assert [tuple(pair) for pair in design["ablations"]] == [*ABLATIONS]
    assert design["near"] == NEAR


@pytest.mark.parametrize("seed", range(3))
def test_tau_is_scipys_and_no_number_where_all_are_alike(seed):
    some = answers(seed)
    wanted = [stats.kendalltau(s, -r).statistic for s, r in zip(some.score, some.regret, strict=True)]
    assert np.isnan(wanted[:2]).all()
    assert some.taus() == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("reach", [12.0, 6.0, 0.5])
def test_orders_are_of_pairs_at_least_one_edge_apart(reach):
    some = replace(answers(), reach=np.full(40, reach))
    for found, r, s in zip(some.orders(), some.regret, some.score, strict=True):
        pairs = [(a, b) for a, b in combinations(range(4), 2) if abs(r[a] - r[b]) * reach >= 1 - 1e-9]
        right = [0.5 if s[a] == s[b] else float((s[a] > s[b]) == (r[a] < r[b])) for a, b in pairs]
        assert found == pytest.approx(np.mean(right) if pairs else np.nan, nan_ok=True)


def test_the_residual_is_the_correlation_after_effects_of_network_and_method():
    some = answers()
    networks, methods = np.indices(some.regret.shape).reshape(2, -1)
    effects = np.column_stack([np.eye(40)[networks], np.eye(4)[methods][:, 1:]])
    rest = [OLS(stats.rankdata(one, axis=1).ravel(), effects).fit().resid for one in (some.score, -some.regret)]
    value, low, high = some.residual()
    assert value == pytest.approx(np.corrcoef(*rest)[0, 1])
    # an interval of Fisher's over as many independent values as networks times free methods
    reach = np.tanh(np.arctanh(value) + np.array([-1.96, 1.96]) / np.sqrt(40 * 3 - 3))
    assert [low, high] == pytest.approx(reach, abs=0.06)


def test_a_score_that_only_knows_which_method_is_better_has_no_residual():
    some = answers()
    known = replace(some, score=np.tile([1.0, 2.0, 3.0, 4.0], (40, 1)))
    assert np.isnan(known.residual()).all()
    assert replace(some, score=-some.regret).residual()[0] == pytest.approx(1)


def test_what_is_chosen_always_taken_and_best_is_what_loops_say():
    some = answers()
    for at, half in enumerate(some.half):
        other = [number for number in range(40) if some.half[number] != half]
        best = min(range(4), key=lambda one: round(np.mean(some.regret[other, one]), 9))
        assert some.best(-some.regret)[at] == best
        assert some.always(some.best(-some.regret))[at] == some.regret[at, best]
        assert some.best(some.score)[at] == max(range(4), key=lambda one: round(np.mean(some.score[other, one]), 9))
        top = [one for one in range(4) if some.score[at, one] == max(some.score[at])]
        assert some.chosen[at] == pytest.approx(np.mean(some.regret[at, top]))


def test_intervals_are_those_of_scipys_bootstrap():
    values = np.append(np.random.default_rng(1).exponential(size=60), np.nan)
    mean, low, high = interval(values)
    wanted = stats.bootstrap((values[:-1],), np.mean, method="percentile", rng=np.random.default_rng(2))
    assert mean == pytest.approx(np.mean(values[:-1]))
    assert [low, high] == pytest.approx([*wanted.confidence_interval], abs=0.03)
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_rows_become_answers_with_the_score_of_one_ablation_and_the_truth_of_another():
    some = answers()
    found = answers_of(rows_of(some.regret, some.score, ablations=("mean", "zero")), "cmd", "mean", "zero")
    by_name = sorted(range(40), key=lambda number: f"n{number}")
    assert found.score == pytest.approx(some.score[by_name])
    assert found.regret == pytest.approx(some.regret[by_name])
    assert found.half.tolist() == [number // 2 % 2 for number in by_name]
    assert set(found.reach) == {EDGES - SMALLEST}
    assert not answers_of(rows_of(some.regret, some.score), "cmd", "mean", "zero").methods


@pytest.mark.parametrize(("lacking", "methods", "left_out"), [(3, 4, 3), (21, 3, 0)])
def test_a_network_or_a_method_that_lacks_numbers_is_left_out(lacking, methods, left_out):
    some = answers()
    score = [[*its[:3], None if number < lacking else its[3]] for number, its in enumerate(some.score)]
    found = answers_of(rows_of(some.regret, score), "cmd", "zero", "zero")
    assert (len(found.methods), found.left_out, len(found.half)) == (methods, left_out, 40 - left_out)


def test_what_differs_by_rounding_is_a_tie():
    score = [[0.1 + 0.2, 0.3, 0.1, 0.0]] * 10
    found = answers_of(rows_of([[0.5, 0.0, 0.0, 0.0]] * 10, score), "cmd", "zero", "zero")
    assert found.chosen == pytest.approx(0.25)


def test_a_score_that_is_the_truth_suffices_and_one_that_is_a_constant_method_stops():
    some = answers()
    (true,) = (one for one in verdicts_of(rows_of(some.regret, -some.regret), arm))
    assert (true.score, true.group, true.n, true.methods) == ("cmd", "xor-3", 40, METHODS)
    assert (true.tau[0], true.order[0], true.far) == (1, 1, (0, 0, 0))
    assert true.gain[0] == pytest.approx(-true.room[0])
    assert true.suffices
    assert not stops([true])
    steady = np.tile([0.0, 0.0, 1.0, 0.0], (40, 1))
    regret = np.clip(some.regret + np.array([0.3, 0.3, 0.0, 0.3]), 0, 1)
    (one,) = verdicts_of(rows_of(regret, steady), arm)
    assert one.constant == ("mask", "mask")
    assert (one.gain, one.leader, one.p, one.p_holm) == ((0, 0, 0), (0, 0, 0), 1, 1)
    assert not one.suffices
    assert stops([one])


def test_p_is_students_and_corrected_over_all_that_was_asked():
    regret, score = answers().regret, answers(5).score
    rows = [*rows_of(regret, score)] + [one | {"arm": "b"} for one in rows_of(regret, -regret)]
    found = verdicts_of(rows, arm)
    assert [one.group for one in found] == ["xor-3", "b"]
    some = answers_of(rows[: len(rows) // 2], "cmd", "zero", "zero")
    assert found[0].p == pytest.approx(stats.ttest_rel(some.chosen, some.always(some.best(-some.regret))).pvalue)
    least, most = sorted(one.p for one in found)
    assert sorted(one.p_holm for one in found) == pytest.approx([min(1, 2 * least), max(min(1, 2 * least), most)])


@pytest.mark.parametrize(("n", "methods"), [(9, 4), (40, 2)])
def test_too_few_networks_or_methods_are_not_asked(n, methods):
    some = answers(n=n)
    rows = rows_of(some.regret[:, :methods], some.score[:, :methods], method=METHODS[:methods])
    assert not verdicts_of(rows, arm)
