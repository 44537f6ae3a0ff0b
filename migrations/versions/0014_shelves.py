"""Keep what lists filter algorithms and alignments by as columns.

Revision 0014, after 0013, 2026-11-20. Workers fill it in for what is stored already.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shelf_columns",
        sa.Column("analysis_id", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name="fk_shelf_columns_analysis_id_analyses", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "kind", "name", name="pk_shelf_columns"),
    )


def downgrade() -> None:
    op.drop_table("shelf_columns")
