"""All criteria for circuits: budgets end undecided, and time at the next check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.criteria import knockouts, symmetry
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.criteria.circuit_contexts import passed, xor_context
from tests.analysis.criteria.test_symmetry import twin_network
from tests.oracles.brute_force_circuits import possible_masks


@pytest.mark.slow
def test_a_spent_budget_is_undecided_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    context = xor_context()
    whole = {key: passed(context, key) for key in ("knockout-completeness", "minimal-wang")}
    monkeypatch.setattr(knockouts, "MAX_SETS", 7)
    small = criterion_named("knockout-completeness").judge(context)
    assert small.passed.sum() == 0
    assert (np.array(whole["knockout-completeness"]) <= small.having("undecided")).all()
    assert "Only the 7 smallest sets were tried" in small.at(int(np.flatnonzero(small.having("undecided"))[0])).reason
    needed = criterion_named("minimal-wang").judge(context)
    assert (needed.passed <= np.array(whole["minimal-wang"])).all()
    assert needed.passed.any()
    assert not needed.having("failed").any()
    undecided = int(np.flatnonzero(needed.having("undecided"))[0])
    assert "Only the 7 smallest sets were tried" in needed.at(undecided).reason
    monkeypatch.setattr(symmetry, "MAX_SYMMETRIES", 2)
    network = twin_network()
    masks = np.array([mask for mask, _ in possible_masks(network)][::50], dtype=np.uint64)
    twins = Population("circuit", ask(network, task=task_from_table([0, 1, 1, 0], 2)), masks)
    verdicts = criterion_named("representative").judge(twins)
    assert verdicts.passed.sum() == 0
    assert verdicts.having("undecided").any()
    assert "there are more" in verdicts.at(int(np.flatnonzero(verdicts.having("undecided"))[0])).reason


class Ticks:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self) -> None:
        self.n_read = 0

    def __call__(self) -> float:
        self.n_read += 1
        return float(self.n_read)


@pytest.mark.parametrize("key", ["resample-ablation", "knockout-completeness", "minimal-local", "minimal-subset"])
def test_a_criterion_whose_time_is_up_ends_at_the_next_check_and_not_only_at_the_next_report(key: str) -> None:
    whole, answer = Ticks(), []
    work = Work(answer.append, clock=whole).for_seconds(1e9)
    criterion_named(key).judge(replace(xor_context(), work=work))
    n_checks = whole.n_read - 1  # the first reading set the deadline
    assert n_checks > 2 * max(len(answer), 1), "it is checked where it is reported only"
    for wanted in (1, n_checks // 2, n_checks):
        clock = Ticks()
        short = replace(xor_context(), work=Work(clock=clock).for_seconds(wanted))
        with pytest.raises(OutOfTime):
            criterion_named(key).judge(short)
        assert clock.n_read == 1 + wanted
