"""Studies that are deleted but can be brought back, and the slugs that renamed ones had before.

Revision 0022, after 0021, 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    with op.batch_alter_table("studies") as batch:
        batch.add_column(sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "former_study_slugs",
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("study_id", wide, nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_former_study_slugs_study_id_studies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_former_study_slugs")),
    )
    op.create_index(op.f("ix_former_study_slugs_study_id"), "former_study_slugs", ["study_id"])


def downgrade() -> None:
    op.drop_table("former_study_slugs")
    with op.batch_alter_table("studies") as batch:
        batch.drop_column("deleted_at")
