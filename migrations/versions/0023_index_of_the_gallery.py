"""An index of networks in the order of the gallery, so that a page of it reads no more networks than it shows.

Revision 0023, after 0022, 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    newest_first = sa.text("created_at DESC")
    columns = ["position", newest_first, "slug", "name", "deleted_at", "origin", "digest"]
    op.create_index("ix_networks_gallery", "networks", columns)


def downgrade() -> None:
    op.drop_index("ix_networks_gallery", "networks")
