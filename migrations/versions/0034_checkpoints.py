"""Keep of which training a network is a checkpoint, and how far that was; one network may be one of several trainings.

Revision 0034, after 0033, 2026-11-28.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "checkpoints",
        sa.Column("training", sa.String(64), nullable=False),
        sa.Column("at", wide, nullable=False),
        sa.Column("network_id", wide, nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_checkpoints_network_id_networks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("training", "at", name=op.f("pk_checkpoints")),
    )
    op.create_index(op.f("ix_checkpoints_network_id"), "checkpoints", ["network_id"])


def downgrade() -> None:
    op.drop_table("checkpoints")
