"""Bringing a store that people use to the current schema: what was there before is kept beside it.

Revision 0025 makes rows of what stood in blocks of bytes and cannot be taken back. So the store as it was is kept as a
backup: beside a file of SQLite, of another database in the data folder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from pluriscope.app.db import sqlite
from pluriscope.app.db.backup import back_up
from pluriscope.app.db.engine import Store
from pluriscope.app.db.errors import Conflict

log = logging.getLogger("pluriscope.store")
ROWS: Final = "0025"  # the revision that makes rows


def upgrade(store: Store, folder: Path, tell: Callable[[str], None] = log.warning) -> None:
    """Bring the schema to the current version; nothing is done where it is current.

    Args:
        store: the store.
        folder: where a backup of another database than SQLite goes.
        tell: told what will be done, and where the store as it was is kept.

    Raises:
        StoreUnavailable: the database cannot be written or kept, or was made by a newer version.
    """
    revision = store.revision()
    if revision is not None and revision < ROWS:
        url = make_url(store.url)
        kept = folder / f"before-{ROWS}.backup"
        if url.get_backend_name() == "sqlite" and (file := sqlite.file_of(url)):
            kept = file.with_name(f"{file.stem}.before-{ROWS}.sqlite")
        tell(
            f"upgrading the store from revision {revision}: explanations become rows, and workers compute again what "
            f"cannot be carried over; the store as it was is kept as {kept}"
        )
        with suppress(Conflict):  # it is kept already
            back_up(store, kept)
    store.migrate()
