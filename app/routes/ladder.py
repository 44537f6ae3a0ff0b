"""The ladder of map classes of one analysis, and asking for it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from app.pages.reports.ladder import build_ladder, ladder_drawing
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
PAGE = "/networks/{network}/ladder"


class LadderRequest(AnalysisOrder):
    """Which analysis, and how far up."""

    thorough: bool = Field(False, description="Whether to learn subspaces and non-linear maps too: some minutes.")


add_page(
    router,
    Page(
        PAGE,
        build_ladder,
        "ladder",
        "directions",
        "The ladder of map classes",
        "How many explanations pass in each class of maps, each beside the same on networks with permuted weights.",
        context=lambda page, _: {"figure": ladder_drawing(page)},
    ),
)


add_order(
    router,
    PAGE,
    "ladder",
    LadderRequest,
    "nothing to climb on",
    lambda _session, _analysis, order: {"thorough": order.thorough},
    tag="directions",
    summary="Ask for the ladder",
    about="Climb the ladder in the background, learned maps too if `thorough`. Asking twice is asking once.",
    name="climb",
)
