"""The circuits and interpretations of one analysis that differ most, and asking for them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app.figures.circuit_maps import CircuitMark, circuit_map_figure
from app.pages.models.rivals import ModelRivalsPage
from app.pages.reports.rivals import BY_EDGES, RivalsPage, build_rivals
from app.rendering import NO_TABLE
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
PAGE = "/networks/{network}/rivals"


class RivalsRequest(AnalysisOrder):
    """Which analysis."""


def map_shown(page: RivalsPage | ModelRivalsPage) -> dict[str, Any]:
    """The map as a figure, and no table where nothing is stored."""
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
        PAGE,
        build_rivals,
        "rivals",
        "circuits",
        "Most different circuits and interpretations",
        """
        The two valid circuits that differ most, up to six that are mutually most different, the interpretations that
        contradict each other most, what other tools measure on a few circuits computed over all, and a map of them.
        """,
        context=lambda page, _: map_shown(page),
    ),
)


add_order(
    router,
    PAGE,
    "rivals",
    RivalsRequest,
    "no circuit to compare",
    lambda _session, _analysis, _order: {},
    tag="circuits",
    summary="Ask for the most different circuits",
    about="Compare all listed circuits in the background. Asking twice is asking once.",
    name="ask_for_rivals",
)
