"""Counts of candidates and of their redundancy classes against listing every one of them."""

from __future__ import annotations

import pytest

from pluriscope.analysis.algorithms.and_inverter import and_inverter_candidates
from pluriscope.analysis.algorithms.counting import count_candidates, count_irredundant
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.questions.tasks import named_task

KEYS = ("irredundant-gates", "irredundant-functions", "irredundant-literals")


def listed(pattern, n_inputs, depth):
    """Count by listing."""
    algorithms, count = and_inverter_candidates(pattern, n_inputs, depth, 10**6)
    verdicts = [irredundancy(algorithm) for algorithm in algorithms]
    return count, {key: sum(verdict[key] for verdict in verdicts) for key in KEYS}


def counted(pattern, n_inputs, depth):
    counts = count_irredundant(pattern, n_inputs, depth)
    assert count_candidates(pattern, n_inputs, depth) == counts.candidates
    return counts.candidates, counts.by_class


@pytest.mark.parametrize(("n_inputs", "depth"), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)])
def test_every_function_has_as_many_algorithms_as_listing_finds(n_inputs, depth):
    for pattern in range(2 ** (2**n_inputs)):
        assert counted(pattern, n_inputs, depth) == listed(pattern, n_inputs, depth)


@pytest.mark.slow
def test_six_inputs_have_the_counts_that_follow_by_hand():
    # AND of six inputs in depth 3 without a redundant literal: its six literals, each once, in the shapes (2+2)+2 and
    # (2+1)+(2+1): 6!/(2!·2!·2!·2!) = 45 and 6!/(2!·2!·2!) = 90 trees
    task = named_task("AND", 6).pattern
    assert count_irredundant(task, 6, 3).irredundant_literals == 135
    assert count_candidates(task, 6, 3) == 13_275
    assert count_candidates(named_task("PARITY", 6).pattern, 6, 3) == 0


@pytest.mark.slow
def test_millions_of_candidates_are_counted_as_by_matching_them():
    for n_inputs in (4, 5):
        assert count_candidates(0, n_inputs, 3) == and_inverter_candidates(0, n_inputs, 3, 1)[1]
    majority = named_task("MAJORITY", 3).pattern
    assert counted(majority, 3, 3) == listed(majority, 3, 3)
