"""Keep what was found on linear directions: searches by class, their algorithms, their alignments.

Revision 0007, after 0006, 2026-11-20.

The way back drops them: they are computed again from the analyses.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "direction_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("direction_class", sa.String(16), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.Column("irredundant_only", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("n_candidates", sa.String(1003), nullable=False),
        sa.Column("n_searched", sa.Integer(), nullable=False),
        sa.Column("all_listed", sa.Boolean(), nullable=False),
        sa.Column("n_aligned", sa.Integer(), nullable=False),
        sa.Column("n_valid", sa.String(1003), nullable=False),
        sa.Column("n_joint", sa.Integer(), nullable=False),
        sa.Column("n_undecided", sa.String(1003), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.Text(), server_default="", nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["analyses.id"],
            name=op.f("fk_direction_searches_analysis_id_analyses"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direction_searches")),
        sa.UniqueConstraint(
            "analysis_id", "direction_class", name=op.f("uq_direction_searches_analysis_id_direction_class")
        ),
    )
    op.create_table(
        "direction_algorithms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.String(16), nullable=False),
        sa.Column("form", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("n_variables", sa.Integer(), nullable=False),
        sa.Column("n_placements", sa.Integer(), nullable=True),
        sa.Column("n_valid", sa.Integer(), nullable=False),
        sa.Column("n_joint", sa.Integer(), nullable=False),
        sa.Column("n_undecided", sa.Integer(), nullable=False),
        sa.Column("n_kept", sa.Integer(), nullable=False),
        sa.Column("truncated_at", sa.Integer(), nullable=True),
        sa.Column("unread", sa.JSON(), nullable=False),
        sa.Column("families", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["direction_searches.id"],
            name=op.f("fk_direction_algorithms_search_id_direction_searches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direction_algorithms")),
        sa.UniqueConstraint("search_id", "algorithm_id", name=op.f("uq_direction_algorithms_search_id_algorithm_id")),
    )
    op.create_index(op.f("ix_direction_algorithms_algorithm_id"), "direction_algorithms", ["algorithm_id"])
    op.create_index(
        op.f("ix_direction_algorithms_search_id_position"), "direction_algorithms", ["search_id", "position"]
    )
    op.create_table(
        "direction_alignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("algorithm_row_id", sa.Integer(), nullable=False),
        sa.Column("alignment_id", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("joint_agreed", sa.Integer(), nullable=True),
        sa.Column("joint_of", sa.Integer(), nullable=True),
        sa.Column("causal_order", sa.Boolean(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("n_directions", sa.Integer(), nullable=False),
        sa.Column("n_weights", sa.Integer(), nullable=False),
        sa.Column("family_dimension", sa.Integer(), nullable=True),
        sa.Column("family_answer", sa.String(16), nullable=True),
        sa.Column("illusory", sa.Boolean(), nullable=True),
        sa.Column("read_outs", sa.JSON(), nullable=False),
        sa.Column("rowspace", sa.JSON(), nullable=False),
        sa.Column("swaps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["direction_searches.id"],
            name=op.f("fk_direction_alignments_search_id_direction_searches"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["algorithm_row_id"],
            ["direction_algorithms.id"],
            name=op.f("fk_direction_alignments_algorithm_row_id_direction_algorithms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direction_alignments")),
        sa.UniqueConstraint(
            "algorithm_row_id", "alignment_id", name=op.f("uq_direction_alignments_algorithm_row_id_alignment_id")
        ),
    )
    op.create_index(op.f("ix_direction_alignments_alignment_id"), "direction_alignments", ["alignment_id"])
    op.create_index(
        op.f("ix_direction_alignments_search_id_valid_id"), "direction_alignments", ["search_id", "valid", "id"]
    )
    op.create_index(
        op.f("ix_direction_alignments_algorithm_row_id_position"),
        "direction_alignments",
        ["algorithm_row_id", "position"],
    )


def downgrade() -> None:
    op.drop_table("direction_alignments")
    op.drop_table("direction_algorithms")
    op.drop_table("direction_searches")
    op.execute(sa.text("DELETE FROM job_log WHERE job_id IN (SELECT id FROM jobs WHERE kind = 'directions')"))
    op.execute(sa.text("DELETE FROM jobs WHERE kind = 'directions'"))
