"""Tests between groups against published examples, by hand, and where they cannot be made."""

import itertools
import math
from itertools import product

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope_studies.analysis.comparisons import TESTS

TUTORIALS = (
    (3, 4, 3),
    (2, 2, 4),
    (3, 3, 5),
    (1, 3, 2),
    (2, 3, 2),
    (2, 4, 5),
    (1, 2, 4),
    (3, 4, 4),
    (2, 4, 5),
    (1, 3, 4),
)
APPROVAL = ((570, 86), (150, 794))
EYES = ((1520, 266, 124, 66), (234, 1512, 432, 78), (117, 362, 1772, 205), (36, 82, 179, 492))
ANSWERS = ((1, 1, 0), (1, 1, 0), (0, 1, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0))
SCALE = {"a": [1, 2, 3, 4], "b": [11, 12, 13, 14], "c": [21, 22, 23, 24]}
START = [3, 90, 17, 55, 240, 8, 31, 130]


def alone(groups):
    """Groups of values, each network on its own."""
    return {name: {((), (name, k)): value for k, value in enumerate(values)} for name, values in groups.items()}


def blocks(table):
    """Rows of values of the same network at every level."""
    return {f"{level}": {((), seed): row[level] for seed, row in enumerate(table)} for level in range(len(table[0]))}


def pairs(table):
    """Two levels whose networks give these counts [first category, second category]."""
    block = itertools.count()
    found = {"first": {}, "second": {}}
    for (one, row), (other, _) in product(enumerate(table), enumerate(table)):
        for _ in range(row[other]):
            key = ((), next(block))
            found["first"][key], found["second"][key] = one, other
    return found


def answer(test, groups):
    """The first result of a test."""
    return next(iter(TESTS[test].made(groups)))[1]


@pytest.mark.parametrize(
    ("test", "groups", "statistic", "p", "effect", "sizes"),
    [
        # Agresti, Categorical Data Analysis, table 10.1
        ("mcnemar", pairs(APPROVAL), 86, 2 * sum(math.comb(236, k) for k in range(87)) / 2**236, 0.04, (1600,)),
        ("stuart-maxwell", pairs(EYES), 11.957, 0.00753, 0.2917, (7477,)),  # Stuart (1955)
        ("stuart-maxwell", blocks(["ab", "ba", "ab", "cd", "dc", "cd", "cc"]), 2 / 3, math.exp(-1 / 3), 6 / 7, (7,)),
        # scipy's example of Page's test: ten students rate three ways to teach
        ("page", blocks(TUTORIALS), 133.5, 2 * 0.0012693433690751756, 0.7098, (10,)),
        ("fisher", alone({"a": [1] * 8 + [0] * 2, "b": [1] + [0] * 9}), 1 / 36, 0.005477, 0.7035, (10, 10)),
        ("kruskal-wallis", alone(SCALE), 9.8462, 0.007277, 9.8462 / 11, (4, 4, 4)),
        ("spearman", alone(SCALE), 0.9461, 3.272e-06, 0.9461, (4, 4, 4)),
        ("mann-whitney", alone({"a": [5, 6, 7], "b": [1, 2, 6]}), 7.5, 0.268, 2 * 7.5 / 9 - 1, (3, 3)),
        ("wilcoxon", blocks([(k + (k % 3 > 0), k) for k in range(6)]), 0, 0.125, 1.0, (6,)),
        ("friedman", blocks([(v, v + 1, v + 2) for v in START]), 16, 0.000335, 1.0, (8,)),
    ],
)
def test_a_test_gives_what_is_published(test, groups, statistic, p, effect, sizes):
    found = answer(test, groups)
    assert found.sizes == sizes
    assert found.statistic == pytest.approx(statistic, rel=1e-4)
    assert found.p == pytest.approx(p, rel=2e-3)
    assert found.effect == pytest.approx(effect, abs=2e-4)
    assert found.note == ""
    if found.low is not None:
        assert found.low < found.effect < found.high


def test_intervals_of_differences_are_those_published():
    found = answer("mcnemar", pairs(APPROVAL))
    assert (found.low, found.high) == pytest.approx((0.0213, 0.0587), abs=1e-4)  # Agresti: 0.02 to 0.06


