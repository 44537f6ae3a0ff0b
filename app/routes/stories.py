"""The stories of one analysis' circuits, and asking for them."""

from __future__ import annotations

from fastapi import APIRouter

from app.pages.reports.stories import build_stories
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
PAGE = "/networks/{network}/stories"


class StoriesRequest(AnalysisOrder):
    """Which analysis."""


add_page(
    router,
    Page(
        PAGE,
        build_stories,
        "stories",
        "circuits",
        "Stories of circuits",
        "Which irredundant algorithms the valid circuits carry, beside those that the whole network carries.",
    ),
)


add_order(
    router,
    PAGE,
    "stories",
    StoriesRequest,
    "no circuit to ask",
    lambda _session, _analysis, _order: {},
    tag="circuits",
    summary="Compute the stories of circuits",
    about="Find in the background which algorithms the circuits carry. Asking twice is asking once.",
    name="ask_for_stories",
)
