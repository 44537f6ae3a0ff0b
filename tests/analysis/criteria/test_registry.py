"""The registry: keys, kinds, parameters, and how it refuses what it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.criteria.criterion import Criterion, Parameter
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import OUTCOMES, Verdict, put_together, same_for_all, verdicts_of
from pluriscope.analysis.errors import InvalidCriterion, InvalidIndex
from pluriscope.analysis.results.result import CriterionTally

EXAMPLE = Criterion(
    "example",
    "Example",
    "Passes if it pleases.",
    "x",
    "nowhere",
    {"circuit": lambda population, settings: same_for_all(len(population), "undecided", f"at {settings['epsilon']}")},
    parameters=(Parameter("epsilon", 0.1, 0.0, 1.0, "radius"), Parameter("n", 10, 1, 100, "points", whole=True)),
)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "much", None, True])
def test_a_parameter_out_of_range_is_refused_with_the_range(value: object) -> None:
    with pytest.raises(InvalidCriterion, match="Use a number from 0 to 1"):
        EXAMPLE.settings({"epsilon": value})


def test_whole_parameters_take_whole_numbers() -> None:
    assert EXAMPLE.settings({"n": 5.0}) == {"epsilon": 0.1, "n": 5}
    with pytest.raises(InvalidCriterion, match="a whole number from 1 to 100"):
        EXAMPLE.settings({"n": 5.5})


def test_unknown_parameters_and_kinds_are_refused() -> None:
    with pytest.raises(InvalidCriterion, match="Use epsilon, n"):
        EXAMPLE.settings({"delta": 1})
    with pytest.raises(InvalidCriterion, match="Use it for circuit"):
        EXAMPLE.judge(Population("alignment", None, range(3)))
    assert EXAMPLE.judge(Population("circuit", None, range(3)), {"epsilon": 0.5}).at(2) == Verdict(
        "undecided", "at 0.5"
    )


def test_verdicts_are_counted_and_read_one_by_one() -> None:
    passed = np.array([True, False, True, False, False, False, False, False, True])
    undecided = np.zeros(9, dtype=bool)
    undecided[3] = True
    verdicts = verdicts_of(
        passed, lambda i: (f"number {i}", {"i": i}), numerators=np.arange(9), denominators=9, undecided=undecided
    )
    assert verdicts.tally == CriterionTally(3, 5, 1, 0)
    assert verdicts.at(3) == Verdict("undecided", "number 3", {"i": 3}, 3 / 9, 3, 9)
    with pytest.raises(InvalidIndex):
        verdicts.at(9)
    again = put_together([verdicts.at(i) for i in range(9)])
    assert [again.at(i) for i in range(9)] == [verdicts.at(i) for i in range(9)]
    assert sum(int(again.having(outcome).sum()) for outcome in OUTCOMES) == 9
