"""What deleting a network or a study does, before it is done; and undoing it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads.networks import analyses_of
from app.db.reads.studies import networks_of_study_alone
from app.db.study_tables import StudyRow
from app.db.tables import NetworkRow
from app.figures.numbers import exact, noun, plural, when
from app.jobs.deletion import KEPT_ORIGIN, unfinished_jobs
from app.limits import undo_days_in
from pluriscope.blocks import Action, Block, Head, Prose


def _gone_at(session: Session, row: NetworkRow | StudyRow) -> datetime | None:
    """Until when a deletion can be undone; None while nothing is deleted, and of what came with Pluriscope."""
    if row.deleted_at is None or row.origin == KEPT_ORIGIN:
        return None
    return row.deleted_at + timedelta(days=undo_days_in(session))


def _action(links: Addresses, row: NetworkRow | StudyRow, name: str) -> str:
    """Where the deletion is confirmed ("delete") or undone ("restore")."""
    if isinstance(row, StudyRow):
        return links.study_action(row.slug, name)
    return links.delete(row.slug) if name == "delete" else links.restore(row.slug)


def removal_blocks(session: Session, links: Addresses, row: NetworkRow | StudyRow) -> Iterator[Block]:
    """What deleting a network or a study does, and how that is undone."""
    gone_at = _gone_at(session, row)
    if isinstance(row, StudyRow):
        mine = networks_of_study_alone(row.id).subquery()
        alone = session.scalar(select(func.count()).select_from(mine)) or 0
        jobs, back = len(unfinished_jobs(session, row)), links.study(row.slug)
        others, along = Action("All studies", links.studies()), f"{noun(alone, 'network')} that no other study has"
        leaves = f"the list of studies, with the outcomes of {noun(row.n_finished, 'network')}"
        file = f"[Its result file]({links.study_data(row.slug, 'jsonl.gz')}) can be downloaded before"
        stays = f" Its networks keep their pages{'' if row.origin == KEPT_ORIGIN else ' until then'}."
    else:
        n, jobs, back = len(analyses_of(session, [row.id])), len(unfinished_jobs(session, row)), links.network(row.slug)
        others, along = Action("All networks", links.gallery()), "everything found about it"
        leaves = f"the gallery, with {exact(n)} {plural(n, 'analysis', 'analyses')} and all that was found"
        file, stays = f"Its [network file]({links.network_file(row.slug)}) can be saved before", ""
    if row.deleted_at is not None:
        until = "It came with Pluriscope, so this can be undone at any time."
        if gone_at:
            until = f"Until {when(gone_at)} that can be undone; then it is permanently deleted, and with it {along}."
        undo = Action("Undo", _action(links, row, "restore"), primary=True, changes=True)
        said = f"Since {when(row.deleted_at)}. Its pages say so and show nothing else. {until}"
        yield Head(f"{row.name} is deleted", said, actions=[undo, others])
        return
    confirm = Action(f"Delete {row.slug}", _action(links, row, "delete"), primary=True, changes=True)
    yield Head(f"Delete {row.name}", actions=[confirm, Action("Cancel", back)])
    bundled = row.origin == KEPT_ORIGIN
    days = "" if bundled else f" and, for {undo_days_in(session):g} days, how to undo that"
    last = f"After that it is permanently deleted, and with it {along}. {file}."
    told = [
        f"It leaves {leaves}.",
        f"{noun(jobs, 'job')} on it that {'waits or runs' if jobs == 1 else 'wait or run'} will be cancelled.",
        f"Links to it say that it is deleted{days}.{stays}",
        "It came with Pluriscope: undoing this stays possible." if bundled else last,
    ]
    yield Prose("\n".join(f"- {one}" for one in told if jobs or one != told[1]), glossary=False)
