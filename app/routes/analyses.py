"""The analyses of networks: their pages, their records, where they are asked for. All from the registry."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from analysis.criteria.steps import default_steps
from app.addressing import API_V2, Addresses
from app.db.job_tables import JobRow
from app.db.models import searches_of
from app.error_answers import api_errors
from app.errors import BadQuery, Conflict
from app.jobs import queue
from app.options import ScopeOptions
from app.pages.analyses import (
    AnalysisRecord,
    Asked,
    analyses_of,
    analysis_meant,
    index_of,
    item_of,
    page_of,
)
from app.pages.every_analysis import asked
from app.pages.jobs import JobPage
from app.pages.place import Place, locate_any
from app.rendering import network_row, show
from app.routes.asking import ThoroughOrder, accepted, analysis_ordered
from app.routes.changes import Writing
from app.routes.computing import room
from app.routes.depends import Form, Links, Reading
from pluriscope.analyses.registry import ANALYSES, Analysis
from pluriscope.blocks import Block

router = APIRouter()
ALL: Final = "/networks/{name}/analyses"
TAB: Final = "More analyses"
Meant = Annotated[ScopeOptions, Query()]


def _found(session: Session, links: Addresses, name: str, options: ScopeOptions, key: str) -> Asked:
    """How far the analysis that an address names is."""
    place = locate_any(session, links, name, options.scope)
    (found,) = asked(session, place, links, [analysis_meant(key, links, place)])
    return found


def ask_for(session: Session, links: Addresses, name: str, analysis: Analysis, order: ThoroughOrder) -> JobRow:
    """Queue one analysis of a network.

    Raises:
        NotFound: no such network, output, protocol or data record, or the analysis is not asked about such networks.
        Conflict: its circuits are not found yet.
    """
    nothing = f"nothing that {analysis.title.lower()} could be about"
    if order.thorough and not analysis.thoroughly:
        raise BadQuery(
            "thorough", f"says nothing to {analysis.title.lower()}, which does all there is", "leave it out", "thorough"
        )
    place = locate_any(session, links, name, order.scope)
    if isinstance(place, Place):
        row = analysis_ordered(session, links, name, order, nothing)
        if analysis.of_planted and row.network.planted is None:
            raise Conflict(f"network {row.network.slug!r}", "has no planted algorithm", "import it with its record")
        if analysis.sums:
            return queue.enqueue_criteria(session, row, default_steps(), asked=True, again=True)
        details = analysis.details(thorough=order.thorough)
        return queue.enqueue_about(session, row, analysis.key, asked=True, again=True, **details)
    analysis_meant(analysis.key, links, place)
    if (place.row.id, place.text) not in searches_of(session, [place.row.id]):
        raise Conflict("analysis", f"is not stored, so there is {nothing}", "ask for the analysis first")
    return queue.enqueue_of_model(session, f"model-{analysis.key}", place.row, place.text, asked=True, again=True)


def _page(request: Request, one: Asked, blocks: Iterable[Block], title: str, json_url: str = "") -> HTMLResponse:
    subject = one.subject
    row = network_row(subject.links, subject.slug, subject.name, TAB, subject.scope)
    return show(request, blocks, f"{title} of {subject.name}", room="Explore", network=row, json_url=json_url)


HTML: Final[dict[str, Any]] = {"response_class": HTMLResponse, "response_model": None, "include_in_schema": False}


@router.get(ALL, **HTML)
def index(request: Request, session: Reading, links: Links, name: str, options: Meant) -> HTMLResponse:
    """A card for each."""
    place = locate_any(session, links, name, options.scope)
    every = asked(session, place, links, analyses_of(place))
    return _page(request, every[0], index_of(every), TAB)


@router.get(ALL + "/{key}", **HTML)
def page(request: Request, session: Reading, links: Links, name: str, key: str, options: Meant) -> HTMLResponse:
    """One of them."""
    one = _found(session, links, name, options, key)
    record = links.analysis_record(one.subject.slug, key, one.subject.scope) if one.analysis.find else ""
    return _page(request, one, page_of(one), one.analysis.title, record)


@router.post(ALL + "/{key}", response_model=None, include_in_schema=False)
def ask_from_page(session: Writing, links: Links, name: str, key: str, form: Form) -> RedirectResponse:
    """Where a page asks for one."""
    one = _found(session, links, name, ScopeOptions(), key)
    if not one.analysis.find:
        raise Conflict(one.analysis.title, "is answered at once, without a job", "use the form", "", one.url)
    order = ThoroughOrder.model_validate({name: value for name, value in form.items() if value != ""})
    ask_for(session, links, name, one.analysis, order)
    return RedirectResponse(links.analysis(one.subject.slug, key, order.scope), status_code=303)


@router.get(ALL + "/{key}/{item}", **HTML)
def item(request: Request, session: Reading, links: Links, name: str, key: str, item: str) -> Response:
    """One thing of one."""
    one, given = _given(request, session, links, name, key)
    if (key, item) == ("common-ground", "places"):  # it had a page of its own
        return RedirectResponse(one.url, 301)
    with room(item):
        made, about = item_of(one, item, given), one.subject
        record = links.twin(links.analysis(about.slug, key, about.scope, item, **given))
        return _page(request, one, made.blocks(), made.title, record)


@router.get(
    API_V2 + ALL + "/{key}/{item}",
    tags=["analyses"],
    summary="One thing of an analysis",
    responses=api_errors(400, 404, 422),
)
def item_record(request: Request, session: Reading, links: Links, name: str, key: str, item: str) -> dict[str, Any]:
    """Every step of one discovery method, or every number of one lens, under settings of the address."""
    one, given = _given(request, session, links, name, key)
    with room(item):
        return dict(item_of(one, item, given).record)


def _given(request: Request, session: Session, links: Addresses, name: str, key: str) -> tuple[Asked, dict[str, str]]:
    """The analysis that an address names, and the options that do not say which one it is."""
    given = {name: " ".join(request.query_params.getlist(name)) for name in request.query_params}
    meant = {name: given.pop(name) for name in (*ScopeOptions.model_fields, "part") if name in given}
    return _found(session, links, name, ScopeOptions.model_validate(meant), key), given


@router.get(
    API_V2 + ALL + "/{key}",
    tags=["analyses"],
    summary="One analysis",
    response_model=reduce(or_, (AnalysisRecord[one.report] for one in ANALYSES)),  # type: ignore[name-defined]
    responses=api_errors(400, 404),
)
def record(session: Reading, links: Links, name: str, key: str, options: Meant) -> Any:
    """What one analysis of a network found, or how far it is; `report` is by `analysis`."""
    return _found(session, links, name, options, key).record()


@router.post(
    API_V2 + ALL + "/{key}",
    tags=["analyses"],
    summary="Ask for an analysis of what was found",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def ask(session: Writing, links: Links, name: str, key: str, order: ThoroughOrder, response: Response) -> JobPage:
    """Queue one analysis of a network. Asking twice is asking once."""
    analysis = analysis_meant(key, links, locate_any(session, links, name, order.scope))
    return accepted(session, links, ask_for(session, links, name, analysis, order), response)
