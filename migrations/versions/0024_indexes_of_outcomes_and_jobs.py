"""Indexes of a study's outcomes and of jobs with all that their lists are counted and sorted by.

Revision 0024, after 0023, 2026-11-23.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["study_id", "position", "seed", "state", "epochs", "loss"]
    op.create_index("ix_study_outcomes_places", "study_outcomes", columns)
    op.create_index("ix_jobs_newest", "jobs", ["created_at", "id", "network_digest"])


def downgrade() -> None:
    op.drop_index("ix_jobs_newest", "jobs")
    op.drop_index("ix_study_outcomes_places", "study_outcomes")
