"""The table of the plugins that a store has been used with, so that what needs one which is gone can say so."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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


def keep_plugins(session: Session, rows: Iterable[PluginRow], broken: Collection[str] = ()) -> None:
    """Keep what plugins bring; nothing is written where that is known.

    Args:
        broken: names of plugins of which something could not be loaded; that is still theirs.
    """
    known = {row.name: row for row in session.scalars(select(PluginRow))}
    for row in rows:
        old = known.get(row.name)
        if old is not None and row.name in broken:
            row.paths, row.kinds = sorted({*old.paths, *row.paths}), sorted({*old.kinds, *row.kinds})
        if old is None or (old.version, old.paths, old.kinds) != (row.version, row.paths, row.kinds):
            session.merge(row)


def absent_plugins(session: Session) -> list[PluginRow]:
    """The plugins that the store has been used with and that are not used now, by name."""
    present = {plugin.name for plugin in plugins() if not plugin.refused}
    every = session.scalars(select(PluginRow).order_by(PluginRow.name))
    return [row for row in every if row.name not in present]


def cure_of(name: str) -> str:
    """What to do where a plugin is missing."""
    return f"install it: pip install {name}, or see under Administration why it is left out; what it has stored is kept"


def owners(session: Session) -> dict[str, str]:
    """Kind of job → the plugin that brought it when it was last there, whether it is there now or not."""
    every = session.scalars(select(PluginRow).order_by(PluginRow.name))
    return {kind: row.name for row in every for kind in row.kinds}
