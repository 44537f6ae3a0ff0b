"""Criteria of a model's circuits where time is up."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.criteria.verdict import UNDECIDED
from pluriscope.analysis.discovery.audit import audit
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import default_methods
from pluriscope.analysis.running.progress import LATE
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from tests.analysis.subjects.transformer.test_judging import golden

OVER = Work(clock=lambda: 1.0, deadline=0.5)


@pytest.fixture(scope="module")
def asked():
    question = GraphQuestion(TRANSFORMER, golden("majority_5_1x2_0"), TRANSFORMER.rules("heads"))
    return question, find_masks(question)


def test_criteria_that_time_ends_are_undecided_and_the_rest_stands(asked):
    (columns, late), (others, every) = judged_circuits(*asked, work=OVER), judged_circuits(*asked)
    assert all(np.array_equal(columns[name], others[name]) for name in columns)
    assert [one.step for one in late] == [one.step for one in every]
    assert LATE in {one.note for one in late} - {one.note for one in every}
    for one, other in zip(late, every, strict=True):
        undecided = one.outcomes == UNDECIDED
        assert bool(one.note) == undecided.any()
        assert (one.outcomes == np.where(undecided, UNDECIDED, other.outcomes)).all()


def test_methods_that_time_ends_are_named(asked):
    landscape = landscape_of(*asked, work=OVER)
    found = audit(landscape, [one for one in default_methods(TRANSFORMER) if not one[0].learns], work=OVER)
    assert {(one.answer.outcome, one.note) for one in found} == {("undefined", LATE)}
