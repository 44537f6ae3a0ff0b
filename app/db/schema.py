"""All tables together. Who needs every one of them takes them from here, where none can have been left out.

A module of tables that nobody has imported is unknown to SQLAlchemy, so its tables would be missing without a word.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData

from app.db import job_tables, recorded_tables, study_tables, tables  # noqa: F401
from app.db.table_base import Base

SCHEMA: Final[MetaData] = Base.metadata
"""Every table of the store."""
