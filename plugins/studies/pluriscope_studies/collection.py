"""Studies as a collection of the store, beside the networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from markupsafe import Markup
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.collection import Collection
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.networks import STUDY_ORIGIN
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs.deletion import KEPT_ORIGIN
from pluriscope.app.pages.search import Hit, Ranked
from pluriscope.app.settings import Settings
from pluriscope.figures.numbers import noun
from pluriscope.page_kit.blocks import Block, Table
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.reads import (
    all_studies,
    networks_named_by_study,
    networks_of_study_alone,
    studies_of_network,
    study_network_at,
    tidy_parts,
)
from pluriscope_studies.seeding import add_bundled_studies
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import design_of


def _seed(settings: Settings) -> str:
    added = add_bundled_studies(settings)
    return f"took in the results of {added} bundled studies" if added else ""


def _purge(session: Session, before: datetime) -> None:
    """Studies, and of their networks those that are here as their outcomes and nothing else. Until then these have
    pages of their own.
    """
    due = select(StudyRow).where(StudyRow.deleted_at <= before, StudyRow.origin != KEPT_ORIGIN)
    for study in session.scalars(due).all():
        own = NetworkRow.id.in_(networks_of_study_alone(session, study))
        session.execute(update(NetworkRow).where(own).values(deleted_at=study.deleted_at))
        session.execute(delete(JobRow).where(JobRow.network_digest == study.digest))
        session.delete(study)
        session.flush()
    tidy_parts(session)


def _find(session: Session, links: Addresses, words: Sequence[str]) -> list[Ranked]:
    """Studies by their names and questions, and those of which some stored networks are called so."""
    found: list[Ranked] = []
    if list(words) in (["study"], ["studies"]):
        found.append(
            (0, Hit(kind="study", label="Studies", detail="All studies", url=f"{links.url('findings')}#studies"))
        )
    networks = networks_named_by_study(session, words)
    for row in all_studies(session):
        question, n = str(row.design["question"]), networks.get(row.slug, 0)
        if all(word in f"study studies {row.name} {row.slug} {question}".lower() for word in words):
            found.append((2, Hit(kind="study", label=row.name, detail=question, url=links.url("studies", row.slug))))
        elif n:
            detail = f"{noun(n, 'network')} of this study called so"
            found.append(
                (3, Hit(kind="study", label=row.name, detail=detail, url=links.url("studies", row.slug, "outcomes")))
            )
    return sorted(found, key=itemgetter(0))


def _where(session: Session, links: Addresses, network: str) -> str:
    """The row of a network in the study that its slug names."""
    found = study_network_at(session, network)
    return links.url("studies", found[0].slug, "networks", found[1]) if found else ""


def _origin(session: Session, links: Addresses, row: NetworkRow) -> Iterator[Block]:
    """The studies that a network is an outcome of."""
    link = Markup('<a href="{}">{}</a>')
    rows = [
        [link.format(links.url("studies", study.slug), study.name), cell.name, seed]
        for study, key, seed in (studies_of_network(session, row.digest) if row.origin == STUDY_ORIGIN else ())
        for cell in cells_of(design_of(study))
        if cell.key == key
    ]
    if rows:
        yield Table.plain(["Study", "Cell", "Seed"], rows)


COLLECTION: Final = Collection("Studies", _seed, _purge, _find, _where, _origin)
