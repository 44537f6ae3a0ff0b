"""Criteria for algorithms against brute force, and what they name."""

from __future__ import annotations

import pytest

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.algorithms.redundancy import irredundancy
from analysis.criteria.population import Population
from analysis.criteria.redundancies import (
    IRREDUNDANT_FUNCTIONS,
    IRREDUNDANT_GATES,
    IRREDUNDANT_LITERALS,
)
from tests.analysis.criteria.alignment_contexts import candidates, verdicts
from tests.oracles.brute_force_algorithms import redundancy, tables_with_one_edge_fixed


@pytest.mark.parametrize("name", ["XOR", "AND", "IMP"])
@pytest.mark.slow
def test_redundancies_are_those_of_the_oracle_and_of_the_search(name):
    algorithms = candidates(name)[:120]
    context = Population("algorithm", None, algorithms)
    for criterion in (IRREDUNDANT_GATES, IRREDUNDANT_FUNCTIONS, IRREDUNDANT_LITERALS):
        found = criterion.judge(context).passed.tolist()
        assert found == [redundancy(a.text, 2)[criterion.key] for a in algorithms]
        assert found == [irredundancy(a)[criterion.key] for a in algorithms]


def test_what_a_redundancy_names_is_there():
    algorithms = candidates()[:60]
    context = Population("algorithm", None, algorithms)
    for algorithm, gates, functions, literals in zip(
        algorithms,
        verdicts(IRREDUNDANT_GATES, context),
        verdicts(IRREDUNDANT_FUNCTIONS, context),
        verdicts(IRREDUNDANT_LITERALS, context),
        strict=True,
    ):
        n_idle = sum(t == tuple(algorithm.function >> i & 1 for i in range(4)) for t in oracle_edges(algorithm))
        assert literals.denominator == 2 * algorithm.n_gates
        assert literals.numerator == literals.denominator - n_idle
        assert gates.denominator == functions.denominator == algorithm.n_gates
        by_path = {v.path: v for v in algorithm.variables}
        if gates.outcome == "failed":
            assert gates.witness["formula"] == by_path[gates.witness["path"]].formula
            assert gates.witness["formula"] in gates.reason
        if functions.outcome == "failed":
            assert functions.witness["below"].startswith(functions.witness["path"])
        for verdict in (gates, functions, literals):
            assert (verdict.outcome == "passed") == (verdict.numerator == verdict.denominator)
            assert verdict.reason.endswith(".")


def oracle_edges(algorithm: HighLevelModel):
    return tables_with_one_edge_fixed(algorithm.text, 2)


def test_an_algorithm_of_one_literal_needs_everything():
    leaf = parse_algorithm("!A", "and_inverter", 2)
    for criterion in (IRREDUNDANT_GATES, IRREDUNDANT_FUNCTIONS, IRREDUNDANT_LITERALS):
        (verdict,) = verdicts(criterion, Population("algorithm", None, (leaf,)))
        assert (verdict.outcome, verdict.score, verdict.numerator, verdict.denominator) == ("passed", None, 0, 0)
