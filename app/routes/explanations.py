"""All explanations of a network together, and the interpretations of one circuit."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field, field_validator
from sqlalchemy.orm import Session

from analysis.explanations.registry import BY_KEY
from app.addressing import API_PREFIX
from app.db.reads.analyses import analysed_question
from app.db.tables import AnalysisRow
from app.error_answers import api_errors
from app.errors import Conflict
from app.pages.directions.places import comb_rows
from app.pages.explanation_filters import ExplanationsOptions
from app.pages.explanation_list import build_explanations, build_explanations_csv, kind_noun
from app.routes.asking import AnalysisOrder, add_order
from app.routes.depends import Links
from app.routes.page import Page, add_page
from app.routes.streaming import Streamed

router = APIRouter()
LIST = "/networks/{network}/explanations"
ListOptions = Annotated[ExplanationsOptions, Query()]


add_page(
    router,
    Page(
        LIST,
        build_explanations,
        "explanations",
        "explanations",
        "All explanations",
        "Explanations of every kind of one analysis, filtered and sorted, with exact counts of every facet.",
        context=lambda _page, _options: {"comb_rows": comb_rows, "kind_noun": kind_noun},
        block="browser",
        pushes_url=True,
    ),
)


class ExplanationsRequest(AnalysisOrder):
    """Which kind to search."""

    kind: str = Field(description="A kind stored as columns.", json_schema_extra={"enum": list(BY_KEY)})

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in BY_KEY:
            raise ValueError(f"is no kind stored as columns; use one of {', '.join(BY_KEY)}")
        return value


def _details(session: Session, analysis: AnalysisRow, order: ExplanationsRequest) -> dict[str, str]:
    """The kind.

    Raises:
        Conflict: it says nothing of such networks.
    """
    refusal = BY_KEY[order.kind].refuses(analysed_question(session, analysis))
    if refusal:
        raise Conflict(f"kind {order.kind}", f"{analysis.network.slug} {refusal}", "choose another kind", "kind")
    return {"kind": order.kind}


add_order(
    router,
    LIST,
    "explanations",
    ExplanationsRequest,
    "nothing to search beside",
    _details,
    tag="explanations",
    summary="Run a search of one kind",
    about="Search explanations of one kind beside a stored analysis in the background. Asking twice is asking once.",
    name="search",
)


@router.get(
    API_PREFIX + LIST + ".csv",
    tags=["explanations"],
    summary="All explanations as CSV",
    response_class=Response,
    responses={**api_errors(400, 404, 409), 200: {"content": {"text/csv": {}}}},
)
def explanations_csv(request: Request, links: Links, network: str, options: ListOptions) -> Response:
    """The same list as CSV, 10,000 explanations at a time; the header `Link` leads on."""
    store, told = request.app.state.store, []

    def parts() -> Generator[str, None, None]:
        with store.read() as session:
            following, lines = build_explanations_csv(session, links, network, options)
            told.append(following)
            yield from lines

    answer = Streamed(parts(), media_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{network}-explanations.csv"'
    if told[0]:
        answer.headers["Link"] = f'<{told[0]}>; rel="next"'
    return answer
