"""Puts the studies that come with Pluriscope into a store, once: their parts as they are, and no networks."""

from __future__ import annotations

import logging
from importlib.resources import as_file, files
from typing import Final

from sqlalchemy import select

from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.errors import Conflict
from pluriscope.app.settings import Settings
from pluriscope.tables.parquet import ENDING
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import read_files, save_table

log = logging.getLogger("pluriscope.jobs")
ORIGIN: Final = "bundled"
_MARK: Final = "bundled_file"


def add_bundled_studies(settings: Settings) -> int:
    """Store every bundled study that is not stored as it is.

    Doing so again changes nothing, and takes no longer than reading the files. A study that somebody has started under
    the same slug with another design stays theirs.

    Args:
        settings: the store of which is filled; its schema must be current.

    Returns:
        How many were taken in.
    """
    store, added = open_store(settings), 0
    try:
        with store.read() as session:
            stored = {row.slug: row.provenance.get(_MARK) for row in session.scalars(select(StudyRow))}
        with as_file(files("pluriscope_studies") / "bundled" / "studies") as folder:
            for file in sorted(folder.glob(f"*{ENDING}")):
                mark = sha256_hex(file.read_bytes())[:16]
                if stored.get(file.stem) == mark:
                    continue
                try:
                    with store.write() as session:
                        row, _ = save_table(session, read_files([file]), origin=ORIGIN)
                        row.provenance = {**row.provenance, _MARK: mark}
                except Conflict as conflict:
                    log.warning("bundled study left out: %s", conflict)
                    continue
                added += 1
    finally:
        store.close()
    return added
