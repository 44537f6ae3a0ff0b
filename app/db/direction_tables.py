"""The tables of alignments on linear directions: those that are kept, and what ids stand for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.table_base import Base


class DirectionRow(Base):
    """A kept alignment on directions: valid, or one of the best that fail. The report beside says what was searched."""

    __tablename__ = "directions"

    analysis: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0, in the order found
    algorithm_id: Mapped[str] = mapped_column(String(16))
    alignment_id: Mapped[str] = mapped_column(String(16), index=True)
    form: Mapped[str] = mapped_column(String(16))
    algorithm_text: Mapped[str] = mapped_column(Text)  # identity text
    formula: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)  # of the places, as addresses carry it
    classes: Mapped[str] = mapped_column(Text)  # of directions that found it, between spaces
    valid: Mapped[bool]
    agreed: Mapped[int]  # single interchanges, summed over variables
    of: Mapped[int]
    joint_agreed: Mapped[int | None]  # None where joint interchange was not run
    joint_of: Mapped[int | None]
    causal_order: Mapped[bool]
    margin: Mapped[float | None]  # None where nothing was tested
    families: Mapped[list[Any]] = mapped_column(JSON)  # of oblique swaps: [[dimension, answer, method] or null, …]


class DirectionTextRow(Base):
    """What the id of an alignment on directions stands for, if a search ever kept it.

    An id is a hash of the text, so this is true of every network and for good. Rows stay when the search that found an
    alignment is made again and gives its directions other last digits, so that links by id alone still lead somewhere.
    """

    __tablename__ = "direction_texts"

    algorithm_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    alignment_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    text: Mapped[str] = mapped_column(Text)  # of the places, as addresses carry it
