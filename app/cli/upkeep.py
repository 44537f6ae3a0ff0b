"""`pluriscope backup` and `restore`: a whole store in one file, and back again, into either database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.configuration import read_settings
from app.cli.terminal import DONE, remark, write_text

if TYPE_CHECKING:
    from app.db.copying import Report

QUIET = typer.Option("--quiet", "-q", help="No progress.")


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Write the whole store to one file while the server and the workers go on; verified by digests.

    Example: [bold]pluriscope backup /backups/pluriscope-$(date +%F).backup[/bold]

    It holds one moment of the store, and can be restored to SQLite as well as to PostgreSQL.
    """
    from app.db.backup import back_up
    from app.db.engine import open_store

    store = open_store(read_settings())
    started = time.monotonic()
    try:
        with _progress(quiet) as report:
            manifest = back_up(store, file, report=report)
    finally:
        store.close()
    _tell("backed up", manifest.rows, len(manifest.tables), manifest.digest, time.monotonic() - started)
    return DONE


def restore(
    file: Annotated[Path, typer.Argument(help="File that `pluriscope backup` has written.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put a store that is there already aside.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only hold the file against its own digests.")] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Bring a backup back as the store of the settings, verified by digests and upgraded to the current schema.

    Example: [bold]PLURISCOPE_DATA=/srv/data pluriscope restore pluriscope.backup --replace[/bold]

    Stop the server and the workers first. All of it is brought back, or nothing is changed.
    """
    from app.db.backup import restore as bring_back
    from app.db.backup import verify
    from app.db.engine import open_store

    started = time.monotonic()
    with _progress(quiet) as report:
        if check:
            report("verifying", 0, 0)
            manifest, aside = verify(file), None
        else:
            settings = read_settings()
            open_store(settings).close()  # makes the data folder, or says why it cannot be used
            restored = bring_back(file, settings.url, replace=replace, report=report)
            manifest, aside = restored.manifest, restored.aside
    if aside is not None:
        remark(f"what was there before is in {aside}")
    verb = "verified" if check else "restored"
    _tell(verb, manifest.rows, len(manifest.tables), manifest.digest, time.monotonic() - started)
    return DONE


def _tell(verb: str, rows: int, tables: int, digest: str, seconds: float) -> None:
    write_text("-", f"{verb} {rows:,} rows of {tables} tables in {seconds:.1f} s; equal by digest {digest}\n")


@contextmanager
def _progress(quiet: bool) -> Iterator[Report]:
    """A line on stderr that says how far it is; one line a stage where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda *_: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def report(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total or None)

        yield report
