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


class PlanView(PageModel):
    """How the valid circuits will be found, and about how long that takes."""

    possible: BigInt | None = Field(description="Circuits of the protocol's space, exactly; None if refused.")
    method: Method | None = Field(description="The way that will be taken; None if the analysis is refused.")
    words: str = Field(description="The way in words.")
    takes: Literal["seconds", "minutes", "not feasible"] = Field(
        description="About how long it takes to find the circuits on one core."
    )
    reason: str = Field(description="Why this way; of a refusal everything that speaks against the analysis.")
    cure: str = Field(description="What helps against that; empty if it can run.")
    caveat: str = Field(description="What the number is worth, and of which circuits more is told.")


def plan_view(question: Question, limits: Limits) -> PlanView:
    """How the circuits of an output would be found within these limits."""
    try:
        problems = preflight(question)
        plan = None if problems else plan_circuits(question, limits=limits)
    except AnalysisError as error:
        plan, problems = None, (error,)
    if plan is None:
        reason = "; ".join(f"{problem.item} {problem.cause}" for problem in problems) + "."
        cure = " ".join(f"{problem.cure[:1].upper()}{problem.cure[1:]}." for problem in problems)
        given = {"possible": None, "method": None, "takes": "not feasible"}
        return PlanView(**given, words="not started", reason=reason, cure=cure, caveat="")
    drawn = f"{exact(limits.n_draws)} valid circuits are drawn uniformly and interpreted."
    sampled = (
        f"{exact(limits.n_samples)} circuits are tested; the number has a {limits.confidence:.0%} interval and is "
    )
    caveats = {"listed": "", "counted": drawn, "estimated": f"{sampled}never exact. {drawn}"}
    return PlanView.showing(plan, words=METHOD_WORDS[plan.method], cure="", caveat=caveats[plan.method])


def planned_table(questions: Sequence[Question], limits: Limits, what: str, name: str) -> Table:
    """What would be analysed, one line for each output and protocol.

    Args:
        questions: of one network or several alike.
        limits: within which.
        what: the networks.
        name: id of the table.
    """
    several = len({one.output for one in questions}) > 1
    rows = []
    for one in questions:
        plan, task = plan_view(one, limits), one.task.name or "".join(map(str, one.task.truth_table))
        about = ", ".join([what, *([task] if several else []), one.protocol.name])
        if plan.cure:
            rows.append((about, "", f"not analysed: {plan.reason}", "", ""))
            continue
        possible = "" if plan.possible is None else readable(plan.possible)
        rows.append((about, possible, f"{plan.words}. {plan.caveat}".strip(), plan.takes, _candidates(one)))
    labels = ("Network and rules", "Possible circuits", "What is done", "Takes", "Candidate algorithms")
    return replace(Table.plain(labels, rows or [(what, "", "stored, not analysed", "", "")]), id=name)


def _candidates(question: Question) -> str:
    """How many algorithms there are to be aligned; "" where only a search tells."""
    network, protocol = question.model, question.protocol
    if protocol.algorithm_form == "formula_trees" or network.n_hidden_layers < 1:
        return ""
    depth = protocol.depth_for(network.n_hidden_layers)
    return readable(count_candidates(question.task.pattern, network.n_inputs, depth))
