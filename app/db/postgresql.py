"""Engines over PostgreSQL that keep the promises which the rest of the program knows from SQLite.

- One snapshot per reading session (REPEATABLE READ), which cannot write.
- Writing transactions take turns: each takes one advisory lock at its beginning, as BEGIN IMMEDIATE does. Whoever
  reads, thinks and writes in one transaction therefore loses no update, on either database, and needs no retry.
- Integers have 64 bits, text sorts by code point, times are UTC, whatever the server's own settings are.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, InternalError, OperationalError
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_SECONDS: Final = 10
WRITE_LOCK: Final = 7_426_301  # any fixed number: the advisory lock of whoever writes or migrates
DRIVER: Final = "psycopg"
READ_ONLY: Final = "25006"  # SQLSTATE read_only_sql_transaction


def engine(url: URL, *, writes: bool, migrates: bool = False) -> Engine:
    """An engine over one database.

    Args:
        url: of PostgreSQL; the driver is psycopg, named or not.
        writes: whether its transactions take the writers' lock at their beginning; otherwise they cannot write.
        migrates: whether it changes the schema, for which it waits longer and keeps no connection.

    Raises:
        ArgumentError: another driver is named.
        ImportError: psycopg is not installed.
    """
    driver = url.drivername.partition("+")[2]
    if driver not in ("", DRIVER):
        raise ArgumentError(f"driver {driver!r} is not supported; use postgresql:// (driver {DRIVER})")
    patience = 6 * BUSY_TIMEOUT_SECONDS if migrates else BUSY_TIMEOUT_SECONDS
    options: dict[str, Any] = {"poolclass": NullPool}
    if not migrates:
        # readers run in the server's threads; writers take turns anyway
        options = {"pool_pre_ping": True, "pool_size": 4, "max_overflow": 4 if writes else 20}
    made = create_engine(
        url.set(drivername=f"postgresql+{DRIVER}"),
        max_identifier_length=128,  # the server cuts names at 63 characters itself, where they are made and where used
        connect_args={
            "connect_timeout": BUSY_TIMEOUT_SECONDS,
            "application_name": f"pluriscope {'writer' if writes else 'reader'}",
            "client_encoding": "utf8",
            "options": f"-c lock_timeout={patience * 1000} -c timezone=UTC",
            # a statement prepared before an upgrade of the schema, or behind a pooler, would fail after it
            "prepare_threshold": None,
        },
        isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
        **options,
    )

    @event.listens_for(made, "begin")
    def begin_transaction(connection: Connection) -> None:
        if writes:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        else:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    @event.listens_for(made, "handle_error", retval=True)
    def name_read_only_as_sqlite_does(context: Any) -> OperationalError | None:
        error = context.sqlalchemy_exception
        if isinstance(error, InternalError) and getattr(error.orig, "sqlstate", "") == READ_ONLY:
            return OperationalError(error.statement, error.params, error.orig)  # type: ignore[arg-type]
        return None

    return made


def adopt_conventions(connection: Connection) -> None:
    """Make columns that a migration has just made like SQLite's: integers of 64 bits, text that sorts by code point.

    Migrations are written once for both databases; columns that are so already stay as they are.
    """
    columns = connection.execute(
        text(
            "SELECT table_name, column_name, data_type, character_maximum_length FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND (data_type IN ('smallint', 'integer') "
            "OR data_type IN ('character varying', 'text') AND collation_name IS DISTINCT FROM 'C') "
            "ORDER BY table_name, ordinal_position"
        )
    ).all()
    quote = connection.dialect.identifier_preparer.quote
    changes: dict[str, list[str]] = {}
    for table, column, kind, length in columns:
        if kind in ("smallint", "integer"):
            become = "bigint"
        else:
            become = f"""{f"varchar({length})" if length else "text"} COLLATE "C\""""
        changes.setdefault(table, []).append(f"ALTER COLUMN {quote(column)} TYPE {become}")
    for table, parts in changes.items():
        connection.exec_driver_sql(f"ALTER TABLE {quote(table)} {', '.join(parts)}")
    for sequence in sequences(connection).values():
        connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} AS bigint")


def sequences(connection: Connection) -> dict[tuple[str, str], str]:
    """The sequences that number rows, quoted, by table and column."""
    rows = connection.execute(
        text(
            "SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) "
            "FROM information_schema.columns WHERE table_schema = current_schema()"
        )
    )
    return {(table, column): sequence for table, column, sequence in rows if sequence}


def number_on(connection: Connection) -> None:
    """Let every sequence go on behind the largest number there is, after rows came with numbers of their own."""
    quote = connection.dialect.identifier_preparer.quote
    for (table, column), sequence in sequences(connection).items():
        largest = f"SELECT max({quote(column)}) FROM {quote(table)}"  # noqa: S608  names from the catalogue, quoted
        connection.execute(
            text(f"SELECT setval(:sequence, coalesce(({largest}), 0) + 1, false)"), {"sequence": sequence}
        )
