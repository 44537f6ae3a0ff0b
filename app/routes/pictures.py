"""Routes of files made from a shared page: its card, its figures, and its embedding on other sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.app import computing
from pluriscope.app.computing import BOUND, room
from pluriscope.app.errors import BadQuery, NotFound, TakesTooLong
from pluriscope.app.middleware import CONTENT_SECURITY_POLICY
from pluriscope.app.pages.page import DRAWING
from pluriscope.app.pages.sharing.share import Share, Shared, share_of
from pluriscope.app.pages.sharing.targets import SHARED, build_target, read_target
from pluriscope.app.rendering import base_url, show
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.figures.cards import card_svg
from pluriscope.figures.numbers import short
from pluriscope.figures.paper import pdf_of
from pluriscope.figures.standalone import FONT_FAMILY, Theme, png_apart, size_of, standalone_svg
from pluriscope.page_kit.blocks import Block, Fact, Facts, Figure, Head, Prose, Side

router = APIRouter(include_in_schema=False)
Form = Literal["svg", "png", "pdf"]
LEAST_WIDTH, MAX_WIDTH = 1_600, 2_400
"""Of a PNG whose width nobody names; any is at most so wide."""
ANYWHERE: Final = {"cache-control": "public, max-age=3600", "cross-origin-resource-policy": "cross-origin"}


def _page_of(request: Request, session: Session, links: Addresses, *own: str) -> Shared:
    """The page that the address of something made of it names."""
    # the path as it came, so that percent-encoded names stay whole
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    target = read_target(f"{path}?{request.url.query}", links, without=("theme", *own))
    return build_target(session, links, target)


def card(request: Request, session: Reading, links: Links, form: Literal["svg", "png"]) -> Response:
    """The card that other sites show beside a link."""
    with room("this picture"):
        svg = card_of(_page_of(request, session, links), _theme(request))
        return _svg(svg) if form == "svg" else _png(svg, None)


def drawing(request: Request, session: Reading, links: Links, form: Form) -> Response:
    """The drawing of what a page is about."""
    return figure(request, session, links, DRAWING, form)


def figure(request: Request, session: Reading, links: Links, name: str, form: Form) -> Response:
    """Any figure of a page."""
    with room("this picture"):
        page = _page_of(request, session, links, *(("width",) if form == "png" else ()))
        return drawing_file(request, _drawn(page, name), form)


def _drawn(page: Shared, name: str) -> Markup:
    """A drawing of a page, as SVG."""
    drawn = page.drawn(name)
    if drawn is None:
        item, cure = f"figure {name[:40]!r}", f"use {DRAWING}, or another figure that the page links to"
        raise NotFound(item, "does not belong to this page", cure, "name", page.url, "the page")
    return drawn


def embedding(request: Request, session: Reading, links: Links) -> HTMLResponse:
    """A page in a frame."""
    _theme(request)
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
    headers = {"content-security-policy": policy}
    with room("this page"):
        page = _page_of(request, session, links)
        share = share_of(page, links, base_url(request))
        blocks = _embedded(page, share)
        response = show(request, blocks, share.facts.title, share=share, around="embed.html", headers=headers)
    if "set-cookie" in response.headers:  # a frame's theme is its own, not the visitor's choice
        del response.headers["set-cookie"]
    return response


for _pattern in (one.pattern for one in SHARED.values()):
    router.add_api_route(f"{_pattern}/card.{{form}}", card)
    router.add_api_route(f"{_pattern}/drawing.{{form}}", drawing)
    router.add_api_route(f"/embed{_pattern}", embedding, response_class=HTMLResponse)
    router.add_api_route(f"{_pattern}/figures/{{name}}.{{form}}", figure)


def _embedded(page: Shared, share: Share) -> Iterator[Block]:
    facts = share.facts
    yield Head(facts.title, facts.kicker)
    named = Markup("<b>{}</b> {}")
    figures = [Figure(drawn, named.format(letter, name) if letter else "") for letter, name, drawn in page.thumbs]
    yield from [Side(figures)] if figures[1:] else figures
    yield Facts([Fact(what, value) for what, value in facts.lines])
    whole = [
        f"[See it whole in Pluriscope]({share.url})",
        f"protocol {facts.protocol}",
        f"engine {facts.engine_version}",
    ]
    whole += [f"network `{short(share.network_digest)}`"] if share.network_digest else []
    whole += [f"[re-verify]({share.verify_url})"] if share.verify_url else []
    yield Prose(" · ".join(whole), glossary=False)


def drawing_file(request: Request, markup: str, form: Form) -> Response:
    """A drawing as a file: in colours of its own, of the width in the query, or for a paper."""
    with BOUND.get().within("this picture"):
        if form == "pdf":
            return Response(pdf_of(markup), media_type="application/pdf", headers=ANYWHERE)
        theme = _theme(request)
        if form == "svg":
            return _svg(standalone_svg(markup, theme))
        return _png(standalone_svg(markup, theme, font=FONT_FAMILY), _width(request, markup))


def _theme(request: Request) -> Theme:
    """Theme named in the query; light without one."""
    theme = request.query_params.get("theme", "light")
    if theme not in ("light", "dark"):
        raise BadQuery(f"theme {theme[:20]!r}", "is unknown", "use light or dark", "theme")
    return "dark" if theme == "dark" else "light"


def _width(request: Request, markup: str) -> int:
    """Width in pixels named in the query, else twice the drawing's own and enough for a slide."""
    text = request.query_params.get("width", str(min(max(round(2 * size_of(markup)[0]), LEAST_WIDTH), MAX_WIDTH)))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 16 <= int(text) <= MAX_WIDTH):
        raise BadQuery(
            f"width {text[:20]!r}", f"is no number of pixels from 16 to {MAX_WIDTH:,}", "correct it", "width"
        )
    return int(text)


def _svg(markup: str) -> Response:
    """A drawing as a file: it may be shown anywhere; opened as a page it may style itself and nothing else."""
    policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(markup, media_type="image/svg+xml", headers=ANYWHERE | policy)


def _png(svg: str, width: int | None) -> Response:
    """A rendered drawing."""
    with room("this picture"):
        try:
            drawn = png_apart(svg, width=width, seconds=computing.SECONDS)
        except OutOfTime:
            cause = computing.CAUSE.format(computing.SECONDS)
            raise TakesTooLong("this picture", cause, "take it as SVG or PDF") from None
        return Response(drawn, media_type="image/png", headers=ANYWHERE)


def card_of(page: Shared, theme: Theme) -> str:
    """The card of a page."""
    facts, drawings = page.in_short, [(letter, str(drawn)) for letter, _, drawn in page.thumbs]
    return card_svg(facts.title, drawings, f"{page.digest[:12]} · protocol {facts.protocol.split(' ')[0]}", theme)
