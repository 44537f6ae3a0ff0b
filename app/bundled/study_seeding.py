"""Puts the results of studies that come with Pluriscope into a store, once: thousands of networks in seconds."""

from __future__ import annotations

import logging
from importlib import resources
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.digest import sha256_hex
from analysis.studies.result_file import read_results
from app.db.errors import Conflict
from app.db.studies import save_results
from app.db.study_tables import StudyRow

log = logging.getLogger("pluriscope.jobs")
ORIGIN: Final = "bundled"
ENDING: Final = ".jsonl.gz"
_MARK: Final = "bundled_file"


def add_bundled_studies(session: Session) -> int:
    """Store every bundled result file that is not stored as it is.

    Doing so again changes nothing, and takes no longer than reading the files. A study that somebody has started under
    the same slug with another design stays theirs.

    Returns:
        How many files were taken in.
    """
    known = {row.slug: row for row in session.scalars(select(StudyRow))}
    added = 0
    for slug, raw in bundled_results().items():
        mark = sha256_hex(raw)[:16]
        if slug in known and known[slug].provenance.get(_MARK) == mark:
            continue
        try:
            row, _ = save_results(session, read_results(raw), origin=ORIGIN)
        except Conflict as conflict:
            log.warning("bundled study left out: %s", conflict)
            continue
        row.provenance = {**row.provenance, _MARK: mark}
        added += 1
    return added


def bundled_results() -> dict[str, bytes]:
    """The bundled result files by their studies' slugs, in alphabetical order."""
    folder = resources.files("app.bundled") / "studies"
    if not folder.is_dir():
        return {}
    files = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(ENDING)}
    return {name.removesuffix(ENDING): files[name].read_bytes() for name in sorted(files)}
