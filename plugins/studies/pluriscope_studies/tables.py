"""The tables of studies. What came of their networks stands in Parquet files, which are rows here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pluriscope.app.db.columns import UtcDateTime
from pluriscope.app.db.table_base import Base, Named


class StudyRow(Named):
    """A study; unique by the digest of its design, which does not change when seeds are added."""

    __tablename__ = "studies"

    id: Mapped[int] = mapped_column(primary_key=True)
    design: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))  # running, paused, cancelled: what is wanted; done by its outcomes
    engine_version: Mapped[str] = mapped_column(String(32))
    provenance: Mapped[dict[str, Any]] = mapped_column(JSON)
    n_networks: Mapped[int]  # of the grid
    n_finished: Mapped[int] = mapped_column(default=0)  # with an outcome
    n_converged: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)  # core seconds so far
    revision: Mapped[int] = mapped_column(default=0)  # raised by every change of outcomes or design
    # of pluriscope_studies.summary; large, and only the page of a study asks for it
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    summed_up: Mapped[int] = mapped_column(default=0, server_default="0")  # networks that the summary is of
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StudyPartRow(Base):
    """A Parquet file with outcomes of a study, whole: any machine that reaches the database has all of them.

    Pages read it from the data folder; see :func:`pluriscope_studies.reads.table_of`.
    """

    __tablename__ = "study_parts"
    __table_args__ = (UniqueConstraint("study_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64), index=True)  # SHA-256 of the body
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
