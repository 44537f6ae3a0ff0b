"""Puts the results of studies that come with Pluriscope into a store, once: thousands of networks in seconds."""

from __future__ import annotations

import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from importlib import resources
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.digest import sha256_hex
from analysis.studies.result_file import read_results
from app.db.engine import open_store
from app.db.errors import Conflict
from app.db.studies import save_results
from app.db.study_tables import StudyRow
from app.logs import configure
from app.settings import Settings

log = logging.getLogger("pluriscope.jobs")
ORIGIN: Final = "bundled"
ENDING: Final = ".jsonl.gz"
_MARK: Final = "bundled_file"


def add_bundled_studies(settings: Settings) -> int:
    """Store every bundled result file that is not stored as it is.

    Doing so again changes nothing, and takes no longer than reading the files. What there is to do is done by a process
    of its own: summing up studies takes libraries of statistics and a hundred megabytes, which the server would keep
    for as long as it runs. A study that somebody has started under the same slug with another design stays theirs.

    Args:
        settings: the store of which is filled; its schema must be current.

    Returns:
        How many files were taken in.
    """
    store = open_store(settings)
    try:
        with store.read() as session:
            missing = _missing(session)
    finally:
        store.close()
    if not missing:
        return 0
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_add_missing, settings).result()


def _missing(session: Session) -> dict[str, bytes]:
    """The files that are not stored as they are, by their studies' slugs."""
    stored = {row.slug: row.provenance.get(_MARK) for row in session.scalars(select(StudyRow))}
    return {slug: raw for slug, raw in bundled_results().items() if stored.get(slug) != _mark(raw)}


def _add_missing(settings: Settings) -> int:
    configure()
    store = open_store(settings)
    added = 0
    try:
        with store.write() as session:
            for raw in _missing(session).values():
                try:
                    row, _ = save_results(session, read_results(raw), origin=ORIGIN)
                except Conflict as conflict:
                    log.warning("bundled study left out: %s", conflict)
                    continue
                row.provenance = {**row.provenance, _MARK: _mark(raw)}
                added += 1
    finally:
        store.close()
    return added


def _mark(raw: bytes) -> str:
    """Tells result files apart, of one slug too."""
    return sha256_hex(raw)[:16]


def bundled_results() -> dict[str, bytes]:
    """The bundled result files by their studies' slugs, in alphabetical order."""
    folder = resources.files("app.bundled") / "studies"
    if not folder.is_dir():
        return {}
    files = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(ENDING)}
    return {name.removesuffix(ENDING): files[name].read_bytes() for name in sorted(files)}
