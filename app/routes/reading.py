"""Routes of pages to read and look things up: lessons, the search, words, limitations, the state of the site."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from pluriscope.addresses.address import API_DOCS
from pluriscope.app.access.sessions import now
from pluriscope.app.pages.admin import administration
from pluriscope.app.pages.criteria import (
    CriteriaRecord,
    CriterionRecord,
    criteria_blocks,
    criteria_record,
    criterion_blocks,
    criterion_called,
    criterion_record,
)
from pluriscope.app.pages.glossary import glossary
from pluriscope.app.pages.scope import scope
from pluriscope.app.pages.search import MOST_ON_PAGE, SearchOptions, SearchRecord, build_search, search_blocks
from pluriscope.app.rendering import base_url, show
from pluriscope.app.routes.changes import Admin
from pluriscope.app.routes.depends import Links, NoOptions, Reading
from pluriscope.app.routes.faces import HTML, UNLISTED, Faces, both
from pluriscope.documents.markdown import markdown
from pluriscope.page_kit.blocks import Action, Block, Head, Prose, Section, Table

router = APIRouter()
_CODE = Markup("<code>{}</code>")


@both(router, "/search", "service", "Find anything", SearchRecord, errors=(400,))
def search(session: Reading, links: Links, options: Annotated[SearchOptions, Query()]) -> Faces:
    """Things that match a text, by group: networks, explanations by mask, reference or formula, studies, terms,
    actions; best first. Groups without a result are left out.
    """
    every = options.model_copy(update={"limit": MOST_ON_PAGE if options.q else options.limit})

    def page(request: Request) -> Response:
        return show(request, search_blocks(build_search(session, links, every), links), headers=UNLISTED)

    return Faces(page, lambda: build_search(session, links, options))


@router.get("/glossary", **HTML)
def glossary_page(request: Request, links: Links, _options: NoOptions) -> HTMLResponse:
    return show(request, glossary(links))


@router.get("/scope", **HTML)
def scope_page(request: Request, session: Reading, links: Links, _options: NoOptions) -> HTMLResponse:
    return show(request, scope(session, links))


@both(router, "/criteria", "service", "Criteria", CriteriaRecord, errors=(400,))
def criteria(links: Links, _options: NoOptions) -> Faces:
    """All criteria, each with its question and the kinds of explanations that it judges."""
    return Faces(lambda request: show(request, criteria_blocks(links)), lambda: criteria_record(links))


@both(router, "/criteria/{key}", "service", "One criterion", CriterionRecord)
def criterion(links: Links, key: str, _options: NoOptions) -> Faces:
    """A criterion: its question, how it is decided and what may be set."""
    one = criterion_called(key, links)
    return Faces(lambda request: show(request, criterion_blocks(one, links)), lambda: criterion_record(one, links))


@router.get(API_DOCS, **HTML)
def interface_page(request: Request, links: Links, _options: NoOptions) -> HTMLResponse:
    site = base_url(request) + links.prefix
    return show(request, _interface(request.app.openapi(), site, f"{links.prefix}{request.app.openapi_url}"))


@router.get("/admin", dependencies=[Admin], **HTML)
def admin(request: Request, session: Reading, links: Links, _options: NoOptions) -> HTMLResponse:
    """State of the installation, for those who run it."""
    state = request.app.state
    blocks = administration(session, links, state.store, state.settings, os.environ, now())
    return show(request, blocks, "Administration", headers={"cache-control": "no-store"})


def _interface(described: Mapping[str, Any], site: str, document: str) -> Iterator[Block]:
    """The operations of the OpenAPI document, one a row."""
    yield Head("API", actions=[Action("OpenAPI document", document)])
    yield Prose(described["info"]["description"])
    yield Section("In Python", "The same as objects, with drawings and tables in a notebook.", id="python")
    yield Prose(
        f'    import pluriscope\n    pluriscope.fetch("{site}/networks/NAME")\n\n'
        "It takes the address of a network's page, a circuit's, interpretation's, algorithm's or placement's. "
        "Without a server: `pluriscope.explain(model)`, of a `torch.nn.Sequential`, `MLPClassifier` or network file."
    )
    groups = defaultdict[str, list[tuple[Any, ...]]](list)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            options = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            words = markdown(operation.get("description", operation["summary"]), glossary=False)
            row = (_CODE.format(f"{method.upper()} {path}"), words, ", ".join(options))
            groups[operation["tags"][0]].append(row)
    for tag, rows in groups.items():
        yield Section(tag.capitalize(), id=tag)
        yield Table.plain(("Address", "What it does", "Options"), rows)
