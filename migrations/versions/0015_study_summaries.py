"""Keep what the outcomes of a study say beside them, and on what data its networks were judged.

Revision 0015, after 0014, 2026-11-20. Workers sum up what is stored already.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "study_summaries",
        sa.Column("study_id", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("revision", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("n_outcomes", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_study_summaries_study_id_studies", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", name="pk_study_summaries"),
    )
    op.add_column("study_outcomes", sa.Column("data_digest", sa.String(64)))


def downgrade() -> None:
    with op.batch_alter_table("study_outcomes") as table:
        table.drop_column("data_digest")
    op.drop_table("study_summaries")
