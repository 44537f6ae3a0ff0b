"""Alembic's entry: migrations run on the connection that the store opens (see pluriscope.app.db.engine), SQLite in
batch mode.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from pluriscope.app.db.engine import SCHEMA


def plain_type(kind: str, item: Any, _autogenerate: object) -> str | bool:
    """Write our own column types as what they are in the database, so that old migrations need no later code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run(connection: Connection) -> None:
    """Run on an open connection, inside the transaction that the caller began."""
    context.configure(
        connection=connection,
        version_table=context.config.attributes.get("version_table", "alembic_version"),
        target_metadata=SCHEMA,
        render_as_batch=True,  # SQLite alters a table by making it anew
        compare_type=True,
        render_item=plain_type,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_connection = context.config.attributes.get("connection")
if _connection is not None:
    run(_connection)
else:  # the alembic command itself, used when a migration is written
    from pluriscope.app.db.engine import store_at
    from pluriscope.app.settings import Settings

    with store_at(Settings().url).writer.begin() as _own:
        run(_own)
