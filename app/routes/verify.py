"""What an address names computed anew from the weights, beside what is stored: a part of the page of an explanation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.addressing import API_V2
from app.error_answers import api_errors
from app.pages.sharing.targets import MAX_ADDRESS, read_target
from app.pages.sharing.verifying import VerifiedRecord, told, verify
from app.rendering import show
from app.routes.computing import room
from app.routes.depends import Links, Reading
from pluriscope.blocks import Action, Head

router = APIRouter()
Address = Annotated[
    str, Query(max_length=MAX_ADDRESS, description="Address of a network, an explanation or a comparison.")
]


@router.get("/verified", response_model=None, include_in_schema=False)
def verified_page(request: Request, session: Reading, links: Links, url: Address = "") -> Response:
    """A network or a comparison verified; the page of an explanation holds that itself."""
    target = read_target(url, links, without=("theme", "part"))
    if target.kind == "explanation":
        to = f"{links.prefix}{target.path}{target.query_text}"
        return RedirectResponse(f"{to}{'&' if target.query else '?'}part=verify#verify", 301)
    with room("re-verification"):
        found = verify(session, links, target)
        back = Action("Back to the page", found.url, primary=True)
        return show(request, [Head(f"{found.title}, verified", actions=[back]), *told(found)])


@router.get(
    f"{API_V2}/verified",
    tags=["sharing"],
    summary="Verify a network, an explanation or a comparison",
    responses=api_errors(400, 404, 422, 503),
)
def verified(session: Reading, links: Links, url: Address = "") -> VerifiedRecord:
    """Digests hashed again, and every figure of each explanation computed from the weights, beside the stored one."""
    with room("re-verification"):
        return verify(session, links, read_target(url, links))
