"""Drop the former slugs of studies, which nothing gives another slug.

Revision 0002, after 0001, 2026-11-30.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("former_study_slugs")
