"""Queueing of work on a stored analysis, and the answer with its job."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.algorithms.causal_model import MAX_TEXT
from pluriscope.app.access.sessions import now
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.jobs import JobPage, build_job

_Step = Annotated[str, Field(max_length=200)]


class AnalysisOrder(BaseModel):
    """Choice of an analysis of a network."""

    model_config = ConfigDict(extra="forbid")

    protocol: str = Field("complete", max_length=64, description="Name of a protocol, or its digest's first digits.")
    output: int = Field(0, ge=0, le=999, description="Index of the output.")
    data: str = Field("", max_length=64, description="First digits of a data record's digest; empty for the default.")

    @property
    def scope(self) -> Scope:
        """Scope of the analysis, as addresses have it."""
        return ScopeOptions(output=self.output, protocol=self.protocol, data=self.data).scope


class ThoroughOrder(AnalysisOrder):
    """Choice of an analysis, and how far it goes."""

    thorough: bool = Field(False, description="Whether to do also what takes long.")
    criteria: list[_Step] = Field(
        [], max_length=64, description="Of the funnel, whose verdicts are wanted; none: all as recommended."
    )
    algorithms: list[Annotated[str, Field(max_length=MAX_TEXT)]] = Field(
        [],
        max_length=16,
        description="Texts of algorithms with finite variables that are placed, kept with earlier ones.",
    )
    sequence: list[_Step] = Field([], max_length=64, description="Of the funnel, the criteria of the page that asks.")


def accepted(session: Session, links: Addresses, job: JobRow, response: Response) -> JobPage:
    """The queued job as its page's JSON, with its address in the response's head."""
    session.flush()
    response.headers["Location"] = links.twin(links.job(job.id))
    return build_job(session, links, job.id, now())
