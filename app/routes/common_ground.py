"""The common ground: the cloud of all explanations, its list, where one of them stands, and all of it as a table."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import Field

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.figures.clouds import Mark, cloud
from app.figures.numbers import exact, noun
from app.figures.plots import Figure
from app.listing.csv import csv_lines
from app.options import ScopeOptions
from app.pages.common_ground.build import build_common_ground
from app.pages.common_ground.standing import build_standing
from app.pages.common_ground.table import HEAD, table_rows
from app.pages.common_ground.views import CloudView, CommonGroundOptions, CommonGroundPage
from app.rendering import is_fragment, render
from app.routes.asking import AnalysisOrder, add_order
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page, add_twin

router = APIRouter()
PAGE = "/networks/{network}/common-ground"
ListOptions = Annotated[CommonGroundOptions, Query()]
TableOptions = Annotated[ScopeOptions, Query()]


class SurveyRequest(AnalysisOrder):
    """Which analysis to survey."""

    thorough: bool = Field(
        False, description="Whether to look at every class where otherwise a sample is drawn, however long it takes."
    )


@router.get(PAGE, response_class=HTMLResponse, include_in_schema=False)
def common_ground_page(
    request: Request, session: Reading, links: Links, network: str, options: ListOptions
) -> HTMLResponse:
    page = build_common_ground(session, links, network, options)
    whole = request.headers.get("HX-Target", "").endswith("whole")  # a page that waits asks for all of itself
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and not whole else {}
    context = {"page": page, "options": options, "figure": figure_of(page)}
    return render(request, "pages/common_ground.html", context, block="whole" if whole else "results", headers=headers)


add_twin(
    router,
    Page(
        PAGE,
        build_common_ground,
        "common_ground",
        "common ground",
        "Coverage and accuracy of all",
        "Every explanation of an analysis on all interchange interventions: cloud and list; `next_url` leads on.",
    ),
)
add_page(
    router,
    Page(
        PAGE + "/standing",
        build_standing,
        "standing",
        "common ground",
        "Where one stands",
        "Coverage and accuracy of one explanation, stored or not, and its place among the others.",
        errors=(400, 404, 422),
        context=lambda page, _: {"standing": page},
        block="standing",
    ),
)


@router.get(
    API_PREFIX + PAGE + ".csv",
    tags=["common ground"],
    summary="All points as a table",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}, **api_errors(400, 404)},
)
def common_ground_table(session: Reading, links: Links, network: str, options: TableOptions) -> StreamingResponse:
    """One line for each explanation: kind, reference, numerators and denominators; before them lines behind #."""
    about, rows = table_rows(session, links, network, options)
    name = f"{network}-common-ground.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(csv_lines(about, HEAD, rows), media_type="text/csv", headers=headers)


add_order(
    router,
    PAGE,
    "common-ground",
    SurveyRequest,
    "nothing to survey",
    tag="common ground",
    summary="Ask for a survey",
    about="Survey a stored analysis in the background. Asking twice is asking once.",
    name="survey",
)


def figure_of(page: CommonGroundPage) -> Figure | None:
    """The scatter, None where nothing stands anywhere."""
    if page.survey is None or not page.cloud:
        return None
    spread: list[tuple[int, int]] | None = None
    words = "interpretations"
    if page.survey.spread is not None:
        spread = [(bar.right, bar.count) for bar in page.survey.spread]
    else:
        words = "classes drawn" if page.survey.drawn else "observed classes"
        spread = [(bar.right, bar.count) for bar in page.representatives or ()]
    marks = [
        Mark(
            one.kind,
            one.coverage.agreed,
            one.accuracy.agreed,
            one.count,
            _hover(one),
            {"url": one.url if one.count == 1 else one.list_url, "ref": one.ref, "label": one.label, "href": one.url},
        )
        for one in page.cloud
    ]
    return cloud(marks, page.survey.n_interventions, spread or None, noun=words)


def _hover(one: CloudView) -> str:
    what = {"interpretation": "observed class", "valid": "valid alignment", "failing": "alignment that fails"}[one.kind]
    many = {"observed class": "observed classes", "alignment that fails": "alignments that fail"}.get(what, "")
    if one.cell is not None:
        cell = one.cell
        predicted = exact(cell.least_predicted)
        if cell.most_predicted > cell.least_predicted:
            predicted += f" to {exact(cell.most_predicted)}"
        few, much = f"{cell.least_accuracy:.4f}", f"{cell.most_accuracy:.4f}"
        return "<br>".join(
            [
                f"<b>{noun(one.count, what, many)}</b> at {exact(one.places)} places",
                f"between accuracy {few} and {much}" if few != much else f"of accuracy about {few}",
                f"each predicts {predicted} of {exact(one.coverage.of)}",
            ]
        )
    lines = [
        f"<b>{one.label}</b>" + (f" and {exact(one.count - 1)} more" if one.count > 1 else ""),
        noun(one.count, what, many),
        f"predicts {exact(one.coverage.agreed)} of {exact(one.coverage.of)}",
        f"right on {exact(one.accuracy.agreed)} of {exact(one.accuracy.of)}",
    ]
    return "<br>".join(lines)
