"""Embeddings: a page without the site around it, which other sites may show in a frame."""

from __future__ import annotations

from typing import Annotated
from xml.sax.saxutils import escape

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import ValidationError

from app.error_answers import api_errors
from app.errors import BadQuery
from app.middleware import CONTENT_SECURITY_POLICY
from app.pages.compare.compared import Compared
from app.pages.sharing.drawings import drawing_of, thumbs_of
from app.pages.sharing.embedding import EmbedOptions, Oembed, build_oembed, embed_parts
from app.rendering import base_url, render
from app.routes.depends import Links, Reading
from app.routes.shared_targets import SHOWN, page_of

router = APIRouter()


def embedding(request: Request, session: Reading, links: Links) -> HTMLResponse:
    """One network, explanation or comparison, in a frame."""
    options = _options(request)
    page = page_of(request, session, links, "hide")
    facts, share = embed_parts(page, links, base_url(request))
    several = isinstance(page, Compared)
    context = {
        "facts": facts,
        "link": share,
        "hide": options.hide,
        "drawing": None if several or "drawing" in options.hide else drawing_of(page),
        "thumbs": thumbs_of(page) if isinstance(page, Compared) and "drawing" not in options.hide else [],
    }
    ancestors = request.app.state.settings.embed_ancestors
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")
    response = render(request, "embed/page.html", context, headers={"content-security-policy": policy})
    if "set-cookie" in response.headers:  # a frame's theme is its own, not the visitor's choice
        del response.headers["set-cookie"]
    return response


for _pattern in SHOWN:
    router.add_api_route(f"/embed{_pattern}", embedding, response_class=HTMLResponse, include_in_schema=False)


def _options(request: Request) -> EmbedOptions:
    given = {"hide": request.query_params.getlist("hide"), "theme": request.query_params.get("theme")}
    try:
        return EmbedOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        allowed = "light or dark" if name == "theme" else "title, drawing or numbers"
        raise BadQuery(f"option {name!r} {str(first['input'])[:40]!r}", "is unknown", f"use {allowed}", name) from None


# --- oEmbed: other sites ask what to show for one of our addresses (https://oembed.com)


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
    answer = build_oembed(session, links, base_url(request), url, form, maxwidth, maxheight)
    fields = answer.model_dump()
    headers = {"cache-control": f"public, max-age={answer.cache_age}", "access-control-allow-origin": "*"}
    if form == "json":
        return JSONResponse(fields, headers=headers)
    body = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items())
    text = f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>{body}</oembed>\n'
    return Response(text, media_type="text/xml", headers=headers)
