"""What an analysis will do and cost, told before anyone starts it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuits.planning import CircuitPlan, Cost
from analysis.errors import AnalysisError
from analysis.limits import Limits
from analysis.preflight import preflight
from analysis.stage_costs import ANALYSIS_STAGES, FOLLOWING_STAGES, ChainPlan, StageCost
from app.addressing import Addresses
from app.expected import expected_chain
from app.limits import limits_in
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.place import Place, locate
from app.pages.shared import ScopeView, finite, scope_now

Method = Literal["listed", "counted", "estimated"]
METHOD_WORDS: dict[Method, str] = {
    "listed": "list every valid circuit",
    "counted": "count the valid circuits exactly, without listing them",
    "estimated": "estimate how many circuits are valid, from a uniform sample",
}


class WayView(PageModel):
    """One way to find the valid circuits, and what it would cost."""

    method: Method
    words: str
    chosen: bool
    seconds: float | None = Field(description="Predicted, on one core; None beyond what a float holds.")
    memory_bytes: BigInt = Field(description="Predicted, beyond the program itself.")
    obstacle: str = Field(description="Why it is not taken; empty if it could be.")


class StageView(PageModel):
    """What one stage of the whole chain is expected to take."""

    stage: str = Field(
        description="circuits, interpretations, algorithms, alignments, criteria, directions or common ground."
    )
    name: str
    seconds: float | None = Field(
        description="Predicted for one core of this machine, right within a factor of three as a rule; null where it "
        "cannot be predicted."
    )
    units: str = Field(description="What is gone through, with its number.")
    reason: str = Field(description="Why there are no seconds, or what bounds them; empty if there is nothing to say.")
    follows: bool = Field(description="Whether it is work of its own after the analysis.")


class RefusalView(PageModel):
    """Why the analysis is not started at all."""

    item: str
    cause: str
    cure: str


class PlanLimits(PageModel):
    """What the choice was made by."""

    max_possible: BigInt = Field(description="Largest space whose circuits are all listed.")
    max_valid: BigInt = Field(description="Valid circuits kept in a list; a longer one is marked truncated.")
    max_seconds: float = Field(description="Longest predicted time of an exact count.")
    max_bytes: BigInt = Field(description="Most predicted memory of a list or an exact count.")
    n_samples: int = Field(description="Circuits tested for an estimate.")
    confidence: float = Field(description="Of an estimate's interval.")
    n_draws: int = Field(description="Valid circuits drawn and shown where they are not all listed.")


class PlanView(PageModel):
    """How the valid circuits will be found, and what that is expected to take."""

    possible: BigInt | None = Field(description="Circuits of the protocol's space, exactly; None if refused.")
    method: Method | None = Field(description="The way that will be taken; None if the analysis is refused.")
    words: str = Field(description="The way in words.")
    reason: str
    seconds: float | None
    memory_bytes: BigInt | None
    ways: list[WayView]
    refusals: list[RefusalView] = Field(description="Everything that speaks against the analysis; empty if it can run.")
    limits: PlanLimits
    stages: list[StageView] = Field(
        default_factory=list,
        description="Every stage of the chain in order: the analysis, then all criteria, directions in closed form and "
        "the common ground.",
    )
    analysis_seconds: float | None = Field(
        None, description="Predicted for all stages of the analysis; null where one of them cannot be predicted."
    )
    chain_seconds: float | None = Field(None, description="The same for the whole chain.")
    told_seconds: float | None = Field(
        None, description="Of the stages that can be predicted: the whole chain takes about so much or more."
    )

    @property
    def megabytes(self) -> int:
        return 0 if self.memory_bytes is None else self.memory_bytes >> 20


class PlanPage(PageModel):
    """The plan of one analysis."""

    scope: ScopeView
    plan: PlanView
    network_url: str
    analyse_url: str = Field(description="POST here to run the analysis.")
    url: str


def build_plan(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> PlanPage:
    """The plan of the analysis that an address names, stored or not.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    place = locate(session, addresses, network, options.scope)
    slug, scope = place.row.slug, place.scope
    return PlanPage(
        scope=scope_now(session, place, addresses),
        plan=plan_view(place, limits_in(session)),
        network_url=addresses.network(slug, scope),
        analyse_url=addresses.analyses(slug),
        url=addresses.plan(slug, scope),
    )


def plan_view(place: Place, limits: Limits) -> PlanView:
    """What analysing a place would take within these limits."""
    problems = preflight(place.question)
    if problems:
        return refused(problems, limits)
    try:
        plan = expected_chain(place.question, limits)
    except AnalysisError as error:
        return refused((error,), limits)
    return view_of(plan, limits)


def view_of(chain: ChainPlan, limits: Limits) -> PlanView:
    """A plan as pages show it."""
    plan = chain.circuits
    return PlanView.showing(
        plan,
        words=METHOD_WORDS[plan.method],
        seconds=finite(plan.cost.seconds),
        memory_bytes=plan.cost.n_bytes,
        ways=[_way(cost, plan) for cost in plan.costs],
        refusals=[],
        limits=_told(limits),
        stages=[_stage(cost) for cost in chain.stages],
        analysis_seconds=_two_digits(chain.seconds_of(ANALYSIS_STAGES)),
        chain_seconds=_two_digits(chain.seconds_of((*ANALYSIS_STAGES, *FOLLOWING_STAGES))),
        told_seconds=_two_digits(chain.told_seconds()),
    )


def _stage(cost: StageCost) -> StageView:
    return StageView.showing(
        cost,
        name=cost.stage.capitalize(),
        seconds=_two_digits(cost.seconds),
        follows=cost.stage in FOLLOWING_STAGES,
    )


def _two_digits(seconds: float | None) -> float | None:
    """Seconds with no more digits than a prediction has."""
    return None if seconds is None or finite(seconds) is None else float(f"{seconds:.2g}")


def refused(problems: tuple[AnalysisError, ...], limits: Limits) -> PlanView:
    """Why nothing can be started."""
    return PlanView(
        possible=None,
        method=None,
        words="not started",
        reason="; ".join(f"{problem.item} {problem.cause}" for problem in problems) + ".",
        seconds=None,
        memory_bytes=None,
        ways=[],
        refusals=problems,
        limits=_told(limits),
    )


def _way(cost: Cost, plan: CircuitPlan) -> WayView:
    return WayView(
        method=cost.method,
        words=METHOD_WORDS[cost.method],
        chosen=cost.method == plan.method,
        seconds=finite(cost.seconds),
        memory_bytes=cost.n_bytes,
        obstacle=cost.obstacle,
    )


def _told(limits: Limits) -> PlanLimits:
    return PlanLimits(**{name: getattr(limits, name) for name in PlanLimits.model_fields})
