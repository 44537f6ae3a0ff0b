"""Editing a network: the page with its preview, and storing what comes of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from analysis.errors import AnalysisError
from app.errors import PageError
from app.pages.edit import Editing, store
from app.rendering import network_row, show
from app.routes.changes import Writing
from app.routes.computing import room
from app.routes.depends import Form, Links, ListOptions, Reading
from app.routes.faces import HTML

router = APIRouter()


@router.get("/networks/{network}/edit", **HTML)
def edit(request: Request, session: Reading, links: Links, network: str, options: ListOptions) -> Response:
    """A rule, its settings, and what would come of it."""
    with room("this page"):
        return _page(request, Editing.read(session, links, network, options))


@router.post("/networks/{network}/edit", **HTML)
def edited(request: Request, session: Writing, links: Links, network: str, sent: Form) -> Response:
    """Store what comes of it, and go to the comparison of both networks; what cannot be done is said on the page."""
    given = {name: [str(value) for value in sent.getlist(name)] for name in sent}
    editing = Editing.read(session, links, network, given)
    try:
        with room("this change"):
            row, _ = store(editing)
    except (AnalysisError, PageError) as error:
        return _page(request, editing, f"{error.item} {error.cause}.")
    return RedirectResponse(links.changes(editing.place.slug, row.slug, editing.place.scope), 303)


def _page(request: Request, editing: Editing, refused: str = "") -> Response:
    place = editing.place
    row = network_row(editing.links, place.slug, place.row.name, "", place.scope)
    code = 400 if refused else 200
    return show(request, editing.blocks(refused), "Edit", room="Explore", network=row, status_code=code)
