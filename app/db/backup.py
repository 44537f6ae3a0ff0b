"""Backups: a whole store in one file, taken while others write, and brought back whole or not at all.

A backup is a SQLite database of the store's revision, whatever database the store is in, so that either can be restored
from it and whatever reads SQLite can read it. It holds one moment. The file appears under its name only when it is
whole, sound and on the disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import JSON, URL, Connection, MetaData, String, Table, delete, func, insert, make_url, select
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from pluriscope.app.db import postgresql, sqlite
from pluriscope.app.db.engine import Store, revision_of, shown, store_at
from pluriscope.app.db.errors import Conflict, Damaged, StoreUnavailable
from pluriscope.app.db.too_old import CAUSE, OLDEST, cure_of_backup
from pluriscope.app.settings import sqlite_url

ROWS_AT_ONCE: Final = 500
FILES_AT_ONCE: Final = 8
"""Of a table whose rows hold files of megabytes."""
_NO_BACKUP: Final = "name a file that `pluriscope backup` has written"


@dataclass(frozen=True)
class Held:
    """Content of a backup.

    Args:
        revision: of the schema.
        rows: of each table.
        aside: of one that was restored, where the store is that was there before; None if there was none.
    """

    revision: str
    rows: dict[str, int]
    aside: Path | None = None


def back_up(store: Store, file: Path) -> Held:
    """Write a backup of a store, which others may go on writing to.

    Raises:
        Conflict: the file exists already.
        Damaged: what was written is not sound; no file is left.
        StoreUnavailable: the store cannot be read or is too old, or the file cannot be written.
    """
    _refuse_existing(file)
    store.refuse_too_old()
    revision = store.revision()
    if revision is None:
        raise StoreUnavailable(f"database {shown(store.url)}", "has no tables yet", "there is nothing to back up")
    with _in_the_making(file) as part:
        with store.reader.connect() as reading:
            if reading.dialect.name == "sqlite":
                _copy_file(reading.connection.driver_connection, part)
            else:
                copy = store_at(sqlite_url(part))
                copy.migrate_as(store)
                copy_rows(reading, copy)
                copy.close()
                _leave_log(part)
        content = verify(part)
        _refuse_existing(file)  # another process may have been quicker
        _put(part, file)
    return content


def verify(file: Path) -> Held:
    """Let SQLite check a backup, page by page, and count its rows.

    Raises:
        Damaged: something is wrong with it, or it is no backup.
    """
    if not file.is_file():
        raise Damaged(f"backup {file}", "is not there", _NO_BACKUP)
    read_only = URL.create("sqlite", database=file.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    engine = sqlite.engine(read_only, writes=False)
    try:
        with engine.connect() as connection:
            problems = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
            if problems != ["ok"]:
                raise Damaged(f"backup {file}", f"is damaged ({'; '.join(problems)[:300]})", "use another backup")
            revision = revision_of(connection)
            tables = tables_in(connection)
            rows = {one.name: connection.scalar(select(func.count()).select_from(one)) or 0 for one in tables}
    except DatabaseError as error:
        cause = f"is no backup of a store, or a damaged one ({error.orig})"
        raise Damaged(f"backup {file}", cause, _NO_BACKUP) from None
    finally:
        engine.dispose()
    if revision is None:
        raise Damaged(f"backup {file}", "is no backup of a store", _NO_BACKUP)
    return Held(revision, rows)


def restore(file: Path, url: str, *, replacing: bool = False) -> Held:
    """Bring a backup back as the store at a URL, upgraded to the present schema; all of it, or nothing.

    Args:
        url: where to; a SQLAlchemy URL.
        replacing: whether a store that is there already gives way; it is kept aside.

    Raises:
        Damaged: the backup is not sound; nothing was changed.
        Conflict: a store with content is there and is not to be replaced, or is in use.
        StoreUnavailable: the backup is too old, or the database cannot be written.
    """
    content = verify(file)
    if content.revision < OLDEST:
        raise StoreUnavailable(f"backup {file}", CAUSE, cure_of_backup(file))
    parsed = make_url(url)
    on_sqlite = parsed.get_backend_name() == "sqlite"
    place = sqlite.file_of(parsed)
    if on_sqlite and place is None:
        raise Conflict(f"database {shown(url)}", "is no file", "name a database in a file")
    target = store_at(url)
    filled = _is_filled(target)
    if filled and not replacing:
        target.close()
        raise Conflict(f"database {shown(url)}", "holds something already", "add --replace; it will be kept aside")
    with _in_the_making(place or file) as part:
        with closing(sqlite3.connect(file)) as source:
            _copy_file(source, part)
        fresh = store_at(sqlite_url(part))
        try:
            fresh.migrate()
            if place is None:
                return replace(content, aside=_replace_rows(fresh, target, file, keep=filled))
        finally:
            fresh.close()
            target.close()
        return replace(content, aside=_replace_file(part, place, keep=filled))


def tables_in(connection: Connection) -> list[Table]:
    """The tables of a store of any revision, those first that others refer to."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    for column in (column for table in tables for column in table.columns):
        if isinstance(column.type, JSON):
            column.type.none_as_null = True
    return tables


