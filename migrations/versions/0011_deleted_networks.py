"""Keep when a network was deleted, so that it can be undone, and which rows it was brought in with.

Revision 0011, after 0010, 2026-11-20.

A network called "new" or "preview" gets digits of its digest behind that: pages have these addresses now.
The way back brings deleted networks into sight again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("networks", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("networks", sa.Column("input_data", sa.String(64), nullable=False, server_default=""))
    for taken in ("new", "preview"):
        op.execute(
            sa.text("UPDATE networks SET slug = slug || '-' || substr(digest, 1, 12) WHERE slug = :taken").bindparams(
                taken=taken
            )
        )


def downgrade() -> None:
    op.drop_column("networks", "input_data")
    op.drop_column("networks", "deleted_at")
