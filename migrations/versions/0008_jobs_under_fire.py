"""Jobs wait after failures, take turns by requester, are set aside, and keep what they have finished.

Revision 0008, after 0007, 2026-11-20.

The way back loses waits, turns and finished parts; no job and no result.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("requester", sa.String(40), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("set_aside", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index(op.f("ix_jobs_state_priority_created_at"), table_name="jobs")
    op.create_index(op.f("ix_jobs_state_priority_turn_created_at"), "jobs", ["state", "priority", "turn", "created_at"])
    op.create_index(op.f("ix_jobs_requester_state_priority_turn"), "jobs", ["requester", "state", "priority", "turn"])
    op.create_table(
        "job_shards",
        sa.Column("job_id", sa.String(16), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_shards_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "key", name=op.f("pk_job_shards")),
    )


def downgrade() -> None:
    op.drop_table("job_shards")
    op.drop_index(op.f("ix_jobs_requester_state_priority_turn"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_state_priority_turn_created_at"), table_name="jobs")
    op.create_index(op.f("ix_jobs_state_priority_created_at"), "jobs", ["state", "priority", "created_at"])
    for column in ("set_aside", "not_before", "turn", "requester"):
        op.drop_column("jobs", column)
