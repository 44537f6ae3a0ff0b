"""The machine interface in short, with the OpenAPI document that describes it."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.addressing import API_PREFIX, API_V2
from app.rendering import base_url, show
from app.routes.depends import Links
from pluriscope.blocks import Action, Block, Head, Prose, Section, Table

router = APIRouter()
_CODE = Markup("<code>{}</code>")


@router.get("/api", response_class=HTMLResponse, include_in_schema=False)
@router.get(API_V2, response_class=HTMLResponse, include_in_schema=False)
def interface(request: Request, links: Links) -> HTMLResponse:
    site = base_url(request) + links.prefix
    return show(request, _interface(request.app.description, site, f"{links.prefix}{API_V2}/openapi.json"))


def _interface(description: str, site: str, document: str) -> Iterator[Block]:
    yield Head("API", actions=[Action("OpenAPI document", document)])
    yield Prose(description)
    yield Section("In Python", "The same as objects, with drawings and tables in a notebook.", id="python")
    yield Prose(
        f'    import pluriscope\n    site = pluriscope.connect("{site}")\n    site.networks()\n\n'
        "*Share* on the page of a network or explanation has the lines that open the very same. Without a server: "
        "`pluriscope.explain(model)`, for a `torch.nn.Sequential`, an `MLPClassifier` or a network file."
    )
    yield Section("For scripts", "From a network file to its result.", id="scripts")
    addresses = {
        f"POST {API_PREFIX}/networks": "Stores a network and queues its analyses",
        f"POST {API_PREFIX}/networks/{{network}}/analyses": "Queues an analysis under a protocol",
        f"GET {API_PREFIX}/jobs/{{job}}": "How far a job is",
        f"GET {API_PREFIX}/networks/{{network}}/result": "The result file of a finished analysis",
    }
    yield Table.plain(("Address", "What it does"), [(_CODE.format(one), words) for one, words in addresses.items()])
