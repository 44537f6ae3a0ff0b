"""The classes that every table is declared on; :mod:`pluriscope.app.db.engine` has all tables together."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pluriscope.app.db.columns import UtcDateTime


class Base(DeclarativeBase):
    """All tables; every constraint has a name, so that migrations can reach it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # 64 bits on either database
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: Integer().with_variant(BigInteger(), "postgresql")}


class Named(Base):
    """A row that addresses name by slug or digest, and whose deletion can be undone for a while."""

    __abstract__ = True

    digest: Mapped[str] = mapped_column(String(64), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(16))  # bundled, or how else it came
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # see pluriscope.app.jobs.deletion
