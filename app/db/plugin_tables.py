"""The table of the plugins that a store has been used with, so that what needs one which is gone can say so."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from pluriscope.analysis.plugins import plugins
from pluriscope.app.db.table_base import Base


class PluginRow(Base):
    """A plugin as it was when the store was last served with it."""

    __tablename__ = "plugins"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # of its distribution
    version: Mapped[str] = mapped_column(String(40))
    paths: Mapped[list[str]] = mapped_column(JSON)  # of its addresses, as its routers declare them
    kinds: Mapped[list[str]] = mapped_column(JSON)  # of jobs that it brings


def keep_plugins(session: Session, rows: Iterable[PluginRow]) -> None:
    """Keep what plugins bring; nothing is written where that is known."""
    known = {row.name: (row.version, row.paths, row.kinds) for row in session.scalars(select(PluginRow))}
    for row in rows:
        if known.get(row.name) != (row.version, row.paths, row.kinds):
            session.merge(row)


def absent_plugins(session: Session) -> list[PluginRow]:
    """The plugins that the store has been used with and that are not used now, by name."""
    present = {plugin.name for plugin in plugins() if not plugin.refused}
    every = session.scalars(select(PluginRow).order_by(PluginRow.name))
    return [row for row in every if row.name not in present]


def owner_of(kind: str, absent: Iterable[PluginRow]) -> str:
    """The absent plugin that brings a kind of job; "" where none does."""
    return next((row.name for row in absent if kind in row.kinds), "")
