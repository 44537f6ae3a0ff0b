"""Counts from draws by size: held against exact counts, continued, shared out, and what they say where they fail."""

from __future__ import annotations

from dataclasses import replace
from math import comb
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuit_sets.strata import FIRST_ROUND, count_by_strata, smallest_found
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.app.bundled import bundled_models
from tests.analysis.subjects.transformer.mlp_model import TOY


class Sets(SimpleNamespace):
    """All sets of some edges as circuits, valid if they keep the first few of them: what there is of is plain."""

    def __init__(self, n, needed, drawn=None):
        self.n, self.needed, self.space = n, needed, self
        self.possible_by_bits = {size: comb(n, size) for size in range(1, n + 1)}
        self.sizes_drawn = self.possible_by_bits if drawn is None else drawn
        self.graph = SimpleNamespace(number=lambda mask: int("".join(map(str, map(int, mask))), 2))

    def draw(self, bits, chance):
        return chance.permuted(np.tile(np.arange(self.n), (len(bits), 1)), axis=1) < bits[:, None]

    def are_valid(self, circuits):
        return circuits[:, : self.needed].all(axis=1)

    @property
    def valid(self):
        return 1 << (self.n - self.needed)

    def valid_of(self, size):
        return comb(self.n - self.needed, size - self.needed) if size >= self.needed else 0


def transformer(slug):
    return GraphQuestion(TRANSFORMER, read_subject(bundled_models()[slug])[1], TRANSFORMER.default_rules)


@pytest.mark.slow
@pytest.mark.parametrize(("needed", "width"), [(1, 0.2), (3, 1.0)])
def test_intervals_hold_the_truth_as_often_as_they_say(needed, width):
    sets, n, error = Sets(4, needed), 60, 0.4
    counts = [count_by_strata(sets, seed=seed, width=width, confidence=1 - error) for seed in range(n)]
    wrong = sum(not one.low <= sets.valid <= one.high for one in counts)
    assert wrong <= binom.isf(1e-4, n, error)
    for size in range(1, 5):
        ends = [one.by_size[size] for one in counts]
        assert sum(not low <= sets.valid_of(size) <= high for low, high in ends) <= binom.isf(1e-4, n, error)
    assert all(one.high <= (1 + width) * one.low for one in counts)
    assert any(len(one.strata) > 1 for one in counts) or needed == 1


@pytest.mark.slow
def test_a_count_goes_on_later_and_in_any_number_of_workers():
    sets = Sets(12, 4)
    first = count_by_strata(sets, most=FIRST_ROUND, width=0.0)
    assert (first.rounds, first.drawn, first.piloted) == (1, FIRST_ROUND, 12 * 64)
    whole = count_by_strata(sets, most=4 * FIRST_ROUND, width=0.0)
    assert count_by_strata(sets, most=4 * FIRST_ROUND, width=0.0, earlier=first) == whole
    with ThreadPool(3) as pool:
        assert count_by_strata(sets, most=4 * FIRST_ROUND, width=0.0, mapped=pool.imap) == whole
    assert count_by_strata(sets, most=4 * FIRST_ROUND, width=0.0, seed=1).strata != whole.strata
    assert whole.low <= sets.valid <= whole.high < first.high
    assert (whole.rounds, whole.enough, whole.why) == (3, True, "")
    assert list(whole.by_size) == list(range(1, 13))
    assert sum(sum(one.sizes.values()) for one in whole.strata) == 2**12 - 1


@pytest.mark.slow
def test_large_circuits_have_a_stratum_where_only_they_are_valid():
    sets = Sets(20, 14)  # 64 of a million are valid, and the largest is
    found = count_by_strata(sets, most=FIRST_ROUND)
    assert 1 < found.low <= sets.valid <= found.high
    assert len(found.strata) > 1
    assert found.strata[0].tally.valid == 0 < found.strata[-1].tally.valid
    assert not found.enough


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sets", "work", "why"),
    [
        (Sets(200, 199), Work(), "none of 1,024 drawn circuits is valid, so at most a share of 0.0043 is; a sample"),
        (Sets(200, 40), Work(), "8 of 1,024 drawn circuits are valid; no number of draws up to 10¹² would be enough."),
        (Sets(12, 10), Work(), "valid; about 2,048 would be enough."),
        (Sets(9, 2, ()), Work(), "there was no time"),
        (Sets(9, 2, (9,)), Work(), "valid; no number of draws up to 10¹² would be enough."),
        (Sets(9, 2), Work(stopped=lambda: True), "there was no time for the pilot and the first 1,024 draws."),
    ],
)
def test_what_is_not_enough_says_why(sets, work, why):
    found = count_by_strata(sets, work, most=FIRST_ROUND)
    assert (found.enough, why in found.why) == (False, True), found.why
    assert found.low <= sets.valid <= found.high
    more = found.enough_at and count_by_strata(sets, most=found.enough_at, width=0.0, earlier=found)
    assert not more or more.drawn == found.enough_at


@pytest.mark.slow
def test_a_round_that_time_will_not_do_for_is_not_begun():
    now = iter(range(10**6))
    work = Work(clock=lambda: float(next(now)), deadline=60.0)
    found = count_by_strata(Sets(12, 4), work, width=0.0)
    assert (found.rounds > 0, work.ended) == (True, {"circuits": "time"})
    assert found == count_by_strata(Sets(12, 4), most=found.drawn, width=0.0)


def test_sizes_that_are_not_counted_are_refused():
    space, subject = SimpleNamespace(possible_by_bits=None), SimpleNamespace(name="m")
    with pytest.raises(NotOffered, match="toy networks"):
        count_by_strata(SimpleNamespace(space=space, subject=subject, kind=TOY))


@pytest.mark.slow
def test_a_transformer_that_is_searched_has_its_count_in_the_interval():
    question = transformer("majority-5-attention")
    found = count_by_strata(question, most=2 * FIRST_ROUND)
    assert found.low <= find_masks(question).n_valid <= found.high
    small = smallest_found(question, found)
    mask = question.graph.bits([small])[0]
    assert question.judge(small).valid
    below = question.space.reduce(mask & ~np.eye(len(mask), dtype=bool)[mask])
    assert not any(question.are_valid(below))
    assert found.masks[0].bit_count() >= small.bit_count()
    plain = replace(question, kind=replace(TRANSFORMER, counting=""))
    circuits = question.space.draw(np.full(50, max(question.space.sizes_drawn) - 1), np.random.default_rng(0))
    assert (plain.are_valid(circuits) == question.are_valid(circuits)).all()
