"""Backups: a whole store in one file, taken while others write, and brought back with proof.

A backup is a SQLite database, whatever database it was taken from, so that either can be restored from it. Beside the
tables it has a manifest: the revision of the schema, and rows and digest of every table as they were in the store
(:mod:`app.db.content`). The file appears under its name only when it is whole, verified and on the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from analysis import ENGINE_VERSION
from app.db import sqlite
from app.db.content import MANIFEST_TABLE, TableContent, contents, tables_in, whole_digest
from app.db.copying import Report, compare, copy_rows, refuse_unless_empty, silent
from app.db.engine import Store, shown, store_at
from app.db.errors import Conflict, Damaged, StoreUnavailable

FORMAT: Final = "pluriscope-backup/1"
PAGES_AT_ONCE: Final = 4_096


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    Args:
        revision: of the schema.
        engine_version: of the program that took it.
        created_at: when, as ISO 8601.
        source: kind of database that it was taken from.
        tables: rows and digest of each table.
    """

    revision: str
    engine_version: str
    created_at: str
    source: str
    tables: dict[str, TableContent]

    @property
    def digest(self) -> str:
        """Of all tables."""
        return whole_digest(self.tables)

    @property
    def rows(self) -> int:
        """How many rows in all."""
        return sum(content.rows for content in self.tables.values())


@dataclass(frozen=True)
class Restored:
    """What was brought back.

    Args:
        manifest: of the backup.
        aside: where the store is that was there before, None if there was none.
    """

    manifest: Manifest
    aside: Path | None


def back_up(store: Store, file: Path, *, report: Report = silent) -> Manifest:
    """Write a backup of a store, which others may go on writing to; it holds one moment of it.

    Raises:
        Conflict: the file exists already.
        Damaged: what was written is not what was read; no file is left.
        StoreUnavailable: the store cannot be read, or the file not written.
    """
    if file.exists():
        raise Conflict(f"file {file}", "exists already", "name another, or remove it first")
    revision = store.revision()
    if revision is None:
        raise StoreUnavailable(f"database {shown(store.url)}", "has no tables yet", "there is nothing to back up")
    with _in_the_making(file) as part:
        on_sqlite = store.reader.dialect.name == "sqlite"
        with store.reader.connect() as reading, reading.begin():
            if on_sqlite:
                report("reading", 0, 0)
                found = contents(reading)  # its first query is the moment that the backup holds
                _copy_pages(reading.connection.driver_connection, part, report)
            else:
                target = store_at(f"sqlite:///{part}")
                try:
                    target.migrate(up_to=revision)
                    found = copy_rows(reading, target, report)
                finally:
                    target.close()
        manifest = Manifest(revision, ENGINE_VERSION, datetime.now(UTC).isoformat(), store.reader.dialect.name, found)
        _finish(part, manifest)
        report("verifying", 0, 0)
        verify(part, manifest)
    return manifest


def _copy_pages(source: Any, part: Path, report: Report) -> None:
    """SQLite's own online copy, over the connection whose snapshot was read, so that it is that very snapshot."""
    with closing(sqlite3.connect(part)) as copy:
        source.backup(
            copy, pages=PAGES_AT_ONCE, progress=lambda _s, left, total: report("copying pages", total - left, total)
        )


