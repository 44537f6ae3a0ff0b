"""The first schema.

Revision 0001, after , 2026-11-20 07:26:42.086107.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_records",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_data_records")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("network_digest", sa.String(length=64), nullable=True),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.String(length=300), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_network_digest"), ["network_digest"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_jobs_state_priority_created_at"), ["state", "priority", "created_at"], unique=False
        )

    op.create_table(
        "networks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("activation", sa.String(length=16), nullable=False),
        sa.Column("output_activation", sa.String(length=16), nullable=False),
        sa.Column("negative_slope", sa.Double(), nullable=True),
        sa.Column("parameters", sa.LargeBinary(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("attribution", sa.Text(), nullable=False),
        sa.Column("training", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint("digest", name=op.f("uq_networks_digest")),
        sa.UniqueConstraint("slug", name=op.f("uq_networks_slug")),
    )
    op.create_table(
        "protocols",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_protocols")),
    )
    with op.batch_alter_table("protocols", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_protocols_name"), ["name"], unique=False)

    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=False),
        sa.Column("output", sa.Integer(), nullable=False),
        sa.Column("protocol_digest", sa.String(length=64), nullable=False),
        sa.Column("data_digest", sa.String(length=64), nullable=False),
        sa.Column("engine_version", sa.String(length=32), nullable=False),
        sa.Column("result_digest", sa.String(length=64), nullable=False),
        sa.Column("circuits_possible", sa.String(length=1003), nullable=False),
        sa.Column("circuits_valid", sa.String(length=1003), nullable=False),
        sa.Column("circuits_truncated_at", sa.Integer(), nullable=True),
        sa.Column("interpretations_total", sa.String(length=1003), nullable=False),
        sa.Column("interpretations_observed", sa.String(length=1003), nullable=False),
        sa.Column("algorithms_candidates", sa.String(length=1003), nullable=False),
        sa.Column("algorithms_truncated_at", sa.Integer(), nullable=True),
        sa.Column("algorithms_aligned", sa.Integer(), nullable=False),
        sa.Column("alignments_valid", sa.String(length=1003), nullable=False),
        sa.Column("alignments_minimal", sa.String(length=1003), nullable=False),
        sa.Column("exhaustive", sa.Boolean(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("distributions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_analyses_network_id_networks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["protocol_digest"], ["protocols.digest"], name=op.f("fk_analyses_protocol_digest_protocols")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint(
            "network_id",
            "output",
            "protocol_digest",
            "data_digest",
            name=op.f("uq_analyses_network_id_output_protocol_digest_data_digest"),
        ),
    )
    op.create_table(
        "job_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_log_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_log")),
    )
    with op.batch_alter_table("job_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_log_job_id_id"), ["job_id", "id"], unique=False)

    op.create_table(
        "algorithms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("n_gates", sa.Integer(), nullable=False),
        sa.Column("n_variables", sa.Integer(), nullable=False),
        sa.Column("irredundant_gates", sa.Boolean(), nullable=True),
        sa.Column("irredundant_functions", sa.Boolean(), nullable=True),
        sa.Column("irredundant_literals", sa.Boolean(), nullable=True),
        sa.Column("n_valid", sa.String(length=1003), nullable=False),
        sa.Column("n_minimal", sa.String(length=1003), nullable=False),
        sa.Column("n_kept", sa.Integer(), nullable=False),
        sa.Column("truncated_at", sa.Integer(), nullable=True),
        sa.Column("best_agreed", sa.Integer(), nullable=True),
        sa.Column("best_of", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_algorithms_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_algorithms")),
        sa.UniqueConstraint("analysis_id", "algorithm_id", name=op.f("uq_algorithms_analysis_id_algorithm_id")),
    )
    with op.batch_alter_table("algorithms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_algorithms_algorithm_id"), ["algorithm_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_algorithms_analysis_id_n_valid_position"),
            ["analysis_id", "n_valid", "position"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_algorithms_analysis_id_position"), ["analysis_id", "position"], unique=False
        )

    op.create_table(
        "circuits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("mask", sa.String(length=32), nullable=False),
        sa.Column("n_edges", sa.Integer(), nullable=False),
        sa.Column("n_neurons", sa.Integer(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("outputs", sa.LargeBinary(), nullable=False),
        sa.Column("interpretations", sa.String(length=1003), nullable=False),
        sa.Column("observed", sa.String(length=1003), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_circuits_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circuits")),
        sa.UniqueConstraint("analysis_id", "mask", name=op.f("uq_circuits_analysis_id_mask")),
    )
    with op.batch_alter_table("circuits", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_circuits_analysis_id_interpretations_mask"),
            ["analysis_id", "interpretations", "mask"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_circuits_analysis_id_margin_mask"), ["analysis_id", "margin", "mask"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_circuits_analysis_id_n_edges_mask"), ["analysis_id", "n_edges", "mask"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_circuits_analysis_id_n_neurons_mask"), ["analysis_id", "n_neurons", "mask"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_circuits_analysis_id_observed_mask"), ["analysis_id", "observed", "mask"], unique=False
        )

    op.create_table(
        "scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("criterion", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("numerator", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_scores_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores")),
        sa.UniqueConstraint(
            "analysis_id", "criterion", "kind", "subject", name=op.f("uq_scores_analysis_id_criterion_kind_subject")
        ),
    )
    op.create_table(
        "alignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("algorithm_row_id", sa.Integer(), nullable=False),
        sa.Column("alignment_id", sa.String(length=16), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("iia", sa.Double(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("minimal", sa.Boolean(), nullable=False),
        sa.Column("n_neurons", sa.Integer(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["algorithm_row_id"],
            ["algorithms.id"],
            name=op.f("fk_alignments_algorithm_row_id_algorithms"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_alignments_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alignments")),
        sa.UniqueConstraint(
            "algorithm_row_id", "alignment_id", name=op.f("uq_alignments_algorithm_row_id_alignment_id")
        ),
    )
    with op.batch_alter_table("alignments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alignments_alignment_id"), ["alignment_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_alignments_analysis_id_iia_id"), ["analysis_id", "iia", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alignments_analysis_id_valid_minimal_id"),
            ["analysis_id", "valid", "minimal", "id"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("alignments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alignments_analysis_id_valid_minimal_id"))
        batch_op.drop_index(batch_op.f("ix_alignments_analysis_id_iia_id"))
        batch_op.drop_index(batch_op.f("ix_alignments_alignment_id"))

    op.drop_table("alignments")
    op.drop_table("scores")
    with op.batch_alter_table("circuits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_circuits_analysis_id_observed_mask"))
        batch_op.drop_index(batch_op.f("ix_circuits_analysis_id_n_neurons_mask"))
        batch_op.drop_index(batch_op.f("ix_circuits_analysis_id_n_edges_mask"))
        batch_op.drop_index(batch_op.f("ix_circuits_analysis_id_margin_mask"))
        batch_op.drop_index(batch_op.f("ix_circuits_analysis_id_interpretations_mask"))

    op.drop_table("circuits")
    with op.batch_alter_table("algorithms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_algorithms_analysis_id_position"))
        batch_op.drop_index(batch_op.f("ix_algorithms_analysis_id_n_valid_position"))
        batch_op.drop_index(batch_op.f("ix_algorithms_algorithm_id"))

    op.drop_table("algorithms")
    with op.batch_alter_table("job_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_log_job_id_id"))

    op.drop_table("job_log")
    op.drop_table("analyses")
    with op.batch_alter_table("protocols", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_protocols_name"))

    op.drop_table("protocols")
    op.drop_table("networks")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_jobs_state_priority_created_at"))
        batch_op.drop_index(batch_op.f("ix_jobs_network_digest"))

    op.drop_table("jobs")
    op.drop_table("data_records")
