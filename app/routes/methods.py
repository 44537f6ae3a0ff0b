"""What discovery methods answer about one analysis, and asking them."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from app.pages.reports.method_path import build_method_path
from app.pages.reports.methods import build_methods, strip_of
from app.routes.asking import AnalysisOrder, add_order
from app.routes.page import Page, add_page

router = APIRouter()
PAGE = "/networks/{network}/methods"


class MethodsRequest(AnalysisOrder):
    """Which analysis, and which methods."""

    thorough: bool = Field(False, description="Whether to ask methods that learn too: some seconds each.")


add_page(
    router,
    Page(
        PAGE,
        build_methods,
        "methods",
        "circuits",
        "What discovery methods answer",
        "Every discovery method under its settings, each answer located among all valid circuits.",
        context=lambda page, _: {"strips": {one.key: strip_of(one, page.n_edges, page.shares) for one in page.methods}},
    ),
)
add_page(
    router,
    Page(
        PAGE + "/{method}",
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
)


add_order(
    router,
    PAGE,
    "methods",
    MethodsRequest,
    "no circuit to compare answers with",
    lambda _session, _analysis, order: {"thorough": order.thorough},
    tag="circuits",
    summary="Ask discovery methods",
    about="Run discovery methods in the background, those that learn too if `thorough`. Asking twice is asking once.",
    name="ask_methods",
)
