"""Statistics of networks that share their seeds, and of shares within strata, against published examples."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy

from analysis.studies.statistics import Share, cochran_mantel_haenszel, mcnemar, page, stuart_maxwell

BERKELEY = (  # admitted and rejected men, admitted and rejected women, of six departments (Bickel et al. 1975)
    (512, 313, 89, 19),
    (353, 207, 17, 8),
    (120, 205, 202, 391),
    (138, 279, 131, 244),
    (53, 138, 94, 299),
    (22, 351, 24, 317),
)


def paired(table):
    """Two levels whose blocks give these counts [first category, second category]."""
    first, second, block = {}, {}, itertools.count()
    for one, row in enumerate(table):
        for other, n in enumerate(row):
            for _ in range(n):
                name = next(block)
                first[name], second[name] = one, other
    return {"first": first, "second": second}


def shares(strata):
    men = {place: Share(a, a + b, None, None) for place, (a, b, _, _) in enumerate(strata)}
    women = {place: Share(c, c + d, None, None) for place, (_, _, c, d) in enumerate(strata)}
    return {"men": men, "women": women}


@pytest.mark.slow
def test_cochran_mantel_haenszel_of_admissions_at_berkeley():
    """R's ``mantelhaen.test(UCBAdmissions, correct = FALSE)``."""
    told = cochran_mantel_haenszel(shares(BERKELEY))
    assert told.statistic == pytest.approx(1.5246, abs=5e-5)
    assert told.p == pytest.approx(0.2169, abs=5e-5)
    assert told.sizes == (2691, 1835)
    assert told.low < told.effect < 0 < told.high  # men are admitted less often, department by department


def test_strata_of_one_group_are_left_out():
    some = shares([(3, 2, 1, 4), (1, 1, 0, 0)])
    told = cochran_mantel_haenszel(some)
    assert told.note == "1 strata have networks of one group only"
    assert told.sizes == (5, 5)
    assert told.effect == pytest.approx(3 / 5 - 1 / 5)
    same = cochran_mantel_haenszel(shares([(3, 0, 4, 0)]))
    assert (same.statistic, same.p, same.effect) == (0.0, 1.0, 0.0)
    assert cochran_mantel_haenszel(shares([(1, 1, 0, 0)])).p is None


def test_mcnemar_of_approval_ratings():
    """Agresti, Categorical Data Analysis, table 10.1: 794, 150, 86, 570; a difference of 0.04 (0.02 to 0.06)."""
    told = mcnemar(paired([[570, 86], [150, 794]]))
    assert told.sizes == (1600,)
    assert told.effect == pytest.approx((150 - 86) / 1600)
    exact = 2 * sum(math.comb(236, k) for k in range(87)) / 2**236
    assert told.p == pytest.approx(exact)
    assert (told.low, told.high) == pytest.approx((0.0213, 0.0587), abs=1e-4)


def test_stuart_maxwell_of_vision():
    """Stuart (1955): the unaided vision of both eyes of 7,477 women."""
    table = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]
    told = stuart_maxwell(paired(table))
    assert told.statistic == pytest.approx(11.957, abs=1e-3)
    assert told.p == pytest.approx(0.00753, abs=1e-5)


def test_page_of_tutorials():
    """Scipy's example of Page's test, from Wikipedia: ten students rate three ways to teach; L = 133.5, p = .0018."""
    table = [
        [3, 4, 3],
        [2, 2, 4],
        [3, 3, 5],
        [1, 3, 2],
        [2, 3, 2],
        [2, 4, 5],
        [1, 2, 4],
        [3, 4, 4],
        [2, 4, 5],
        [1, 3, 4],
    ]
    groups = {str(level): {row: values[level] for row, values in enumerate(table)} for level in range(3)}
    told = page(groups)
    assert told.statistic == pytest.approx(133.5)
    assert told.p == pytest.approx(2 * 0.0012693433690751756)
    ranks = [scipy.stats.rankdata(values) - 2 for values in table]
    assert told.effect == pytest.approx(np.mean([np.dot(r, [-1, 0, 1]) / np.sqrt(2 * np.dot(r, r)) for r in ranks]))
    turned = page(dict(reversed(groups.items())))
    assert turned.p == pytest.approx(told.p)
    assert turned.effect == pytest.approx(-told.effect)


def test_page_counts_a_network_that_never_changes_as_without_a_trend():
    table = {0: [1, 2, 3], 1: [5, 5, 5], 2: [1, 1, 2], 3: [4, 3, 2]}
    told = page({str(level): {row: values[level] for row, values in table.items()} for level in range(3)})
    assert told.effect == pytest.approx((1 + 0 + math.sqrt(0.75) - 1) / 4)
