"""The analyses of networks and models: their pages, their records, where they are asked for. All from the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import default_steps
from app.addressing import API_V2, Addresses
from app.db.job_tables import JobRow
from app.error_answers import api_errors
from app.errors import Conflict
from app.jobs import queue
from app.options import Options, ScopeOptions
from app.pages.analyses import (
    AnalysisRecord,
    Asked,
    analysis_meant,
    index_of,
    item_of,
    of_network,
    page_of,
)
from app.pages.jobs import JobPage
from app.pages.models.asked import of_model
from app.pages.models.views import RulesOptions, locate_model, search_of
from app.pages.place import locate
from app.rendering import network_row, show
from app.routes.asking import AnalysisOrder, RulesOrder, accepted, analysis_ordered
from app.routes.changes import Writing
from app.routes.computing import room
from app.routes.depends import Form, Links, Reading
from app.routes.page import takes
from pluriscope.analyses.registry import SHOWN, Analysis
from pluriscope.blocks import Block

router = APIRouter()
TAB: Final = "More analyses"


class ThoroughOrder(AnalysisOrder):
    """Which analysis, and how far it goes."""

    thorough: bool = Field(False, description="Whether to do also what takes long.")


@dataclass(frozen=True)
class Room:
    """Where analyses have their pages: below networks, or below models of other kinds.

    Args:
        path: of the pages, with ``{name}`` of the network or model.
        analyses: those that there are.
        options: which say what is meant.
        find: session, addresses, name, options and keys → how far these analyses are.
        order: analysis → what may be sent to ask for it.
        ask: session, addresses, name, analysis and order → the job.
    """

    path: str
    analyses: tuple[Analysis, ...]
    options: type[Options]
    find: Callable[[Session, Addresses, str, Any, Iterable[str]], list[Asked]]
    order: Callable[[Analysis], type[BaseModel]]
    ask: Callable[[Session, Addresses, str, Analysis, Any], JobRow]


def _of_network(session: Session, links: Addresses, name: str, options: Any, keys: Iterable[str]) -> list[Asked]:
    place = locate(session, links, name, options.scope)
    found = [analysis_meant(key, links, place.slug, place.scope) for key in keys]
    return [of_network(session, place, links, one) for one in found]


def _of_model(session: Session, links: Addresses, name: str, options: Any, keys: Iterable[str]) -> list[Asked]:
    place = locate_model(session, links, name, options.rules)
    found = [analysis_meant(key, links, place.slug, place.scope) for key in keys]
    return [of_model(session, place, links, one) for one in found]


def _ask_of_network(session: Session, links: Addresses, name: str, analysis: Analysis, order: Any) -> JobRow:
    row = analysis_ordered(session, links, name, order, f"nothing that {analysis.title.lower()} could be about")
    if analysis.of_planted and row.network.planted is None:
        raise Conflict(f"network {row.network.slug!r}", "has no planted algorithm", "import it with its record")
    if analysis.sums:
        return queue.enqueue_criteria(session, row, default_steps(), asked=True, again=True)
    details = analysis.details(thorough=getattr(order, "thorough", False))
    return queue.enqueue_about(session, row, analysis.key, asked=True, again=True, **details)


def _ask_of_model(session: Session, links: Addresses, name: str, analysis: Analysis, order: Any) -> JobRow:
    place = locate_model(session, links, name, order.rules)
    if search_of(session, place) is None:
        item, page = f"{analysis.title.lower()} of {place.slug}", links.model(place.slug)
        raise Conflict(
            item, "need circuits, which were not searched under these rules", "search them first", "rules", page
        )
    return queue.enqueue_of_model(session, f"model-{analysis.key}", place.row, place.text, asked=True, again=True)


ROOMS: Final = (
    Room(
        "/networks/{name}/analyses",
        SHOWN,
        ScopeOptions,
        _of_network,
        lambda analysis: ThoroughOrder if analysis.thoroughly else AnalysisOrder,
        _ask_of_network,
    ),
    Room(
        "/models/{name}/analyses",
        tuple(one for one in SHOWN if one.of_models),
        RulesOptions,
        _of_model,
        lambda _: RulesOrder,
        _ask_of_model,
    ),
)


def _page(request: Request, one: Asked, blocks: Iterable[Block], title: str, json_url: str = "") -> HTMLResponse:
    subject = one.subject
    row = network_row(subject.links, subject.slug, subject.name, TAB, subject.scope)
    return show(request, blocks, f"{title} of {subject.name}", room="Explore", network=row, json_url=json_url)


def _add_pages(here: Room) -> None:
    """The pages of all analyses, of one, and of one thing of one; and where a page asks for one."""
    keys = [one.key for one in here.analyses]
    options = Annotated[here.options, Query()]  # type: ignore[name-defined]  # made for each room

    def index(request: Request, session: Any, links: Any, name: str, options: Any) -> HTMLResponse:
        every = here.find(session, links, name, options, keys)
        return _page(request, every[0], index_of(every), TAB)

    def page(request: Request, session: Any, links: Any, name: str, key: str, options: Any) -> HTMLResponse:
        (one,) = here.find(session, links, name, options, [key])
        record = links.analysis_record(one.subject.slug, key, one.subject.scope) if one.analysis.find else ""
        return _page(request, one, page_of(one), one.analysis.title, record)

    def item(request: Request, session: Reading, links: Links, name: str, key: str, item: str) -> HTMLResponse:
        one, given = _given(here, request, session, links, name, key)
        with room(item):
            made, about = item_of(one, item, given), one.subject
            record = links.twin(links.analysis(about.slug, key, about.scope, item, **given))
            return _page(request, one, made.blocks(), made.title, record)

    def item_record(request: Request, session: Reading, links: Links, name: str, key: str, item: str) -> dict[str, Any]:
        one, given = _given(here, request, session, links, name, key)
        with room(item):
            return dict(item_of(one, item, given).record)

    def ask(session: Writing, links: Links, name: str, key: str, form: Form) -> RedirectResponse:
        (one,) = here.find(session, links, name, here.options(), [key])
        if not one.analysis.find:
            raise Conflict(one.analysis.title, "is answered at once, without a job", "use the form", "", one.url)
        order = here.order(one.analysis).model_validate({name: value for name, value in form.items() if value != ""})
        here.ask(session, links, name, one.analysis, order)
        scope = type(one.subject.scope)(**order.model_dump(exclude={"thorough"}))
        return RedirectResponse(links.analysis(one.subject.slug, key, scope), status_code=303)

    taken = {"request": Request, "session": Reading, "links": Links, "name": str, "options": options}
    takes(index, taken)
    takes(page, {**taken, "key": str})
    html: dict[str, Any] = {"response_class": HTMLResponse, "response_model": None, "include_in_schema": False}
    router.add_api_route(here.path, index, **html)
    router.add_api_route(here.path + "/{key}", page, **html)
    router.add_api_route(here.path + "/{key}", ask, methods=["POST"], response_model=None, include_in_schema=False)
    router.add_api_route(here.path + "/{key}/{item}", item, **html)
    router.add_api_route(
        f"{API_V2}{here.path}/{{key}}/{{item}}",
        item_record,
        tags=["analyses"],
        summary="One thing of an analysis",
        description="Every step of one discovery method, or every number of one lens, under settings of the address.",
        responses=api_errors(400, 404, 422),
    )


def _given(
    here: Room, request: Request, session: Session, links: Addresses, name: str, key: str
) -> tuple[Asked, dict[str, str]]:
    """The analysis that an address names, and the options that do not say which one it is."""
    given = {name: " ".join(request.query_params.getlist(name)) for name in request.query_params}
    meant = {name: given.pop(name) for name in (*here.options.model_fields, "part") if name in given}
    (one,) = here.find(session, links, name, here.options.model_validate(meant), [key])
    return one, given


def _add_record(here: Room, analysis: Analysis) -> None:
    """The record of one analysis, and where it is asked for, over HTTP."""
    path = f"{API_V2}{here.path}/{analysis.key}"

    def record(session: Any, links: Any, name: str, options: Any) -> Any:
        return here.find(session, links, name, options, [analysis.key])[0].record()

    def ask(session: Any, links: Any, name: str, order: Any, response: Response) -> JobPage:
        return accepted(session, links, here.ask(session, links, name, analysis, order), response)

    options = Annotated[here.options, Query()]  # type: ignore[name-defined]  # made for each room
    takes(record, {"session": Reading, "links": Links, "name": str, "options": options})
    body = {"session": Writing, "links": Links, "name": str, "order": here.order(analysis), "response": Response}
    takes(ask, body)
    what = f"{here.path.split('/')[1]}_{analysis.key.replace('-', '_')}"
    told: dict[str, Any] = {"tags": ["analyses"], "description": f"{analysis.question} {analysis.price}"}
    router.add_api_route(
        path,
        record,
        name=f"{what}_record",
        summary=analysis.title,
        response_model=AnalysisRecord[analysis.report],  # type: ignore[name-defined]  # what it finds
        responses=api_errors(400, 404),
        **told,
    )
    router.add_api_route(
        path,
        ask,
        methods=["POST"],
        name=f"ask_{what}",
        summary=f"Ask: {analysis.title}",
        status_code=202,
        response_model=JobPage,
        responses=api_errors(403, 404, 409, 422),
        **told,
    )


for _room in ROOMS:
    for _analysis in _room.analyses:
        if _analysis.find:
            _add_record(_room, _analysis)
    _add_pages(_room)
