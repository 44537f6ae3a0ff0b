"""Tests of how many other functions could have been found at the same site."""

from __future__ import annotations

import pytest

from pluriscope.analysis.criteria.criterion import KINDS
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import CRITERIA, criteria_for
from pluriscope.analysis.criteria.selectivity import SELECTIVE, controls
from pluriscope.analysis.criteria.steps import default_steps
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.explanations.probes import find_probes
from pluriscope.analysis.explanations.registry import RECORDED
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.explanations.test_probes import random_question
from tests.factories import pretrained_xor


def context_of(question, *, limit=4096):
    found = find_probes(question, limit=limit)
    return Population("probe", question, tuple(found.explanations), found.complete)


@pytest.mark.parametrize("n_rows", [4, 8])
def test_controls_are_all_functions_with_as_many_ones(n_rows):
    for ones in range(1, n_rows // 2 + 1):
        every = [f for f in range(1 << n_rows) if not f & 1 and f.bit_count() in (ones, n_rows - ones)]
        assert controls(ones, n_rows) == len(every)


@pytest.mark.slow
def test_where_every_function_can_be_read_no_probe_is_selective():
    context = context_of(ask(pretrained_xor().network))
    verdicts = SELECTIVE.judge(context)
    assert verdicts.tally.failed == len(context) == 14
    assert (verdicts.scores == 1).all()
    assert verdicts.at(5).reason == "3 of 3 of the functions with as many ones are found at the same site."


@pytest.mark.slow
def test_a_list_that_was_cut_decides_only_against():
    context = context_of(random_question(3, 3, 1, seed=2), limit=20)
    verdicts = SELECTIVE.judge(context, {"most": 0.2})
    assert verdicts.tally.passed == 0
    assert verdicts.tally.undecided
    assert verdicts.tally.failed


def test_criteria_apply_to_kinds_with_a_record_by_their_traits():
    assert [criterion.key for criterion in criteria_for("probe")] == ["margin", "selective"]
    assert [step.key for step in default_steps("probe")] == ["margin", "selective"]
    for criterion in CRITERIA:
        assert criterion.recorded_kinds == tuple(k.key for k in RECORDED if k.traits & criterion.judges.keys())
        assert set(criterion.kinds) <= set(KINDS)
    with pytest.raises(InvalidCriterion, match="does not apply to kind 'circuit'"):
        SELECTIVE.judge(Population("circuit", None, ()))
