"""Routes of interventions by hand, and of verification: a page's content computed anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from pluriscope.addresses.address import API_V2
from pluriscope.app.computing import room
from pluriscope.app.error_answers import api_errors, wants_json
from pluriscope.app.errors import BadQuery
from pluriscope.app.pages.play.reading import PlayOptions, find_play
from pluriscope.app.pages.sharing.targets import MAX_ADDRESS, read_target
from pluriscope.app.pages.sharing.verifying import VerifiedRecord, verify
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.faces import Faces, both, options_schema, passed_on
from pluriscope.page_kit.templating import PART
from pluriscope.views.records import PlayRecord

router = APIRouter()
PLAY: Final = "/networks/{network}/play"
Address = Annotated[
    str, Query(max_length=MAX_ADDRESS, description="Address of a network, an explanation or a comparison.")
]


@both(
    router,
    PLAY,
    "networks",
    "An intervention by hand",
    PlayRecord,
    errors=(400, 404, 422),
    options=options_schema(PlayOptions),
    costly=lambda _: True,
)
def play(request: Request, session: Reading, links: Links, network: str) -> Faces:
    """Values and outputs of a network while some of them are changed, beside the unchanged run, with the predictions of
    up to six explanations and of placements on what is exchanged, and whether they were right.
    """
    query = request.query_params.multi_items()
    try:
        found = find_play(session, links, network, query)
    except BadQuery as error:
        if wants_json(request) or error.field not in ("tool", "site"):
            raise
        wrong = {error.field: (request.query_params[error.field], f"{error.item} {error.cause}: {error.cure}.")}
        others = [one for one in query if one[0] != error.field]
        found = replace(find_play(session, links, network, others), wrong=wrong)

    def page(request: Request) -> Response:
        # a step leads to an address worth keeping, without the form's fields
        if "site" in request.query_params and not found.wrong:
            return RedirectResponse(found.url, 303)
        is_step = request.headers.get("HX-Request") and PART not in request.query_params
        title = f"{found.title}: {found.place.row.name}"
        pushed = {"HX-Push-Url": found.url} if is_step else None
        return passed_on(
            request, session, links, found, "Play", title, headers=pushed, status_code=400 if found.wrong else 200
        )

    return Faces(page, found.record)


@router.get("/verified", include_in_schema=False)
def verified_page(links: Links, url: Address = "") -> RedirectResponse:
    """Redirect to the page itself, which holds the verification of an explanation."""
    target = read_target(url, links, without=("theme", PART))
    to = f"{links.prefix}{target.path}{target.query_text}"
    if target.kind == "explanation":
        to += f"{'&' if target.query else '?'}part=verify#verify"
    return RedirectResponse(to, 301)


@router.get(
    f"{API_V2}/verified", tags=["sharing"], summary="Verify an explanation", responses=api_errors(400, 404, 422, 503)
)
def verified(session: Reading, links: Links, url: Address = "") -> VerifiedRecord:
    """Digests hashed again, and the record of an explanation computed from the weights, beside what is stored."""
    with room("this page"):
        return verify(session, links, read_target(url, links, without=("theme", PART)))
