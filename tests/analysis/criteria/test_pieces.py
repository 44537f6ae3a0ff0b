"""Judging that is stopped again and again goes on behind what was finished, and says the same."""

from itertools import pairwise

import numpy as np
import pytest

from analysis.checkpoints import PackedCheckpoints
from analysis.criteria.criterion import KINDS
from analysis.criteria.judged import Subject
from analysis.criteria.judging import judge_analysis
from analysis.criteria.steps import CriterionStep, default_steps
from analysis.limits import Limits
from analysis.work import Work
from tests.factories import real_analysis

FEW = [
    ("circuit", CriterionStep.parse("output-faithfulness(tolerance=.3)")),
    ("circuit", CriterionStep.parse("mean-ablation")),
    ("algorithm", CriterionStep.parse("irredundant-literals")),
]
ALL = [(kind, step) for kind in KINDS for step in default_steps(kind)]


def said(block):
    """All that a block says but its seconds."""
    counts = block.counts
    return (
        *(block.kind, str(block.step), block.start, block.note, block.stopped),
        *(
            None if column is None else (column.dtype.str, column.tobytes())
            for column in (block.outcomes, block.scores, block.numerators, block.denominators)
        ),
        counts and (counts.totals, counts.passed, counts.undecided, counts.representatives, counts.applicable),
        counts and np.asarray(counts.scores).tobytes(),
    )


@pytest.mark.parametrize("steps", [pytest.param(FEW, id="few"), pytest.param(ALL, id="all", marks=pytest.mark.slow)])
def test_judging_that_is_stopped_says_the_same(steps):
    subject, limits = Subject.of(real_analysis()), Limits(criterion_seconds=1e9)
    whole = [said(block) for block in judge_analysis(subject, steps, Work(limits=limits), block=64)]
    known: dict[str, bytes] = {}
    attempts, sizes = 0, []
    while True:
        attempts += 1
        sizes.append(len(known))
        kept: dict[str, bytes] = {}
        checkpoints = PackedCheckpoints(dict(known), lambda one, kept=kept: kept.setdefault(one.key, one.data))
        found = []
        for block in judge_analysis(subject, steps, Work(limits=limits, checkpoints=checkpoints), block=64):
            found.append(said(block))
            if len(kept) >= 5 * attempts:
                break
        else:
            break
        known |= kept
    assert found == whole
    assert attempts > 1
    assert all(more > less for less, more in pairwise(sizes)), "no attempt got any further"


def test_time_that_was_used_before_counts():
    ticks = iter(range(10**9))
    subject, steps = Subject.of(real_analysis()), [("circuit", CriterionStep.parse("knockout-completeness"))]
    known: dict[str, bytes] = {}
    limits = Limits(criterion_seconds=20)

    def judge(clock):
        checkpoints = PackedCheckpoints(dict(known), lambda one: known.setdefault(one.key, one.data))
        work = Work(clock=clock, limits=limits, checkpoints=checkpoints)
        return list(judge_analysis(subject, steps, work, block=64))

    first = judge(lambda: float(next(ticks)))
    assert first[-1].stopped
    known.pop(sorted(known, key=int)[-1])
    assert judge(lambda: 0.0)[-1].stopped, "a second attempt has all of the time again"
