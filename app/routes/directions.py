"""Alignments on linear directions: what was found by class, and asking for it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.directions.findings import CLOSED_FORM
from analysis.directions.result import DirectionClass
from app.db.tables import AnalysisRow
from app.jobs.definitions import direction_details
from app.pages.directions.overview import build_directions
from app.pages.directions.places import comb_rows
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
LIST = "/networks/{network}/directions"


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
