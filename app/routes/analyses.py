"""The analyses of networks: asking for them, their pages and records, their result files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi import Form as Sent
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import API_V2, Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.funnel import CHOSEN
from pluriscope.analyses.registry import BY_KEY, of_kind
from pluriscope.analyses.shown import Item
from pluriscope.analysis.algorithms.written import written
from pluriscope.analysis.criteria.steps import default_steps, parse_steps
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explaining.preflight import preflight
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.computing import BOUND, room
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.prepared import prepare_circuits
from pluriscope.app.db.reads.jobs import UNFINISHED, jobs_about
from pluriscope.app.db.reads.results import stored_result
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.db.writes import save_prepared
from pluriscope.app.error_answers import api_errors
from pluriscope.app.errors import BadQuery, Conflict, NotFound
from pluriscope.app.jobs import queue
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.analyses import ALL as ASK_ALL
from pluriscope.app.pages.analyses import (
    AnalysisRecord,
    Asked,
    analysis_meant,
    asked,
    beside,
    index_of,
    item_of,
    not_yet,
    page_of,
)
from pluriscope.app.pages.jobs import JobPage
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import AnyPlace, locate, others, place_of
from pluriscope.app.rendering import network_row, show
from pluriscope.app.routes.asking import AnalysisOrder, ThoroughOrder, accepted
from pluriscope.app.routes.changes import Writing
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.faces import HTML, Faces, both
from pluriscope.page_kit.blocks import Block

router = APIRouter()
ALL: Final = "/networks/{name}/analyses"
TAB: Final = "More"
MOST_LETTERS: Final = 64
"""Of the name of a protocol, which has a column of that width."""
Meant = Annotated[ScopeOptions, Query()]


# --- a network analysed


class AnalysisRequest(AnalysisOrder):
    """Choice of an analysis over HTTP, where the rules may be one's own."""

    protocol: str | dict[str, Any] = Field(  # type: ignore[assignment]
        "complete", description="Name or digest of a known protocol, or the settings of one of your own."
    )

    @field_validator("protocol", mode="before")
    @classmethod
    def _name_or_settings(cls, value: Any) -> Any:
        """Refused here once, or each of the two kinds would complain on its own."""
        if isinstance(value, dict) or (isinstance(value, str) and len(value) <= MOST_LETTERS and value.isprintable()):
            return value
        words = "should be a protocol's name or digest of at most {most} characters, or an object of settings"
        raise PydanticCustomError("protocol_kind", words, {"most": MOST_LETTERS})


