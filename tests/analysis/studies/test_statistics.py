import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.studies.statistics import (
    friedman,
    holm,
    independence,
    kruskal_wallis,
    mann_whitney,
    share_of,
    spearman,
    spread_of,
    wilcoxon,
)

some = st.lists(st.integers(0, 9), min_size=2, max_size=12)


def test_a_spread_is_of_the_networks_with_a_value():
    spread = spread_of([1, 2, 3, 4, 100])
    assert spread.n == 5
    assert (spread.least, spread.lower, spread.median, spread.upper, spread.most) == (1, 2, 3, 4, 100)
    assert (spread.mean, spread.ones) == (22, 1)
    assert spread_of([]).median is None
    assert spread_of([3**60]).median == pytest.approx(3.0**60)


def test_wilson_interval_by_its_formula():
    share, z = share_of(3, 40), 1.959963984540054
    centre = (3 + z * z / 2) / (40 + z * z)
    half = z / (40 + z * z) * math.sqrt(3 * 37 / 40 + z * z / 4)
    assert (share.low, share.high) == pytest.approx((centre - half, centre + half))
    assert share_of(0, 0).value is None


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(some, some)
def test_cliffs_delta_is_what_counting_pairs_gives(a, b):
    expected = sum((x > y) - (x < y) for x, y in product(a, b)) / (len(a) * len(b))
    result = mann_whitney({"a": a, "b": b})
    assert result.effect == pytest.approx(expected)
    assert 0 <= result.p <= 1
    turned = mann_whitney({"b": b, "a": a})
    assert turned.effect == pytest.approx(-expected)
    assert turned.p == pytest.approx(result.p)


@settings(max_examples=5, deadline=None)  # exact p of few pairs with ties take scipy a while
@given(st.lists(st.integers(0, 9), min_size=2, max_size=6))
def test_paired_values_are_compared_seed_by_seed(values):
    a = dict(enumerate(values))
    same = wilcoxon({"a": a, "b": a})
    assert (same.p, same.effect) == (1.0, 0.0)
    more = wilcoxon({"a": {k: v + 1 for k, v in a.items()}, "b": a})
    assert more.effect == 1.0
    left = wilcoxon({"a": {**a, "alone": 3}, "b": a})
    assert left.sizes == (len(values),)
    assert "1 values have no partner" in left.note


def test_rank_tests_of_several_groups():
    groups = {"a": [1, 2, 3, 4], "b": [11, 12, 13, 14], "c": [21, 22, 23, 24]}
    result = kruskal_wallis(groups)
    assert result.p < 0.01
    assert result.effect == pytest.approx(result.statistic / 11)
    assert spearman(groups).effect > 0.9
    assert kruskal_wallis({"a": [1, 1], "b": [1, 1]}).p == 1.0
    assert kruskal_wallis({"a": [1], "b": []}).p is None
    assert "without b" in kruskal_wallis({**groups, "b": [5]}).note


def test_blocks_of_equal_seed_tell_what_independent_samples_do_not():
    start = dict(enumerate([3.0, 90.0, 17.0, 55.0, 240.0, 8.0, 31.0, 130.0]))
    groups = {name: {k: v + more for k, v in start.items()} for name, more in (("a", 0), ("b", 1), ("c", 2))}
    blocked = friedman(groups)
    assert (blocked.effect, blocked.sizes) == (1.0, (8,))
    assert blocked.p < 0.001 < 0.8 < kruskal_wallis({name: list(v.values()) for name, v in groups.items()}).p
    assert friedman({"a": start, "b": start, "c": start}).p == 1.0
    thin = friedman({**groups, "c": {0: 5.0}, "d": groups["c"]})
    assert (thin.sizes, thin.note) == ((8,), "without c: too few")
    assert friedman({"a": start, "b": start, "c": {}}).p is None


def test_of_yes_and_no_blocks_give_cochrans_q():
    answers = [(1, 1, 0), (1, 1, 0), (0, 1, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
    groups = {name: {k: bool(row[place]) for k, row in enumerate(answers)} for place, name in enumerate("abc")}
    columns, rows = [sum(row[place] for row in answers) for place in range(3)], [sum(row) for row in answers]
    total, squares = sum(rows), sum(c * c for c in columns)
    q = 2 * (3 * squares - total**2) / (3 * total - sum(r * r for r in rows))
    assert friedman(groups).statistic == pytest.approx(q)


def test_shares_by_fishers_exact_test_and_cramers_v():
    result = independence("fisher", {"a": {"True": 8, "False": 2}, "b": {"True": 1, "False": 9}})
    assert result.p == pytest.approx(0.005477, abs=1e-5)
    assert result.effect == pytest.approx(0.7035, abs=1e-3)
    assert independence("fisher", {"a": {"True": 3}, "b": {"True": 4}}).p == 1.0
    assert independence("fisher", {"a": {}, "b": {}}).p is None
    rough = independence("chi-squared", {"a": {"x": 1, "y": 2}, "b": {"x": 2, "y": 1}})
    assert "rough" in rough.note


def test_holm_steps_down_and_never_decreases():
    results = [mann_whitney({"a": list(range(n)), "b": list(range(3, n + 9))}) for n in (3, 6, 12, 5)]
    results.append(mann_whitney({"a": [], "b": []}))
    corrected = holm(results)
    order = np.argsort([r.p for r in results[:-1]])
    steps = [corrected[k].p_holm for k in order]
    assert steps == sorted(steps)
    assert steps[0] == pytest.approx(min(1, 4 * results[order[0]].p))
    assert corrected[-1].p_holm is None