@pytest.mark.parametrize(
    ("test", "groups", "p", "note"),
    [
        ("mann-whitney", alone({"a": [], "b": [1, 2]}), None, "too few networks with a value"),
        ("kruskal-wallis", alone({"a": [1, 1], "b": [1, 1]}), 1.0, ""),
        ("kruskal-wallis", alone({**SCALE, "b": [5]}), 0.0209, "without b: too few"),
        ("spearman", alone({"a": [2, 2], "b": [2, 2]}), 1.0, "all values are equal"),
        ("fisher", alone({"a": [1] * 3, "b": [1] * 4}), 1.0, "all values are equal"),
        ("chi-squared", alone({"a": "xyy", "b": "xxy"}), 0.414, ""),
        ("wilcoxon", blocks([(1, 1), (5, 5)]), 1.0, ""),
        ("wilcoxon", blocks([(1, 2)]), None, "too few networks"),
        ("friedman", blocks([(v, v, v) for v in START]), 1.0, ""),
        ("friedman", {**blocks([(1, 2)] * 3), "c": {}}, None, "too few networks"),
        ("mcnemar", blocks([(True, True), (False, False)]), 1.0, ""),
    ],
)
def test_what_cannot_be_compared_is_said(test, groups, p, note):
    found = answer(test, groups)
    assert found.p == (None if p is None else pytest.approx(p, abs=5e-4))
    assert note in found.note


@pytest.mark.parametrize("test", ["wilcoxon", "mcnemar", "stuart-maxwell", "page", "friedman"])
def test_networks_that_a_level_lacks_are_left_out_with_a_note(test):
    groups = blocks([(seed % 2, seed % 3 > 0, seed % 5 > 0) for seed in range(12)])
    levels = TESTS[test].fewest
    groups = {name: groups[name] for name in list(groups)[:levels]}
    full = answer(test, groups)
    more = answer(test, groups | {"0": groups["0"] | {((), 99): 1}})
    assert (more.sizes, more.p) == (full.sizes, full.p)
    assert "networks are not in every level" in more.note


def test_a_thin_group_does_not_take_all_blocks_with_it():
    groups = blocks([(v, v + 1, v + 2) for v in START])
    found = answer("friedman", {**groups, "d": {((), 0): 5}})
    assert (found.sizes, found.note) == ((8,), "without d: too few")


def test_of_yes_and_no_blocks_give_cochrans_q():
    columns, rows = [sum(column) for column in zip(*ANSWERS, strict=True)], [sum(row) for row in ANSWERS]
    total, squares = sum(rows), sum(c * c for c in columns)
    q = 2 * (3 * squares - total**2) / (3 * total - sum(r * r for r in rows))
    assert answer("friedman", blocks([tuple(map(bool, row)) for row in ANSWERS])).statistic == pytest.approx(q)


def test_page_counts_a_network_that_never_changes_as_without_a_trend_and_is_two_sided():
    found = answer("page", blocks([(1, 2, 3), (5, 5, 5), (1, 1, 2), (4, 3, 2)]))
    assert found.effect == pytest.approx((1 + 0 + math.sqrt(0.75) - 1) / 4)
    found, turned = answer("page", blocks(TUTORIALS)), answer("page", blocks([row[::-1] for row in TUTORIALS]))
    assert (turned.p, turned.effect) == (pytest.approx(found.p), pytest.approx(-found.effect))
    ranks = [scipy.stats.rankdata(values) - 2 for values in TUTORIALS]
    assert found.effect == pytest.approx(np.mean([np.dot(r, [-1, 0, 1]) / np.sqrt(2 * np.dot(r, r)) for r in ranks]))


def test_pairs_of_levels_are_compared_each_or_all_at_once():
    groups = {name: {((), k): k % 2 for k in range(4)} for name in "abc"}
    made = {key: ["".join(levels) for levels, _ in test.made(groups)] for key, test in TESTS.items()}
    assert made["wilcoxon"] == ["ab", "ac", "bc"]
    assert made["friedman"] == ["abc"]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=12), st.lists(st.integers(0, 9), min_size=2, max_size=12))
def test_cliffs_delta_is_what_counting_pairs_gives(a, b):
    expected = sum((x > y) - (x < y) for x, y in product(a, b)) / (len(a) * len(b))
    found, turned = (answer("mann-whitney", alone(groups)) for groups in ({"a": a, "b": b}, {"b": b, "a": a}))
    assert found.effect == pytest.approx(expected)
    assert 0 <= found.p <= 1
    assert (turned.effect, turned.p) == (pytest.approx(-expected), pytest.approx(found.p))
