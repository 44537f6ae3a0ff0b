"""Deleting networks, with confirmation and undo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_V2
from app.error_answers import api_errors
from app.jobs.deletion import delete_softly, purge_beside, restore
from app.limits import undo_days_in
from app.options import Options
from app.pages.delete import DeletePage, build_delete, build_deleted, deleted_list, network_removal
from app.pages.place import find_network
from app.rendering import show
from app.routes.changes import Writing
from app.routes.depends import Links, Reading

router = APIRouter()
NoOptions = Annotated[Options, Query()]
_UNLISTED = {"x-robots-tag": "noindex"}


@router.get("/networks/{network}/delete", response_class=HTMLResponse, include_in_schema=False)
def delete_page(request: Request, session: Reading, links: Links, network: str, _options: NoOptions) -> HTMLResponse:
    """What would be deleted, or until when a deletion can be undone."""
    return show(request, network_removal(build_delete(session, links, network), links), headers=_UNLISTED)


@router.get("/deleted", response_class=HTMLResponse, include_in_schema=False)
def deleted_page(request: Request, session: Reading, links: Links, _options: NoOptions) -> HTMLResponse:
    """Networks and studies whose deletion can be undone, the latest first."""
    return show(request, deleted_list(build_deleted(session, links)), headers=_UNLISTED)


@router.post("/networks/{network}/delete", include_in_schema=False)
def delete_from_form(
    request: Request, session: Writing, links: Links, network: str, later: BackgroundTasks
) -> RedirectResponse:
    """The confirmation: on to the page that offers to undo it."""
    row = find_network(session, links, network, deleted=True)
    delete_softly(session, row)
    later.add_task(purge_beside, request.app.state.store, undo_days_in(session))
    return RedirectResponse(links.delete(row.slug), status_code=303)


@router.delete(
    f"{API_V2}/networks/{{network}}",
    tags=["networks"],
    summary="Delete a network",
    responses=api_errors(403, 404),
)
def delete(request: Request, session: Writing, links: Links, network: str, later: BackgroundTasks) -> DeletePage:
    """Delete a network with all that was found about it; for some days that can be undone. Its work is cancelled."""
    row = find_network(session, links, network, deleted=True)
    delete_softly(session, row)
    later.add_task(purge_beside, request.app.state.store, undo_days_in(session))
    return build_delete(session, links, row.slug)


@router.post("/networks/{network}/restore", include_in_schema=False)
def restore_from_form(session: Writing, links: Links, network: str) -> RedirectResponse:
    """Back to the network's page."""
    row = find_network(session, links, network, deleted=True)
    restore(session, row)
    return RedirectResponse(links.network(row.slug), status_code=303)


@router.post(
    f"{API_V2}/networks/{{network}}/restore",
    tags=["networks"],
    summary="Undo a deletion",
    responses=api_errors(403, 404),
)
def restore_over_http(session: Writing, links: Links, network: str) -> DeletePage:
    """Bring a deleted network back with all that was found; the work that was cancelled with it is queued again."""
    row = find_network(session, links, network, deleted=True)
    restore(session, row)
    return build_delete(session, links, row.slug)
