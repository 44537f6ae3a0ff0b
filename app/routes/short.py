"""Short keys for long addresses, and new slugs for networks: what makes links short and keeps them whole."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field
from starlette.routing import Match

from app.addressing import API_V2, Addresses
from app.db.links import (
    MAX_SHORT_LINKS,
    is_kept_short,
    kept_claim,
    long_address,
    rename_network,
    save_short_link,
    short_key,
)
from app.error_answers import api_errors
from app.errors import BadQuery, NotFound
from app.options import PageModel
from app.pages.place import find_network
from app.pages.rename import RenameOptions, build_rename, renaming
from app.pages.sharing.targets import MAX_ADDRESS
from app.rendering import base_url, show
from app.routes.changes import Writing
from app.routes.depends import Form, Links, Reading
from app.routes.visitors import check_page, is_visitor, take_one
from pluriscope.blocks import Action, Head, Menu

router = APIRouter()
_NOT_PAGES: Final = ("//", API_V2, "/static", "/s/", "/health", "/metrics")


class LongAddress(BaseModel):
    """What is to be shortened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(max_length=MAX_ADDRESS, description="Path and query of a page, or its whole address.")


class ShortAddress(PageModel):
    """A short key and what it leads to."""

    key: str
    url: str = Field(description="The short address, with scheme and host.")
    address: str = Field(description="The long one, in canonical form; it keeps working.")


class NewSlug(BaseModel):
    """How a network is to be called in addresses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str = Field(max_length=80, description="Lower-case letters, digits and hyphens inside.")


class Renamed(PageModel):
    """A network's slug, and where it is."""

    slug: str
    former: str
    url: str


@router.get("/s/{key}", include_in_schema=False)
def follow(session: Reading, links: Links, key: str) -> RedirectResponse:
    """From a short key to the address that it stands for."""
    return RedirectResponse(links.prefix + long_address(session, key), 302)


def former_claim(session: Reading, links: Links, network: str, claim: str, output: int = 0) -> RedirectResponse:
    """From the address of a claim that an earlier version kept to the one that holds what was claimed."""
    return RedirectResponse(
        links.prefix + kept_claim(session, find_network(session, links, network), output, claim), 301
    )


for _path in ("", "/embed"):
    router.add_api_route(
        _path + "/networks/{network}/claims/{claim}", former_claim, include_in_schema=False, response_model=None
    )


@router.get(f"{API_V2}/s/{{key}}", tags=["sharing"], summary="A short key", responses=api_errors(404))
def key_twin(request: Request, session: Reading, links: Links, key: str) -> ShortAddress:
    """What a short key stands for."""
    return ShortAddress(
        key=key, url=base_url(request) + links.short(key), address=links.prefix + long_address(session, key)
    )


@router.post(
    f"{API_V2}/s",
    tags=["sharing"],
    summary="Shorten an address",
    status_code=201,
    responses={
        200: {"model": ShortAddress, "description": "It has its key already."},
        **api_errors(400, 403, 404, 409, 422, 503),
    },
)
def shorten(request: Request, response: Response, links: Links, sent: Annotated[LongAddress, Body()]) -> ShortAddress:
    """Keep a long address of this site under a short key made of it; doing so again gives the same key.

    Visitors may do so without a token, within bounds: addresses of up to 2,000 characters of pages that exist, a few in
    a minute, and only while fewer than `PLURISCOPE_VISITOR_SHORT_LINKS` are kept.
    """
    made, is_new = _kept(request, links, sent.address)
    response.status_code = 201 if is_new else 200
    response.headers["location"] = links.short(made.key)
    return made


@router.post("/s", include_in_schema=False, response_class=HTMLResponse)
def shorten_from_form(request: Request, links: Links, form: Form) -> HTMLResponse:
    """The same from the panel of a page: a page with the short link."""
    made, is_new = _kept(request, links, str(form.get("address", "")))
    sentence = Markup(
        '<a href="{0}">{0}</a> is made of the address itself and kept by this site. The long address keeps working.'
    ).format(made.url)
    actions = (Action("Back to the page", made.address, primary=True), Menu("Share", (), made.url))
    return show(request, [Head("A short link", sentence, actions=actions)], status_code=201 if is_new else 200)


