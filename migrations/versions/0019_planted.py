"""Keep what was planted in a network.

Revision 0019, after 0018, 2026-11-21.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("networks", sa.Column("planted", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("networks", "planted")
