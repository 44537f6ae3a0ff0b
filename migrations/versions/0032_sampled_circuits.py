"""Say of circuits counted from a uniform sample that they were sampled, not estimated: their interval is guaranteed.

Revision 0032, after 0031, 2026-11-28.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE analyses SET circuits_method = 'sampled' WHERE circuits_method = 'estimated'")


def downgrade() -> None:
    op.execute("UPDATE analyses SET circuits_method = 'estimated' WHERE circuits_method = 'sampled'")
