"""One intervention by hand on a network of any kind: the page, and its record."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import escape

from app.addressing import API_V2
from app.error_answers import api_errors
from app.pages.play.find import find_play
from app.pages.play.models import ModelOptions
from app.pages.play.state import NetworkOptions
from app.pages.sharing.passing_on import cited
from app.pages.sharing.share import share_of
from app.rendering import base_url, network_row, show
from app.routes.computing import room
from app.routes.depends import Links, Reading
from pluriscope.records import PlayRecord

router = APIRouter()
PLAY: Final = "/networks/{network}/sandbox"
_OPTIONS: Final[dict[str, dict[str, Any]]] = {}
for _options in (NetworkOptions, ModelOptions):
    for _name, _field in _options.model_fields.items():
        _known = _OPTIONS.get(_name, {}).get("description", _field.description)
        _words = _known if _known == _field.description else f"{_known} Of a transformer: {_field.description}"
        _schema = {"type": "array", "items": {"type": "string"}} if _name in ("e", "change") else {"type": "string"}
        _OPTIONS[_name] = {"name": _name, "in": "query", "description": _words, "schema": _schema}


@router.get(PLAY, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def play(request: Request, session: Reading, links: Links, network: str) -> Response:
    """The page; a step leads to an address worth keeping, without the form's fields."""
    with room("this run"):
        found = find_play(session, links, network, request.query_params.multi_items())
        if "site" in request.query_params:
            return RedirectResponse(found.url, 303)
        share = share_of(found, links, base_url(request))
        return show(
            request,
            [*found.blocks(), *([cited(share)] if share else [])],
            f"{found.told.title}: {found.network.name}",
            room="Explore",
            network=network_row(links, found.place.slug, found.network.name, "Play", found.place.scope),
            description=f"Interventions by hand on {found.network.name}: {escape(found.told.words).striptags()}.",
            json_url=links.twin(found.url),
            share=share,
            headers={"HX-Push-Url": found.url} if request.headers.get("HX-Request") and not _is_part(request) else None,
        )


def _is_part(request: Request) -> bool:
    """Whether a fold of the page is asked for alone."""
    return "part" in request.query_params


@router.get(
    API_V2 + PLAY,
    tags=["networks"],
    summary="An intervention by hand",
    response_model=PlayRecord,
    responses=api_errors(400, 404, 409, 422),
    openapi_extra={"parameters": list(_OPTIONS.values())},
)
def record(request: Request, session: Reading, links: Links, network: str) -> PlayRecord:
    """What a network does while something in it is changed, beside the unchanged run. Of a perceptron, what each of up
    to six explanations predicted and whether it was right; with `game=1` the answer is left out until `now` ends with
    what was predicted. Of a transformer, one row of its task, what each node gives and where it looks.
    """
    with room("this record"):
        return find_play(session, links, network, request.query_params.multi_items()).record()
