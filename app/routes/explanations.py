"""The explanations of a network as one list: a page, JSON, CSV, Parquet."""

from __future__ import annotations

from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field, field_validator
from sqlalchemy.orm import Session

from analysis.explanations.registry import BY_KEY
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads.analyses import analysed_question
from app.error_answers import api_errors
from app.errors import Conflict
from app.jobs import queue
from app.options import ScopeOptions
from app.pages.explanation_list import OF_SCOPE, RECORD, Asked, about, asked, blocks, record, table
from app.pages.jobs import JobPage
from app.rendering import network_row, show
from app.routes.asking import AnalysisOrder, accepted, analysis_ordered
from app.routes.changes import Writing
from app.routes.depends import Form, Links, ListOptions, Reading, options_of
from app.routes.streaming import FILE_RESPONSES, table_file
from pluriscope.blocks import Table
from pluriscope.kinds.listing import COLUMNS
from pluriscope.old_options import of_former_list, translated
from pluriscope.tables import parameters

router = APIRouter()
LIST: Final = "/networks/{network}/explanations"
API_LIST: Final = f"/api/v2{LIST}"
_SCOPE_PARAMETERS: Final = [
    {"name": name, "in": "query", "description": field.description, "schema": {"type": "string"}}
    for name, field in ScopeOptions.model_fields.items()
    if name in OF_SCOPE
]
_DESCRIBED: Final[dict[str, Any]] = {"parameters": [*_SCOPE_PARAMETERS, *parameters(COLUMNS)]}


def _asked(request: Request, session: Session, links: Addresses, network: str) -> Asked:
    return asked(session, links, network, translated(options_of(request)))


@router.get(LIST, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def explanations(request: Request, session: Reading, links: Links, network: str, options: ListOptions) -> Response:
    """The list as a page; a link from earlier leads to the same list as it is written now."""
    now = translated(options)
    found = asked(session, links, network, now)
    if now != options:
        theme = request.query_params.get("theme")
        return RedirectResponse(links.explanations(network, **dict[str, Any](now), theme=theme), 301)
    name = found.place.row.name
    return show(
        request,
        blocks(found),
        f"Explanations of {name}",
        room="Explore",
        network=network_row(links, found.place.slug, name, "Explanations", found.place.scope),
        description=f"Circuits, their interpretations, algorithms and alignments of {name}, in one list.",
        json_url=found.url(found.query, api=True),
    )


@router.get(
    API_LIST,
    tags=["explanations"],
    summary="All explanations",
    response_model=RECORD,
    responses=api_errors(400, 404),
    openapi_extra=_DESCRIBED,
)
def explanations_record(request: Request, session: Reading, links: Links, network: str) -> Any:
    """Explanations of every kind of one analysis, filtered and sorted, with exact counts of every facet."""
    return record(_asked(request, session, links, network))


@router.get(
    LIST + ".{form}",
    tags=["explanations"],
    summary="All explanations as a file",
    response_class=Response,
    responses={
        **api_errors(400, 404, 409),
        **FILE_RESPONSES,
    },
    openapi_extra=_DESCRIBED,
)
def explanations_file(request: Request, links: Links, network: str, form: Literal["csv", "parquet"]) -> Response:
    """The whole list, a column for each figure."""

    def made(session: Session) -> tuple[tuple[str, ...], Table]:
        found = _asked(request, session, links, network)
        return about(found), table(found)

    return table_file(request, form, f"{network}-explanations", made)


def _former(path: str, kind: str) -> None:
    """Lead from a list that one kind had of its own, and from its files, to the list of all."""

    def answer(request: Request, links: Links, network: str) -> Response:
        options = of_former_list(kind, options_of(request))
        if "theme" in request.query_params:
            options["theme"] = [request.query_params["theme"]]
        form = ".csv" if request.url.path.endswith((".csv", ".json")) else ""
        return RedirectResponse(f"{links.explanations(network)}{form}?{urlencode(options, doseq=True)}", 301)

    for ending in ("", ".csv", ".json"):
        router.add_api_route(f"/networks/{{network}}/{path}{ending}", answer, include_in_schema=False)


_former("circuits", "circuit")
_former("algorithms", "algorithm")


class ExplanationsRequest(AnalysisOrder):
    """Which kind to search."""

    kind: str = Field(description="A kind stored as columns.", json_schema_extra={"enum": list(BY_KEY)})

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in BY_KEY:
            raise ValueError(f"is no kind stored as columns; use one of {', '.join(BY_KEY)}")
        return value


@router.post(
    API_LIST,
    tags=["explanations"],
    summary="Run a search of one kind",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def search(session: Writing, links: Links, network: str, order: ExplanationsRequest, response: Response) -> JobPage:
    """Search explanations of one kind beside a stored analysis in the background. Asking twice is asking once."""
    return accepted(session, links, _searched(session, links, network, order), response)


@router.post(LIST, include_in_schema=False)
def search_from_page(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
    """The same from a page's button."""
    order = ExplanationsRequest.model_validate({key: value for key, value in form.items() if value != ""})
    return RedirectResponse(links.job(_searched(session, links, network, order).id), status_code=303)


def _searched(session: Session, links: Addresses, network: str, order: ExplanationsRequest) -> JobRow:
    """The job.

    Raises:
        NotFound: no such network, output, protocol or data record.
        Conflict: the analysis is not stored, or the kind says nothing of such networks.
    """
    analysis = analysis_ordered(session, links, network, order, "nothing to search beside")
    refusal = BY_KEY[order.kind].refuses(analysed_question(session, analysis))
    if refusal:
        raise Conflict(f"kind {order.kind}", f"{analysis.network.slug} {refusal}", "choose another kind", "kind")
    return queue.enqueue_about(session, analysis, "explanations", asked=True, again=True, kind=order.kind)
