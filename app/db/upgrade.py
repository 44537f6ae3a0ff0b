"""Bringing a store that people use to the current schema: what was there before is kept beside it.

Revision 0025 makes rows of what stood in blocks of bytes and cannot be taken back. So what it will do is told first,
and the store as it was is kept: a file of SQLite beside the new one, of PostgreSQL a backup in the data folder.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, make_url, text

from app.db import sqlite
from app.db.backup import back_up
from app.db.engine import Store, shown
from app.db.errors import StoreUnavailable

log = logging.getLogger("pluriscope.store")
ROWS: Final = "0025"  # the revision that makes rows
BLOCKS: Final = "0003"  # the one that made blocks
SURVEYS: Final = "0005"  # the one that kept common grounds, which are reports now
CIRCUITS_A_SECOND: Final = 30_000
_NEEDED: Final = "'mask', 'edges', 'neurons', 'margin', 'interpretations', 'observed'"
_LACKING: Final = text(f"""
    SELECT seconds FROM analyses WHERE staged = '' AND circuits_listed > 0 AND 6 > (
        SELECT count(DISTINCT name) FROM circuit_blocks WHERE analysis_id = analyses.id AND name IN ({_NEEDED}))
""")  # noqa: S608  names of ours


def upgrade(store: Store, folder: Path, tell: Callable[[str], None] = log.warning) -> None:
    """Bring the schema to the current version; nothing is done where it is current.

    Args:
        store: the store.
        folder: where a backup of another database than SQLite goes.
        tell: told what will be done, and where the store as it was is kept.

    Raises:
        StoreUnavailable: the database cannot be written or kept, or was made by a newer version.
        StoreReadOnly: it is older and cannot be written.
    """
    revision = store.revision()
    if revision is not None and revision < ROWS:
        store.ensure_writable()
        with store.reader.connect() as connection:
            tell(_what_it_does(connection, revision))
        kept = _keep(store, folder)
        if kept is not None:
            tell(f"the store as it was is kept as {kept}")
    store.migrate()


def _what_it_does(connection: Connection, revision: str) -> str:
    """In a sentence what becomes rows and what is computed again, and how long both take."""
    n_analyses = connection.scalar(text("SELECT count(*) FROM analyses"))
    in_rows = revision < BLOCKS
    count = "SELECT count(*) FROM circuits" if in_rows else "SELECT coalesce(sum(circuits_listed), 0) FROM analyses"
    n_circuits = connection.scalar(text(count)) or 0
    told = (
        f"upgrading the store: {n_analyses:,} analyses with {n_circuits:,} circuits are written as rows, "
        f"about {1 + n_circuits // CIRCUITS_A_SECOND:,} s"
    )
    lacking = [] if in_rows else connection.scalars(_LACKING).all()
    again = []
    if lacking:
        seconds = sum(sum((json.loads(one) if isinstance(one, str) else one).values()) for one in lacking)
        again.append(f"{len(lacking):,} that lack something are computed again by workers, about {1 + seconds:,.0f} s")
    if revision >= SURVEYS:
        n, seconds = connection.execute(text("SELECT count(*), coalesce(sum(seconds), 0) FROM common_grounds")).one()
        if n:
            again.append(f"workers survey {n:,} common grounds again, about {1 + seconds:,.0f} s")
    return "; ".join([told, *(again or ["nothing is computed again"])])


def _keep(store: Store, folder: Path) -> Path | None:
    """Keep the store as it is, unless it is kept already; None for one in memory."""
    url = make_url(store.url)
    if url.get_backend_name() != "sqlite":
        kept = folder / f"before-{ROWS}.backup"
        if not kept.exists():
            back_up(store, kept)
        return kept
    file = sqlite.file_of(url)
    if file is None:
        return None
    kept = file.with_name(f"{file.stem}.before-{ROWS}.sqlite")
    if not kept.exists():
        part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
        try:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(part)) as copy:
                source.backup(copy)
                (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
            if revision < ROWS:  # else another process was quicker, and has kept it
                os.replace(part, kept)
        except (OSError, sqlite3.Error) as error:
            cause = f"cannot be kept as {kept.name} before its upgrade ({error})"
            cure = "make room beside it, then start again"
            raise StoreUnavailable(f"database {shown(store.url)}", cause, cure) from None
        finally:
            part.unlink(missing_ok=True)
    return kept
