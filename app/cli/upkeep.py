"""`pluriscope backup` and `restore`: a whole store in one file, and back again, into either database."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.configuration import read_settings
from app.cli.terminal import DONE, remark, write_text

if TYPE_CHECKING:
    from app.db.backup import Held

QUIET = typer.Option("--quiet", "-q", help="Say nothing when it is done.")


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Write the whole store to one file while the server and the workers go on; checked by SQLite.

    Example: [bold]pluriscope backup /backups/pluriscope-$(date +%F).backup[/bold]

    It holds one moment of the store, and can be restored to SQLite as well as to PostgreSQL.
    """
    from app.db.backup import back_up
    from app.db.engine import open_store

    store = open_store(read_settings())
    started = time.monotonic()
    try:
        held = back_up(store, file)
    finally:
        store.close()
    if not quiet:
        _tell("backed up", held, time.monotonic() - started)
    return DONE


def restore(
    file: Annotated[Path, typer.Argument(help="File that `pluriscope backup` has written.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put a store that is there already aside.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only let SQLite check the file.")] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Bring a backup back as the store of the settings, upgraded to the current schema.

    Example: [bold]PLURISCOPE_DATA=/srv/data pluriscope restore pluriscope.backup --replace[/bold]

    Stop the server and the workers first. All of it is brought back, or nothing is changed.
    """
    from app.db.backup import restore as bring_back
    from app.db.backup import verify
    from app.db.engine import open_store

    started = time.monotonic()
    if check:
        held = verify(file)
    else:
        settings = read_settings()
        open_store(settings).close()  # makes the data folder, or says why it cannot be used
        held = bring_back(file, settings.url, replacing=replace)
    if held.aside is not None:
        remark(f"what was there before is in {held.aside}")
    if not quiet:
        _tell("checked" if check else "restored", held, time.monotonic() - started)
    return DONE


def _tell(verb: str, held: Held, seconds: float) -> None:
    rows, tables = sum(held.rows.values()), len(held.rows)
    write_text("-", f"{verb} {rows:,} rows of {tables} tables at revision {held.revision} in {seconds:.1f} s\n")
