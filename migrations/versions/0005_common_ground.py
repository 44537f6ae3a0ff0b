"""Keep where every explanation stands on the common ground: coverage and accuracy over all interventions.

Revision 0005, after 0004, 2026-11-20.

The way back drops them: they are computed again from the analyses.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "common_grounds",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.Column("n_sets", sa.Integer(), nullable=False),
        sa.Column("largest_set", sa.Integer(), nullable=True),
        sa.Column("n_interventions", sa.Integer(), nullable=False),
        sa.Column("n_classes", sa.String(1003), nullable=False),
        sa.Column("classes_kept", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("n_alignments", sa.String(1003), nullable=False),
        sa.Column("alignments_kept", sa.Integer(), nullable=False),
        sa.Column("thorough", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_common_grounds_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", name=op.f("pk_common_grounds")),
    )
    op.create_table(
        "common_ground_blocks",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["common_grounds.analysis_id"],
            name=op.f("fk_common_ground_blocks_analysis_id_common_grounds"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("analysis_id", "name", "block", name=op.f("pk_common_ground_blocks")),
    )


def downgrade() -> None:
    op.drop_table("common_ground_blocks")
    op.drop_table("common_grounds")
    op.execute(sa.text("DELETE FROM job_log WHERE job_id IN (SELECT id FROM jobs WHERE kind = 'common-ground')"))
    op.execute(sa.text("DELETE FROM jobs WHERE kind = 'common-ground'"))
