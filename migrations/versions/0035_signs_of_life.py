"""Count signs of life of a job's holder in place of a time by one machine's clock; keep where attempts were lost.

The version of an analysis is kept with what it has found; what is stored counts as of the versions until then.

Revision 0035, after 0034, 2026-11-28.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

VERSIONS = {"stories": 2, "pair": 2, "methods": 2, "common-ground": 3, "directions": 2}
reports = sa.table("analysis_reports", sa.column("kind"), sa.column("version"), sa.column("found", sa.JSON()))


def upgrade() -> None:
    op.add_column("jobs", sa.Column("lost_at", sa.JSON(), nullable=True))
    op.add_column("jobs", sa.Column("lease_seconds", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("signs", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE jobs SET lease_seconds = 30 WHERE state = 'running'")
    op.drop_column("jobs", "lease_until")
    op.add_column("analysis_reports", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    for kind, version in VERSIONS.items():
        op.execute(reports.update().where(reports.c.kind == kind).values(version=version))
    first_search = reports.c.found["search"].as_integer()
    of_pairs = reports.c.kind == "pair", sa.or_(first_search.is_(None), first_search < VERSIONS["pair"])
    op.execute(reports.update().where(*of_pairs).values(version=1))


def downgrade() -> None:
    op.drop_column("analysis_reports", "version")
    op.add_column("jobs", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE jobs SET lease_until = created_at WHERE state = 'running'")
    for column in ("signs", "lease_seconds", "lost_at"):
        op.drop_column("jobs", column)
