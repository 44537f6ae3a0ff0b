"""Whether anything at all has been committed to the store since: one cheap question, whoever has written.

SQLite counts, on each connection, the commits of others as that connection comes to see them (``PRAGMA data_version``).
The connection here is used for nothing else, so every commit of every other connection shows, those of this process
included, before the next question is answered. It costs some microseconds: it looks at the head of the log's index.

PostgreSQL tells its snapshot (``pg_current_snapshot``): which transactions are visible is determined by it, so the same
snapshot is the same content. It changes with every transaction that writes anywhere in the server, other databases
included, which makes more answers be looked at again and none be wrong. While a server replays the log of another, the
list of open transactions is left out of what it tells, so there nothing is known.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from app.db import sqlite

if TYPE_CHECKING:
    from app.db.engine import Store

_SQLITE: Final = "PRAGMA data_version"
_POSTGRESQL: Final = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_snapshot()::text END"
_NUMBERS: Final = count(1)


class StoreVersion:
    """Versions of one store. They say nothing of its content and mean nothing elsewhere or later.

    Args:
        store: the store; it stays open.
    """

    def __init__(self, store: Store) -> None:
        self.is_quick = store.reader.dialect.name == "sqlite"
        self._engine = store.reader
        # a database in memory has one connection, whose own commits it does not count
        self._is_shared = not self.is_quick or sqlite.file_of(self._engine.url) is not None
        self._lock = Lock()
        self._connection: Any = None  # of the driver
        self._number = 0  # of the connection: what two connections count cannot be compared

    def now(self) -> Hashable | None:
        """The version of this moment; None where none can be told.

        Two equal versions: nothing was committed between. It is safe from any thread; where :attr:`is_quick` is False
        it waits for a server.
        """
        if not self._is_shared:
            return None
        failures = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)
        with self._lock:
            try:
                version = self._asked()
            except failures:
                self._leave()
                return None
            return None if version is None else (self._number, version)

    def close(self) -> None:
        """Give the connection up."""
        with self._lock:
            self._leave()

    def _asked(self) -> Any:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._connected()
            self._number = next(_NUMBERS)
        cursor = connection.cursor()
        try:
            cursor.execute(_SQLITE if self.is_quick else _POSTGRESQL)
            row = cursor.fetchone()
            return row[0] if row else None
        finally:
            cursor.close()

    def _connected(self) -> Any:
        if self.is_quick:
            places, given = self._engine.dialect.create_connect_args(self._engine.url)
            # whoever asks must not be kept waiting: not even while a database is locked whole
            options: dict[str, Any] = {**given, "timeout": 0, "isolation_level": None, "check_same_thread": False}
            return self._engine.dialect.loaded_dbapi.connect(*places, **options)
        connection = self._engine.raw_connection()
        connection.detach()  # from the pool: it is ours for good
        driver: Any = connection.dbapi_connection
        driver.rollback()
        driver.autocommit = True  # each question sees the newest snapshot
        return driver

    def _leave(self) -> None:
        if self._connection is not None:
            gone, self._connection = self._connection, None
            gone.close()
