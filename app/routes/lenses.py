"""What lenses say about one analysis, each lens under settings of the reader's own, and asking the lenses."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from app.pages.reports.lenses import build_lens, build_lenses
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
PAGE = "/networks/{network}/lenses"


class LensesRequest(AnalysisOrder):
    """Which analysis, and which lenses."""

    thorough: bool = Field(False, description="Whether to ask lenses that learn too: some seconds each.")


add_page(
    router,
    Page(
        PAGE,
        build_lenses,
        "lenses",
        "algorithms",
        "What lenses say",
        """
        Every lens under its default settings: Shapley values, gradients, LIME, probes, patching and autoencoders, each
        with what it can know; and of Boolean functions and layers what is decodable, used and carried.
        """,
    ),
)
add_page(
    router,
    Page(
        f"{PAGE}/{{lens}}",
        build_lens,
        "lens",
        "algorithms",
        "What one lens says",
        "One lens under the settings of the address, computed there unless that takes long.",
        within="this lens",
    ),
)


add_order(
    router,
    PAGE,
    "lenses",
    LensesRequest,
    "nothing to set lenses beside",
    lambda _session, _analysis, order: {"thorough": order.thorough},
    tag="algorithms",
    summary="Ask lenses",
    about="Run lenses in the background, those that learn too if `thorough`. Asking twice is asking once.",
    name="ask_lenses",
)
