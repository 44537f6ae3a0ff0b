"""How an analysis will find the valid circuits, told before anyone starts it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from analysis.circuits.planning import plan_circuits
from analysis.errors import AnalysisError
from analysis.limits import Limits
from analysis.preflight import preflight
from analysis.question import Question
from app.options import BigInt, PageModel

Method = Literal["listed", "counted", "estimated"]
METHOD_WORDS: dict[Method, str] = {
    "listed": "list every valid circuit",
    "counted": "count the valid circuits exactly, without listing them",
    "estimated": "estimate how many circuits are valid, from a uniform sample",
}


class RefusalView(PageModel):
    """Why the analysis is not started at all."""

    item: str
    cause: str
    cure: str


class PlanView(PageModel):
    """How the valid circuits will be found, and about how long that takes."""

    possible: BigInt | None = Field(description="Circuits of the protocol's space, exactly; None if refused.")
    method: Method | None = Field(description="The way that will be taken; None if the analysis is refused.")
    words: str = Field(description="The way in words.")
    takes: Literal["seconds", "minutes", "not feasible"] = Field(
        description="About how long it takes to find the circuits on one core."
    )
    reason: str
    refusals: list[RefusalView] = Field(description="Everything that speaks against the analysis; empty if it can run.")
    n_samples: int = Field(description="Circuits tested for an estimate.")
    confidence: float = Field(description="Of an estimate's interval.")
    n_draws: int = Field(description="Valid circuits drawn and shown where they are not all listed.")


def plan_view(question: Question, limits: Limits) -> PlanView:
    """How the circuits of an output would be found within these limits."""
    problems = preflight(question)
    if problems:
        return refused(problems, limits)
    try:
        plan = plan_circuits(question, limits=limits)
    except AnalysisError as error:
        return refused((error,), limits)
    return PlanView.showing(
        plan,
        words=METHOD_WORDS[plan.method],
        refusals=[],
        n_samples=limits.n_samples,
        confidence=limits.confidence,
        n_draws=limits.n_draws,
    )


def refused(problems: tuple[AnalysisError, ...], limits: Limits) -> PlanView:
    """Why nothing can be started."""
    return PlanView(
        possible=None,
        method=None,
        words="not started",
        takes="not feasible",
        reason="; ".join(f"{problem.item} {problem.cause}" for problem in problems) + ".",
        refusals=problems,
        n_samples=limits.n_samples,
        confidence=limits.confidence,
        n_draws=limits.n_draws,
    )
