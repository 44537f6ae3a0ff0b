"""Registering what a builder makes, a page, its JSON twin or a table: the builder's parameters are the request's.

A builder takes a session, the addresses, what stands in the path, and where it has any the options. FastAPI sees the
same parameters, so a page costs its builder, its template and one entry in a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from inspect import Parameter, Signature, cleandoc, signature
from typing import Annotated, Any, Final, get_type_hints

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.addressing import API_V2, Addresses
from app.error_answers import api_errors
from app.options import Options
from app.rendering import show
from app.routes.computing import room
from app.routes.depends import Links, Reading, now
from pluriscope.blocks import Block

Builder = Callable[..., Any]
_NOW: Final = "now"


@dataclass(frozen=True)
class Page:
    """A page, its twin, or both.

    Args:
        path: with names in braces, in the order of the builder's parameters.
        build: session, addresses, what stands in the path, options and the present, as far as it takes them → page.
        name: of the twin in the description of the interface, without ``_twin``.
        tag: under which the description of the interface lists the twin.
        summary: the twin's title there.
        about: what the twin says, there.
        errors: statuses that the twin may answer with.
        options: of the page, where they are more than those of its twin, which are the builder's; a builder without
            options leaves those that every page has, so that unknown ones are refused.
        within: what is computed, where only a few may be computed at once.
        blocks: page and addresses → what it consists of.
    """

    path: str
    build: Builder
    name: str
    tag: str
    summary: str
    about: str
    errors: tuple[int, ...] = (400, 404)
    options: type | None = None
    within: str = ""
    blocks: Callable[[Any, Addresses], Iterable[Block]] = lambda _page, _links: ()

    def made(self, given: Mapping[str, Any]) -> Any:
        """The page for what a request gave, by the names that :func:`taken_by` has."""
        with room(self.within) if self.within else nullcontext():
            return built(self.build, self.path, given)


def add_page(router: APIRouter, *pages: Page) -> None:
    """Answer the addresses of pages in HTML, and those of their twins in JSON."""
    for page in pages:
        add_html(router, page)
        add_twin(router, page)


def add_html(router: APIRouter, page: Page) -> None:
    """Answer a page's address in HTML."""

    def answer(request: Request, **given: Any) -> HTMLResponse:
        links: Addresses = request.app.state.addresses
        twin = links.twin(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
        blocks = page.blocks(page.made(given), links)
        return show(request, blocks, json_url=twin, headers={"x-robots-tag": "noindex"})

    taken = {"options": Annotated[Options, Query()], **taken_by(page.build, page.path)}
    if page.options is not None:
        taken["options"] = Annotated[page.options, Query()]
    takes(answer, {"request": Request, **taken})
    router.add_api_route(page.path, answer, response_class=HTMLResponse, response_model=None, include_in_schema=False)


def add_twin(router: APIRouter, page: Page) -> None:
    """Answer the address of a page's twin in JSON."""

    def answer(**given: Any) -> Any:
        return page.made(given)

    takes(answer, {"options": Annotated[Options, Query()], **taken_by(page.build, page.path)})
    router.add_api_route(
        API_V2 + page.path,
        answer,
        name=f"{page.name}_twin",
        tags=[page.tag],
        summary=page.summary,
        description=cleandoc(page.about),
        response_model=get_type_hints(page.build)["return"],
        responses=api_errors(*page.errors),
    )


def taken_by(build: Builder, path: str) -> dict[str, Any]:
    """What a builder takes of a request: name → what FastAPI reads it from. What stands in the path has its name there.

    Args:
        build: the builder.
        path: with names in braces.
    """
    return {name: kind for name, kind in _parameters(build, path) if name != _NOW}


def built(build: Builder, path: str, given: Mapping[str, Any]) -> Any:
    """What a builder makes of what a request gave; where it asks for the time, that is now."""
    return build(*(now() if name == _NOW else given[name] for name, _ in _parameters(build, path)))


@cache
def _parameters(build: Builder, path: str) -> tuple[tuple[str, Any], ...]:
    hints, found = get_type_hints(build), list[tuple[str, Any]]()
    in_path = iter(part[1:-1] for part in path.split("/") if part.startswith("{"))
    for name in signature(build).parameters:
        kind = hints[name]
        if kind is Session:
            found.append(("session", Reading))
        elif kind is Addresses:
            found.append(("links", Links))
        elif kind is datetime:
            found.append((_NOW, None))
        elif kind in (str, int):
            found.append((next(in_path), kind))
        else:
            found.append(("options", Annotated[kind, Query()]))
    return tuple(found)


def takes(answer: Builder, taken: Mapping[str, Any]) -> None:
    """Give an endpoint parameters, in place of those that it is written with."""
    parameters = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in taken.items()]
    answer.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    answer.__annotations__ = dict(taken)
