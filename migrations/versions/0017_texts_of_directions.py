"""Keep what the ids of alignments on directions stand for, beyond the search that found them.

Revision 0017, after 0016, 2026-11-21.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "direction_texts",
        sa.Column("algorithm_id", sa.String(16), nullable=False),
        sa.Column("alignment_id", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("algorithm_id", "alignment_id", name=op.f("pk_direction_texts")),
    )
    op.execute(
        "INSERT INTO direction_texts (algorithm_id, alignment_id, text) "
        "SELECT owner.algorithm_id, one.alignment_id, min(one.text) FROM direction_alignments AS one "
        "JOIN direction_algorithms AS owner ON owner.id = one.algorithm_row_id "
        "GROUP BY owner.algorithm_id, one.alignment_id"
    )


def downgrade() -> None:
    op.drop_table("direction_texts")