@router.post(
    f"{API_V2}/networks/{{network}}/analyses",
    tags=["networks"],
    summary="Ask for an analysis",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def analyse(session: Writing, links: Links, network: str, order: AnalysisRequest, response: Response) -> JobPage:
    """Analyse one output of a stored network in the background. Asking twice is asking once."""
    return accepted(session, links, ask_for_analysis(session, links, network, order), response)


@router.post("/networks/{network}/analyses", include_in_schema=False)
def analyse_from_page(
    session: Writing, links: Links, network: str, order: Annotated[AnalysisOrder, Sent()]
) -> RedirectResponse:
    """Queue an analysis from a page's button."""
    return RedirectResponse(links.job(ask_for_analysis(session, links, network, order).id), status_code=303)


def ask_for_analysis(
    session: Session, links: Addresses, network: str, order: AnalysisOrder | AnalysisRequest
) -> JobRow:
    """Queue an analysis unless it is queued, running or done already.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: settings of a protocol where the kind of network has rules of its own.
        AnalysisError: the engine would refuse it; every reason at once.
        Conflict: there are too many circuits.
    """
    if isinstance(order.protocol, str):
        place = locate(session, links, network, order.scope)
    else:
        usual = locate(session, links, network, Scope(order.output, COMPLETE.name, order.data))
        if usual.question.kind.refuses("protocols"):
            cure = "name them: values of settings joined by dashes"
            raise BadQuery("protocol", f"gives settings, which rules of {usual.slug} are not", cure, "protocol")
        question = replace(cast(Question, usual.question), protocol=protocol_from_mapping(order.protocol))
        place = place_of(session, usual.row, question)
    return ask_to_analyse(session, links, place)


def ask_to_analyse(session: Session, links: Addresses, place: AnyPlace) -> JobRow:
    """Queue the analysis of a stored question.

    Raises:
        AnalysisError: as of :func:`ask_for_analysis`.
        Conflict: likewise.
    """
    question, data = place.question, None
    if isinstance(question, Question):
        problems, data = preflight(question), question.record
        if len(problems) > 1:
            first = problems[0]
            raise type(first)(first.item, "; ".join(str(problem) for problem in problems), "mend each of these")
        for problem in problems:
            raise problem
    else:
        _refuse_if_too_large(links, place)
    return queue.enqueue_analyses(
        session, place.row, [question.protocol], data=data, outputs=[question.output], requested=True
    )[0]


def _refuse_if_too_large(links: Addresses, place: AnyPlace) -> None:
    if place.question.obstacle:
        fit = [one.scope for one in others(place).values() if not one.question.obstacle]
        names = " or ".join(one.protocol for one in fit)
        cure = f"use coarser rules: protocol {names}" if names else "use a smaller network"
        page, label = links.network(place.slug, next(iter(fit), None)), "the network under such rules"
        raise Conflict(f"circuits of {place.slug}", place.question.obstacle, cure, "protocol", page, label)


# --- its result file


class ResultOptions(BaseModel):
    """Options of a result file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str = Field("complete", max_length=64, description="Name of a protocol or digits of its digest.")
    data: str = Field("", max_length=64, description="Digits of a data record's digest; empty: every clean input once.")
    output: int | None = Field(None, ge=0, le=999, description="One output only; all analysed ones if left out.")
    whole: bool = Field(
        False,
        description="Whether to add the network as `network_file` and a data record of its own as `data_file`, so that "
        "the result can be read by itself.",
    )
    masks: bool = Field(True, description="Whether to list the valid circuits and their interpretation counts.")


@router.get(
    f"{API_V2}/networks/{{network}}/result",
    tags=["networks"],
    summary="The result file of an analysis",
    response_class=JSONResponse,
    responses=api_errors(400, 404),
)
def result(session: Reading, links: Links, network: str, options: Annotated[ResultOptions, Query()]) -> Response:
    """All results on a network under one protocol and data record, in the format `pluriscope-result/1`."""
    place = locate(session, links, network, Scope(options.output or 0, options.protocol, options.data))
    stored = _analyses(session, place, options)
    if not stored:
        raise NotFound(
            f"result of {place.slug} under {place.question.protocol.name}",
            "is not stored: this analysis has not been made, or is not finished",
            "ask for it with POST to the network's analyses, or look at its jobs",
            "protocol",
            links.network(place.slug, place.scope),
            f"network {place.slug}",
        )

    with room("this file"):
        return JSONResponse(stored_result(session, place.row, stored, masks=options.masks, whole=options.whole))


def _analyses(session: Session, place: AnyPlace, options: ResultOptions) -> list[AnalysisRow]:
    """Stored analyses that the options choose, by output."""
    query = select(AnalysisRow).where(
        AnalysisRow.network_id == place.row.id,
        AnalysisRow.protocol_digest == place.protocol_digest,
        AnalysisRow.data_digest == place.data_digest,
    )
    if options.output is not None:
        query = query.where(AnalysisRow.output == options.output)
    return list(session.scalars(query.order_by(AnalysisRow.output)))


# --- what else is asked about it


def _found(session: Session, links: Addresses, name: str, options: ScopeOptions, key: str) -> tuple[AnyPlace, Asked]:
    """The stored question at an address, and one of its analyses with its state."""
    place = locate(session, links, name, options.scope)
    (found,) = asked(session, place, links, [analysis_meant(session, key, links, place)])
    return place, found


def refuse_unfit(session: Session, links: Addresses, place: AnyPlace, analysis: Analysis) -> None:
    """Refuse what no job can find out about a network.

    Raises:
        NotFound: the analysis is not asked about such networks.
        Conflict: it is answered without a job, or nothing was planted that it could be about.
    """
    (found,) = asked(session, place, links, [analysis_meant(session, analysis.key, links, place)])
    if not analysis.find:
        cause, cure = "is answered at once, without a job", f"give it in the form, or to {analysis.asks} in a notebook"
        raise Conflict(analysis.title.lower(), cause, cure, "", found.url, analysis.title)
    if found.why and not found.instead:
        cause, cure = found.why[:1].lower() + found.why[1:-1], "ask something else about it"
        raise Conflict(f"{analysis.title} of {place.slug}", cause, cure, "", links.analyses(place.slug, place.scope))


def ask_for(session: Session, links: Addresses, name: str, analysis: Analysis, order: ThoroughOrder) -> JobRow:
    """Queue one analysis of a network.

    Raises:
        NotFound: no such network, output, protocol or data record, or the analysis is not asked about such networks.
        Conflict: see :func:`refuse_unfit`, or its circuits are not found yet.
        InvalidAlgorithm, BeyondLimits: an algorithm that was written cannot be placed, or does not compute the task.
    """
    nothing = f"nothing that {analysis.title.lower()} could be about"
    if order.thorough and not analysis.thoroughly:
        cause = f"says nothing to {analysis.title.lower()}, which does all there is"
        raise BadQuery("thorough", cause, "leave it out", "thorough")
    if order.criteria and not analysis.sums:
        cause = f"say nothing to {analysis.title.lower()}, which asks none"
        raise BadQuery("criteria", cause, "leave them out", "criteria")
    if order.algorithms and not analysis.written:
        cause = f"say nothing to {analysis.title.lower()}, which places none"
        raise BadQuery("algorithms", cause, "leave them out", "algorithms")
    place = locate(session, links, name, order.scope)
    summed, searched = analysis.summed(place.question.kind), analysis.starts_from_circuits(place.question.kind)
    refuse_unfit(session, links, place, analysis)
    for text in order.algorithms:
        written(text, place.question)
    row = place.analysis
    if row is None and not searched and place.question.obstacle:
        row = save_prepared(session, prepare_circuits(place.question, None, {}))  # it stands on no circuits
    if row is None or (searched and row.circuits_method == "refused"):
        _refuse_if_too_large(links, place)
        raise Conflict("analysis", f"is not stored, so there is {nothing}", "ask for the analysis first")
    if summed in BY_KEY:
        found_by = BY_KEY[summed]
        return queue.enqueue_about(session, row, summed, requested=True, again=True, **found_by.details())
    if summed:
        steps = parse_steps(" ".join(order.criteria).split())
        # the job that follows every analysis does all of these: do not have a second one beside it
        steps = steps if any(step.changed for step in steps) else default_steps()
        return queue.enqueue_about(session, row, "criteria", criteria=steps, requested=True, again=True)
    details = analysis.details(thorough=order.thorough)
    if order.algorithms:  # with those of jobs that have not ended, which would otherwise take these back
        waiting = (job for job in jobs_about(session, row, analysis.key) if job.state in UNFINISHED)
        before = (text for job in waiting for text in job.arguments.get("algorithms", ()))
        details["algorithms"] = [*dict.fromkeys([*order.algorithms, *before])]
    return queue.enqueue_about(session, row, analysis.key, requested=True, again=True, **details)


def _page(request: Request, one: Asked, blocks: Iterable[Block], title: str, status_code: int = 200) -> HTMLResponse:
    subject = one.subject
    row = network_row(subject.links, subject.slug, subject.name, subject.question.kind, TAB, subject.scope)
    return show(request, blocks, f"{title} of {subject.name}", room="Explore", network=row, status_code=status_code)


@router.get(ALL, **HTML)
def index(request: Request, session: Reading, links: Links, name: str, options: Meant) -> HTMLResponse:
    """Index of a network's analyses, each with its result in brief."""
    place = locate(session, links, name, options.scope)
    with BOUND.get().within("this page"):  # what is summed up at once may take long
        every = asked(session, place, links, of_kind(place.question.kind), in_brief=True)
        return _page(request, every[0], index_of(every), TAB)


@both(
    router,
    ALL + "/{key}",
    "analyses",
    "One analysis",
    reduce(or_, (AnalysisRecord[one.report] for one in BY_KEY.values())),  # type: ignore[name-defined]
)
def one_analysis(session: Reading, links: Links, name: str, key: str, options: Meant) -> Faces:
    """Result of one analysis of a network, or its progress; the key of `report` is that of the analysis."""
    place, one = _found(session, links, name, options, key)
    if one.analysis.page:  # what it leads to may be found meanwhile
        return Faces(lambda _: RedirectResponse(one.url), one.record)
    others = beside(one, session, place)
    return Faces(lambda request: _page(request, one, page_of(one, others), one.analysis.title), one.record)


@router.post(f"{ALL}/{ASK_ALL}", response_model=None, include_in_schema=False)
def ask_for_every(
    session: Writing, links: Links, name: str, order: Annotated[AnalysisOrder, Sent()]
) -> RedirectResponse:
    """Queue all analyses that have not been queued yet."""
    place = locate(session, links, name, order.scope)
    for one in asked(session, place, links, of_kind(place.question.kind)):
        if one.state == "not_asked" and one.analysis.find:
            ask_for(session, links, name, one.analysis, ThoroughOrder(**order.model_dump()))
    return RedirectResponse(links.analyses(place.slug, order.scope), status_code=303)


@router.post(ALL + "/{key}", response_model=None, include_in_schema=False)
def ask_from_page(
    session: Writing, links: Links, name: str, key: str, order: Annotated[ThoroughOrder, Sent()]
) -> RedirectResponse:
    """Queue one analysis from a page's button."""
    place = locate(session, links, name, order.scope)
    ask_for(session, links, name, analysis_meant(session, key, links, place), order)
    sequence = " ".join(order.sequence)
    page = links.analysis(place.slug, key, order.scope, CHOSEN if sequence else "", criteria=sequence)
    return RedirectResponse(page, status_code=303)


@both(
    router,
    ALL + "/{key}/{item}",
    "analyses",
    "One thing of an analysis",
    dict[str, Any],
    errors=(400, 404, 422),
    costly=lambda _: True,
)
def item(request: Request, session: Reading, links: Links, name: str, key: str, item: str) -> Faces:
    """Every number of one lens, under settings of the address, or one sequence of the funnel."""
    options = {name: " ".join(request.query_params.getlist(name)) for name in request.query_params}
    scope_options = {name: options.pop(name) for name in (*ScopeOptions.model_fields, "part") if name in options}
    place, one = _found(session, links, name, read_options(ScopeOptions, [*scope_options.items()]), key)
    try:
        made = item_of(one, item, options)
    except NotFound as error:
        if place.analysis is not None or error.field != "protocol":
            raise
        made = Item(one.analysis.title, lambda: not_yet(session, place, one), refused=error)

    if made.leads:
        to = made.leads
        return Faces(lambda _: RedirectResponse(to, 303), lambda: RedirectResponse(links.twin(to), 303))

    def record() -> dict[str, Any]:
        if made.refused is not None:
            raise made.refused
        return dict(made.record())

    status = 422 if isinstance(made.refused, AnalysisError) else 200
    return Faces(lambda request: _page(request, one, made.blocks(), made.title, status), record)


@router.post(
    API_V2 + ALL + "/{key}",
    tags=["analyses"],
    summary="Ask for an analysis of what was found",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def ask(session: Writing, links: Links, name: str, key: str, order: ThoroughOrder, response: Response) -> JobPage:
    """Queue one analysis of a network. Asking twice is asking once."""
    analysis = analysis_meant(session, key, links, locate(session, links, name, order.scope))
    return accepted(session, links, ask_for(session, links, name, analysis, order), response)
