"""Verdicts of criteria: on one explanation, which are stored of an analysis, and asking for others."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep, default_steps, parse_steps
from app.addressing import API_V2, Addresses
from app.db.job_tables import JobRow
from app.db.reads.verdicts import kinds_and_steps, missing_steps
from app.db.recorded import stored_searches
from app.db.tables import AnalysisRow, NetworkRow
from app.error_answers import api_errors
from app.errors import BadQuery
from app.jobs import queue
from app.limits import limits_in
from app.options import PageModel, ScopeOptions
from app.pages.compare.options import ComparedOptions
from app.pages.criteria import (
    MAX_STEPS,
    CriteriaOptions,
    CriteriaRecord,
    Text,
    criteria_record,
    find_judged,
    steps_of,
)
from app.pages.explanations import find_explanation, read_ref
from app.pages.page import EXPLANATION
from app.pages.place import locate_boolean
from app.pages.verdicts.judge import CriterionVerdict, verdicts_on
from app.routes.changes import Writing
from app.routes.depends import Form, Links, Reading
from pluriscope.analyses.funnel import CHOSEN
from pluriscope.analyses.registry import FUNNEL
from pluriscope.naming import Scope

router = APIRouter()
CRITERIA = "/networks/{network}/criteria"


@router.get(
    f"{API_V2}{EXPLANATION}/criteria",
    tags=["explanations"],
    summary="Every criterion on one explanation",
    responses=api_errors(400, 404, 422),
)
def verdicts(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[ScopeOptions, Query()]
) -> list[CriterionVerdict]:
    """What every criterion that applies says of it, with its usual settings: what is stored, else computed now."""
    place = locate_boolean(session, links, network, options.scope)
    return verdicts_on(session, links, find_explanation(session, links, place, read_ref(ref, 1), 1))


@router.get("/networks/{network}/verdicts", include_in_schema=False)
def former_verdicts(links: Links, network: str, options: Annotated[ComparedOptions, Query()]) -> RedirectResponse:
    """Where a page of its own said that: now that of the explanation does, of several their comparison."""
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if len(texts) != 1:
        to = links.compare(network, texts, options.scope, part=texts and "criteria", theme=options.theme)
        return RedirectResponse(to, 301)
    ref, scope = read_ref(texts[0], 1), options.scope
    scope = replace(scope, protocol=ref.protocol or scope.protocol)
    to = links.explanation(network, replace(ref, protocol=""), scope, part="criteria", theme=options.theme)
    return RedirectResponse(f"{to}#criteria", 301)


class CriteriaRequest(PageModel):
    """Which verdicts are wanted."""

    protocol: str = Field("complete", max_length=64, description="Name or digest of the analysis's protocol.")
    output: int = Field(0, ge=0, le=999, description="Index of the output.")
    data: str = Field("", max_length=64, description="Digest of its data record; empty: every clean input once.")
    criteria: list[Text] = Field(
        [],
        max_length=MAX_STEPS,
        description="Each as `key` or `key(name=value,name=value)`; nothing: every one with its default settings.",
    )


@router.get(API_V2 + CRITERIA, tags=["networks"], summary="Stored criteria", responses=api_errors(400, 404))
def criteria(
    session: Reading, links: Links, network: str, options: Annotated[CriteriaOptions, Query()]
) -> CriteriaRecord:
    """Which criteria have verdicts about an analysis, with tallies, which wanted ones have none, and the jobs."""
    steps = steps_of(options.criteria)
    _, analysis = find_judged(session, links, network, options.scope)
    return criteria_record(session, links, analysis, steps)


@router.post(
    API_V2 + CRITERIA,
    tags=["networks"],
    summary="Ask for criteria",
    status_code=202,
    responses={200: {"model": CriteriaRecord, "description": "All are stored."}, **api_errors(403, 404, 422)},
)
def ask(session: Writing, links: Links, network: str, order: CriteriaRequest, response: Response) -> CriteriaRecord:
    """Judge what a stored analysis found, in the background. What is stored is not computed again."""
    steps = parse_steps(order.criteria) or default_steps()
    scope = Scope(order.output, order.protocol, order.data)
    _, analysis, job = ask_for_criteria(session, links, network, scope, steps)
    session.flush()
    if job is None:
        response.status_code = 200
    else:
        response.headers["Location"] = links.twin(links.job(job.id))
    return criteria_record(session, links, analysis, steps, job)


@router.post(CRITERIA, include_in_schema=False)
def ask_from_page(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
    """The same from a page with a sequence of criteria, which is where it leads back to."""
    output = str(form.get("output") or "0")
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise BadQuery(f"output {output[:40]!r}", "is not a whole number", "use 0 for the first output", "output")
    texts, sequence = (" ".join(map(str, form.getlist(name))).split() for name in ("criteria", "sequence"))
    steps = steps_of(texts)
    back = [str(step) for step in steps_of(sequence)] if sequence else []
    scope = Scope(int(output), str(form.get("protocol") or "complete"), str(form.get("data") or ""))
    row, _, _ = ask_for_criteria(session, links, network, scope, steps)
    page = links.analysis(row.slug, FUNNEL.key, scope, CHOSEN if back else "", criteria=" ".join(back))
    return RedirectResponse(page, status_code=303)


def ask_for_criteria(
    session: Session, links: Addresses, network: str, scope: Scope, steps: tuple[CriterionStep, ...]
) -> tuple[NetworkRow, AnalysisRow, JobRow | None]:
    """Queue what is not stored; no job if nothing is missing.

    Raises:
        NotFound: no such network, output, protocol or data record, or no such analysis yet.
    """
    row, analysis = find_judged(session, links, network, scope)
    asked = kinds_and_steps(steps, stored_searches(session, analysis.id))
    missing = missing_steps(session, analysis, asked, budget=limits_in(session).criterion_seconds)
    if not missing:
        return row, analysis, None
    wanted = tuple(dict.fromkeys(step for _, step in missing))
    # the job that follows every analysis does all of these: do not have a second one beside it
    if all(not step.changed for step in wanted):
        wanted = default_steps()
    return row, analysis, queue.enqueue_criteria(session, analysis, wanted, asked=True, again=True)
