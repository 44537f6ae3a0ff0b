"""The table of columns that follow from rows, kept so that nobody has to read the rows for them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.table_base import Base


class ShelfColumnRow(Base):
    """One column of an analysis's algorithms or alignments, see :mod:`app.db.shelves`, or of its explanations of a kind
    stored as columns, see :mod:`app.db.frames`.
    """

    __tablename__ = "shelf_columns"

    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)  # algorithm, alignment, or a kind stored as columns
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
