"""Engines over SQLite: a reader that cannot write, and a writer that locks before it reads.

SQLite takes its write lock lazily, so that a transaction which reads, thinks and writes may lose another's update. The
writer therefore begins every transaction with BEGIN IMMEDIATE; the reader begins DEFERRED (one snapshot per session)
and is barred from writing. Times, sizes and reasons: decision 1.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_SECONDS: Final = 10
_WRITERS_CACHE_KIB: Final = 8 << 10
_PATIENCE_MILLISECONDS: Final = 500


def engine(url: URL, *, writes: bool, migrates: bool = False) -> Engine:
    """An engine over one file.

    Args:
        url: of SQLite.
        writes: whether its transactions take the write lock at their beginning; otherwise they cannot write.
        migrates: whether it changes the schema: SQLite makes a table anew to change it, so foreign keys are off, lest
            dropping the old one cascades; and no connection is kept.
    """
    # as many are kept as pages are made at once: each has megabytes of the file and of statements
    options: dict[str, Any] = {"pool_size": 4, "max_overflow": 76, "pool_use_lifo": True}
    if migrates:
        options = {"poolclass": NullPool}
    if url.database in (None, "", ":memory:"):
        options = {}  # one connection, or every one would be a database of its own
    if not writes and (file := file_of(url)) and is_still(file):
        url = url.set(database=f"file:{quote(str(file))}", query={"uri": "true", "immutable": "1"})
    made = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}, **options)

    @event.listens_for(made, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        if writes:
            _use_write_ahead_log(cursor)
            cursor.execute(f"PRAGMA cache_size = -{_WRITERS_CACHE_KIB}")  # readers have the default, 2 MB
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA foreign_keys = {'OFF' if migrates else 'ON'}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        if not writes:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(made, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


def shorten_log(writer: Engine, *, beyond: int = 64 << 20) -> None:
    """Take the write-ahead log into the file and begin it anew, where it has grown large.

    SQLite takes the log in by itself, but begins it anew only at a moment in which nobody reads from it, which may
    never come. This waits a moment for whoever still reads, and tries again another time where that is not enough.
    """
    file = file_of(writer.url)
    log = file and file.with_name(f"{file.name}-wal")
    if log is None or not log.exists() or log.stat().st_size <= beyond:
        return
    connection = writer.raw_connection()
    try:
        connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MILLISECONDS}")  # writers wait meanwhile
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    finally:
        connection.close()


def is_still(file: Path) -> bool:
    """Whether a file cannot change, as on a volume that is mounted read-only, and nobody has it open: it has no log.

    SQLite could not make a log there, without which it opens no file that has ever had one.
    """
    return file.exists() and not file.with_name(f"{file.name}-wal").exists() and not os.access(file.parent, os.W_OK)


def file_of(url: URL) -> Path | None:
    """The file of a database; None for one in memory or on a server."""
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(str(url.database)) if is_file else None


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """Switch the file to WAL once; SQLite does not wait for its busy timeout here, so this does."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
