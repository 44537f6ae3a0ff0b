"""Drop the lists of linear probes, with what was judged of them and the jobs that searched them.

Revision 0039, after 0038, 2026-11-30.
"""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM verdicts WHERE kind = 'probe'")
    op.execute("DELETE FROM job_log WHERE job_id IN (SELECT id FROM jobs WHERE kind = 'explanations')")
    op.execute("DELETE FROM jobs WHERE kind = 'explanations'")
    op.drop_table("probes")
    op.drop_table("searches")
