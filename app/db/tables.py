"""The tables of networks of every kind, their analyses, and what is found of an analysis.

Identity is content (digests, masks, hashes); row numbers never leave the database.

networks ─┬─ checkpoints: of which training a network is one
          ├─ analyses ─┬─ circuits
          │            ├─ algorithms ── alignments
          │            ├─ verdicts: which letter of an explanation is which criterion's
          │            ├─ alignments on directions
          │            └─ reports
          └─ (jobs refer to networks by digest, :mod:`pluriscope.app.db.job_tables`)

Every explanation is a row with a letter for each criterion; lists read whole columns of them
(:mod:`pluriscope.app.db.rows`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pluriscope.app.db.columns import BigCount, HexMask, Letters, SortableInteger, UtcDateTime
from pluriscope.app.db.table_base import Base, Named

PERCEPTRON: Final = "perceptron"
"""The kind of network whose parameters are columns."""


class NetworkRow(Named):
    """A network of any kind with its task; unique by the digest of what it computes.

    The parameters of a perceptron are columns; of another kind its file is kept, and these columns are empty.
    """

    __tablename__ = "networks"
    # all that the search reads of the thousands of networks of a study
    __table_args__ = (Index(None, "origin", "slug", "name", "deleted_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    # key of pluriscope.analysis.subjects.registry
    kind: Mapped[str] = mapped_column(String(24), default=PERCEPTRON, server_default=PERCEPTRON)
    document: Mapped[bytes | None] = mapped_column(LargeBinary)  # its file as it came; None of a perceptron
    sizes: Mapped[list[int]] = mapped_column(JSON)
    activation: Mapped[str] = mapped_column(String(16))
    output_activation: Mapped[str] = mapped_column(String(16))
    negative_slope: Mapped[float | None]
    parameters: Mapped[bytes] = mapped_column(LargeBinary)  # W1, b1, W2, … little-endian float64
    # [{"name", "truth_table"}], one per output; of other kinds [{"name", "digest"}]
    tasks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    origin: Mapped[str] = mapped_column(String(16))  # bundled, trained, uploaded, study
    attribution: Mapped[str] = mapped_column(Text, default="")
    training: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # options and outcome, {} if not trained here
    position: Mapped[int] = mapped_column(default=1000)  # order in the gallery; bundled ones first
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # digest of the data record that follows from the encoding it was imported with; "" for 0 and 1
    input_data: Mapped[str] = mapped_column(String(64), default="", server_default="")
    # what was planted in it, as its file says it; nothing for others
    planted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # equal for those whose answers are decided by the very same sums; "" where that is not known
    decides_as: Mapped[str] = mapped_column(String(64), default="", server_default="", index=True)
    # the edit that it comes of, likewise
    edited: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    analyses: Mapped[list[AnalysisRow]] = relationship(back_populates="network", cascade="all, delete-orphan")
    checkpoints: Mapped[list[CheckpointRow]] = relationship(
        cascade="all, delete-orphan", order_by=lambda: (CheckpointRow.training, CheckpointRow.at)
    )

    @property
    def n_outputs(self) -> int:
        """The outputs that are analysed one by one."""
        return len(self.tasks)


# the gallery's order, with all that decides whether a network is in it: a page ends where it is full
Index(
    "ix_networks_gallery",
    NetworkRow.position,
    NetworkRow.created_at.desc(),
    NetworkRow.slug,
    NetworkRow.name,
    NetworkRow.deleted_at,
    NetworkRow.origin,
    NetworkRow.digest,
)


class CheckpointRow(Base):
    """A network as it was in a training: one network may be a checkpoint of several, and one at several times."""

    __tablename__ = "checkpoints"

    training: Mapped[str] = mapped_column(String(64), primary_key=True)  # digest of kind, sizes, tasks and options
    at: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # epochs or steps
    network_id: Mapped[int] = mapped_column(ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)


class FormerSlugRow(Base):
    """A slug that leads to a network beside its own, for as long as that is here: one that it had before, or one that
    came with another name for the same weights.
    """

    __tablename__ = "former_slugs"

    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="", server_default="")  # "" if it was only renamed
    retired_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProtocolRow(Base):
    """A protocol's settings; unique by digest. Of other kinds than perceptrons it is their rules as addresses write
    them.
    """

    __tablename__ = "protocols"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    kind: Mapped[str] = mapped_column(String(24), default=PERCEPTRON, server_default=PERCEPTRON)  # of network


class DataRow(Base):
    """A data record that is not the default; the default is not stored."""

    __tablename__ = "data_records"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    description: Mapped[str] = mapped_column(Text, default="")
    record: Mapped[bytes] = mapped_column(LargeBinary)  # the data file as canonical JSON


class AnalysisRow(Base):
    """An analysis = network + output + protocol + data record, with its counts kept.

    Where there are too many circuits to search, the row records that, and holds what else was found.
    """

    __tablename__ = "analyses"
    __table_args__ = (UniqueConstraint("network_id", "output", "protocol_digest", "data_digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("networks.id", ondelete="CASCADE"))
    output: Mapped[int]
    protocol_digest: Mapped[str] = mapped_column(ForeignKey("protocols.digest"))
    data_digest: Mapped[str] = mapped_column(String(64))
    engine_version: Mapped[str] = mapped_column(String(32))
    result_digest: Mapped[str] = mapped_column(String(64))  # of the result without timings: equal runs are equal here

    circuits_possible: Mapped[int] = mapped_column(SortableInteger)
    circuits_valid: Mapped[int] = mapped_column(SortableInteger)  # by the method: exact, or within an interval
    circuits_method: Mapped[str] = mapped_column(String(16), server_default="listed")  # or another, or refused
    circuits_listed: Mapped[int] = mapped_column(server_default="0")  # stored ones: all, or uniform draws from all
    circuits_low: Mapped[int | None] = mapped_column(SortableInteger)  # its ends
    circuits_high: Mapped[int | None] = mapped_column(SortableInteger)
    circuits_confidence: Mapped[float | None]  # of that interval, e.g. 0.99
    circuits_tested: Mapped[int | None] = mapped_column(SortableInteger)  # circuits judged; None if not recorded
    circuits_truncated_at: Mapped[int | None]
    interpretations_total: Mapped[int] = mapped_column(SortableInteger)  # of the stored circuits
    interpretations_observed: Mapped[int] = mapped_column(SortableInteger)
    interpretations_complete: Mapped[bool] = mapped_column(server_default=true())  # whether of all valid circuits
    interpretations_truncated_at: Mapped[int | None]
    algorithms_candidates: Mapped[int] = mapped_column(SortableInteger)
    algorithms_truncated_at: Mapped[int | None]
    algorithms_aligned: Mapped[int]
    alignments_valid: Mapped[int] = mapped_column(SortableInteger)
    alignments_minimal: Mapped[int] = mapped_column(SortableInteger)
    exhaustive: Mapped[bool]  # whether no search, alignments of single algorithms included, stopped at a limit
    criteria: Mapped[dict[str, Any]] = mapped_column(JSON)
    distributions: Mapped[dict[str, Any]] = mapped_column(JSON)  # see pluriscope.app.db.distributions
    plan: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # why this method, or none
    seconds: Mapped[dict[str, float]] = mapped_column(JSON)
    provenance: Mapped[dict[str, Any]] = mapped_column(JSON)  # library versions
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    network: Mapped[NetworkRow] = relationship(back_populates="analyses")
    protocol: Mapped[ProtocolRow] = relationship()
    verdicts: Mapped[list[VerdictRow]] = relationship(
        viewonly=True, order_by=lambda: (VerdictRow.kind, VerdictRow.position)
    )

    @property
    def goes_on(self) -> bool:
        """Whether this is a first answer: stages of it are still to come, and it will be replaced."""
        return any(stop["reason"] == "pending" for stop in self.distributions.get("stops", ()))


class CircuitRow(Base):
    """A listed valid circuit; masks ascend with the position.

    Of a perceptron its interpretations are counted and fetched by index. Of other kinds none are counted; there are how
    many rows are right, the smallest gap between a right output and the others, and which nodes have which role.
    """

    __tablename__ = "circuits"
    __table_args__ = ({"sqlite_with_rowid": False},)

    analysis: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0
    mask: Mapped[str] = mapped_column(HexMask)
    edges: Mapped[int]  # nodes, where a mask names nodes
    neurons: Mapped[int]  # active hidden ones, or nodes that take part
    margin: Mapped[float | None]  # None for NaN
    interpretations: Mapped[int] = mapped_column(BigCount)
    observed: Mapped[int] = mapped_column(BigCount)
    verdicts: Mapped[str] = mapped_column(Letters, default="", server_default="")
    right: Mapped[int | None]
    worst: Mapped[float | None]
    roles: Mapped[str | None] = mapped_column(Text)  # JSON: role → names of nodes between commas


class AlgorithmRow(Base):
    """A candidate algorithm of one analysis, aligned or not."""

    __tablename__ = "algorithms"
    __table_args__ = (UniqueConstraint("analysis_id", "algorithm_id"), Index(None, "analysis_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    algorithm_id: Mapped[str] = mapped_column(String(16), index=True)
    position: Mapped[int]  # in the protocol's order, from 0
    form: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)  # identity text; parsed back into a tree by pluriscope.analysis.algorithms
    formula: Mapped[str] = mapped_column(Text)
    depth: Mapped[int]
    n_gates: Mapped[int]
    n_variables: Mapped[int]
    irredundant_gates: Mapped[bool | None]
    irredundant_functions: Mapped[bool | None]
    irredundant_literals: Mapped[bool | None]
    n_valid: Mapped[int] = mapped_column(SortableInteger)
    n_minimal: Mapped[int] = mapped_column(SortableInteger)
    n_kept: Mapped[int]
    truncated_at: Mapped[int | None]
    best_agreed: Mapped[int | None]  # best IIA of any kept alignment, None if there is none
    best_of: Mapped[int | None]
    first_alignment: Mapped[str | None] = mapped_column(String(16))  # the best kept one
    verdicts: Mapped[str] = mapped_column(Letters, default="", server_default="")

    alignments: Mapped[list[AlignmentRow]] = relationship(back_populates="algorithm", cascade="all, delete-orphan")


class AlignmentRow(Base):
    """A kept alignment: valid, or one of the best that fail."""

    __tablename__ = "alignments"
    __table_args__ = (
        UniqueConstraint("algorithm_row_id", "alignment_id"),
        Index(None, "analysis_id"),
        # the order of an algorithm's list: minimal ones, other valid ones, then the best that fail
        Index(None, "algorithm_row_id", "valid", "minimal", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    algorithm_row_id: Mapped[int] = mapped_column(ForeignKey("algorithms.id", ondelete="CASCADE"))
    alignment_id: Mapped[str] = mapped_column(String(16), index=True)
    places: Mapped[list[Any]] = mapped_column(JSON)  # [[path, layer, [neurons]], …] sorted
    agreed: Mapped[int]
    of: Mapped[int]
    iia: Mapped[float]
    valid: Mapped[bool]
    minimal: Mapped[bool]
    n_neurons: Mapped[int]
    margin: Mapped[float | None]  # None where nothing was tested
    verdicts: Mapped[str] = mapped_column(Letters, default="", server_default="")

    algorithm: Mapped[AlgorithmRow] = relationship(back_populates="alignments")


class VerdictRow(Base):
    """Verdicts of one criterion, with its settings, on all explanations of one kind in an analysis, in sum.

    The verdict on each explanation is one letter in its own row, see :mod:`pluriscope.app.db.verdicts`.
    """

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("analysis_id", "kind", "criterion", "settings_digest"),
        UniqueConstraint("analysis_id", "kind", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))  # circuit, interpretation, algorithm, alignment
    position: Mapped[int]  # of its letter, from 0; never moved
    criterion: Mapped[str] = mapped_column(String(40))
    settings_digest: Mapped[str] = mapped_column(String(12))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)  # of all parameters
    n: Mapped[int]  # explanations, of interpretations the circuits
    passed: Mapped[int] = mapped_column(SortableInteger)  # of interpretations all of them, however many
    failed: Mapped[int] = mapped_column(SortableInteger)
    undecided: Mapped[int] = mapped_column(SortableInteger)
    not_applicable: Mapped[int] = mapped_column(SortableInteger)
    note: Mapped[str] = mapped_column(Text, default="")  # why some are undecided
    seconds: Mapped[float]
    # of interpretations how many of each circuit's pass, circuits as they stand; "" of other kinds
    by_circuit: Mapped[str] = mapped_column(Text, default="", server_default="", deferred=True)
    content: Mapped[str] = mapped_column(String(64))  # SHA-256 of what it says: equal verdicts are equal here


class AnalysisReportRow(Base):
    """A report on an analysis that one job found and that is read whole: map classes, carried algorithms."""

    __tablename__ = "analysis_reports"

    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)  # ladder, stories
    thorough: Mapped[bool]  # whether it holds all there is of its kind, also what takes long
    engine_version: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(default=1, server_default="1")  # of the analysis with its methods
    found: Mapped[dict[str, Any]] = mapped_column(JSON)  # see pluriscope.app.db.reports
    brief: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))  # in sentences
    thumb: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # a chart of it
    seconds: Mapped[float]
    beside: Mapped[str] = mapped_column(Text, default="", server_default="", deferred=True)  # of each explanation
    content: Mapped[str] = mapped_column(String(64))  # SHA-256 of what was found, timings apart
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


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
    """Directions of an alignment, by its id, if a search ever kept it.

    An id is a hash of the text, so this is true of every network and for good. Rows stay when the search that found an
    alignment is made again and gives its directions other last digits, so that links by id alone still lead somewhere.
    """

    __tablename__ = "direction_texts"

    algorithm_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    alignment_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    text: Mapped[str] = mapped_column(Text)  # of the places, as addresses carry it
