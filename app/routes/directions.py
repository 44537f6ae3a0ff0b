"""One alignment on linear directions, and the way to it from its text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.directions.one import build_direction, direction_address
from app.pages.directions.places import comb_rows
from app.pages.directions.views import DirectionsOfOptions
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page

router = APIRouter()
OF = "/networks/{network}/algorithms/{algorithm}/directions"
LeadingOptions = Annotated[DirectionsOfOptions, Query()]


add_page(
    router,
    Page(
        OF + "/{alignment}",
        build_direction,
        "direction",
        "directions",
        "One alignment on directions",
        """
        An alignment on directions with every interchange, computed from the weights.

        One that is not stored needs its text as well: `at=PATH@LAYER=w1,w2,…` for each variable, joined by `;`.
        """,
        errors=(400, 404, 422),
        context=lambda _page, _options: {"comb_rows": comb_rows},
        within="this alignment on directions",
    ),
)


@router.get(OF, include_in_schema=False)
def directions_of_page(
    session: Reading, links: Links, network: str, algorithm: str, options: LeadingOptions
) -> RedirectResponse:
    return RedirectResponse(direction_address(session, links, network, algorithm, options), 302)


@router.get(
    API_PREFIX + OF,
    tags=["directions"],
    summary="An alignment on directions by its text",
    status_code=302,
    response_class=RedirectResponse,
    responses={**api_errors(400, 404, 422), 302: {"description": "To the alignment that `at` names, or to the list."}},
)
def directions_of_twin(
    session: Reading, links: Links, network: str, algorithm: str, options: LeadingOptions
) -> RedirectResponse:
    """With `at=PATH@LAYER=w1,w2,…;…` leads on to that alignment, stored or not; without it to all of the algorithm."""
    return RedirectResponse(links.twin(direction_address(session, links, network, algorithm, options)), 302)
