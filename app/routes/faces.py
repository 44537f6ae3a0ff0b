"""A page and its JSON from one function: the same path and options, behind ``/api/v2`` as a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from pluriscope.addresses.address import API_V2, Addresses
from pluriscope.analysis.plugins import entries
from pluriscope.app.computing import BOUND, room
from pluriscope.app.db.remote import any_kind
from pluriscope.app.error_answers import api_errors
from pluriscope.app.pages.sharing.share import OF_THE_QUESTION, Share, Shared, only_here, share_of
from pluriscope.app.pages.sharing.targets import read_target
from pluriscope.app.pages.sharing.verifying import verified, verify
from pluriscope.app.rendering import HAS_RECORD, base_url, network_row, show
from pluriscope.page_kit.blocks import Block, More, Notice, Prose

_COPY: Final = "copy"
"""Command of a plugin that writes pages as files."""


def folds(session: Session, share: Share) -> Iterator[Block]:
    """Folds at the end of a page: verification, and citing and embedding."""

    def recomputed() -> Iterator[Block]:
        return verified(verify(session, share.links, read_target(share.path, share.links)))

    if share.verify_url:
        yield More("Verify", recomputed, "computed anew from the weights, beside what is stored", id="verify")
    copies = ", an offline copy" if _COPY in entries("commands") and share.copied() else ""
    what = f"BibTeX, a frame, a notebook{copies}{', graphs' if share.graphs else ''}"
    yield More("Cite and embed", lambda: _texts(share), what, id="cite")


def _texts(share: Share) -> Iterator[Block]:
    """Texts to copy from the page."""
    if only := only_here(share.base):
        yield Notice(only, cure="Give the site an address that others reach (PLURISCOPE_PUBLIC_URL), or send a file.")
    if share.graphs:
        offered = "\n".join(f"- [{label}]({url})" for label, url in share.graphs())
        yield Prose(f"**As a graph for other tools**\n\n{offered}", glossary=False)
    answer = {
        "Link": share.url,
        "In a notebook": share.notebook,
        "Verified at the command line": f"pluriscope verify '{share.path}'" if share.verify_url else "",
        "BibTeX": f"{share.bibtex}\n\n{OF_THE_QUESTION}",
        "Embedding": share.frame(),
    }
    if _COPY in entries("commands") and share.copied():
        answer["Offline copy, run where the database is"] = f"pluriscope copy DIR {share.copied()}"
    yield Prose("\n\n".join(f"**{what}**\n\n```\n{text}\n```" for what, text in answer.items() if text), glossary=False)


HTML: Final[dict[str, Any]] = {"response_class": HTMLResponse, "response_model": None, "include_in_schema": False}
"""How a route that answers with a page is declared."""
UNLISTED: Final[Mapping[str, str]] = {"x-robots-tag": "noindex"}
"""Headers of pages that no search engine should list."""


@dataclass(frozen=True)
class Faces:
    """An address in its two forms, each made when it is requested.

    Args:
        page: the page, or where it leads instead.
        record: the same as JSON has it.
    """

    page: Callable[[Request], Response]
    record: Callable[[], Any]


def both(
    router: APIRouter,
    path: str,
    tag: str,
    summary: str,
    record_type: Any,
    *,
    errors: tuple[int, ...] = (400, 404),
    options: list[dict[str, Any]] | None = None,
    costly: Callable[[Request], bool] | None = None,
) -> Callable[[Callable[..., Faces]], Callable[..., Faces]]:
    """Declare the page and the JSON of an address. What the function's text says describes the interface.

    Args:
        router: where they are added.
        path: of the page.
        tag: the group of the interface that the JSON belongs to.
        summary: of the JSON.
        record_type: of the record.
        errors: statuses of the refusals that it may answer with.
        options: as OpenAPI has them, where the function reads its options itself.
        costly: which requests are computed only a few at a time; None: none.
    """

    def declare(find: Callable[..., Faces]) -> Callable[..., Faces]:
        asked = signature(find, eval_str=True)
        own = "request" in asked.parameters
        given = [one for one in asked.parameters.values() if one.name != "request"]
        whole = asked.replace(
            parameters=[Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request)]
            + [one.replace(kind=Parameter.KEYWORD_ONLY) for one in given]
        )

        def at_once(request: Request) -> Any:
            costs = costly is not None and costly(request)
            return room("this page") if costs else BOUND.get().within("this page")

        def page(*, request: Request, **named: Any) -> Response:
            request.scope[HAS_RECORD] = True
            more = {"request": request} if own else {}
            with at_once(request):
                return find(**named, **more).page(request)

        def record(*, request: Request, **named: Any) -> Any:
            more = {"request": request} if own else {}
            with at_once(request):
                return find(**named, **more).record()

        faces: tuple[Any, Any] = page, record
        for face in faces:
            face.__name__, face.__doc__ = find.__name__, find.__doc__
            face.__signature__ = whole.replace(return_annotation=asked.empty)
        router.add_api_route(path, page, **HTML)
        router.add_api_route(
            API_V2 + path,
            record,
            tags=[tag],
            summary=summary,
            response_model=record_type,
            responses=api_errors(*errors),
            openapi_extra={"parameters": options} if options else None,
        )
        return find

    return declare


def passed_on(
    request: Request, session: Session, links: Addresses, page: Shared, tab: str = "", title: str = "", **more: Any
) -> HTMLResponse:
    """A page that can be passed on, with how that is done at its end.

    Args:
        page: what is shown.
        tab: of the network's pages.
        title: of the page; "" for what it is called elsewhere.
        more: further arguments of :func:`pluriscope.app.rendering.show`.
    """
    share, about = share_of(page, links, base_url(request)), page.about
    blocks = [*page.blocks, *folds(session, share)]
    row = (
        None
        if about is None
        else network_row(links, about[0].slug, about[0].name, any_kind(about[0].kind), tab, about[1])
    )
    return show(request, blocks, title or share.facts.title, room=page.room, network=row, share=share, **more)


def options_schema(*models: type[BaseModel]) -> list[dict[str, Any]]:
    """Options as OpenAPI has them, of pages that read theirs by the kind of network or explanation.

    Args:
        models: of each kind, networks' own first; what further ones say otherwise is of networks with sites.
    """
    found: dict[str, dict[str, Any]] = {}
    for model in models:
        for name, field in model.model_fields.items():
            said = found.get(name, {}).get("description", field.description)
            words = said if said == field.description else f"{said} Of a network with sites: {field.description}"
            several = str(field.annotation).startswith("list")
            schema = {"type": "array", "items": {"type": "string"}} if several else {"type": "string"}
            found[name] = {"name": name, "in": "query", "description": words, "schema": schema}
    return list(found.values())
