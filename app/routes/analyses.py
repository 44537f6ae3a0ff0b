"""The analyses of a network: their pages, their records, and where they are asked for. All follow from the registry."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from app.addressing import API_V2
from app.error_answers import api_errors
from app.jobs import queue
from app.options import ScopeOptions
from app.pages.analyses import AnalysisRecord, Asked, find, index_of, item_of, page_of
from app.pages.jobs import JobPage
from app.pages.place import Place, locate
from app.rendering import network_row, show
from app.routes.asking import AnalysisOrder, accepted, analysis_ordered
from app.routes.changes import Writing
from app.routes.computing import room
from app.routes.depends import Form, Links, Reading
from app.routes.page import takes
from pluriscope.analyses.registry import ANALYSES, Analysis

router = APIRouter()
INDEX: Final = "/networks/{network}/analyses"
TAB: Final = "More analyses"
Scoped = Annotated[ScopeOptions, Query()]


class ThoroughOrder(AnalysisOrder):
    """Which analysis, and how far it goes."""

    thorough: bool = Field(False, description="Whether to do also what takes long.")


@router.get(INDEX, response_class=HTMLResponse, include_in_schema=False)
def index(request: Request, session: Reading, links: Links, network: str, options: Scoped) -> HTMLResponse:
    """All analyses of a network."""
    place = locate(session, links, network, options.scope)
    return _page(request, links, place, index_of(session, place, links), TAB)


@router.get(INDEX + "/{key}", response_class=HTMLResponse, include_in_schema=False)
def page(request: Request, session: Reading, links: Links, network: str, key: str, options: Scoped) -> HTMLResponse:
    """What one analysis found, or how far it is."""
    one = find(session, links, network, key, options)
    record = links.analysis_record(one.place.slug, key, one.place.scope)
    return _page(request, links, one.place, page_of(one), one.analysis.title, record)


@router.get(INDEX + "/{key}/{item}", response_class=HTMLResponse, include_in_schema=False)
def item_page(request: Request, session: Reading, links: Links, network: str, key: str, item: str) -> HTMLResponse:
    """One thing of an analysis."""
    one, options = _item_options(session, links, network, key, request)
    with room(item):
        made = item_of(one, item, options)
        return _page(request, links, one.place, made.blocks(), made.title)


@router.get(
    f"{API_V2}{INDEX}/{{key}}/{{item}}",
    tags=["analyses"],
    summary="One thing of an analysis",
    responses=api_errors(400, 404, 422),
)
def item_record(request: Request, session: Reading, links: Links, network: str, key: str, item: str) -> dict[str, Any]:
    """Every step of one discovery method, or every number of one lens, under the settings of the address."""
    one, options = _item_options(session, links, network, key, request)
    with room(item):
        return dict(item_of(one, item, options).record)


@router.post(INDEX + "/{key}", include_in_schema=False)
def ask_from_page(session: Writing, links: Links, network: str, key: str, form: Form) -> RedirectResponse:
    """Ask for an analysis; on to its page, which shows how far it is."""
    one = find(session, links, network, key, ScopeOptions())
    order = _order(one.analysis).model_validate({name: value for name, value in form.items() if value != ""})
    _ask(session, links, network, one.analysis, order)
    scope = ScopeOptions(output=order.output, protocol=order.protocol, data=order.data).scope
    return RedirectResponse(links.analysis(one.place.slug, key, scope), status_code=303)


def _page(request: Request, links: Links, place: Place, blocks: Any, title: str, json_url: str = "") -> HTMLResponse:
    row = network_row(links, place.slug, place.row.name, TAB)
    return show(request, blocks, f"{title} of {place.row.name}", room="Explore", network=row, json_url=json_url)


def _item_options(session: Any, links: Any, network: str, key: str, request: Request) -> tuple[Asked, dict[str, str]]:
    """The analysis that an address names, and the options that are not about which one it is."""
    given = dict(request.query_params)
    scoped = {name: given.pop(name) for name in (*ScopeOptions.model_fields, "part") if name in given}
    return find(session, links, network, key, ScopeOptions.model_validate(scoped)), given


def _order(analysis: Analysis) -> type[AnalysisOrder]:
    return ThoroughOrder if analysis.thoroughly else AnalysisOrder


def _ask(session: Any, links: Any, network: str, analysis: Analysis, order: AnalysisOrder) -> Any:
    row = analysis_ordered(session, links, network, order, f"nothing that {analysis.title.lower()} could be about")
    details = analysis.details(thorough=getattr(order, "thorough", False))
    return queue.enqueue_about(session, row, analysis.key, asked=True, again=True, **details)


def _add_records(analysis: Analysis) -> None:
    """The record of one analysis, and where it is asked for, over HTTP."""
    path = f"{API_V2}{INDEX}/{analysis.key}"

    def record(session: Any, links: Any, network: str, options: Any) -> Any:
        return find(session, links, network, analysis.key, options).record()

    def ask(session: Any, links: Any, network: str, order: Any, response: Response) -> JobPage:
        return accepted(session, links, _ask(session, links, network, analysis, order), response)

    takes(record, {"session": Reading, "links": Links, "network": str, "options": Scoped})
    takes(
        ask,
        {"session": Writing, "links": Links, "network": str, "order": _order(analysis), "response": Response},
    )
    told: dict[str, Any] = {"tags": ["analyses"], "description": f"{analysis.question} {analysis.price}"}
    router.add_api_route(
        path,
        record,
        name=f"{analysis.key}_record",
        summary=analysis.title,
        response_model=AnalysisRecord[analysis.report],  # type: ignore[name-defined]  # what it finds
        responses=api_errors(400, 404),
        **told,
    )
    router.add_api_route(
        path,
        ask,
        methods=["POST"],
        name=f"ask_{analysis.key}",
        summary=f"Ask: {analysis.title}",
        status_code=202,
        response_model=JobPage,
        responses=api_errors(403, 404, 409, 422),
        **told,
    )


for _analysis in ANALYSES:
    _add_records(_analysis)
