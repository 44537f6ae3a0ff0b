"""Which criteria have verdicts about an analysis, in numbers, which of the wanted ones have none, and what computes
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.criterion import Kind
from analysis.criteria.steps import MAX_TEXT, CriterionStep, default_steps, parse_steps
from analysis.errors import InvalidCriterion
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


def steps_of(texts: Sequence[str]) -> tuple[CriterionStep, ...]:
    """The criteria that an address or a form names, all of them if it names none.

    Raises:
        BadQuery: more than 64, an unknown criterion or parameter, or a value out of range.
    """
    if len(texts) > MAX_STEPS:
        raise BadQuery("criteria", f"are more than {MAX_STEPS}", "ask for fewer at a time", "criteria")
    try:
        return parse_steps(texts) or default_steps()
    except InvalidCriterion as error:
        raise BadQuery(error.item, error.cause, error.cure, "criteria") from None


class TallyRecord(PageModel):
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
    tally: TallyRecord = Field(description="Over the stored ones; of interpretations over all of these.")
    whole: TallyRecord = Field(
        description="Over everything that the criterion is about, where the search tells more: possible circuits for "
        "`zero-ablation`, candidates that are not listed. Else the same."
    )
    note: str = Field(description="Why some are undecided; empty if none is.")
    seconds: float


class MissingCriterion(PageModel):
    """A wanted criterion without verdicts."""

    kind: Kind
    criterion: str


class CriteriaRecord(PageModel):
    """The criteria of one analysis."""

    stored: list[StoredCriterion]
    missing: list[MissingCriterion] = Field(description="Of the wanted ones.")
    jobs: list[JobView] = Field(description="Those that compute or computed criteria of this analysis, waiting first.")


def find_judged(session: Session, addresses: Addresses, network: str, scope: Scope) -> tuple[NetworkRow, AnalysisRow]:
    """A network, and the analysis that a scope names.

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
    return place.row, place.analysis


def criteria_record(
    session: Session,
    addresses: Addresses,
    analysis: AnalysisRow,
    steps: Sequence[CriterionStep],
    first: JobRow | None = None,
) -> CriteriaRecord:
    """What is stored about an analysis.

    Args:
        steps: what is wanted.
        first: a job to be told first, if it was just asked for.
    """
    asked = reads.kinds_and_steps(steps, stored_searches(session, analysis.id))
    jobs = reads.judging_jobs(session, analysis)
    if first is not None:
        jobs = [first, *(job for job in jobs if job.id != first.id)]
    return CriteriaRecord(
        stored=[StoredCriterion.showing(one, criterion=str(one.step)) for one in reads.verdict_sets(session, analysis)],
        missing=[
            MissingCriterion(kind=kind, criterion=str(step))
            for kind, step in reads.missing_steps(session, analysis, asked)
        ],
        jobs=[job_view(job, addresses) for job in jobs],
    )
