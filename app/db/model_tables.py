"""The tables of models of other kinds than the networks, and of what is found of them.

models ── model columns (one search for each set of rules, as columns: :mod:`app.db.frames`)
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
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


class ModelColumnRow(Base):
    """One column of the circuits that a search found, what the search says of itself, or what methods answered."""

    __tablename__ = "model_columns"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(String(80), primary_key=True)  # as addresses write them, "" for the usual ones
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
