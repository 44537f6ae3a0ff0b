"""Funnels made from verdicts: what holds of them whatever the verdicts are."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.funnel import (
    Judged,
    counted_rows,
    funnel_of,
    funnel_rows,
    joint_bounds,
    scaled_to_all,
)
from pluriscope.analysis.criteria.interpretation_tallies import Reading
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import FAILED, NOT_APPLICABLE, PASSED, UNDECIDED
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network

N = 12
VERDICTS = hnp.arrays(np.uint8, N, elements=st.sampled_from([PASSED, FAILED, UNDECIDED, NOT_APPLICABLE]))
STEPS = st.lists(VERDICTS, max_size=4)
BEGIN = hnp.arrays(np.bool_, N)


@given(STEPS, BEGIN)
@pytest.mark.slow
def test_every_order_ends_with_the_same_explanations(steps, begin):
    ends = {
        (rows[-1].left.tobytes(), rows[-1].n_open) if (rows := funnel_rows(order, begin)) else None
        for order in permutations(steps)
    }
    assert len(ends) == 1


@pytest.mark.slow
@given(STEPS, BEGIN)
def test_a_row_says_what_a_look_at_each_explanation_says(steps, begin):
    for number, row in enumerate(funnel_rows(steps, begin)):
        there = [i for i in range(N) if begin[i] and all(step[i] == PASSED for step in steps[:number])]
        assert row.before == len(there)
        outcomes = [int(steps[number][i]) for i in there]
        answer = (row.tally.passed, row.tally.failed, row.tally.undecided, row.tally.not_applicable)
        assert answer == tuple(outcomes.count(outcome) for outcome in range(4))
        assert row.most == row.tally.passed
        so_far = [[int(step[i]) for step in steps[: number + 1]] for i in range(N) if begin[i]]
        unsettled = [seen for seen in so_far if UNDECIDED in seen and set(seen) <= {PASSED, UNDECIDED}]
        assert row.n_open == len(unsettled)
        assert row.whole


@pytest.mark.slow
@given(STEPS, STEPS, BEGIN)
def test_without_verdicts_a_step_removes_nobody_and_what_follows_is_an_upper_bound(first, then, begin):
    rows = funnel_rows([*first, None, *then], begin)
    known = funnel_rows([*first, *then], begin)
    assert [row.whole for row in rows] == [True] * len(first) + [False] * (len(then) + 1)
    assert [row.most for row in rows[len(first) + 1 :]] == [row.most for row in known[len(first) :]]
    assert rows[len(first)].tally is None


@pytest.mark.slow
@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=4))
def test_bounds_hold_for_every_way_in_which_passing_sets_may_overlap(numbers):
    """Three interpretations a circuit; the extremes of all choices of passing sets are the bounds."""
    keys = ("margin", "representative", "observed-class")  # none implies another
    low, high = joint_bounds([3] * len(numbers), [(key, [row[k] for row in numbers]) for k, key in enumerate(keys)])
    sets = {n: [s for s in range(8) if s.bit_count() == n] for n in range(4)}
    least = most = 0
    for row in numbers:
        sizes = [(a & b & c).bit_count() for a in sets[row[0]] for b in sets[row[1]] for c in sets[row[2]]]
        least, most = least + min(sizes), most + max(sizes)
    assert (low, high) == (least, most)


def test_a_share_of_draws_is_scaled_with_both_uncertainties():
    scaled = scaled_to_all(10, 1_000, 458_622_475)
    assert scaled.guess == "4586225"
    assert int(scaled.low) < int(scaled.guess) < int(scaled.high)
    assert scaled.confidence == 0.99
    unsure = scaled_to_all(10, 1_000, 458_622_475, (400_000_000, 500_000_000), 0.99)
    assert unsure.confidence == pytest.approx(0.98)
    assert int(unsure.low) < int(scaled.low)
    assert int(unsure.high) > int(scaled.high)
    none = scaled_to_all(0, 1_000, 458_622_475)
    assert (none.guess, none.low) == ("0", "0")
    assert 2_000_000 < int(none.high) < 3_000_000  # 1 − .005^(1/1000) of all
    assert scaled_to_all(3, 3, 1_000_000).high == "1000000"


def readings(totals, passed, undecided, classes, classes_undecided):
    columns = passed, undecided, classes, classes_undecided, totals
    return [Reading(*one) for one in zip(*columns, strict=True)]


def test_behind_a_step_without_counts_interpretations_are_at_most_as_many():
    totals = [8, 100]
    quotient = readings(totals, [4, 10], [0, 0], [4, 10], [0, 0])
    alone = readings(totals, [5, 60], [0, 30], [3, 6], [0, 2])
    joint = readings(totals, [2, 0], [0, 0], [1, 0], [0, 0])
    steps = [("observed-class", quotient), ("interchange", alone), ("interchange-joint", joint)]
    first = counted_rows([("interchange", None), *steps], totals, np.array([True, False]))
    assert [row.whole for row in first] == [False] * 4
    assert [row.most for row in first] == [8, 4, 3, 1]


def test_circuits_whose_interpretations_are_not_counted_are_named_and_no_conclusion_is_about_them():
    question = ask(golden_network("xor_2-2-2").network.for_output(0))
    search = search_circuits(question)
    n = len(search.masks)
    step = CriterionStep.parse("interchange")
    readings = {step: [Reading(0, 0, 0, 0, 5), *[Reading.unknown(0, 0)] * (n - 1)]}
    judged = Judged(
        {"circuit": n, "algorithm": 0, "alignment": 0}, lambda _: {}, lambda _: readings,
        [5] + [0] * (n - 1), [1] + [0] * (n - 1), np.zeros(0, np.int64), 0, {}, all_counted=False,
    )  # fmt: skip
    found = funnel_of(Analysed(question, search, judged=judged), (step,)).of("interpretation")
    assert (found.begin, found.partial) == ("5", True)
    assert n > 1, "there are some that are not counted"
    assert f"without those of {n - 1} circuits, which are too many to count" in found.begin_words
    assert "no interpretation of those looked at has all these properties" in found.verdict()


@pytest.mark.parametrize(
    ("truncated", "outcome", "answer"),
    [
        (False, FAILED, "No circuit survives: “Mean ablation” removes all {n} circuits. So no circuit has all these"),
        (True, FAILED, "No circuit of those looked at survives: “Mean ablation” removes all {n} circuits. So no "
         "circuit of those looked at has all these"),
        (False, PASSED, "{n} circuits of {n} left."),
        (True, PASSED, "{n} circuits of the {n} looked at left."),
        (True, UNDECIDED, "No circuit of those looked at is known to be left: undecided are {n} circuits."),
        (False, UNDECIDED, "No circuit is known to be left: undecided are {n} circuits."),
    ],
)  # fmt: skip
def test_where_not_all_circuits_are_listed_the_verdict_is_of_those_looked_at(truncated, outcome, answer):
    question = ask(golden_network("xor_2-2-2").network.for_output(0))
    search = search_circuits(question)
    n, step = len(search.masks), CriterionStep.parse("mean-ablation")
    search = replace(search, truncated_at=n) if truncated else search
    judged = Judged(
        {"circuit": n, "algorithm": 0, "alignment": 0}, lambda _: {("circuit", step): np.full(n, outcome)},
        lambda _: {}, [1] * n, [1] * n, np.zeros(0, np.int64), 0, {},
    )  # fmt: skip
    found = funnel_of(Analysed(question, search, judged=judged), (step,)).of("circuit")
    assert found.verdict().startswith(answer.format(n=n))
