"""Translation of a database's own errors into the store's: full, read-only, damaged, or merely busy.

SQLite reports by its result code, PostgreSQL by SQLSTATE; the words of either are for the log.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from pluriscope.app.db.errors import StoreError, StoreFull, StoreReadOnly, StoreUnavailable

_DISK_FULL: Final = "53100"  # SQLSTATE
_READ_ONLY: Final = "25006"  # read_only_sql_transaction
_DAMAGED: Final = ("XX001", "XX002")  # data_corrupted, index_corrupted
# a write that fails for want of room is reported as full, or as an error of input and output if it is beside the file:
# growing the log's index, or a file at its size limit
_FULL_BESIDE: Final = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE)
_CANNOT_HOLD: Final = ("22", "54")  # data exceptions, limits of the program exceeded

ROOM: Final = (
    "make room on the volume of the data folder (pluriscope check says how much is left), then ask again; "
    "jobs go on by themselves"
)


def diagnosis(error: DBAPIError) -> StoreError | None:
    """Translate a database's error into the store's; None if it passes by itself, or is no trouble of the store."""
    state = getattr(error.orig, "sqlstate", None)  # of PostgreSQL
    extended = getattr(error.orig, "sqlite_errorcode", None)
    code = None if extended is None else extended & 0xFF
    full = state == _DISK_FULL or code == sqlite3.SQLITE_FULL or extended in _FULL_BESIDE
    if full or getattr(error.orig, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreFull("this change", "was not kept: there is no room left where the database is", ROOM)
    if state == _READ_ONLY or code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(
            "this change",
            "was not kept: the database can only be read at present",
            "let the operator make its file, folder and volume writable; reading goes on meanwhile",
        )
    if state in _DAMAGED or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreUnavailable(
            "the database",
            "is damaged",
            "let the operator stop the server and the workers, look with pluriscope check, and restore a backup",
        )
    return None


def words_of(error: Exception) -> str:
    """An error of the database in one line for people at a terminal."""
    found = diagnosis(error) if isinstance(error, DBAPIError) else None
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    return str(
        found or StoreUnavailable("the database", f"did not take this ({cause})", "try again; see pluriscope check")
    )


def is_lasting(error: DBAPIError) -> bool:
    """Whether nothing can be written until the operator makes room or makes the store writable again."""
    return isinstance(diagnosis(error), (StoreFull, StoreReadOnly))


def is_bad_value(error: DBAPIError) -> bool:
    """Whether the database refuses a value as such: a NUL in a text, a number beyond 64 bits."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _CANNOT_HOLD
    return type(error.orig).__name__ == "DataError" or isinstance(error.orig, OverflowError)
