"""The store: one database behind two engines, a reader that cannot write and a writer that locks before it reads.

SQLite takes its write lock lazily, so that a transaction which reads, thinks and writes may lose another's update. The
writer therefore begins every transaction with BEGIN IMMEDIATE; the reader begins DEFERRED (one snapshot per session)
and is barred from writing. Any other SQLAlchemy URL works without these measures, which are SQLite's own.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app.db.errors import StoreUnavailable
from app.limits import carried_by
from app.settings import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

    from app.settings import Settings

BUSY_TIMEOUT_SECONDS: Final = 10
_MIGRATION_LOCK: Final = 7_426_301  # any fixed number: the advisory lock that migrations take on PostgreSQL


@dataclass(frozen=True)
class Store:
    """An opened database.

    Args:
        url: SQLAlchemy URL, with its password.
        reader: engine for queries; on SQLite it refuses to write.
        writer: engine for changes; on SQLite each transaction takes the write lock first.
        carried: what each session carries as its ``info``: the limits in force (:mod:`app.limits`).
    """

    url: str
    reader: Engine
    writer: Engine
    carried: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot, for queries only."""
        with Session(self.reader, expire_on_commit=False, autoflush=False, info=dict(self.carried)) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed if the block ends well, rolled back if it raises."""
        with Session(self.writer, expire_on_commit=False, info=dict(self.carried)) as session, session.begin():
            yield session

    def migrate(self, *, back_to: str = "") -> None:
        """Bring the schema to the current version; safe when several processes start at once.

        The whole change is one transaction under the write lock, so a second process waits, then finds nothing to do.
        SQLite makes a table anew to change it, so foreign keys are off: dropping the old one must not cascade.

        Args:
            back_to: an older revision to go back to instead.

        Raises:
            StoreUnavailable: the database cannot be written, or was made by a newer version.
        """
        from alembic import command
        from alembic.util import CommandError

        engine = _engine(self.url, begin="BEGIN IMMEDIATE", foreign_keys=False, poolclass=NullPool)
        try:
            with engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                if back_to:
                    command.downgrade(alembic_config(connection), back_to)
                else:
                    command.upgrade(alembic_config(connection), "head")
        except CommandError as error:
            raise StoreUnavailable(
                "the database", f"is of a version that this program does not know ({error})", "update the program"
            ) from None
        except SQLAlchemyError as error:
            raise _unavailable(self.url, error) from None
        finally:
            engine.dispose()

    def close(self) -> None:
        """Give all connections back."""
        self.reader.dispose()
        self.writer.dispose()


def open_store(settings: Settings) -> Store:
    """Open the database of these settings; the schema is left as it is (see :meth:`Store.migrate`).

    Raises:
        StoreUnavailable: the data folder cannot be made or written, or the URL is none.
    """
    if not settings.database_url:
        _ensure_writable(settings.data)
    return replace(store_at(settings.url), carried=carried_by(settings))


def store_at(url: str) -> Store:
    """Open the database at a SQLAlchemy URL.

    Raises:
        StoreUnavailable: the URL is none, or its driver is not installed.
    """
    try:
        return Store(url, _engine(url, begin="BEGIN", query_only=True), _engine(url, begin="BEGIN IMMEDIATE"))
    except (ArgumentError, ImportError) as error:
        raise StoreUnavailable(
            "the database URL", f"cannot be used ({error})", "correct PLURISCOPE_DATABASE_URL"
        ) from None


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings: the migrations beside the application, on an open connection if one is given."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _ensure_writable(folder: Path) -> None:
    cure = "set PLURISCOPE_DATA to a folder that this user may write"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreUnavailable(f"data folder {folder}", f"cannot be made ({cause})", cure) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreUnavailable(f"data folder {folder}", "is not writable", cure)


def _unavailable(url: str, error: SQLAlchemyError) -> StoreUnavailable:
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    place = make_url(url).render_as_string(hide_password=True)
    return StoreUnavailable(
        f"database {place}",
        f"cannot be used ({cause})",
        "check that it can be reached and written, and is no other file",
    )


def _engine(url: str, *, begin: str, query_only: bool = False, foreign_keys: bool = True, **options: Any) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, **options)
    if "poolclass" not in options:
        options |= {"pool_size": 16, "max_overflow": 64}
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}, **options)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        if not query_only:
            _use_write_ahead_log(cursor)
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA cache_size = -65536")  # KiB
        cursor.execute(f"PRAGMA mmap_size = {256 << 20}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        if query_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


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
