"""The tables of the kinds of explanation that a background job finds: one for the searches, one for each kind.

A kind's table has the columns of its record. It is made when a store is opened that has none; a migration is needed
where the columns of a kind that has one change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from pluriscope.analysis.explanations.explanation import NAME, REF, RecordedKind
from pluriscope.analysis.explanations.registry import RECORDED
from pluriscope.app.db.columns import Letters, UtcDateTime
from pluriscope.app.db.table_base import Base

_WHOLE: Final = Integer().with_variant(BigInteger(), "postgresql")
_TYPES: Final[dict[type, Any]] = {bool: Boolean(), int: _WHOLE, float: Double(), str: Text()}


class SearchRow(Base):
    """Report of the search for one kind in an analysis."""

    __tablename__ = "searches"

    analysis: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    n: Mapped[int]  # explanations found
    complete: Mapped[bool]  # whether these are all there are
    note: Mapped[str] = mapped_column(Text)  # where and why it stopped; "" if it did not
    engine_version: Mapped[str] = mapped_column(String(32))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


def _table_of(kind: RecordedKind[Any]) -> Table:
    return Table(
        f"{kind.key}s",
        Base.metadata,
        Column("analysis", _WHOLE, ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True),
        Column("position", _WHOLE, primary_key=True),  # from 0, as they were found
        Column(REF, Text(), nullable=False),  # the address text
        Column(NAME, Text(), nullable=False),
        *(Column(one.name, _TYPES[one.dtype], nullable=one.dtype is float) for one in kind.columns),
        Column("verdicts", Letters, nullable=False, server_default=""),
        sqlite_with_rowid=False,
    )


RECORDED_TABLES: Final = {kind.key: _table_of(kind) for kind in RECORDED}
