"""oEmbed: other sites ask what to show for one of our addresses (https://oembed.com)."""

from __future__ import annotations

from typing import Annotated
from xml.sax.saxutils import escape

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.error_answers import api_errors
from app.pages.sharing.embedding import Oembed, build_oembed
from app.rendering import base_url
from app.routes.depends import Links, Reading

router = APIRouter()
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
