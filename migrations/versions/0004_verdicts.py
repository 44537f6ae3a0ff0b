"""Keep the verdicts of every criterion, column by column; drop the table of scores, which was never written.

Revision 0004, after 0003, 2026-11-20.

The way back drops the verdicts: they are computed again from the analyses.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OUTCOMES = ("passed", "failed", "undecided", "not_applicable")


def upgrade() -> None:
    op.drop_table("scores")
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("criterion", sa.String(40), nullable=False),
        sa.Column("settings_digest", sa.String(12), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("staged", sa.String(20), nullable=False, server_default=""),
        sa.Column("n", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(1003), nullable=False) for name in OUTCOMES),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_verdicts_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint(
            "analysis_id",
            "kind",
            "criterion",
            "settings_digest",
            "staged",
            name=op.f("uq_verdicts_analysis_id_kind_criterion_settings_digest_staged"),
        ),
    )
    op.create_table(
        "verdict_blocks",
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verdict_id"], ["verdicts.id"], name=op.f("fk_verdict_blocks_verdict_id_verdicts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("verdict_id", "name", "block", name=op.f("pk_verdict_blocks")),
    )


def downgrade() -> None:
    op.drop_table("verdict_blocks")
    op.drop_table("verdicts")
    op.execute(sa.text("DELETE FROM job_log WHERE job_id IN (SELECT id FROM jobs WHERE kind = 'criteria')"))
    op.execute(sa.text("DELETE FROM jobs WHERE kind = 'criteria'"))
    op.create_table(
        "scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("criterion", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
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
