"""Which criteria have verdicts about an analysis, in numbers, which of the wanted ones have none, and what computes
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.criterion import Kind
from analysis.criteria.steps import MAX_TEXT, CriterionStep, default_steps, parse_steps
from analysis.errors import InvalidCriterion
from analysis.result import CriterionTally
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads import verdicts as reads
from app.db.recorded import stored_searches
from app.db.tables import AnalysisRow, NetworkRow
from app.errors import BadQuery, NotFound
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.place import locate_boolean
from app.pages.shared import JobView, job_view
from pluriscope.naming import Scope

MAX_STEPS: Final = 64
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class CriteriaOptions(ScopeOptions):
    """Options of the stored criteria."""

    criteria: list[Text] = Field(
        [],
        max_length=MAX_STEPS,
        description="Criteria that are wanted, each as `key` or `key(name=value,name=value)`; nothing: every one with "
        "its default settings.",
    )

    @property
    def steps(self) -> tuple[CriterionStep, ...]:
        """What is wanted.

        Raises:
            BadQuery: an unknown criterion or parameter, or a value out of range.
        """
        try:
            return parse_steps(self.criteria) or default_steps()
        except InvalidCriterion as error:
            raise BadQuery(error.item, error.cause, error.cure, "criteria") from None


class TallyView(PageModel):
    """How many explanations have each outcome; exact."""

    passed: BigInt
    failed: BigInt
    undecided: BigInt
    not_applicable: BigInt
    of: BigInt


class StoredCriterion(PageModel):
    """One criterion with its settings on one kind of explanation."""

    kind: Kind
    criterion: str = Field(description="As `criteria` writes it: key, and settings that differ from their default.")
    key: str
    settings: dict[str, Any] = Field(description="The value of every parameter.")
    judged: int = Field(description="Stored explanations; of interpretations the circuits that have them.")
    tally: TallyView = Field(description="Over these; of interpretations over all of them, whatever their number.")
    whole: TallyView = Field(
        description="Over everything that the criterion is about, where the search tells more: possible circuits for "
        "`zero-ablation`, candidates that are not listed. Else the same."
    )
    note: str = Field(description="Why some are undecided; empty if none is.")
    seconds: float


class MissingCriterion(PageModel):
    """A wanted criterion without verdicts."""

    kind: Kind
    criterion: str


class CriteriaPage(PageModel):
    """The criteria of one analysis."""

    network: str
    digest: str
    output: int
    protocol: str
    data: str
    circuits_method: str = Field(description="listed; or counted, estimated: then verdicts are about uniform draws.")
    circuits_valid: BigInt
    circuits_judged: int = Field(description="Stored circuits: all valid ones if they were listed to the end.")
    exhaustive: bool = Field(description="Whether the stored circuits are all valid ones.")
    stored: list[StoredCriterion]
    missing: list[MissingCriterion] = Field(description="Of the wanted ones.")
    complete: bool = Field(description="Whether every wanted one is stored.")
    jobs: list[JobView] = Field(description="Those that compute or computed criteria of this analysis, waiting first.")
    url: str = Field(description="Where they are asked for with POST.")


def build_criteria(session: Session, addresses: Addresses, network: str, options: CriteriaOptions) -> CriteriaPage:
    """What is stored about the analysis that the options name.

    Raises:
        NotFound: no such network, output, protocol or data record, or no such analysis yet.
        BadQuery: criteria that cannot be read.
    """
    steps = options.steps
    row, analysis, scope = find_judged(session, addresses, network, options.scope)
    return criteria_page(session, addresses, row, analysis, scope, steps)


def find_judged(
    session: Session, addresses: Addresses, network: str, scope: Scope
) -> tuple[NetworkRow, AnalysisRow, Scope]:
    """A network, the analysis that a scope names, and the scope as addresses write it.

    Raises:
        NotFound: no such network, output, protocol or data record, or no such analysis yet.
    """
    place = locate_boolean(session, addresses, network, scope)
    if place.analysis is None:
        raise NotFound(
            f"analysis of {place.row.slug}",
            "is not stored, so there is nothing to judge",
            "ask for it with POST to the network's analyses; criteria follow by themselves",
            "protocol",
            addresses.network(place.row.slug, place.scope),
            f"network {place.row.slug}",
        )
    return place.row, place.analysis, place.scope


def criteria_page(
    session: Session,
    addresses: Addresses,
    row: NetworkRow,
    analysis: AnalysisRow,
    scope: Scope,
    steps: Sequence[CriterionStep],
    *,
    first: JobRow | None = None,
) -> CriteriaPage:
    """The same for an analysis at hand.

    Args:
        row: the network.
        scope: as the address names it.
        steps: what is wanted.
        first: a job to be told first, if it was just asked for.
    """
    missing = reads.missing_steps(
        session, analysis, reads.kinds_and_steps(steps, stored_searches(session, analysis.id))
    )
    jobs = reads.judging_jobs(session, analysis)
    if first is not None:
        jobs = [first, *(job for job in jobs if job.id != first.id)]
    return CriteriaPage.showing(
        analysis,
        network=row.slug,
        digest=row.digest,
        protocol=scope.protocol,
        data=analysis.data_digest,
        circuits_judged=analysis.circuits_listed,
        exhaustive=analysis.circuits_method == "listed" and analysis.circuits_truncated_at is None,
        stored=[_stored(one) for one in reads.verdict_sets(session, analysis)],
        missing=[MissingCriterion(kind=kind, criterion=str(step)) for kind, step in missing],
        complete=not missing,
        jobs=[job_view(job, addresses) for job in jobs],
        url=addresses.twin(addresses.criteria(row.slug)),
    )


def _stored(one: reads.VerdictSet) -> StoredCriterion:
    return StoredCriterion.showing(
        one,
        criterion=str(one.step),
        key=one.step.key,
        settings=dict(one.step.settings),
        judged=one.n,
        tally=_tally(one.tally),
        whole=_tally(one.whole),
    )


def _tally(tally: CriterionTally) -> TallyView:
    return TallyView.showing(tally)
