"""Addresses of two networks beside each other: the page, its record and table, and asking for the comparison."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Form as Sent
from fastapi.responses import RedirectResponse, Response

from pluriscope.app.errors import Conflict
from pluriscope.app.jobs.queue import enqueue_about
from pluriscope.app.options import ScopeOptions
from pluriscope.app.rendering import network_row, show
from pluriscope.app.routes.asking import AnalysisOrder
from pluriscope.app.routes.changes import Writing
from pluriscope.app.routes.compare import TAB
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.exports import table
from pluriscope.app.routes.faces import Faces, both
from pluriscope.app.routes.streaming import Streamed, table_file
from pluriscope_edits.pages.changes import Changes, ChangesOptions, ChangesRecord

router = APIRouter()
_PATH = "/networks/{network}/compare/{other}"
_SUMMARY = "What becomes of a network's explanations in another one"


@table(_PATH, _SUMMARY, router)  # before the page, whose path is this one's, too
def changes_file(
    request: Request, links: Links, network: str, other: str, options: Annotated[ScopeOptions, Query()]
) -> Streamed:
    """The explanations that are kept, changed, lost and gained, the smallest of each."""
    name = f"{network}-and-{other}"
    return table_file(request, name, lambda store: Changes.find(store, links, network, other, options).table())


@both(router, _PATH, "compare", _SUMMARY, ChangesRecord, errors=(400, 404, 422), costly=lambda _: True)
def changes(
    session: Reading, links: Links, network: str, other: str, options: Annotated[ChangesOptions, Query()]
) -> Faces:
    """Explanations that two networks of one shape share, judged on the task of the first, and those that one has
    alone.
    """
    found = Changes.find(session, links, network, other, options)
    before = found.before

    def page(request: Request) -> Response:
        row = network_row(links, before.slug, before.row.name, before.question.kind, TAB, before.scope)
        title = f"{before.row.name} and {found.after.row.name}"
        return show(request, found.blocks(options.e), title, room="Explore", network=row)

    return Faces(page, found.record)


@router.post(_PATH, include_in_schema=False)
def compare_networks(
    session: Writing, links: Links, network: str, other: str, order: Annotated[AnalysisOrder, Sent()]
) -> RedirectResponse:
    """Ask for it from its page's button."""
    found = Changes.find(session, links, network, other, ScopeOptions(**order.model_dump()))
    if found.before.analysis is None:
        raise Conflict("comparison", f"{found.before.slug} is not analysed", "ask for its analysis first")
    enqueue_about(session, found.before.analysis, "changes", requested=True, again=True, other=found.after.row.digest)
    return RedirectResponse(found.url, 303)
