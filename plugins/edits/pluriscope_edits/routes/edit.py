"""Editing a network: the page with its preview, and storing what comes of it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from pluriscope.analysis.edits.edit import EditedRecord
from pluriscope.analysis.edits.registry import EDITS
from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.computing import room
from pluriscope.app.errors import PageError
from pluriscope.app.rendering import network_row, show
from pluriscope.app.routes.changes import Changer
from pluriscope.app.routes.depends import Form, Links, ListOptions, Reading
from pluriscope.app.routes.faces import HTML, Faces, both
from pluriscope_edits.addresses import changes_url
from pluriscope_edits.pages.edit import Editing

router = APIRouter()
_SETTINGS: Final = {
    one.name: f"Of some rules: {one.meaning}." for rule in EDITS for way in rule.ways.values() for one in way.settings
}
OPTIONS: Final = [
    {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
    for name, words in {"rule": "Key of a rule.", "output": "Index of the output.", **_SETTINGS}.items()
]


@both(
    router,
    "/networks/{network}/edit",
    "networks",
    "What would come of an edit",
    EditedRecord,
    errors=(400, 404, 422),
    options=OPTIONS,
    costly=lambda _: True,
)
def edit(session: Reading, links: Links, network: str, options: ListOptions) -> Faces:
    """Show what would come of a rule with its settings; nothing is stored."""
    editing = Editing.read(session, links, network, options)
    return Faces(lambda request: _page(request, editing), editing.record)


@router.post("/networks/{network}/edit", dependencies=[Changer], **HTML)
def edited(request: Request, sent: Form, session: Reading, links: Links, network: str) -> Response:
    """Store what comes of it, and go to the comparison of both networks; what cannot be done is said on the page."""
    given = {name: [str(value) for value in sent.getlist(name)] for name in sent}
    editing = Editing.read(session, links, network, given)
    try:
        with room("this change"):
            fresh = editing.fresh()
        with request.app.state.store.write() as writing:
            row = editing.store(writing, fresh)
    except (AnalysisError, PageError) as error:
        return _page(request, editing, f"{error.item} {error.cause}.")
    return RedirectResponse(changes_url(links, editing.place.slug, row.slug, editing.place.scope), 303)


def _page(request: Request, editing: Editing, refused: str = "") -> Response:
    place = editing.place
    row = network_row(editing.links, place.slug, place.row.name, place.question.kind, "", place.scope)
    code = 400 if refused and not editing.as_offered else 200
    return show(request, editing.blocks(refused), "Edit", room="Explore", network=row, status_code=code)
