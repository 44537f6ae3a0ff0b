"""Criteria for algorithms against brute force, and what they name."""

from __future__ import annotations

import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.redundancies import IRREDUNDANT_FUNCTIONS, IRREDUNDANT_GATES, IRREDUNDANT_LITERALS
from tests.analysis.criteria.alignment_contexts import candidates, verdicts
from tests.oracles.brute_force_algorithms import redundancy


@pytest.mark.parametrize("name", ["XOR", "AND", "IMP"])
@pytest.mark.slow
def test_redundancies_are_those_of_the_oracle_and_of_the_search(name):
    algorithms = candidates(name)[:120]
    context = Population("algorithm", None, algorithms)
    for criterion in (IRREDUNDANT_GATES, IRREDUNDANT_FUNCTIONS, IRREDUNDANT_LITERALS):
        found = criterion.judge(context).passed.tolist()
        assert found == [redundancy(a.text, 2)[criterion.key] for a in algorithms]
        assert found == [irredundancy(a)[criterion.key] for a in algorithms]


def test_an_algorithm_of_one_literal_needs_everything():
    leaf = parse_algorithm("!A", "and_inverter", 2)
    for criterion in (IRREDUNDANT_GATES, IRREDUNDANT_FUNCTIONS, IRREDUNDANT_LITERALS):
        (verdict,) = verdicts(criterion, Population("algorithm", None, (leaf,)))
        assert (verdict.outcome, verdict.score, verdict.numerator, verdict.denominator) == ("passed", None, 0, 0)