def _finish(part: Path, manifest: Manifest) -> None:
    """Add the manifest, and leave one file without a log beside it."""
    facts = {
        "format": FORMAT,
        "revision": manifest.revision,
        "engine_version": manifest.engine_version,
        "created_at": manifest.created_at,
        "source": manifest.source,
        "digest": manifest.digest,
        "tables": json.dumps({name: [content.rows, content.digest] for name, content in manifest.tables.items()}),
    }
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("BEGIN")
        copy.execute(f"CREATE TABLE {MANIFEST_TABLE} (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        copy.executemany(f"INSERT INTO {MANIFEST_TABLE} VALUES (?, ?)", facts.items())  # noqa: S608  a name of ours
        copy.execute("COMMIT")


def read_manifest(file: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        Damaged: there is no such file, or it is no backup.
    """
    cure = "name a file that `pluriscope backup` has written"
    if not file.is_file():
        raise Damaged(f"backup {file}", "is not there", cure)
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            facts = dict(connection.execute(f"SELECT key, value FROM {MANIFEST_TABLE}"))  # noqa: S608  a name of ours
        tables = {name: TableContent(*content) for name, content in json.loads(facts["tables"]).items()}
        manifest = Manifest(facts["revision"], facts["engine_version"], facts["created_at"], facts["source"], tables)
    except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
        raise Damaged(f"backup {file}", f"is no backup of a store, or a damaged one ({error})", cure) from None
    if facts.get("format") != FORMAT:
        raise Damaged(f"backup {file}", f"is of format {facts.get('format')!r}", "update the program")
    if facts.get("digest") != manifest.digest:
        raise Damaged(f"backup {file}", "has a manifest that contradicts itself", "use another backup")
    return manifest


def verify(file: Path, manifest: Manifest | None = None) -> Manifest:
    """Hold a backup against its manifest: SQLite's own check, then rows and digest of every table.

    Raises:
        Damaged: something differs, or the file is no backup.
    """
    manifest = manifest or read_manifest(file)
    engine = sqlite.engine(sqlite.read_only_url(make_url(f"sqlite:///{file}")), writes=False)
    try:
        with engine.connect() as connection:
            problems = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
            if problems != ["ok"]:
                raise Damaged(f"backup {file}", f"is damaged ({'; '.join(problems)[:300]})", "use another backup")
            compare(manifest.tables, contents(connection))
    except DatabaseError as error:
        raise Damaged(f"backup {file}", f"is damaged ({error.orig})", "use another backup") from None
    finally:
        engine.dispose()
    return manifest


def restore(file: Path, url: str, *, replace: bool = False, report: Report = silent) -> Restored:
    """Bring a backup back as the store at a URL, upgraded to the present schema; all of it, or nothing.

    Args:
        file: the backup.
        url: where to; a SQLAlchemy URL.
        replace: whether a store that is there already gives way; it is kept aside.

    Raises:
        Damaged: the backup is not what its manifest says; nothing was changed.
        Conflict: a store with content is there and is not to be replaced, or is in use.
        StoreUnavailable: the database cannot be written.
    """
    report("verifying", 0, 0)
    manifest = verify(file)
    parsed = make_url(url)
    on_sqlite = parsed.get_backend_name() == "sqlite"
    place = sqlite.file_of(parsed) if on_sqlite else None
    if on_sqlite and place is None:
        raise Conflict(f"database {shown(url)}", "is no file", "name a database in a file")
    here = place or Path(os.path.abspath(file))
    target = store_at(url)
    try:
        filled = _is_filled(target)
        if filled and not replace:
            raise Conflict(f"database {shown(url)}", "holds something already", "add --replace; it will be kept aside")
        with _in_the_making(here.with_name(f".{here.name}.restored"), keep=False) as part:
            report("copying", 0, 0)
            shutil.copyfile(file, part)
            with closing(sqlite3.connect(part)) as copy:
                copy.execute(f"DROP TABLE {MANIFEST_TABLE}")
                copy.commit()
            fresh = store_at(f"sqlite:///{part}")
            try:
                with fresh.reader.connect() as connection:
                    compare(manifest.tables, contents(connection))
                report("upgrading", 0, 0)
                fresh.migrate()
                if place is None:
                    return Restored(manifest, _replace_rows(fresh, target, here, filled, report))
            finally:
                fresh.close()
            target.close()
            report("putting in place", 0, 0)
            return Restored(manifest, _replace_file(part, place, keep=filled))
    finally:
        target.close()


def _is_filled(target: Store) -> bool:
    try:
        refuse_unless_empty(target)
    except Conflict:
        return True
    except (StoreUnavailable, SQLAlchemyError):
        return True  # what cannot even be read is still somebody's
    return False


def _replace_rows(fresh: Store, target: Store, beside: Path, filled: bool, report: Report) -> Path | None:
    """The rows of a database give way to those of a backup in one transaction; the old ones go to a backup first."""
    aside = beside.with_name(f"before-restore-{_stamp()}.backup") if filled else None
    if aside is not None:
        back_up(target, aside, report=report)
    target.migrate()
    with target.reader.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        names = ", ".join(quote(table.name) for table in tables_in(connection))
    with fresh.reader.connect() as reading, reading.begin():
        copy_rows(reading, target, report, first=[f"TRUNCATE {names}"])
    return aside


def _replace_file(part: Path, place: Path, *, keep: bool) -> Path | None:
    """One file takes another's place; the old one is kept under another name if it held anything."""
    aside = None
    if place.exists():
        _close_log(place)
        if keep:
            aside = place.with_name(f"{place.name}.before-{_stamp()}")
            os.rename(place, aside)
    for ending in ("-wal", "-shm"):  # of the old file; its content has been taken into it
        place.with_name(place.name + ending).unlink(missing_ok=True)
    _on_disk(part)
    os.replace(part, place)
    _on_disk(place.parent)
    return aside


def _close_log(place: Path) -> None:
    """Take the log into the file and leave the write-ahead mode, which SQLite allows to nobody but a sole user.

    Raises:
        Conflict: a server or worker has it open.
    """
    try:
        with closing(sqlite3.connect(place, timeout=2, isolation_level=None)) as old:
            mode = old.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise StoreUnavailable(f"database {place}", f"cannot be opened ({error})", "move it away first") from None
        mode = "wal"
    except sqlite3.DatabaseError:
        return  # no database at all; it is kept as it is
    if mode == "wal":
        raise Conflict(f"database {place}", "is in use", "stop the server and the workers first")


@contextmanager
def _in_the_making(file: Path, *, keep: bool = True) -> Iterator[Path]:
    """A name to write under; at the end the file gets its own, unless it went wrong or is not to be kept."""
    part = file.with_name(f"{file.name}.part")
    _remove(part)
    try:
        if not file.parent.is_dir():
            raise StoreUnavailable(
                f"file {file}", "cannot be written: its folder is not there", "make the folder first"
            )
        yield part
        if keep:
            _on_disk(part)
            os.replace(part, file)
            _on_disk(file.parent)
    except (OSError, sqlite3.Error) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise StoreUnavailable(
            f"file {file}", f"cannot be written ({cause})", "make room, or choose another place; nothing was changed"
        ) from None
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    with suppress(OSError):
        for name in (part.name, f"{part.name}-wal", f"{part.name}-shm", f"{part.name}-journal"):
            part.with_name(name).unlink(missing_ok=True)


def _on_disk(path: Path) -> None:
    """Make sure that a file, or a folder's names, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
