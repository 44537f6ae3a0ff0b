"""Telling explanations apart, against trying every set of interventions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.experiments import SILENT, InterventionSpace, NetworkAnswers, agreement_of, intervention_space
from analysis.separation import Separation, separate

SPACE = intervention_space((2,), 1)  # 3 sets × 2 pairs: 6 interventions


def answers_of(space: InterventionSpace, seed: int = 0) -> NetworkAnswers:
    return NetworkAnswers(np.random.default_rng(seed).normal(size=space.shape))


def arrays(rows: list[list[int]]) -> list[np.ndarray]:
    """Predictions from one list of 6 values for each explanation."""
    found = []
    for row in rows:
        array = np.full(SPACE.shape, 7, dtype=np.int8)  # source = base never counts, whatever stands there
        array[SPACE.counted] = row
        found.append(array)
    return found


def parted(rows: list[list[int]], i: int, j: int, intervention: int) -> bool:
    return {rows[i][intervention], rows[j][intervention]} == {0, 1}


def smallest(rows: list[list[int]]) -> int:
    """Least number of interventions that part every pair that can be parted, by trying every set of them."""
    pairs = [(i, j) for i, j in combinations(range(len(rows)), 2) if any(parted(rows, i, j, k) for k in range(6))]
    for size in range(7):
        for chosen in combinations(range(6), size):
            if all(any(parted(rows, i, j, k) for k in chosen) for i, j in pairs):
                return size
    raise AssertionError


def check(rows: list[list[int]]) -> Separation:
    predictions = arrays(rows)
    answers = answers_of(SPACE)
    found = separate(predictions, answers, SPACE)
    never = [(i, j) for i, j in combinations(range(len(rows)), 2) if not any(parted(rows, i, j, k) for k in range(6))]
    assert list(found.inseparable) == never
    assert list(found.silent) == [(i, j) for i, j in never if all(SILENT in (rows[i][k], rows[j][k]) for k in range(6))]
    for i, j in combinations(range(len(rows)), 2):
        by_these = any({e.predictions[i], e.predictions[j]} == {0, 1} for e in found.experiments)
        assert by_these != ((i, j) in never)
        assert (rows[i] == rows[j]) == any({i, j} <= set(group) for group in found.alike)
    assert found.exact
    assert len(found.experiments) == found.at_least == smallest(rows)
    for experiment in found.experiments:
        at = (SPACE.position[frozenset(experiment.sites)], experiment.source, experiment.base)
        assert experiment.source != experiment.base
        assert experiment.predictions == tuple(p[at] for p in predictions)
        assert experiment.decision == (answers.outputs[at] > 0.5)
        assert experiment.margin == abs(answers.outputs[at] - 0.5)
    return found


values = st.sampled_from([0, 1, SILENT])


@pytest.mark.slow
@settings(max_examples=80)
@given(st.lists(st.lists(values, min_size=6, max_size=6), min_size=1, max_size=7))
def test_the_fewest_interventions_are_found(rows):
    check(rows)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 1), min_size=6, max_size=6), min_size=2, max_size=7))
def test_explanations_that_always_predict_are_told_apart_unless_they_are_alike(rows):
    found = check(rows)
    assert {pair for group in found.alike for pair in combinations(group, 2)} == set(found.inseparable)


def test_four_explanations_are_told_apart_by_two_interventions():
    found = check([[0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0], [1, 1, 0, 1, 0, 0]])
    assert found.at_least == 2


def test_nothing_to_tell_apart():
    assert check([[0] * 6]).experiments == ()
    assert check([[0] * 6, [SILENT] * 6]).silent == ((0, 1),)
    assert check([[0] * 6, [0] * 6]).alike == ((0, 1),)


def test_the_intervention_with_the_largest_margin_stands_for_its_like():
    predictions = arrays([[0] * 6, [1] * 6])
    answers = answers_of(SPACE, 5)
    found = separate(predictions, answers, SPACE)
    assert [experiment.margin for experiment in found.experiments] == [answers.margins[SPACE.counted].max()]


def test_a_spent_budget_says_what_it_has_proved():
    random = np.random.default_rng(2)
    space = intervention_space((3, 2), 2)
    predictions = [np.where(random.random(space.shape) < 0.02, 1, 0).astype(np.int8) for _ in range(14)]
    answers = answers_of(space)
    hurried = separate(predictions, answers, space, max_steps=2)
    assert not hurried.exact
    assert 4 <= hurried.at_least < len(hurried.experiments)
    for i, j in combinations(range(14), 2):
        told = any(e.predictions[i] != e.predictions[j] for e in hurried.experiments)
        assert told == (agreement_of(predictions[i], predictions[j]).differ > 0)


@pytest.mark.parametrize("largest", [None, 1])
def test_it_says_whether_all_sets_were_asked(largest):
    space = intervention_space((2, 2), 1, **({} if largest is None else {"max_sets": 4}))
    assert space.largest == largest
    predictions = [np.zeros(space.shape, dtype=np.int8)] * 2
    assert separate(predictions, answers_of(space), space).of_all_sets == (largest is None)