@router.get("/networks/{network}/rename", response_class=HTMLResponse, include_in_schema=False)
def rename_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[RenameOptions, Query()]
) -> HTMLResponse:
    """Whether a network may have a slug, and what it was called before."""
    page = build_rename(session, links, network, options)
    return show(request, renaming(page, links), headers={"x-robots-tag": "noindex"})


@router.post("/networks/{network}/rename", include_in_schema=False)
def rename_from_form(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
    """The same from the page's form: on to the network under its new slug."""
    row = find_network(session, links, network)
    rename_network(session, row, str(form.get("slug", "")).strip())
    return RedirectResponse(links.network(row.slug), 303)


@router.post(
    f"{API_V2}/networks/{{network}}/rename",
    tags=["networks"],
    summary="Rename a network",
    responses=api_errors(403, 404, 409, 422),
)
def rename(session: Writing, links: Links, network: str, sent: Annotated[NewSlug, Body()]) -> Renamed:
    """Give a network another slug. Addresses with the former one redirect for as long as the network is here."""
    row = find_network(session, links, network)
    former = row.slug
    rename_network(session, row, sent.slug)
    return Renamed(slug=row.slug, former=former, url=links.network(row.slug))


def _kept(request: Request, links: Addresses, address: str) -> tuple[ShortAddress, bool]:
    """An address kept under its key, and whether it is new.

    Raises:
        BadQuery: no address, or one that is too long.
        NotFound: one of another site, or of no page here.
        Refused: sent by a page of another site.
        Busy: visitors have asked for many just now.
        Conflict: no more may be kept.
    """
    visitor = is_visitor(request)
    canonical = _canonical(request, links, address)
    store = request.app.state.store
    key, is_new = short_key(canonical), False
    with store.read() as session:
        is_kept = is_kept_short(session, canonical)
        if visitor and not is_kept:
            take_one(request)
            check_page(request, session, links, canonical)
    if not is_kept:
        most = request.app.state.settings.visitor_short_links if visitor else MAX_SHORT_LINKS
        with store.write() as session:
            key, is_new = save_short_link(session, canonical, most=most)
    made = ShortAddress(key=key, url=base_url(request) + links.short(key), address=links.prefix + canonical)
    return made, is_new


def _canonical(request: Request, links: Addresses, address: str) -> str:
    """Path and query of a page of this site, without host, prefix, colours and empty options."""
    text = address.strip()
    if not text or len(text) > MAX_ADDRESS:
        cause = "is empty" if not text else f"has {len(text):,} characters, and at most {MAX_ADDRESS:,} are kept"
        raise BadQuery("address", cause, "give path and query of a page", "address")
    try:
        split = urlsplit(text)
    except ValueError:
        split = urlsplit("")
    own = urlsplit(base_url(request)).netloc
    path = split.path
    if links.prefix and f"{path}/".startswith(f"{links.prefix}/"):
        path = path.removeprefix(links.prefix)
    foreign = bool(split.netloc) and split.netloc.lower() != own.lower()
    if foreign or not path.startswith("/") or path.startswith(_NOT_PAGES) or not _is_page(request, links.prefix + path):
        raise NotFound(
            f"address {text[:200]!r}",
            "is of another site" if foreign else "is that of no page here",
            "give the address of a page of this site",
            "address",
            links.gallery(),
            "all networks",
        )
    query = [(key, value) for key, value in parse_qsl(split.query) if key != "theme"]
    return path + (f"?{urlencode(query)}" if query else "")


def _is_page(request: Request, path: str) -> bool:
    """Whether some route answers there."""
    scope = {**request.scope, "method": "GET", "path": path, "raw_path": path.encode()}
    return any(route.matches(scope)[0] == Match.FULL for route in request.app.router.routes)
