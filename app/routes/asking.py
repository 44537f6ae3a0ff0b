"""Asking for work on a stored analysis, and telling the job that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_origin

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.addressing import API_V2, Addresses
from app.db.job_tables import JobRow
from app.db.tables import AnalysisRow
from app.error_answers import api_errors
from app.errors import Conflict
from app.jobs import queue
from app.options import ScopeOptions
from app.pages.jobs import JobPage, build_job
from app.pages.place import locate_boolean
from app.routes.changes import Writing
from app.routes.depends import Form, Links, now
from app.routes.page import takes
from pluriscope.naming import Scope


class AnalysisOrder(BaseModel):
    """Which analysis of a network is meant."""

    model_config = ConfigDict(extra="forbid")

    protocol: str = Field("complete", max_length=64, description="Name of a protocol, or its digest's first digits.")
    output: int = Field(0, ge=0, le=999, description="Index of the output.")
    data: str = Field("", max_length=64, description="First digits of a data record's digest; empty for the default.")

    @property
    def scope(self) -> Scope:
        """The same as addresses have it."""
        return ScopeOptions(output=self.output, protocol=self.protocol, data=self.data).scope


class ThoroughOrder(AnalysisOrder):
    """Which analysis, and how far it goes."""

    thorough: bool = Field(False, description="Whether to do also what takes long.")


def analysis_ordered(
    session: Session, links: Addresses, network: str, order: AnalysisOrder, nothing: str
) -> AnalysisRow:
    """The stored analysis that work is asked for on.

    Args:
        network: slug or digest.
        order: which of its analyses.
        nothing: what there is nothing of without it, such as "nothing to survey".

    Raises:
        NotFound: no such network, output, protocol or data record.
        Conflict: the analysis is not stored.
    """
    analysis = locate_boolean(session, links, network, order.scope).analysis
    if analysis is None:
        raise Conflict("analysis", f"is not stored, so there is {nothing}", "ask for the analysis first")
    return analysis


def accepted(session: Session, links: Addresses, job: JobRow, response: Response) -> JobPage:
    """The job as its twin tells it, with its address in the answer's head."""
    session.flush()
    response.headers["Location"] = links.twin(links.job(job.id))
    return build_job(session, links, job.id, now())


def told_besides(_session: Session, _analysis: AnalysisRow, order: AnalysisOrder) -> dict[str, Any]:
    """What an order says besides which analysis is meant."""
    return order.model_dump(exclude=set(AnalysisOrder.model_fields))


def add_order(
    router: APIRouter,
    path: str,
    kind: str,
    order: type[AnalysisOrder],
    nothing: str,
    details: Callable[[Session, AnalysisRow, Any], Mapping[str, Any]] = told_besides,
    *,
    tag: str,
    summary: str,
    about: str,
    name: str,
) -> None:
    """Let work on a stored analysis be asked for, by a form and over HTTP.

    Args:
        router: of the addresses.
        path: with ``{network}``.
        kind: of the job.
        order: what may be sent.
        nothing: what there is nothing of without the analysis.
        details: session, analysis and order → what else the job is told; may refuse the order.
        tag: under which the description of the interface lists it.
        summary: its title there.
        about: what is said of it there.
        name: of the operation there.
    """

    def asked(session: Session, links: Addresses, network: str, sent: AnalysisOrder) -> JobRow:
        analysis = analysis_ordered(session, links, network, sent, nothing)
        return queue.enqueue_about(session, analysis, kind, asked=True, again=True, **details(session, analysis, sent))

    def over_http(session: Session, links: Addresses, network: str, order: Any, response: Response) -> JobPage:
        return accepted(session, links, asked(session, links, network, order), response)

    def from_page(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
        lists = {key for key, field in order.model_fields.items() if get_origin(field.annotation) is list}
        given = {key: form.getlist(key) if key in lists else value for key, value in form.items() if value != ""}
        job = asked(session, links, network, order.model_validate(given))
        return RedirectResponse(links.job(job.id), status_code=303)

    takes(over_http, {"session": Writing, "links": Links, "network": str, "order": order, "response": Response})
    router.add_api_route(
        API_V2 + path,
        over_http,
        methods=["POST"],
        name=name,
        tags=[tag],
        summary=summary,
        description=about,
        status_code=202,
        response_model=JobPage,
        responses=api_errors(403, 404, 409, 422),
    )
    router.add_api_route(path, from_page, methods=["POST"], include_in_schema=False)
