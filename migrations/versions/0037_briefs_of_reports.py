"""Keep with a report its sentences in brief, and the values from which the overview of a network draws it.

Reports that were stored before have neither; both are read off the report where they are asked for.

Revision 0037, after 0036, 2026-11-29.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("analysis_reports", sa.Column("brief", sa.JSON(), nullable=True))
    op.add_column("analysis_reports", sa.Column("thumb", sa.JSON(), nullable=True))
