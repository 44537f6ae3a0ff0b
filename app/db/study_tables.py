"""The tables of studies. A study's networks are rows of their own like any other, known here by their digests."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.columns import UtcDateTime
from app.db.table_base import Base

AS_STORED: Final = ("cell", "seed", "state", "message", "epochs", "loss", "accuracy", "figures", "seconds")
"""What a row of an outcome has as the engine's value has it."""


class StudyRow(Base):
    """A study; unique by the digest of its design, which does not change when seeds are added."""

    __tablename__ = "studies"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    design: Mapped[dict[str, Any]] = mapped_column(JSON)
    origin: Mapped[str] = mapped_column(String(16))  # bundled, started, imported
    state: Mapped[str] = mapped_column(String(16))  # running, paused, cancelled: what is wanted; done by its outcomes
    engine_version: Mapped[str] = mapped_column(String(32))
    provenance: Mapped[dict[str, Any]] = mapped_column(JSON)
    n_networks: Mapped[int]  # of the grid
    n_finished: Mapped[int] = mapped_column(default=0)  # with an outcome
    n_converged: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)  # core seconds so far
    revision: Mapped[int] = mapped_column(default=0)  # raised by every change of outcomes or design
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # out of sight; see app.jobs.deletion


class FormerStudySlugRow(Base):
    """A slug that a study had before, which leads to it for as long as it is here."""

    __tablename__ = "former_study_slugs"

    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    retired_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StudyOutcomeRow(Base):
    """What came of one network of a study."""

    __tablename__ = "study_outcomes"
    __table_args__ = (
        UniqueConstraint("study_id", "position", "seed"),
        Index(None, "study_id", "state"),
        Index(None, "network_digest"),
        # outcomes by their cells and seeds with all that a list of them is counted and sorted by
        Index("ix_study_outcomes_places", "study_id", "position", "seed", "state", "epochs", "loss"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    position: Mapped[int]  # of its cell in the grid, from 0
    cell: Mapped[str] = mapped_column(String(16))
    seed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(24))  # converged, or why not
    message: Mapped[str] = mapped_column(Text, default="")
    network_digest: Mapped[str | None] = mapped_column(String(64))  # stored in networks, unless deleted there
    epochs: Mapped[int | None]
    loss: Mapped[float | None]
    accuracy: Mapped[float | None]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)  # by protocol, output, measure, as the result file has them
    seconds: Mapped[float]
    data_digest: Mapped[str | None] = mapped_column(String(64))  # of what it was judged on; None for clean inputs
