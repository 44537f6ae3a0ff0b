"""Routes of your own answer: a circuit that a reader gives, at an address that holds it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import RedirectResponse

from pluriscope.analysis.discovery.claims import MAX_CLAIM_BYTES, read_claim
from pluriscope.app.computing import room
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.own import Own
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import locate
from pluriscope.app.rendering import network_row, show
from pluriscope.app.routes.changes import Changer
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.faces import Faces, both
from pluriscope.own_circuits.page import UNNEEDED

router = APIRouter()
PATH: Final = "/networks/{name}/own"
TAB: Final = "Your own"
WITHOUT: Final = "without"
_OPTIONS: Final = [
    {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
    for name, words in {
        "c": "The circuit by its mask or name, such as c-3b2cf; the whole network where nothing is given.",
        "text": "The circuit in any form that is read: names of edges, scores, JSON or a graph.",
        WITHOUT: f'"{UNNEEDED}": parts are left out, those of least weight first, as long as it stays valid.',
        "k": "Of scores: how many parts they keep.",
        "threshold": "Of scores: the least faithfulness that the parts kept have.",
    }.items()
]


@both(
    router,
    PATH,
    "analyses",
    "A circuit of somebody's own",
    dict[str, Any],
    errors=(400, 404, 422),
    options=_OPTIONS,
    costly=lambda _: True,
)
def own(request: Request, session: Reading, links: Links, name: str) -> Faces:
    """Validity and margin of a circuit, the number of the valid ones, the nearest and the farthest of these with the
    differences, and every criterion that is judged quickly. Nothing is kept.
    """
    options = {name: " ".join(request.query_params.getlist(name)) for name in request.query_params}
    scope_options = {name: options.pop(name) for name in (*ScopeOptions.model_fields, "part") if name in options}
    less = options.pop(WITHOUT, "") == UNNEEDED
    place = locate(session, links, name, read_options(ScopeOptions, [*scope_options.items()]).scope)
    found = Own.find(session, links, place, options)
    one = found.given
    if less and one.refused is None:
        to = one.at(one.without_unneeded())
        return Faces(lambda _: RedirectResponse(to, 303), lambda: RedirectResponse(links.twin(to), 303))

    def page(request: Request) -> Any:
        row = network_row(links, place.slug, place.row.name, place.question.kind, TAB, place.scope)
        status, title = 200 if one.refused is None else 422, f"Your own answer of {place.row.name}"
        return show(request, found.blocks(), title, room="Explore", network=row, status_code=status)

    def record() -> Any:
        if one.refused is not None:
            raise one.refused
        return one.whole_record()

    return Faces(page, record)


@router.post(PATH, dependencies=[Changer], include_in_schema=False)
def own_of_file(
    session: Reading,
    links: Links,
    name: str,
    scope: Annotated[ScopeOptions, Query()],
    file: Annotated[UploadFile | None, File()] = None,
) -> RedirectResponse:
    """Read a file, and lead to the page about the circuit or the scores in it.

    Raises:
        LoginNeeded: a stranger's: what they ask stands in an address, which is short.
        InvalidClaim: it cannot be read.
    """
    place = locate(session, links, name, scope.scope)
    one = Own.find(session, links, place, {}).given
    with room("this file"):
        claim = read_claim(b"" if file is None else file.file.read(MAX_CLAIM_BYTES + 1), one.about)
    if claim.raw_mask is not None:
        return RedirectResponse(one.at(claim.raw_mask), 303)
    text = json.dumps(claim.scores, separators=(",", ":"))
    return RedirectResponse(links.claim(place.slug, place.scope, text=text), 303)
