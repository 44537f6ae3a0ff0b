"""An index of networks by origin that has their names, which the search reads without the networks themselves.

Revision 0021, after 0020, 2026-11-21.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("networks") as batch:
        batch.create_index(op.f("ix_networks_origin_slug_name_deleted_at"), ["origin", "slug", "name", "deleted_at"])


def downgrade() -> None:
    with op.batch_alter_table("networks") as batch:
        batch.drop_index(op.f("ix_networks_origin_slug_name_deleted_at"))
