"""Keep every name under which the same weights were saved.

Revision 0016, after 0015, 2026-11-20.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("former_slugs", sa.Column("name", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("former_slugs", "name")
