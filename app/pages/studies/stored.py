"""Studies by the names in addresses, and their summaries, kept in the process until there is another one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from sqlalchemy.orm import Session

from analysis.studies.stored_summary import Summed
from analysis.studies.summary import StudySummary
from app.addressing import Addresses
from app.db.errors import Deleted, StoreError
from app.db.reads.studies import find_study
from app.db.studies import design_of
from app.db.study_summaries import read_document, summary_row
from app.db.study_tables import StudyRow, StudySummaryRow
from app.errors import Gone, Moved, NotFound
from app.recent import Recent

_SUMMARIES: Final = Recent[StudySummary](8)


def open_study(session: Session, addresses: Addresses, study: str, *, deleted: bool = False) -> StudyRow:
    """The study of that slug, or whose digest begins with those 6 or more digits.

    Args:
        addresses: for the nearest page that exists.
        study: slug or beginning of a digest.
        deleted: whether a deleted one is meant too.

    Raises:
        NotFound: none, or several.
        Gone: it was deleted, which can be undone.
        Moved: it once had that slug.
    """
    try:
        row = find_study(session, study, deleted=deleted)
    except Deleted as error:
        page, undo = addresses.study_action(error.slug, "delete"), addresses.study_action(error.slug, "restore")
        raise Gone(error.item, error.cause, error.cure, "study", page, "its deletion", undo) from None
    except StoreError as error:
        raise NotFound(error.item, error.cause, error.cure, "study", addresses.studies(), "all studies") from None
    if row.slug != study and not row.digest.startswith(study):
        raise Moved.to(study, row.slug, addresses.study(row.slug), "study")
    return row


def summary_of(session: Session, row: StudyRow) -> StudySummary:
    """What the outcomes of a study say, as far as they were summed up; of no network before that was done."""
    stored = summary_row(session, row.id)
    return _SUMMARIES.of(summary_key(row, stored), lambda: read_summary(row, stored))


def summary_key(row: StudyRow, stored: StudySummaryRow | None) -> Hashable:
    """All that a summary depends on."""
    kept = None if stored is None else (stored.n_outcomes, stored.created_at)
    return (row.digest, row.revision, kept)


def read_summary(row: StudyRow, stored: StudySummaryRow | None) -> StudySummary:
    """A summary that is not kept; of no network where none is stored."""
    return StudySummary(design_of(row), ()) if stored is None else Summed(design_of(row), read_document(stored))
