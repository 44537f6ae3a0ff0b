"""The tables of models of other kinds than the networks, and of what is found of them.

models ─┬─ model circuits (a row each, of one search for each set of rules)
        └─ model reports (what the search says of itself, and what later jobs found out about its circuits)
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.columns import UtcDateTime
from app.db.table_base import Base


class ModelRow(Base):
    """A model with its task; unique by the digest of what it computes."""

    __tablename__ = "models"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(24))  # key of analysis.models.registry
    document: Mapped[bytes] = mapped_column(LargeBinary)  # its file as canonical JSON
    origin: Mapped[str] = mapped_column(String(16))  # bundled, uploaded
    position: Mapped[int] = mapped_column(default=1000)  # order in lists; bundled ones first
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ModelCircuitRow(Base):
    """A listed valid circuit of a model under one set of rules."""

    __tablename__ = "model_circuits"
    __table_args__ = ({"sqlite_with_rowid": False},)

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(String(80), primary_key=True)  # as addresses write them, "" for the usual ones
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0, as they were found
    mask: Mapped[str] = mapped_column(String(64))
    edges: Mapped[int]  # nodes, where a mask names nodes
    nodes: Mapped[int]
    right: Mapped[int]  # rows
    worst: Mapped[float]
    margin: Mapped[float]
    minimal: Mapped[bool]
    told: Mapped[str] = mapped_column(Text)  # JSON: outcomes of criteria and nodes with roles, by column


class ModelReportRow(Base):
    """What a search says of itself, or what a later job found out about its circuits."""

    __tablename__ = "model_reports"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[str] = mapped_column(Text)  # JSON
