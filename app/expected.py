"""What the stages of an analysis are expected to take on this machine, kept in the process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache, lru_cache

from analysis.limits import Limits
from analysis.machine_speed import machine_slowness
from analysis.question import Question
from analysis.stage_costs import ChainPlan, Known, plan_chain


@cache
def slowness() -> float:
    """How many times as long this machine takes as the one on which costs were measured; measured once."""
    return machine_slowness(time.process_time)


@dataclass(frozen=True)
class _Asked:
    """What is to be predicted; questions are compared by their digests."""

    digest: str
    trained: bool
    limits: Limits
    known: Known | None
    question: Question = field(compare=False)


def expected_chain(
    question: Question, limits: Limits, *, known: Known | None = None, trained: bool = True
) -> ChainPlan:
    """What the whole chain takes here, as :func:`analysis.stage_costs.plan_chain` predicts it.

    Args:
        limits: where searches stop.
        known: what an analysis made before has found.
        trained: whether the weights are those that will be analysed.

    Raises:
        AnalysisError: nothing can be planned.
    """
    return _expected(_Asked(question.digest, trained, limits, known, question))


@lru_cache(maxsize=512)
def _expected(asked: _Asked) -> ChainPlan:
    plan = plan_chain(asked.question, limits=asked.limits, known=asked.known, trained=asked.trained)
    return plan.on(slowness())
