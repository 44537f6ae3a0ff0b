"""Keep masks of more than 256 bits, as SQLite does: those of a transformer with eight heads in each layer.

Revision 0033, after 0032, 2026-11-28.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("circuits", "mask", type_=sa.Text())


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("circuits", "mask", type_=sa.String(64))
