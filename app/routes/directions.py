"""Alignments on linear directions: what was found by class, asking for it, and each by itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.directions.findings import CLOSED_FORM
from analysis.directions.result import DirectionClass
from app.addressing import API_PREFIX
from app.db.tables import AnalysisRow
from app.error_answers import api_errors
from app.jobs.definitions import direction_details
from app.pages.directions.one import build_direction, direction_address
from app.pages.directions.overview import build_directions
from app.pages.directions.places import comb_rows
from app.pages.directions.views import DirectionsOfOptions
from app.routes.asking import AnalysisOrder, add_order
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page

router = APIRouter()
LIST = "/networks/{network}/directions"
OF = "/networks/{network}/algorithms/{algorithm}/directions"
LeadingOptions = Annotated[DirectionsOfOptions, Query()]


class DirectionsRequest(AnalysisOrder):
    """Which directions to search."""

    classes: list[DirectionClass] = Field(
        list(CLOSED_FORM), min_length=1, max_length=5, description="Classes; all in closed form if not given."
    )
    every: bool = Field(False, description="Whether to search algorithms with a redundant literal too.")
    seeds: int = Field(3, ge=1, le=20, description="Of learned subspaces: how many seeds each choice starts from.")
    steps: int = Field(300, ge=10, le=3000, description="Of learned subspaces: most steps from each seed.")
    max_dimension: int | None = Field(
        None, ge=1, le=64, description="Of learned subspaces: largest dimension of one variable; none: a whole layer."
    )


add_page(
    router,
    Page(
        LIST,
        build_directions,
        "directions",
        "directions",
        "Alignments on directions",
        "What the search of one class of directions found, by algorithm; how far the others are. `next_url` leads on.",
        context=lambda _page, _options: {"comb_rows": comb_rows},
        block="results",
        pushes_url=True,
    ),
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


def _details(_session: Session, _analysis: AnalysisRow, order: DirectionsRequest) -> dict[str, Any]:
    return direction_details(
        list(dict.fromkeys(order.classes)),
        every=order.every,
        seeds=order.seeds,
        steps=order.steps,
        max_dimension=order.max_dimension,
    )


add_order(
    router,
    LIST,
    "directions",
    DirectionsRequest,
    "no algorithm to place",
    _details,
    tag="directions",
    summary="Run a search of directions",
    about="Search directions for a stored analysis in the background. Asking twice is asking once.",
    name="search",
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
