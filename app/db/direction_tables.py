"""The tables of alignments on linear directions: searches ── their algorithms ── alignments; and what ids stand for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.columns import SortableInteger, UtcDateTime
from app.db.table_base import Base
from app.db.tables import AnalysisRow


class DirectionSearchRow(Base):
    """A search for alignments on linear directions of one class, for one analysis, in sum.

    Of each class the last search is kept, or the one that looked further.
    """

    __tablename__ = "direction_searches"
    __table_args__ = (UniqueConstraint("analysis_id", "direction_class"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    direction_class: Mapped[str] = mapped_column(String(16))  # integer, integer-any, orthogonal, oblique, learned
    engine_version: Mapped[str] = mapped_column(String(32))
    irredundant_only: Mapped[bool]  # whether algorithms with a redundant literal were left out
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)  # of a learned search: seeds, steps, max_dimension; else {}
    n_candidates: Mapped[int] = mapped_column(SortableInteger)  # algorithms that compute the task
    n_searched: Mapped[int]  # of those
    all_listed: Mapped[bool]  # whether every candidate was at hand
    n_aligned: Mapped[int]  # algorithms with variables of which some alignment is valid
    n_valid: Mapped[int] = mapped_column(SortableInteger)  # valid alignments of algorithms with variables
    n_joint: Mapped[int]  # kept ones that joint interchange confirms
    n_undecided: Mapped[int] = mapped_column(SortableInteger)  # placements of which it is not known
    truncated: Mapped[bool]  # whether some algorithm has valid ones that are not kept
    exact: Mapped[bool]  # whether no limit and nothing undecided leaves a count open
    refused: Mapped[str] = mapped_column(Text, default="", server_default="")  # why it was not searched
    seconds: Mapped[float]
    content: Mapped[str] = mapped_column(String(64))  # SHA-256 of all of it, timings apart: the result's digest
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    analysis: Mapped[AnalysisRow] = relationship()


class DirectionAlgorithmRow(Base):
    """What one search found for one algorithm."""

    __tablename__ = "direction_algorithms"
    __table_args__ = (
        UniqueConstraint("search_id", "algorithm_id"),
        Index(None, "search_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    search_id: Mapped[int] = mapped_column(ForeignKey("direction_searches.id", ondelete="CASCADE"))
    position: Mapped[int]  # in the order searched, from 0
    algorithm_id: Mapped[str] = mapped_column(String(16), index=True)
    form: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)  # identity text
    formula: Mapped[str] = mapped_column(Text)
    n_variables: Mapped[int]
    n_placements: Mapped[int | None]  # choices that the class offers; None if too many to count
    n_valid: Mapped[int]
    n_joint: Mapped[int]
    n_undecided: Mapped[int]
    n_kept: Mapped[int]
    truncated_at: Mapped[int | None]
    unread: Mapped[list[Any]] = mapped_column(JSON)  # [[path, layer, residual], …]
    families: Mapped[list[Any]] = mapped_column(JSON)  # see app.db.direction_codecs
    choices: Mapped[list[Any]] = mapped_column(JSON)  # of a learned search: every choice with its seeds

    alignments: Mapped[list[DirectionAlignmentRow]] = relationship(back_populates="algorithm", passive_deletes=True)
    search: Mapped[DirectionSearchRow] = relationship()


class DirectionAlignmentRow(Base):
    """A kept alignment on directions: valid, or one of the best that fail."""

    __tablename__ = "direction_alignments"
    __table_args__ = (
        UniqueConstraint("algorithm_row_id", "alignment_id"),
        Index(None, "search_id", "valid", "id"),
        Index(None, "algorithm_row_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    search_id: Mapped[int] = mapped_column(ForeignKey("direction_searches.id", ondelete="CASCADE"))
    algorithm_row_id: Mapped[int] = mapped_column(ForeignKey("direction_algorithms.id", ondelete="CASCADE"))
    alignment_id: Mapped[str] = mapped_column(String(16), index=True)
    position: Mapped[int]  # valid ones first, from 0
    text: Mapped[str] = mapped_column(Text)  # of the places, as addresses carry it
    valid: Mapped[bool]
    agreed: Mapped[int]  # single interchanges, summed over variables
    of: Mapped[int]
    joint_agreed: Mapped[int | None]  # None where joint interchange was not run
    joint_of: Mapped[int | None]
    causal_order: Mapped[bool]
    margin: Mapped[float | None]  # None where nothing was tested
    n_directions: Mapped[int]  # dimensions of all places together
    n_weights: Mapped[int]  # nonzero ones
    family_dimension: Mapped[int | None]  # of all oblique swaps of its read-outs together; None where they are none
    family_answer: Mapped[str | None] = mapped_column(String(16))  # all, some, none, undecided: the least of its places
    illusory: Mapped[bool | None]  # whether some direction works by what the next layer does not read; None: none split
    read_outs: Mapped[list[Any]] = mapped_column(JSON)  # [[gain, constant, residual] or null, …] in order of paths
    rowspace: Mapped[list[Any]] = mapped_column(JSON)  # [[rank, share, whole, seen, of] or null, …]
    swaps: Mapped[list[Any]] = mapped_column(JSON)  # [[dimension, answer, method] or null, …]

    algorithm: Mapped[DirectionAlgorithmRow] = relationship(back_populates="alignments")


class DirectionTextRow(Base):
    """What the id of an alignment on directions stands for, if a search ever kept it.

    An id is a hash of the text, so this is true of every network and for good. Rows stay when the search that found an
    alignment is made again and gives its directions other last digits, so that links by id alone still lead somewhere.
    """

    __tablename__ = "direction_texts"

    algorithm_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    alignment_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    text: Mapped[str] = mapped_column(Text)  # of the places, as addresses carry it
