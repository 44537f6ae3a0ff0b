"""Embeddings: a page without the site around it, which other sites may show in a frame."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.errors import BadQuery
from app.middleware import CONTENT_SECURITY_POLICY
from app.pages.compare.views import ComparePage
from app.pages.sharing.drawings import drawing_of, thumbs_of
from app.pages.sharing.embedding import EmbedOptions, embed_parts
from app.rendering import base_url, render
from app.routes.depends import Links, Reading
from app.routes.shared_targets import SHOWN, page_of

router = APIRouter()


def embedding(request: Request, session: Reading, links: Links) -> HTMLResponse:
    """One network, explanation or comparison, in a frame."""
    options = _options(request)
    page = page_of(request, session, links, "hide")
    facts, share = embed_parts(page, links, base_url(request))
    several = isinstance(page, ComparePage)
    context = {
        "facts": facts,
        "link": share,
        "hide": options.hide,
        "drawing": None if several or "drawing" in options.hide else drawing_of(page),
        "thumbs": thumbs_of(page) if isinstance(page, ComparePage) and "drawing" not in options.hide else [],
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