def copy_rows(reading: Connection, target: Store) -> None:
    """Put every row of a store, numbers included, in place of those of another of the same revision, or none.

    Args:
        reading: the store that is read.
        target: the other, with its tables.

    Raises:
        StoreUnavailable: the target cannot be written; nothing was changed there.
    """
    try:
        with target.writer.begin() as writing:
            into = {table.name: table for table in tables_in(writing)}
            if writing.dialect.name == "postgresql":
                quote = writing.dialect.identifier_preparer.quote
                writing.exec_driver_sql(f"TRUNCATE {', '.join(map(quote, into))}")
            else:
                for table in reversed(into.values()):
                    writing.execute(delete(table))
            for table in tables_in(reading):
                if table.name not in into:  # of a plugin that is not installed here
                    into[table.name] = _make_again(table, into, reading, writing)
                at_once = FILES_AT_ONCE if "body" in table.columns else ROWS_AT_ONCE
                read = reading.execution_options(yield_per=at_once).execute(select(table))
                for rows in read.mappings().partitions():
                    writing.execute(insert(into[table.name]), [dict(row) for row in rows])
            if writing.dialect.name == "postgresql":
                postgresql.number_on(writing)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreUnavailable(
            f"database {shown(target.url)}", f"could not take what was copied ({cause})", "nothing was changed there"
        ) from error


def _make_again(table: Table, beside: dict[str, Table], reading: Connection, writing: Connection) -> Table:
    """Make a table of one database in another, which may have other types and write defaults otherwise."""
    if reading.dialect.name != writing.dialect.name:
        table = table.to_metadata(next(iter(beside.values())).metadata)
        for column in table.columns:
            column.type, column.server_default = column.type.as_generic(), None
            if isinstance(column.type, String):
                column.type.collation = None
    table.create(writing)
    if writing.dialect.name == "postgresql":
        postgresql.adopt_conventions(writing)
    return table


def _is_filled(target: Store) -> bool:
    try:
        with target.reader.connect() as connection:
            return any(connection.execute(select(table).limit(1)).first() for table in tables_in(connection))
    except SQLAlchemyError:
        return True  # what cannot even be read is still somebody's


def _replace_rows(fresh: Store, target: Store, file: Path, *, keep: bool) -> Path | None:
    """The rows of a database give way to those of a backup; the old ones go to a backup beside it first."""
    aside = file.absolute().with_name(f"before-restore-{_stamp()}.backup") if keep else None
    if aside is not None:
        back_up(target, aside)
    target.migrate()
    with fresh.reader.connect() as reading:
        copy_rows(reading, target)
    return aside


def _replace_file(part: Path, place: Path, *, keep: bool) -> Path | None:
    """Move a file to the path of another. Returns where the old one is kept; None if it did not exist or is not
    kept.
    """
    aside = None
    if place.exists():
        _close_log(place)
        if keep:
            aside = place.with_name(f"{place.name}.before-{_stamp()}")
            os.rename(place, aside)
    for ending in ("-wal", "-shm"):  # of the old file; its content has been taken into it
        place.with_name(place.name + ending).unlink(missing_ok=True)
    _put(part, place)
    return aside


def _close_log(place: Path) -> None:
    """Take the log into the file and leave the write-ahead mode, which SQLite allows to nobody but a sole user."""
    try:
        mode = _leave_log(place)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise StoreUnavailable(f"database {place}", f"cannot be opened ({error})", "move it away first") from None
        mode = "wal"
    except sqlite3.DatabaseError:
        return  # no database at all; it is kept as it is
    if mode == "wal":
        raise Conflict(f"database {place}", "is in use", "stop the server and the workers first")


def _copy_file(source: Any, part: Path) -> None:
    """SQLite's own online copy: one file, without a log beside it."""
    with closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    _leave_log(part)


def _leave_log(file: Path) -> str:
    """Take the log into a file and leave the write-ahead mode; the mode that it has then."""
    with closing(sqlite3.connect(file, timeout=2, isolation_level=None)) as connection:
        mode: str = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    return mode


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise Conflict(f"file {file}", "exists already", "name another, or remove it first")


@contextmanager
def _in_the_making(file: Path) -> Iterator[Path]:
    """A name beside a file to write under; whatever is left there at the end goes."""
    cure = "make room, or choose another place; nothing was changed"
    if not file.parent.is_dir():
        raise StoreUnavailable(f"file {file}", "cannot be written: its folder is not there", "make the folder first")
    try:
        with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
            yield Path(folder) / file.name
    except (OSError, sqlite3.Error) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise StoreUnavailable(f"file {file}", f"cannot be written ({cause})", cure) from None


def _put(part: Path, file: Path) -> None:
    """Give a file its name, so that it outlives a power cut."""
    _on_disk(part)
    os.replace(part, file)
    _on_disk(file.parent)


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
