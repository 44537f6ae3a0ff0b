"""What is found out about one analysis and read whole, each with its page and where the work is asked for."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from pydantic import Field

from app.pages.reports.ladder import build_ladder, ladder_drawing
from app.pages.reports.lenses import build_lens, build_lenses
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
NETWORK: Final = "/networks/{network}/"


class LadderRequest(AnalysisOrder):
    """Which analysis, and how far up."""

    thorough: bool = Field(False, description="Whether to learn subspaces and non-linear maps too: some minutes.")


class LensesRequest(AnalysisOrder):
    """Which analysis, and which lenses."""

    thorough: bool = Field(False, description="Whether to ask lenses that learn too: some seconds each.")


add_page(
    router,
    Page(
        NETWORK + "ladder",
        build_ladder,
        "ladder",
        "directions",
        "The ladder of map classes",
        "How many explanations pass in each class of maps, each beside the same on networks with permuted weights.",
        context=lambda page, _: {"figure": ladder_drawing(page)},
    ),
    Page(
        NETWORK + "lenses",
        build_lenses,
        "lenses",
        "algorithms",
        "What lenses say",
        """
        Every lens under its default settings: Shapley values, gradients, LIME, probes, patching and autoencoders, each
        with what it can know; and of Boolean functions and layers what is decodable, used and carried.
        """,
    ),
    Page(
        NETWORK + "lenses/{lens}",
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
    NETWORK + "ladder",
    "ladder",
    LadderRequest,
    "nothing to climb on",
    tag="directions",
    summary="Ask for the ladder",
    about="Climb the ladder in the background, learned maps too if `thorough`. Asking twice is asking once.",
    name="climb",
)
add_order(
    router,
    NETWORK + "lenses",
    "lenses",
    LensesRequest,
    "nothing to set lenses beside",
    tag="algorithms",
    summary="Ask lenses",
    about="Run lenses in the background, those that learn too if `thorough`. Asking twice is asking once.",
    name="ask_lenses",
)
