"""`pluriscope backup` and `restore`: a whole store in one file, and back again, into either database."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.terminal import Shown, remark

if TYPE_CHECKING:
    from pluriscope.app.db.backup import Held


def backup(file: Path, *, quiet: bool = False) -> Shown:
    """Write the whole store to one file while the server and the workers go on; checked by SQLite.

    Example: pluriscope backup pluriscope-$(date +%F).backup

    It holds one moment of the store, and can be restored to SQLite as well as to PostgreSQL.

    Args:
        file: File to write; it must not exist.
        quiet: Say nothing when it is done.
    """
    from pluriscope.app.db.backup import back_up
    from pluriscope.app.db.engine import open_store

    store = open_store(read_settings())
    started = time.monotonic()
    try:
        content = back_up(store, file)
    finally:
        store.close()
    return _shown("backed up", content, started, quiet)


def restore(file: Path, *, replace: bool = False, check: bool = False, quiet: bool = False) -> Shown:
    """Bring a backup back as the store of the settings, upgraded to the current schema.

    Example: PLURISCOPE_DATA=restored pluriscope restore pluriscope.backup --replace

    Stop the server and the workers first. All of it is brought back, or nothing is changed.

    Args:
        file: File that `pluriscope backup` has written.
        replace: Put a store that is there already aside.
        check: Only let SQLite check the file.
        quiet: Say nothing when it is done.
    """
    from pluriscope.app.db.backup import restore as bring_back
    from pluriscope.app.db.backup import verify
    from pluriscope.app.db.engine import open_store

    started = time.monotonic()
    if check:
        return _shown("checked", verify(file), started, quiet)
    settings = read_settings()
    open_store(settings).close()  # makes the data folder, or says why it cannot be used
    content = bring_back(file, settings.url, replacing=replace)
    if content.aside is not None:
        remark(f"what was there before is in {content.aside}")
    return _shown("restored", content, started, quiet)


def _shown(verb: str, content: Held, started: float, quiet: bool) -> Shown:
    rows, seconds = sum(content.rows.values()), time.monotonic() - started
    line = f"{verb} {rows:,} rows of {len(content.rows)} tables at revision {content.revision} in {seconds:.1f} s"
    return Shown({"revision": content.revision, "rows": dict(content.rows)}, [] if quiet else [line])
