"""How an analysis will find the valid circuits, told before anyone starts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from analysis.algorithms.counting import count_candidates
from analysis.circuits.planning import plan_circuits
from analysis.errors import AnalysisError
from analysis.limits import Limits
from analysis.preflight import preflight
from analysis.question import Question
from app.figures.numbers import exact, readable
from app.options import BigInt, PageModel
from pluriscope.blocks import Table

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


class Planned(PageModel):
    """How one output would be analysed under one protocol."""

    output: int
    task: str
    protocol: str
    algorithms: BigInt | None = Field(description="Candidate algorithms, exactly; null where only a search tells.")
    plan: PlanView

    @property
    def caveat(self) -> str:
        """What the number of circuits is worth, and of which more is told."""
        plan, drawn = self.plan, f"{exact(self.plan.n_draws)} valid circuits are drawn uniformly and interpreted."
        if plan.method == "estimated":
            return f"{exact(plan.n_samples)} are tested; the number has a {plan.confidence:.0%} interval. {drawn}"
        return "" if plan.method in (None, "listed") else drawn


def planned(question: Question, limits: Limits) -> Planned:
    """How one output would be analysed."""
    network, task, protocol = question.model, question.task, question.protocol
    algorithms = None
    if protocol.algorithm_form != "formula_trees" and network.n_hidden_layers >= 1:
        algorithms = count_candidates(task.pattern, network.n_inputs, protocol.depth_for(network.n_hidden_layers))
    return Planned(
        output=question.output,
        task=task.name or "".join(map(str, task.truth_table)),
        protocol=protocol.name,
        algorithms=algorithms,
        plan=plan_view(question, limits),
    )


def planned_table(plans: Sequence[Planned], what: str, name: str) -> Table:
    """What would be analysed, one line for each output and protocol.

    Args:
        plans: of one network or several alike.
        what: the networks.
        name: id of the table.
    """
    several = len({one.output for one in plans}) > 1
    rows = [
        (
            ", ".join([what, *([one.task] if several else []), one.protocol]),
            "" if one.plan.possible is None else readable(one.plan.possible),
            f"not analysed: {one.plan.reason}" if one.plan.refusals else f"{one.plan.words}. {one.caveat}".strip(),
            "" if one.plan.refusals else one.plan.takes,
            "" if one.algorithms is None or one.plan.refusals else readable(one.algorithms),
        )
        for one in plans
    ]
    labels = ("Network and rules", "Possible circuits", "What is done", "Takes", "Candidate algorithms")
    return replace(Table.plain(labels, rows or [(what, "", "stored, not analysed", "", "")]), id=name)
