"""Count signs of life of whoever holds a job, in place of a time by the clock of one machine, and say where it was lost.

Revision 0035, after 0034, 2026-11-28.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("lost_at", sa.JSON(), nullable=True))
    op.add_column("jobs", sa.Column("lease_seconds", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("signs", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE jobs SET lease_seconds = 30 WHERE state = 'running'")
    op.drop_column("jobs", "lease_until")


def downgrade() -> None:
    op.add_column("jobs", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE jobs SET lease_until = created_at WHERE state = 'running'")
    for column in ("signs", "lease_seconds", "lost_at"):
        op.drop_column("jobs", column)
