"""The list of networks, and one network: its page, its file, its name, deleting it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from pluriscope.addresses.address import API_V2
from pluriscope.analysis.explaining.plan import Plan
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.questions.protocol import BUILT_IN
from pluriscope.app.computing import room
from pluriscope.app.db.codecs import is_known, network_file_of
from pluriscope.app.db.links import rename_network
from pluriscope.app.db.remote import any_kind
from pluriscope.app.error_answers import api_errors
from pluriscope.app.errors import NotFound
from pluriscope.app.jobs import deletion
from pluriscope.app.limits import undo_days_in
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.networks import (
    COLUMNS,
    MOST_LETTERS,
    about_networks,
    network_list,
    networks_record,
    networks_table,
)
from pluriscope.app.pages.overview.page import Overview, OverviewOptions
from pluriscope.app.pages.place import find_network, locate, locate_perceptron, page_elsewhere
from pluriscope.app.pages.plan import measured
from pluriscope.app.pages.settings import settings
from pluriscope.app.rendering import HAS_RECORD, network_row, show
from pluriscope.app.routes.changes import Writing
from pluriscope.app.routes.depends import Form, Links, ListOptions, NoOptions, Reading, options_of
from pluriscope.app.routes.faces import HTML, UNLISTED, Faces, both, passed_on
from pluriscope.app.routes.streaming import CSV_RESPONSE, table_file
from pluriscope.page_kit.blocks import Table
from pluriscope.page_kit.templating import PART
from pluriscope.tables.table import parameters
from pluriscope.views.records import NetworkRecord, RowsRecord

router = APIRouter()
ONE: Final = "/networks/{network}"
_OPTIONS: Final[list[dict[str, Any]]] = [
    {
        "name": "q",
        "in": "query",
        "description": "Part of a name or slug, or the beginning of a digest; networks of studies are found too.",
        "schema": {"type": "string", "maxLength": MOST_LETTERS},
    },
    {
        "name": "protocol",
        "in": "query",
        "description": "Rules of the numbers of perceptrons; a file has a row for each where none is named.",
        "schema": {"type": "string", "enum": list(BUILT_IN)},
    },
    *parameters(COLUMNS),
]


@both(router, "/networks", "networks", "All networks", RowsRecord, errors=(400,), options=_OPTIONS)
def networks(session: Reading, links: Links, options: ListOptions) -> Faces:
    """Perceptrons and transformers, one item for each output, with how many explanations were found of it."""
    table = networks_table(session, links, options)
    return Faces(
        lambda request: show(request, network_list(session, links, table), room="Explore"),
        lambda: networks_record(links, table),
    )


@router.get(
    "/networks.csv",
    tags=["networks"],
    summary="All networks as a file",
    response_class=Response,
    responses={**api_errors(400), **CSV_RESPONSE},
    openapi_extra={"parameters": _OPTIONS},
)
def networks_file(request: Request, links: Links) -> Response:
    """The whole list, a row for each output under each protocol."""
    options = options_of(request)

    def made(session: Session) -> tuple[tuple[str, ...], Table]:
        table = networks_table(session, links, options, tuple(BUILT_IN))
        return about_networks(table), replace(table, query=replace(table.query, start=0))

    return table_file(request, "networks", made)


@both(router, ONE, "networks", "One network", NetworkRecord, costly=lambda request: PART in request.query_params)
def network(session: Reading, links: Links, network: str, options: Annotated[OverviewOptions, Query()]) -> Faces:
    """A perceptron with its weights, what it computes, and what was found under one protocol; `network` is a slug, or
    the first 6 or more digits of a digest.
    """

    def page(request: Request) -> Response:
        try:
            place = locate(session, links, network, options.scope)
        except NotFound:
            if to := page_elsewhere(session, links, network):
                return RedirectResponse(to, 302)
            raise
        if place.row.input_data and not options.data:  # it is shown on the inputs that it was brought with
            own = [("data", place.row.input_data[:12])]
            rest = [one for one in request.query_params.multi_items() if one[0] != "data"]
            return RedirectResponse(f"{links.network(place.slug)}?{urlencode(own + rest)}", 302)
        if place.question.kind.refuses("formulas"):  # only the page is made
            request.scope.pop(HAS_RECORD)
        return passed_on(request, session, links, Overview(session, links, place, options))

    def record() -> NetworkRecord:
        return Overview(session, links, locate_perceptron(session, links, network, options.scope), options).record()

    return Faces(page, record)


@router.get(
    f"{API_V2}{ONE}/plan", tags=["networks"], summary="What an analysis will take", responses=api_errors(404, 422)
)
def plan(session: Reading, links: Links, network: str, options: Annotated[ScopeOptions, Query()]) -> Plan:
    """Seconds of one processor and peak memory of each stage of an analysis, as ranges. Without a recent measurement,
    parts are tried for about a second; for a transformer the engine predicts how long its circuits take.
    """
    place = locate(session, links, network, options.scope)
    with room("this plan"):
        return measured(session, place)


@router.get(
    f"{API_V2}{ONE}/file",
    tags=["networks"],
    summary="The network file",
    response_class=JSONResponse,
    responses=api_errors(404),
)
def network_file(session: Reading, links: Links, network: str) -> Response:
    """The network with its tasks, in the format in which one is imported; every bit of its weights is kept."""
    row = find_network(session, links, network)
    if row.document is not None:
        headers = {"Content-Disposition": f'attachment; filename="{row.slug}.json"'}
        return Response(row.document, media_type="application/json", headers=headers)
    headers = {"Content-Disposition": f'attachment; filename="{row.slug}.network.json"'}
    return JSONResponse(network_file_json(network_file_of(row)), headers=headers)


@router.get(f"{ONE}/settings", **HTML)
def settings_page(request: Request, session: Reading, links: Links, network: str, _options: NoOptions) -> HTMLResponse:
    """Page to change a network's slug, or to delete it."""
    row = find_network(session, links, network)
    tabs = network_row(links, row.slug, row.name, any_kind(row.kind)) if is_known(row.kind) else None
    return show(request, settings(session, links, row), room="Explore", network=tabs, headers=UNLISTED)


@router.post(f"{ONE}/rename", include_in_schema=False)
def rename(form: Form, session: Writing, links: Links, network: str) -> RedirectResponse:
    """Change the slug of a network, then redirect to it; addresses with the former slug redirect from now on."""
    row = find_network(session, links, network)
    rename_network(session, row, str(form.get("slug", "")).strip())
    return RedirectResponse(links.network(row.slug), 303)


@router.post(f"{ONE}/delete", include_in_schema=False)
def delete(request: Request, session: Writing, links: Links, network: str, later: BackgroundTasks) -> RedirectResponse:
    """Deletes a network and cancels its work; on to its address, which offers to undo it."""
    row = find_network(session, links, network, deleted=True)
    deletion.delete(session, row)
    later.add_task(deletion.purge_deleted, request.app.state.store, undo_days_in(session))
    return RedirectResponse(links.network(row.slug), status_code=303)


@router.post(f"{ONE}/restore", include_in_schema=False)
def undo_deletion(session: Writing, links: Links, network: str) -> RedirectResponse:
    """Back to the network's page, with all that was found; work that was cancelled is queued again."""
    row = find_network(session, links, network, deleted=True)
    deletion.restore(session, row)
    return RedirectResponse(links.network(row.slug), status_code=303)
