"""What is left of all explanations after each criterion of a sequence."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.funnel import FunnelOptions, FunnelPage, FunnelPageOptions, build_funnel
from app.rendering import is_fragment, render
from app.routes.depends import Links, Reading

router = APIRouter()
FUNNEL = "/networks/{network}/funnel"
TwinOptions = Annotated[FunnelOptions, Query()]
PageOptions = Annotated[FunnelPageOptions, Query()]


@router.get(FUNNEL, response_class=HTMLResponse, include_in_schema=False)
def funnel_page(request: Request, session: Reading, links: Links, network: str, options: PageOptions) -> Response:
    page = build_funnel(session, links, network, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and options.from_form else {}
    return render(request, "pages/funnel.html", {"page": page}, block="funnel", headers=headers)


@router.get(API_PREFIX + FUNNEL, tags=["networks"], summary="The funnel", responses=api_errors(400, 404))
def funnel_twin(session: Reading, links: Links, network: str, options: TwinOptions) -> FunnelPage:
    """How many explanations of each kind are left after each criterion of a sequence, from stored verdicts.

    `criteria` is repeated, in order; without it the recommended sequence is taken. Steps without verdicts have a
    `state` other than `stored`, and `pending.url` says where they are asked for.
    """
    return build_funnel(session, links, network, options)
