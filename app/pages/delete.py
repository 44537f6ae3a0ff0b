"""What deleting a network or a study does, before it is done; undoing it; and all that was deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads.networks import analyses_of, deleted
from app.db.reads.studies import deleted_studies, networks_of_study_alone, study_jobs
from app.db.study_tables import StudyRow
from app.figures.numbers import exact, noun, plural, when
from app.jobs.deletion import KEPT_ORIGIN, unfinished_jobs
from app.limits import undo_days_in
from app.options import PageModel
from app.pages.place import find_network
from app.pages.studies.study import open_study
from pluriscope.blocks import Action, Block, Head, Notice, Prose, Table


class Removal(PageModel):
    """Something that is to be deleted, or was."""

    name: str
    deleted_at: str | None = Field(description="When it was deleted; null while it is not.")
    gone_at: str | None = Field(description="Until when that can be undone; null while it is not, or for bundled ones.")
    undo_days: float = Field(description="How long a deletion can be undone here.")
    restore_url: str = Field(description="POST here to undo that.")
    url: str = Field(description="POST here to delete it; programs DELETE its own address.")


class StoredRemoval(Removal):
    """A network or a study that is to be deleted, or was."""

    slug: str
    digest: str
    n_jobs: int = Field(description="Work on it that waits or runs, and would be cancelled.")
    bundled: bool = Field(description="Whether it came with Pluriscope; such a deletion can always be undone.")


class DeletePage(StoredRemoval):
    """A network that is to be deleted, or was."""

    n_analyses: int
    network_url: str
    delete_url: str = Field(description="POST here to delete it; programs DELETE the network’s own address.")


class StudyRemovalPage(StoredRemoval):
    """A study that is to be deleted, or was."""

    n_finished: int = Field(description="Networks that have their outcome.")
    n_networks: int = Field(description="Networks that are here as its outcomes and nothing else; they go with it.")
    results_url: str = Field(description="All of it as a file that can be imported again.")
    study_url: str


class DeletedPage(PageModel):
    """Networks and studies whose deletion can be undone."""

    items: list[DeletePage] = Field(description="Networks, the latest deletion first.")
    studies: list[StudyRemovalPage] = Field(description="Studies, likewise.")
    url: str


def build_deleted(session: Session, addresses: Addresses) -> DeletedPage:
    """The list of what is deleted and still there."""
    return DeletedPage(
        items=[build_delete(session, addresses, row.slug) for row in deleted(session)],
        studies=[removal_of(session, addresses, row) for row in deleted_studies(session)],
        url=addresses.deleted(),
    )


def _times(session: Session, deleted_at: datetime | None, *, bundled: bool = False) -> dict[str, Any]:
    """When something was deleted, and until when that can be undone."""
    days = undo_days_in(session)
    gone = None if deleted_at is None or bundled else deleted_at + timedelta(days=days)
    return {
        "deleted_at": None if deleted_at is None else deleted_at.isoformat(timespec="seconds"),
        "gone_at": None if gone is None else gone.isoformat(timespec="seconds"),
        "undo_days": days,
    }


def build_delete(session: Session, addresses: Addresses, network: str) -> DeletePage:
    """The page that an address names, whether the network is deleted or not.

    Raises:
        NotFound: no such network.
    """
    row = find_network(session, addresses, network, deleted=True)
    bundled = row.origin == KEPT_ORIGIN
    return DeletePage.showing(
        row,
        **_times(session, row.deleted_at, bundled=bundled),
        n_analyses=len(analyses_of(session, [row.id])),
        n_jobs=unfinished_jobs(session, row),
        bundled=bundled,
        network_url=addresses.network(row.slug),
        delete_url=addresses.delete(row.slug),
        restore_url=addresses.restore(row.slug),
        url=addresses.delete(row.slug),
    )


def build_study_removal(session: Session, addresses: Addresses, study: str) -> StudyRemovalPage:
    """The page that an address names, whether the study is deleted or not.

    Raises:
        NotFound: no such study.
    """
    return removal_of(session, addresses, open_study(session, addresses, study, deleted=True))


def removal_of(session: Session, addresses: Addresses, row: StudyRow) -> StudyRemovalPage:
    """What deleting a study does, or did."""
    bundled = row.origin == KEPT_ORIGIN
    alone = networks_of_study_alone(row.id).subquery()
    return StudyRemovalPage.showing(
        row,
        **_times(session, row.deleted_at, bundled=bundled),
        n_networks=session.scalar(select(func.count()).select_from(alone)) or 0,
        n_jobs=len(study_jobs(session, row.digest, unfinished=True)),
        bundled=bundled,
        results_url=addresses.study_data(row.slug, "jsonl.gz"),
        study_url=addresses.study(row.slug),
        restore_url=addresses.study_action(row.slug, "restore"),
        url=addresses.study_action(row.slug, "delete"),
    )


def network_removal(page: DeletePage, addresses: Addresses) -> Iterator[Block]:
    """What deleting a network does and how it is undone."""
    if page.deleted_at:
        yield from _undoing(
            page, "with everything found about it", Action("All networks", addresses.gallery()), addresses
        )
        return
    file = addresses.network_file(page.slug)
    found = f"{exact(page.n_analyses)} {plural(page.n_analyses, 'analysis', 'analyses')}"
    yield Head(f"Delete {page.name}", actions=_confirming(page, page.network_url))
    yield _consequences(
        f"It leaves the gallery, with {found} and all that was found.",
        page,
        f"Links to it, permalinks of its explanations among them, say that it is deleted{_undo_days(page)}.",
        f"After that it is permanently deleted. Its [network file]({file}) can be saved before.",
    )


def study_removal(page: StudyRemovalPage, addresses: Addresses) -> Iterator[Block]:
    """What deleting a study does and how it is undone."""
    alone = f"{noun(page.n_networks, 'network')} that no other study has"
    if page.deleted_at:
        yield from _undoing(page, f"and with it {alone}", Action("All studies", addresses.studies()), addresses)
        return
    kept = "" if page.bundled else " until then"
    yield Head(f"Delete {page.name}", actions=_confirming(page, page.study_url))
    yield _consequences(
        f"It leaves the list of studies, with the outcomes of {noun(page.n_finished, 'network')}.",
        page,
        f"Links to it say that it is deleted{_undo_days(page)}. Its networks keep their pages{kept}.",
        f"After that it is permanently deleted, and with it {alone}. "
        f"[Its result file]({page.results_url}) can be downloaded before.",
    )


def _undoing(page: StoredRemoval, what: str, back: Action, addresses: Addresses) -> Iterator[Block]:
    until = "It came with Pluriscope, so this can be undone at any time."
    if page.gone_at:
        until = f"Until {when(page.gone_at)} that can be undone; then it is permanently deleted {what}."
    undo = Action("Undo", page.restore_url, primary=True, changes=True)
    yield Head(
        f"{page.name} is deleted",
        f"Since {when(page.deleted_at or 0)}. Its pages say so and show nothing else. {until}",
        actions=[undo, back, Action("Recently deleted", addresses.deleted())],
    )


def _confirming(page: StoredRemoval, back: str) -> list[Action]:
    return [Action(f"Delete {page.slug}", page.url, primary=True, changes=True), Action("Cancel", back)]


def _consequences(leaves: str, page: StoredRemoval, links: str, then: str) -> Prose:
    wait = "waits or runs" if page.n_jobs == 1 else "wait or run"
    jobs = f"{noun(page.n_jobs, 'job')} on it that {wait} will be cancelled."
    last = "It came with Pluriscope: undoing this stays possible." if page.bundled else then
    said = (leaves, jobs if page.n_jobs else "", links, last)
    return Prose("\n".join(f"- {one}" for one in said if one), glossary=False)


def _undo_days(page: StoredRemoval) -> str:
    return "" if page.bundled else f" and, for {page.undo_days:g} days, how to undo that"


def deleted_list(page: DeletedPage) -> Iterator[Block]:
    """What was deleted and can be undone."""
    yield Head("Recently deleted")
    yield from _listed("Network", page.items)
    yield from _listed("Study", page.studies)
    if not (page.items or page.studies):
        yield Notice("Nothing was deleted", "What is deleted stands here as long as that can be undone.")


def _listed(label: str, removals: Sequence[StoredRemoval]) -> Iterator[Block]:
    rows = [
        (
            one.name,
            when(one.deleted_at or 0),
            when(one.gone_at) if one.gone_at else "any time; it came with Pluriscope",
            Action(f"Undo the deletion of {one.name}", one.restore_url, changes=True).html(),
        )
        for one in removals
    ]
    if rows:
        yield Table.plain((label, "Deleted", "Can be undone until", "Undo"), rows, [one.slug for one in removals])
