"""Engines over SQLite: a reader that cannot write, and a writer that locks before it reads.

SQLite takes its write lock lazily, so that a transaction which reads, thinks and writes may lose another's update. The
writer therefore begins every transaction with BEGIN IMMEDIATE; the reader begins DEFERRED (one snapshot per session)
and is barred from writing. Times, sizes and reasons: docs/decisions/0001.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_SECONDS: Final = 10
_WRITERS_CACHE_KIB: Final = 8 << 10


def engine(url: URL, *, writes: bool, migrates: bool = False) -> Engine:
    """An engine over one file.

    Args:
        url: of SQLite.
        writes: whether its transactions take the write lock at their beginning; otherwise they cannot write.
        migrates: whether it changes the schema: SQLite makes a table anew to change it, so foreign keys are off, lest
            dropping the old one cascades; and no connection is kept.
    """
    options: dict[str, Any] = {"pool_size": 16, "max_overflow": 64, "pool_use_lifo": True}
    if migrates:
        options = {"poolclass": NullPool}
    if url.database in (None, "", ":memory:"):
        options = {}  # one connection, or every one would be a database of its own
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


def file_of(url: URL) -> Path | None:
    """The file of a database; None for one in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        name = name.removeprefix("file:")
    return None if name in ("", ":memory:") else Path(name)


def is_read_only(url: URL) -> bool:
    """Whether a database is there that cannot be changed: opened so, not writable, or on a volume without room."""
    if url.query.get("mode") == "ro" or url.query.get("immutable") == "1":
        return True
    file = file_of(url)
    if file is None or not file.exists():
        return False
    return not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK | os.X_OK)) or _has_no_room(file)


def _has_no_room(file: Path) -> bool:
    """Whether not even the log's index can be made beside the file, without which SQLite reads nothing either."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as probe:
            probe.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)
    except sqlite3.Error:
        return False  # other trouble; whoever opens it will say which
    return False


def read_only_url(url: URL) -> URL:
    """The same database, opened without writing anything beside it.

    A log that still holds changes is read along; it needs its index beside it. Without one the file is taken as it is,
    which is right as long as nobody writes to it, and on a volume that is read-only nobody does.
    """
    file = file_of(url)
    if file is None or url.query.get("mode") == "ro" or url.query.get("immutable") == "1":
        return url
    log = file.with_name(f"{file.name}-wal")
    holds_changes = log.exists() and log.stat().st_size > 0
    options = {"mode": "ro", "uri": "true"} | ({} if holds_changes else {"immutable": "1"})
    return url.set(database=f"file:{quote(str(file.absolute()))}", query=options)


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
