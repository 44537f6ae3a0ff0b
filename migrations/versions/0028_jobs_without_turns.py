"""Jobs of one urgency are started by their age alone; whoever asked for them takes no turns any more.

Revision 0028, after 0027, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_jobs_requester_state_priority_turn"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_state_priority_turn_created_at"), table_name="jobs")
    op.create_index(op.f("ix_jobs_state_priority_created_at"), "jobs", ["state", "priority", "created_at"])
    for column in ("turn", "requester"):
        op.drop_column("jobs", column)


def downgrade() -> None:
    op.add_column("jobs", sa.Column("requester", sa.String(40), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index(op.f("ix_jobs_state_priority_created_at"), table_name="jobs")
    op.create_index(op.f("ix_jobs_state_priority_turn_created_at"), "jobs", ["state", "priority", "turn", "created_at"])
    op.create_index(op.f("ix_jobs_requester_state_priority_turn"), "jobs", ["requester", "state", "priority", "turn"])
