"""Imported claims, and where each stands in an analysis.

Revision 0020, after 0019, 2026-11-21.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "claims",
        sa.Column("id", wide, nullable=False),
        sa.Column("network_id", wide, nullable=False),
        sa.Column("output", wide, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("former_name", sa.String(200), server_default="", nullable=False),
        sa.Column("method", sa.String(80), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("form", sa.String(24), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_claims_network_id_networks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("network_id", "output", "digest", name=op.f("uq_claims_network_id_output_digest")),
    )
    op.create_table(
        "claim_places",
        sa.Column("claim_id", wide, nullable=False),
        sa.Column("analysis_id", wide, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("raw_mask", sa.Text(), nullable=False),
        sa.Column("faithfulness", sa.Double(), nullable=True),
        sa.Column("edges", wide, nullable=True),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("excess", wide, nullable=True),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claims.id"], name=op.f("fk_claim_places_claim_id_claims"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_claim_places_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("claim_id", "analysis_id", name=op.f("pk_claim_places")),
    )
    op.create_index(op.f("ix_claim_places_analysis_id_edges"), "claim_places", ["analysis_id", "edges"])
    op.create_index(op.f("ix_claim_places_analysis_id_excess"), "claim_places", ["analysis_id", "excess"])


def downgrade() -> None:
    op.drop_table("claim_places")
    op.drop_table("claims")
