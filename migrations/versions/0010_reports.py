"""Keep what a job finds out about an analysis and is read whole: the ladder of map classes, contradictions.

Revision 0010, after 0009, 2026-11-20.

The way back drops it: it is computed again from the analyses.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "analysis_reports",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("thorough", sa.Boolean(), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_analysis_reports_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "kind", name=op.f("pk_analysis_reports")),
    )


def downgrade() -> None:
    op.drop_table("analysis_reports")
