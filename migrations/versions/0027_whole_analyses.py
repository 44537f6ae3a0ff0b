"""An analysis is stored when it is whole; what a job on its way had found by then is no longer kept.

Revision 0027, after 0026, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = ["network_id", "output", "protocol_digest", "data_digest"]
UNIQUE = f"uq_analyses_{'_'.join(KEY)}"
PARTS = ("circuits", "alignments", "algorithms")
"""What an analysis on its way had rows in; SQLite cascades nothing while a schema changes."""


def upgrade() -> None:
    on_its_way = "SELECT id FROM analyses WHERE so_far <> ''"
    for table in PARTS:
        column = "analysis" if table == "circuits" else "analysis_id"
        op.execute(f"DELETE FROM {table} WHERE {column} IN ({on_its_way})")  # noqa: S608
    op.execute("DELETE FROM analyses WHERE so_far <> ''")
    with op.batch_alter_table("analyses") as batch_op:
        batch_op.drop_constraint(f"{UNIQUE}_so_far", type_="unique")
        batch_op.drop_column("so_far")
        batch_op.create_unique_constraint(op.f(UNIQUE), KEY)


def downgrade() -> None:
    with op.batch_alter_table("analyses") as batch_op:
        batch_op.drop_constraint(UNIQUE, type_="unique")
        batch_op.add_column(sa.Column("so_far", sa.String(20), nullable=False, server_default=""))
        batch_op.create_unique_constraint(op.f(f"{UNIQUE}_so_far"), [*KEY, "so_far"])
