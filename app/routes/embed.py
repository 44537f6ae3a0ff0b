"""Embeddings: a page without the site around it, which other sites may show in a frame, and what oEmbed says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup

from app.error_answers import api_errors
from app.errors import BadQuery, NotFound, Unsupported
from app.figures.numbers import short
from app.middleware import CONTENT_SECURITY_POLICY
from app.options import PageModel
from app.pages.compare.compared import Compared
from app.pages.sharing.drawings import drawing_of, thumbs_of
from app.pages.sharing.share import EMBED_HEIGHT, EMBED_WIDTH, Share, share_of
from app.pages.sharing.targets import SharedPage, build_target, read_target
from app.rendering import base_url, show
from app.routes.cards import theme_of
from app.routes.depends import Links, Reading
from app.routes.shared_targets import SHOWN, page_of
from pluriscope.blocks import Block, Fact, Facts, Figure, Head, Prose, Side

router = APIRouter()
PARTS: Final = ("title", "drawing", "numbers")
CACHE_SECONDS: Final = 3_600


def embedding(request: Request, session: Reading, links: Links) -> HTMLResponse:
    """One network, explanation or comparison, in a frame; ``hide`` leaves parts out."""
    hide = request.query_params.getlist("hide")
    theme_of(request)
    for part in hide:
        if part not in PARTS:
            raise BadQuery(f"option 'hide' {part[:40]!r}", "is unknown", f"use {', '.join(PARTS)}", "hide")
    page = page_of(request, session, links, "hide")
    share = share_of(page, links, base_url(request))
    if share is None:
        raise ValueError("only pages that can be passed on have an embedding")
    ancestors = request.app.state.settings.embed_ancestors
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")
    blocks = _embedded(page, share, hide)
    headers = {"content-security-policy": policy}
    response = show(request, blocks, share.facts.title, share=share, around="embed.html", headers=headers)
    if "set-cookie" in response.headers:  # a frame's theme is its own, not the visitor's choice
        del response.headers["set-cookie"]
    return response


def _embedded(page: SharedPage, share: Share, hide: Sequence[str]) -> Iterator[Block]:
    facts = share.facts
    if "title" not in hide:
        yield Head(facts.title, facts.kicker)
    if "drawing" in hide:
        pass
    elif isinstance(page, Compared):
        yield Side(
            [Figure(drawn, Markup("<b>{}</b> {}").format(letter, name)) for letter, name, drawn in thumbs_of(page)]
        )
    else:
        yield Figure(drawing_of(page), "")
    if "numbers" not in hide:
        yield Facts([Fact(what, value) for what, value in facts.lines])
    whole = [
        f"[See it whole in Pluriscope]({share.url})",
        f"protocol {facts.protocol}",
        f"engine {facts.engine_version}",
    ]
    whole += [f"network `{short(share.network_digest)}`"] if share.network_digest else []
    whole += [f"[re-verify]({share.verify_url})"] if share.verify_url else []
    yield Prose(" · ".join(whole), glossary=False)


for _pattern in SHOWN:
    router.add_api_route(f"/embed{_pattern}", embedding, response_class=HTMLResponse, include_in_schema=False)


# --- oEmbed: other sites ask what to show for one of our addresses (https://oembed.com)


class Oembed(PageModel):
    """The answer of the oEmbed endpoint, as its specification names the fields."""

    type: Literal["rich"] = "rich"
    version: Literal["1.0"] = "1.0"
    title: str
    provider_name: str = "Pluriscope"
    provider_url: str
    cache_age: int = CACHE_SECONDS
    html: str
    width: int
    height: int
    thumbnail_url: str
    thumbnail_width: int = 1200
    thumbnail_height: int = 630


Pixels = Annotated[int | None, Query(ge=160, le=10_000, description="Most that the frame may take, in pixels.")]


@router.get("/oembed", tags=["sharing"], summary="oEmbed", responses=api_errors(400, 404, 501), response_model=Oembed)
def oembed(
    request: Request,
    session: Reading,
    links: Links,
    url: Annotated[str, Query(max_length=10_000, description="The whole address of a page of this site.")] = "",
    form: Annotated[str, Query(alias="format", max_length=20, description="json or xml.")] = "json",
    maxwidth: Pixels = None,
    maxheight: Pixels = None,
) -> Response:
    """What to show for an address: a frame with its embedding, and its card as thumbnail.

    404 for an address that names nothing here, 501 for another format, as the specification asks; options that it does
    not know are ignored, since consumers add their own.
    """
    if form not in ("json", "xml"):
        raise Unsupported(f"format {form[:20]!r}", "is not made here", "ask for json or xml", "format")
    if not url:
        raise BadQuery("option 'url'", "is missing", "give the whole address of a page, percent-encoded", "url")
    base = base_url(request)
    given = urlsplit(url)
    if given.scheme not in ("http", "https") or given.netloc.lower() != urlsplit(base).netloc.lower():
        cause, cure = f"does not belong to {base or 'this site'}", "ask the site that it belongs to"
        raise NotFound(f"address {url[:200]!r}", cause, cure, "url", links.gallery(), "all networks")
    share = share_of(build_target(session, links, read_target(url, links)), links, base)
    if share is None:
        raise ValueError("what an address names can always be shared")
    width, height = (min(usual, most or usual) for usual, most in ((EMBED_WIDTH, maxwidth), (EMBED_HEIGHT, maxheight)))
    answer = Oembed(
        title=share.facts.title,
        provider_url=base + links.gallery(),
        html=share.frame(width, height),
        width=width,
        height=height,
        thumbnail_url=share.card_url,
    )
    headers = {"cache-control": f"public, max-age={CACHE_SECONDS}", "access-control-allow-origin": "*"}
    if form == "json":
        return JSONResponse(answer.model_dump(), headers=headers)
    body = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in answer.model_dump().items())
    text = f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>{body}</oembed>\n'
    return Response(text, media_type="text/xml", headers=headers)
