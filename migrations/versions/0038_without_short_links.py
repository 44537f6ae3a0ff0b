"""Drop the short keys of addresses, and which cluster a worker computed on; neither is written.

Verdicts are kept under the settings that their criterion has now.

Revision 0038, after 0037, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
_SETTINGS = (("patching-robust", "0780fe9626f9", "44136fa355b3"),)
"""Criteria, with the digests of their settings with parameters that they had and without."""


def upgrade() -> None:
    op.drop_table("short_links")
    op.drop_column("workers", "cluster")
    verdicts = sa.table("verdicts", sa.column("criterion"), sa.column("settings_digest"))
    for criterion, before, now in _SETTINGS:
        own = (verdicts.c.criterion == criterion) & (verdicts.c.settings_digest == before)
        op.execute(verdicts.update().where(own).values(settings_digest=now))
