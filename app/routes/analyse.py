"""Analyses asked for (spec §9)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from analysis.preflight import preflight
from analysis.protocol import Protocol, protocol_from_mapping
from app.addressing import API_PREFIX, Addresses
from app.db.codecs import question_of
from app.db.job_tables import JobRow
from app.db.model_tables import ModelRow
from app.db.reads import analyses as reads
from app.db.records import save_protocol
from app.error_answers import api_errors
from app.errors import BadQuery, Conflict
from app.jobs import queue
from app.jobs.definitions import analyse_arguments
from app.options import PageModel
from app.pages.jobs import JobPage
from app.pages.place import find_any, place_of_model
from app.routes.asking import accepted
from app.routes.changes import Writing
from app.routes.depends import Form, Links
from pluriscope.naming import Scope

router = APIRouter()


class AnalysisRequest(PageModel):
    """Which analysis is wanted."""

    protocol: str | dict[str, Any] = Field(
        "complete", description="Name or digest of a known protocol, or the settings of one of your own."
    )
    output: int = Field(0, ge=0, description="Index of the output.")
    data: str = Field("", max_length=64, description="Digest of a stored data record; empty: every clean input once.")

    @field_validator("protocol", mode="before")
    @classmethod
    def _name_or_settings(cls, given: Any) -> Any:
        """Refused here once, or each of the two kinds would complain on its own."""
        if isinstance(given, (str, dict)):
            return given
        raise PydanticCustomError("protocol_kind", "should be a protocol's name, its digest or an object of settings")


@router.post(
    f"{API_PREFIX}/networks/{{network}}/analyses",
    tags=["networks"],
    summary="Ask for an analysis",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def analyse(session: Writing, links: Links, network: str, order: AnalysisRequest, response: Response) -> JobPage:
    """Analyse one output of a stored network in the background. Asking twice is asking once."""
    told = accepted(session, links, ask_for_analysis(session, links, network, order), response)
    response.headers["Location"] = links.followed(told.id)
    return told


@router.post("/networks/{network}/analyses", include_in_schema=False)
def analyse_from_page(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
    output = str(form.get("output") or "0")
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise BadQuery(f"output {output[:40]!r}", "is not a whole number", "use 0 for the first output", "output")
    order = AnalysisRequest(
        protocol=str(form.get("protocol") or "complete"), output=int(output), data=str(form.get("data") or "")
    )
    job = ask_for_analysis(session, links, network, order)
    return RedirectResponse(links.job(job.id), status_code=303)


def ask_for_analysis(session: Session, links: Addresses, network: str, order: AnalysisRequest) -> JobRow:
    """Queue an analysis unless it is queued, running or done already.

    Raises:
        NotFound: no such network, output, protocol or data record.
        AnalysisError: the engine would refuse it; every reason at once.
        Conflict: a transformer has too many circuits.
    """
    row = find_any(session, links, network)
    if isinstance(row, ModelRow):
        return _search(session, links, row, order)
    reads.check_output(row, order.output)
    protocol = _protocol(session, order.protocol)
    data = reads.find_data(session, order.data, row.sizes[0])
    problems = preflight(question_of(row, order.output, protocol, data))
    if problems:
        first = problems[0]
        if len(problems) > 1:
            raise type(first)(first.item, "; ".join(str(problem) for problem in problems), "mend each of these")
        raise first
    known_as = save_protocol(session, protocol).name  # which addresses understand, whatever it is called this time
    arguments = analyse_arguments(row.digest, order.output, protocol, data)
    title = f"{row.name}{f', output {order.output}' if row.sizes[-1] > 1 else ''}: {known_as}"
    return queue.enqueue(session, "analyse", arguments, title, asked=True, again=True)


def _search(session: Session, links: Addresses, row: ModelRow, order: AnalysisRequest) -> JobRow:
    """Queue the search for the circuits of a transformer."""
    if not isinstance(order.protocol, str):
        cure = "name them: values of settings joined by dashes"
        raise BadQuery("protocol", "gives settings, which a transformer's rules are not", cure, "protocol")
    place = place_of_model(links, row, Scope(order.output, order.protocol, order.data))
    if place.too_large:
        page = links.network(row.slug)
        raise Conflict(f"circuits of {row.slug}", place.too_large, "use coarser rules", "protocol", page)
    return queue.enqueue_of_model(session, "model-circuits", row, place.text, asked=True, again=True)


def _protocol(session: Session, wanted: str | dict[str, Any]) -> Protocol:
    if isinstance(wanted, dict):
        return protocol_from_mapping(wanted)
    return reads.find_protocol(session, wanted)
