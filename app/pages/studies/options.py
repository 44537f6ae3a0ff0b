"""What addresses of studies may say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from analysis.studies.design import GridFactor
from app.options import Options


class StudyOptions(Options):
    """Options of a study's page."""

    protocol: str = Field("", max_length=64, description="Name of one of its protocols; empty: its first one.")
    by: GridFactor | None = Field(None, description="Group networks by the levels of this factor; else by cell.")


class StudyFigureOptions(StudyOptions):
    """Options of one figure of a study."""

    width: int | None = Field(None, ge=100, le=2400, description="Of a PNG, in pixels.")


class OutcomesOptions(Options):
    """Options of the list of a study's networks."""

    protocol: str = Field("", max_length=64, description="Under which protocol values are shown; empty: the first one.")
    state: Literal["", "converged", "failed"] = Field("", description="Only networks that converged, or that did not.")
    why: str = Field("", max_length=24, pattern=r"^[a-z_]*$", description="Only networks whose training ended so.")
    cell: int | None = Field(None, ge=0, description="Only networks of this cell, by its position from 0.")
    sort: str = Field(
        "", max_length=120, description="Sort by state, epochs, loss, or the key of a measure; empty: cells and seeds."
    )
    order: Literal["asc", "desc"] = Field("asc", description="Direction; networks without a value always come last.")
    after: str = Field("", max_length=400, description="Cursor: where the page before ended.")
    limit: int = Field(50, ge=1, le=200, description="Networks on a page.")
