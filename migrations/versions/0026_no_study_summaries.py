"""What a study says is worked out when it is looked at, and no longer kept.

Revision 0026, after 0025, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM job_log WHERE job_id IN (SELECT id FROM jobs WHERE kind = 'study-summary')")
    op.execute("DELETE FROM jobs WHERE kind = 'study-summary'")
    op.drop_table("study_summaries")


def downgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "study_summaries",
        sa.Column("study_id", wide, nullable=False),
        sa.Column("revision", wide, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("n_outcomes", wide, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_study_summaries_study_id_studies", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", name="pk_study_summaries"),
    )
