"""Keep what was done to a network that was edited.

Revision 0029, after 0028, 2026-11-26.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("networks", sa.Column("edited", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("networks", "edited")
