"""Interventions by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.sandbox.build import build_sandbox
from app.pages.sandbox.drawing import drawing_of
from app.pages.sandbox.options import SandboxOptions, SandboxPageOptions
from app.pages.sandbox.views import SandboxPage
from app.rendering import is_fragment, render
from app.routes.depends import Links, Reading

router = APIRouter()
SANDBOX = "/networks/{network}/sandbox"
TwinOptions = Annotated[SandboxOptions, Query()]
PageOptions = Annotated[SandboxPageOptions, Query()]


@router.get(SANDBOX, response_class=HTMLResponse, include_in_schema=False)
def sandbox_page(request: Request, session: Reading, links: Links, network: str, options: PageOptions) -> Response:
    page = build_sandbox(session, links, network, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and options.from_form else {}
    context = {"page": page, "scope": options.scope, "drawing": drawing_of(page)}
    return render(request, "pages/sandbox.html", context, block="sandbox", headers=headers)


@router.get(API_PREFIX + SANDBOX, tags=["networks"], summary="The sandbox", responses=api_errors(400, 404, 422))
def sandbox_twin(session: Reading, links: Links, network: str, options: TwinOptions) -> SandboxPage:
    """One intervention by hand: activations, output and decisions beside the unchanged run, what each of up to six
    explanations predicted and whether it was right, and the score over everything in `tried`.

    With `game=1` the network's answer is left out until `now` carries what was foretold.
    """
    return build_sandbox(session, links, network, options)
