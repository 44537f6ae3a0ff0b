"""Keep the slugs that networks once had, and addresses too long to be passed on under short keys.

Revision 0006, after 0005, 2026-11-20.

The way back drops both: old slugs then lead nowhere, and short keys neither; the long addresses keep working.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_slugs",
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_former_slugs_network_id_networks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_former_slugs")),
    )
    op.create_index(op.f("ix_former_slugs_network_id"), "former_slugs", ["network_id"])
    op.create_table(
        "short_links",
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_short_links")),
    )


def downgrade() -> None:
    op.drop_table("short_links")
    op.drop_index(op.f("ix_former_slugs_network_id"), table_name="former_slugs")
    op.drop_table("former_slugs")
