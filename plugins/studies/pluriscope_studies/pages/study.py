"""Study in the form in which its pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.errors import Deleted, StoreError
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.errors import BadQuery, Gone, NotFound
from pluriscope.app.options import PageModel
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.pages.findings import findings_of
from pluriscope_studies.reads import find_study, jobs_ahead, problems_of, study_jobs, table_of
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import design_of

State = Literal["queued", "running", "paused", "cancelled", "done", "stalled"]


class StudyProgress(PageModel):
    """Progress of a study."""

    state: State = Field(description="queued: nothing of it runs yet; stalled: wanted, but nothing waits.")
    networks: int = Field(description="Networks of the grid.")
    finished: int = Field(description="Networks that have their outcome.")
    converged: int = Field(description="Of these, networks that converged and were analysed.")
    failed: int = Field(description="Of these, networks that did not; they have no value.")
    seconds: float = Field(description="Core seconds so far.")
    seconds_left: float | None = Field(description="Core seconds still to go by what the finished ones took.")
    problems: list[str] = Field([], description="Why work on it failed, or waits, each reason once.")
    jobs_ahead: int = Field(0, description="Of a queued one: other jobs that run or come first.")


class StudyLine(PageModel):
    """A study in a few words."""

    slug: str
    name: str
    question: str
    answers: list[str] = Field(
        description="What was found with this design, as Markdown; empty for designs of one's own."
    )
    origin: Literal["bundled", "started", "imported"]
    digest: str = Field(description="Of its design.")
    progress: StudyProgress
    url: str


@dataclass(frozen=True, eq=False)
class Study:
    """A study with all that its pages say.

    Args:
        line: the study in a few words.
        moving: whether a job of it waits or runs, so that there will be more by itself.
    """

    session: Session
    links: Addresses
    row: StudyRow
    line: StudyLine
    moving: bool

    @cached_property
    def design(self) -> StudyDesign:
        return design_of(self.row)

    @cached_property
    def table(self) -> ParquetTable:
        """Its rows so far."""
        return table_of(self.session, self.row)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """Summary of the study, as :mod:`pluriscope_studies.summary` has it; empty before there is one."""
        return self.row.summary or {"networks": 0, "converged": 0, "cells": [], "measures": {}, "numbers": {}}

    @cached_property
    def protocols(self) -> Mapping[str, str]:
        """The names of its protocols, with their digests."""
        return {one.name: one.digest for one in self.design.protocols}

    def protocol_named(self, name: str) -> str:
        """The protocol that an address asks for, the first one where it names none; a BadQuery for one of others."""
        if name not in ("", *self.protocols):
            known = ", ".join(self.protocols)
            raise BadQuery(f"protocol {name[:60]!r}", "is not one of this study’s", f"use one of {known}", "protocol")
        return name or next(iter(self.protocols))


def find_study_of(session: Session, links: Addresses, study: str) -> Study:
    """The study that an address names, as far as it is; raises as :func:`open_study`."""
    row = open_study(session, links, study)
    moving = bool(jobs_of_network(session, row.digest, unfinished=True))
    return Study(session, links, row, stored_line(session, links, row), moving)


def open_study(session: Session, links: Addresses, study: str, *, deleted: bool = False) -> StudyRow:
    """The study of that slug, or whose digest begins with those 6 or more digits.

    Raises:
        NotFound: none, or several.
        Gone: it was deleted, which can be undone, and ``deleted`` does not say that it is meant too.
    """
    try:
        return find_study(session, study, deleted=deleted)
    except Deleted as error:
        undo, page = links.url("studies", error.slug, "restore"), links.url("findings")
        raise Gone(error.item, error.cause, error.cure, "study", page, "all studies", undo) from None
    except StoreError as error:
        raise NotFound(error.item, error.cause, error.cure, "study", links.url("findings"), "all studies") from None


def stored_line(session: Session, links: Addresses, row: StudyRow) -> StudyLine:
    """Summary of a stored study in a line."""
    return StudyLine.showing(
        row,
        question=str(row.design["question"]),
        answers=findings_of(row.slug, row.digest, links),
        progress=progress_of(session, row),
        url=links.url("studies", row.slug),
    )


def progress_of(session: Session, row: StudyRow) -> StudyProgress:
    """Progress of a study; jobs are asked for only while it is not done."""
    done = row.n_finished >= row.n_networks
    jobs = [] if done else study_jobs(session, row.digest)
    states = {job.state for job in jobs}
    state: State = "done" if done else "cancelled" if row.state == "cancelled" else "paused"
    if not done and row.state == "running":
        state = "running" if "running" in states else "queued" if "queued" in states else "stalled"
    left = (row.n_networks - row.n_finished) * row.seconds / row.n_finished if row.n_finished and not done else None
    return StudyProgress(
        state=state,
        networks=row.n_networks,
        finished=row.n_finished,
        converged=row.n_converged,
        failed=row.n_finished - row.n_converged,
        seconds=row.seconds,
        seconds_left=left,
        problems=problems_of(jobs),
        jobs_ahead=jobs_ahead(session, row.digest) if state == "queued" else 0,
    )
