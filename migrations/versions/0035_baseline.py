"""The schema of the last version 0.2, with which every store begins.

Revision 0035, 2026-11-29.
"""

from __future__ import annotations

from functools import partial

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

revision = "0035"
down_revision = None
branch_labels = None
depends_on = None

schema = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
count = String(1003)  # of any size: how many digits it has, in three digits, then these
time = DateTime(timezone=True)
filled = partial(Column, nullable=False)


def part_of(table: str, column: str, **others: bool) -> Column[int]:
    """A column that refers to rows of a table, with which these go."""
    return filled(column, Integer, ForeignKey(f"{table}.id", ondelete="CASCADE"), **others)


Table(
    "networks",
    schema,
    filled("id", Integer, primary_key=True),
    filled("digest", String(64), unique=True),
    filled("slug", String(80), unique=True),
    filled("name", String(200)),
    filled("sizes", JSON),
    filled("activation", String(16)),
    filled("output_activation", String(16)),
    Column("negative_slope", Double),
    filled("parameters", LargeBinary),
    filled("tasks", JSON),
    filled("origin", String(16)),
    filled("attribution", Text),
    filled("training", JSON),
    filled("position", Integer),
    filled("created_at", time),
    Column("deleted_at", time),
    filled("input_data", String(64), server_default=""),
    Column("planted", JSON),
    Column("edited", JSON),
    filled("kind", String(24), server_default="perceptron"),
    Column("document", LargeBinary),
    Index(None, "origin", "slug", "name", "deleted_at"),
    Index("ix_networks_gallery", "position", text("created_at DESC"), "slug", "name", "deleted_at", "origin", "digest"),
)
Table(
    "former_slugs",
    schema,
    filled("slug", String(80), primary_key=True),
    part_of("networks", "network_id", index=True),
    filled("retired_at", time),
    filled("name", String(200), server_default=""),
)
Table(
    "checkpoints",
    schema,
    filled("training", String(64), primary_key=True),
    filled("at", Integer, primary_key=True),
    part_of("networks", "network_id", index=True),
    filled("record", JSON),
)
Table(
    "protocols",
    schema,
    filled("digest", String(64), primary_key=True),
    filled("name", String(64), index=True),
    filled("settings", JSON),
    filled("kind", String(24), server_default="perceptron"),
)
Table(
    "data_records",
    schema,
    filled("digest", String(64), primary_key=True),
    filled("description", Text),
    filled("record", LargeBinary),
)
Table(
    "analyses",
    schema,
    filled("id", Integer, primary_key=True),
    part_of("networks", "network_id"),
    filled("output", Integer),
    filled("protocol_digest", String(64), ForeignKey("protocols.digest")),
    filled("data_digest", String(64)),
    filled("engine_version", String(32)),
    filled("result_digest", String(64)),
    filled("circuits_possible", count),
    filled("circuits_valid", count),
    Column("circuits_truncated_at", Integer),
    filled("interpretations_total", count),
    filled("interpretations_observed", count),
    filled("algorithms_candidates", count),
    Column("algorithms_truncated_at", Integer),
    filled("algorithms_aligned", Integer),
    filled("alignments_valid", count),
    filled("alignments_minimal", count),
    filled("exhaustive", Boolean),
    filled("criteria", JSON),
    filled("distributions", JSON),
    filled("seconds", JSON),
    filled("provenance", JSON),
    filled("created_at", time),
    filled("circuits_method", String(16), server_default="listed"),
    filled("circuits_listed", Integer, server_default="0"),
    Column("circuits_low", count),
    Column("circuits_high", count),
    Column("circuits_confidence", Double),
    Column("circuits_tested", count),
    filled("interpretations_complete", Boolean, server_default=true()),
    Column("interpretations_truncated_at", Integer),
    filled("plan", JSON, server_default="{}"),
    UniqueConstraint("network_id", "output", "protocol_digest", "data_digest"),
)
Table(
    "circuits",
    schema,
    part_of("analyses", "analysis", primary_key=True),
    filled("position", Integer, primary_key=True),
    filled("mask", String(64).with_variant(Text(), "postgresql")),
    filled("edges", Integer),
    filled("neurons", Integer),
    Column("margin", Double),
    filled("interpretations", Text),
    filled("observed", Text),
    filled("verdicts", Text, server_default=""),
    Column("right", Integer),
    Column("worst", Double),
    Column("roles", Text),
    sqlite_with_rowid=False,
)
Table(
    "algorithms",
    schema,
    filled("id", Integer, primary_key=True),
    part_of("analyses", "analysis_id"),
    filled("algorithm_id", String(16), index=True),
    filled("position", Integer),
    filled("form", String(16)),
    filled("text", Text),
    filled("formula", Text),
    filled("depth", Integer),
    filled("n_gates", Integer),
    filled("n_variables", Integer),
    Column("irredundant_gates", Boolean),
    Column("irredundant_functions", Boolean),
    Column("irredundant_literals", Boolean),
    filled("n_valid", count),
    filled("n_minimal", count),
    filled("n_kept", Integer),
    Column("truncated_at", Integer),
    Column("best_agreed", Integer),
    Column("best_of", Integer),
    Column("first_alignment", String(16)),
    filled("verdicts", Text, server_default=""),
    UniqueConstraint("analysis_id", "algorithm_id"),
    Index(None, "analysis_id", "position"),
)
Table(
    "alignments",
    schema,
    filled("id", Integer, primary_key=True),
    part_of("analyses", "analysis_id", index=True),
    part_of("algorithms", "algorithm_row_id"),
    filled("alignment_id", String(16), index=True),
    filled("places", JSON),
    filled("agreed", Integer),
    filled("of", Integer),
    filled("iia", Double),
    filled("valid", Boolean),
    filled("minimal", Boolean),
    filled("n_neurons", Integer),
    Column("margin", Double),
    filled("verdicts", Text, server_default=""),
    UniqueConstraint("algorithm_row_id", "alignment_id"),
    Index(None, "algorithm_row_id", "valid", "minimal", "id"),
)
Table(
    "directions",
    schema,
    part_of("analyses", "analysis", primary_key=True),
    filled("position", Integer, primary_key=True),
    filled("algorithm_id", String(16)),
    filled("alignment_id", String(16), index=True),
    filled("form", String(16)),
    filled("algorithm_text", Text),
    filled("formula", Text),
    filled("text", Text),
    filled("classes", Text),
    filled("valid", Boolean),
    filled("agreed", Integer),
    filled("of", Integer),
    Column("joint_agreed", Integer),
    Column("joint_of", Integer),
    filled("causal_order", Boolean),
    Column("margin", Double),
    filled("families", JSON),
)
Table(
    "direction_texts",
    schema,
    filled("algorithm_id", String(16), primary_key=True),
    filled("alignment_id", String(16), primary_key=True),
    filled("text", Text),
)
Table(
    "verdicts",
    schema,
    filled("id", Integer, primary_key=True),
    part_of("analyses", "analysis_id"),
    filled("kind", String(16)),
    filled("criterion", String(40)),
    filled("settings_digest", String(12)),
    filled("settings", JSON),
    filled("n", Integer),
    filled("passed", count),
    filled("failed", count),
    filled("undecided", count),
    filled("not_applicable", count),
    filled("note", Text),
    filled("seconds", Double),
    filled("content", String(64)),
    filled("position", Integer),
    filled("by_circuit", Text, server_default=""),
    UniqueConstraint("analysis_id", "kind", "criterion", "settings_digest"),
    UniqueConstraint("analysis_id", "kind", "position"),
)
Table(
    "searches",
    schema,
    part_of("analyses", "analysis", primary_key=True),
    filled("kind", String(16), primary_key=True),
    filled("n", Integer),
    filled("complete", Boolean),
    filled("note", Text),
    filled("engine_version", String(32)),
    filled("found_at", time),
)
Table(
    "probes",
    schema,
    part_of("analyses", "analysis", primary_key=True),
    filled("position", Integer, primary_key=True),
    filled("ref", Text),
    filled("name", Text),
    filled("layer", Integer),
    Column("margin", Double),
    filled("inputs", Integer),
    filled("task", Boolean),
    filled("table", Text),
    filled("verdicts", Text, server_default=""),
    sqlite_with_rowid=False,
)
Table(
    "analysis_reports",
    schema,
    part_of("analyses", "analysis_id", primary_key=True),
    filled("kind", String(24), primary_key=True),
    filled("thorough", Boolean),
    filled("engine_version", String(32)),
    filled("found", JSON),
    filled("seconds", Double),
    filled("content", String(64)),
    filled("created_at", time),
    filled("beside", Text, server_default=""),
    filled("version", Integer, server_default="1"),
)
Table(
    "short_links",
    schema,
    filled("key", String(16), primary_key=True),
    filled("address", Text),
    filled("created_at", time),
)
Table(
    "jobs",
    schema,
    filled("id", String(16), primary_key=True),
    filled("kind", String(40)),
    Column("network_digest", String(64), index=True),
    filled("arguments", JSON),
    filled("title", String(300)),
    filled("state", String(16)),
    filled("priority", Integer),
    filled("stage", String(40)),
    filled("done", BigInteger),
    filled("total", BigInteger),
    filled("found", String(300)),
    filled("attempts", Integer),
    Column("owner", String(80)),
    filled("cancel_requested", Boolean),
    filled("error", Text),
    filled("result", JSON),
    filled("created_at", time),
    Column("started_at", time),
    Column("finished_at", time),
    filled("losses", Integer, server_default="0"),
    Column("not_before", time),
    filled("set_aside", Boolean, server_default=false()),
    filled("so_far", JSON, server_default="{}"),
    Column("lost_at", JSON),
    Column("lease_seconds", Double),
    filled("signs", Integer, server_default="0"),
    Index(None, "state", "priority", "created_at"),
    Index("ix_jobs_newest", "created_at", "id", "network_digest"),
)
Table(
    "job_log",
    schema,
    filled("id", Integer, primary_key=True),
    filled("job_id", String(16), ForeignKey("jobs.id", ondelete="CASCADE")),
    filled("at", time),
    filled("level", String(8)),
    filled("message", Text),
    Index(None, "job_id", "id"),
)
Table(
    "workers",
    schema,
    filled("name", String(80), primary_key=True),
    filled("host", String(80)),
    filled("pid", Integer),
    filled("slots", Integer),
    filled("cluster", String(200)),
    filled("version", String(40)),
    filled("started_at", time),
    filled("seen_at", time),
)


def upgrade() -> None:
    schema.create_all(op.get_bind(), checkfirst=False)
