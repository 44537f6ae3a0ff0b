"""The tables of claims that earlier versions kept: circuits that somebody imported, and where each stood.

networks ── claims ── claim places ── analyses
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.columns import UtcDateTime
from app.db.table_base import Base


class ClaimRow(Base):
    """A claim about one output of a network; unique there by the digest of what is claimed."""

    __tablename__ = "claims"
    __table_args__ = (UniqueConstraint("network_id", "output", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("networks.id", ondelete="CASCADE"))
    output: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))  # of the claim without name and source
    name: Mapped[str] = mapped_column(String(200))
    former_name: Mapped[str] = mapped_column(String(200), default="", server_default="")  # to which renaming is undone
    method: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(200))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)  # as in a claim file, without name and source
    form: Mapped[str] = mapped_column(String(24))  # in which it came
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # see app.jobs.deletion


class ClaimPlaceRow(Base):
    """Where a claim stands among the valid circuits of one analysis."""

    __tablename__ = "claim_places"
    __table_args__ = (Index(None, "analysis_id", "edges"), Index(None, "analysis_id", "excess"))

    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))  # found, all, nothing, undefined, or refused
    raw_mask: Mapped[str] = mapped_column(Text)  # "" where no mask came of it
    faithfulness: Mapped[float | None]  # of the mask that scores led to, where a threshold picked it
    edges: Mapped[int | None]  # of what is left of the raw mask
    valid: Mapped[bool]
    excess: Mapped[int | None]
    place: Mapped[dict[str, Any]] = mapped_column(JSON)  # as audit files have it; {} where no mask came of it
    engine_version: Mapped[str] = mapped_column(String(32))
