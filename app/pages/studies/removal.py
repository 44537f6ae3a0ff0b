"""What deleting a study does, before it is done; and undoing it."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads.studies import networks_of_study_alone, study_jobs
from app.db.study_tables import StudyRow
from app.jobs.deletion import KEPT_ORIGIN
from app.limits import undo_days_in
from app.options import PageModel
from app.pages.studies.stored import open_study


class StudyRemovalPage(PageModel):
    """A study that is to be deleted, or was."""

    slug: str
    name: str
    digest: str
    deleted_at: str | None = Field(description="When it was deleted; null while it is not.")
    gone_at: str | None = Field(description="Until when that can be undone; null while it is not, or for bundled ones.")
    undo_days: float = Field(description="How long a deletion can be undone here.")
    n_finished: int = Field(description="Networks that have their outcome.")
    n_networks: int = Field(description="Networks that are here as its outcomes and nothing else; they go with it.")
    n_jobs: int = Field(description="Work on it that waits or runs, and would be cancelled.")
    bundled: bool = Field(description="Whether it came with Pluriscope; such a deletion can always be undone.")
    results_url: str = Field(description="All of it as a file that can be imported again.")
    study_url: str
    restore_url: str = Field(description="POST here to undo that.")
    url: str = Field(description="POST here to delete it; programs DELETE the study’s own address.")


def build_study_removal(session: Session, addresses: Addresses, study: str) -> StudyRemovalPage:
    """The page that an address names, whether the study is deleted or not.

    Raises:
        NotFound: no such study.
    """
    return removal_of(session, addresses, open_study(session, addresses, study, deleted=True))


def removal_of(session: Session, addresses: Addresses, row: StudyRow) -> StudyRemovalPage:
    """What deleting a study does, or did."""
    days, bundled = undo_days_in(session), row.origin == KEPT_ORIGIN
    gone = None if row.deleted_at is None or bundled else row.deleted_at + timedelta(days=days)
    alone = networks_of_study_alone(row.id).subquery()
    return StudyRemovalPage.showing(
        row,
        deleted_at=None if row.deleted_at is None else row.deleted_at.isoformat(timespec="seconds"),
        gone_at=None if gone is None else gone.isoformat(timespec="seconds"),
        undo_days=days,
        n_networks=session.scalar(select(func.count()).select_from(alone)) or 0,
        n_jobs=len(study_jobs(session, row.digest, unfinished=True)),
        bundled=bundled,
        results_url=addresses.study_data(row.slug, "jsonl.gz"),
        study_url=addresses.study(row.slug),
        restore_url=addresses.study_action(row.slug, "restore"),
        url=addresses.study_action(row.slug, "delete"),
    )
