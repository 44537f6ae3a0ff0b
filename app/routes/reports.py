"""What is found out about one analysis and read whole, each with its page and where the work is asked for."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from pydantic import Field

from app.figures.circuit_maps import CircuitMark, circuit_map_figure
from app.pages.models.rivals import ModelRivalsPage
from app.pages.reports.ladder import build_ladder, ladder_drawing
from app.pages.reports.lenses import build_lens, build_lenses
from app.pages.reports.method_path import build_method_path
from app.pages.reports.methods import build_methods, strip_of
from app.pages.reports.rivals import BY_EDGES, RivalsPage, build_rivals
from app.rendering import NO_TABLE
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
NETWORK: Final = "/networks/{network}/"


class LadderRequest(AnalysisOrder):
    """Which analysis, and how far up."""

    thorough: bool = Field(False, description="Whether to learn subspaces and non-linear maps too: some minutes.")


class MethodsRequest(AnalysisOrder):
    """Which analysis, and which methods."""

    thorough: bool = Field(False, description="Whether to ask methods that learn too: some seconds each.")


class LensesRequest(AnalysisOrder):
    """Which analysis, and which lenses."""

    thorough: bool = Field(False, description="Whether to ask lenses that learn too: some seconds each.")


def map_shown(page: RivalsPage | ModelRivalsPage) -> dict[str, Any]:
    """The map of rivals as a figure, and no table where nothing is stored."""
    if page.map is None:
        return {"figure": None, **NO_TABLE}
    marks = [
        CircuitMark(
            one.x,
            one.y,
            one.n_edges,
            one.role,
            one.shows,
            one.label,
            {"url": one.url, "href": one.url, "ref": one.ref, "label": one.label},
        )
        for one in page.map.items
    ]
    what = "" if page.map.by == BY_EDGES else page.map.by
    return {"figure": circuit_map_figure(marks, what=what, part=page.about.part)}


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
        NETWORK + "rivals",
        build_rivals,
        "rivals",
        "circuits",
        "Most different circuits and interpretations",
        """
        The two valid circuits that differ most, up to six that are mutually most different, the interpretations that
        contradict each other most, and a map of them.
        """,
        context=lambda page, _: map_shown(page),
    ),
    Page(
        NETWORK + "methods",
        build_methods,
        "methods",
        "circuits",
        "What discovery methods answer",
        "Every discovery method under its settings, each answer located among all valid circuits.",
        context=lambda page, _: {"strips": {one.key: strip_of(one, page.n_edges, page.shares) for one in page.methods}},
    ),
    Page(
        NETWORK + "methods/{method}",
        build_method_path,
        "method_path",
        "circuits",
        "How one method came to its answer",
        """
        Every step of a method under its settings (`acdc(tau=0.1)`): the edge, what it cost, the circuit left behind it,
        whether that is valid, and how many circuits of its size are.
        """,
        errors=(400, 404, 422),
        within="the steps of a method",
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
    NETWORK + "rivals",
    "rivals",
    AnalysisOrder,
    "no circuit to compare",
    tag="circuits",
    summary="Ask for the most different circuits",
    about="Compare all listed circuits in the background. Asking twice is asking once.",
    name="ask_for_rivals",
)
add_order(
    router,
    NETWORK + "methods",
    "methods",
    MethodsRequest,
    "no circuit to compare answers with",
    tag="circuits",
    summary="Ask discovery methods",
    about="Run discovery methods in the background, those that learn too if `thorough`. Asking twice is asking once.",
    name="ask_methods",
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
