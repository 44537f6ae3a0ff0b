"""The gallery."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.gallery import GalleryOptions, GalleryPage, build_gallery
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
Options = Annotated[GalleryOptions, Query()]


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def gallery(request: Request, session: Reading, links: Links, options: Options) -> HTMLResponse:
    page = build_gallery(session, links, options)
    return render(request, "pages/gallery.html", {"page": page}, block="networks")


@router.get(f"{API_PREFIX}/gallery", tags=["networks"], summary="All networks", responses=api_errors(400))
def gallery_twin(session: Reading, links: Links, options: Options) -> GalleryPage:
    """Every stored network with its counts under the protocols complete and paper, and one with explanations."""
    return build_gallery(session, links, options)


@router.get(f"{API_PREFIX}/networks", tags=["networks"], summary="All networks", responses=api_errors(400))
def networks_twin(session: Reading, links: Links, options: Options) -> GalleryPage:
    """The same as /gallery, at the address that networks are added to."""
    return build_gallery(session, links, options)
