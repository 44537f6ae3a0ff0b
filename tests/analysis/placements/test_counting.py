"""Placements of many lists of variables at once are those of each list alone."""

import numpy as np
import pytest

from pluriscope.analysis.placements import counting
from pluriscope.analysis.placements.counting import NEVER, PlacementCounter, Ranking, can_be_placed
from pluriscope.analysis.placements.neuron_sets import neuron_sites


def ranking(seed, with_fails, table):
    random = np.random.default_rng(seed)
    costs = {key: random.integers(0, 4, len(table.sites)) for key in "abcde"}
    costs["d"][random.random(len(table.sites)) < 0.6] = NEVER
    costs["e"][:] = NEVER
    fails = {key: random.random(len(table.sites)) < 0.3 for key in costs} if with_fails else None
    return Ranking(PlacementCounter(table), costs.__getitem__, fails and fails.__getitem__)


@pytest.mark.parametrize(("cells", "block"), [(2_000_000, 1), (2_000, 8), (50, 1)])
@pytest.mark.parametrize("with_fails", [False, True])
@pytest.mark.parametrize(("keep", "at_most"), [(1, None), (5, 7), (5, 2_000)])
def test_the_best_of_each_list_are_those_of_the_list_alone(keep, at_most, with_fails, cells, block, monkeypatch):
    table = neuron_sites((2, 3), "neuron_sets")
    random = np.random.default_rng(keep)
    problems = [tuple(random.choice(list("abcde"), random.integers(1, 7))) for _ in range(60)]
    alone = ranking(1, with_fails, table)
    expected = [alone.cheapest(keys, keep, at_most=at_most) for keys in problems]
    monkeypatch.setattr(counting, "_CELLS", cells)
    monkeypatch.setattr(counting, "_BLOCK", block)
    found = ranking(1, with_fails, table).cheapest_of_each(problems, keep, at_most=at_most)
    assert sum(len(costs) for _, costs in expected) > 10
    for keys, (picks, costs), (other_picks, other_costs) in zip(problems, found, expected, strict=True):
        assert picks.shape == (len(costs), len(keys))
        np.testing.assert_array_equal(picks, other_picks)
        np.testing.assert_array_equal(costs, other_costs)


@pytest.mark.parametrize("widths", [(2,), (3, 3), (2, 2, 2)])
@pytest.mark.parametrize("share", [0.05, 0.15, 0.4])
def test_there_is_a_placement_exactly_if_the_count_is_not_0_in_however_many_blocks(widths, share, monkeypatch):
    table = neuron_sites(widths, "neuron_sets")
    counter, random = PlacementCounter(table), np.random.default_rng(len(widths))
    monkeypatch.setattr(counting, "_BLOCK", 1)
    layer_by_layer = PlacementCounter(table)
    outcomes = set()
    for _ in range(200):
        allowed = [random.random(len(table.sites)) < share for _ in range(random.integers(1, 4))]
        outcomes.add(can_be_placed(table, allowed))
        assert can_be_placed(table, allowed) == (counter.count(allowed) > 0)
        assert counter.count(allowed) == layer_by_layer.count(allowed)
    assert outcomes == {False, True}
