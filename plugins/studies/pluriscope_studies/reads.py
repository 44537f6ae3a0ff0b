"""Named queries about studies and what came of their networks."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from sqlalchemy import and_, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.app.db.errors import NotFound, StoreUnavailable
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import called, unless_deleted
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.db.reads.networks import STUDY_ORIGIN
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.limits import data_folder_in
from pluriscope.tables.parquet import ENDING, ParquetTable, put
from pluriscope_studies.table import seeds_of
from pluriscope_studies.tables import StudyPartRow, StudyRow

STUDY_JOBS: Final = "study"
PARTS: Final = "studies"  # folder of the parts as files, in the data folder
_KEPT_SECONDS: Final = 3_600.0  # of a part that is gone after somebody has asked for it, and so may be reading it
_OF_DIGEST: Final = 13
"""Letters that the slug of a network has behind that of its study: a dash and digits of its digest."""
_NETWORK_SLUG: Final = re.compile(r"(.+)-([0-9a-f]{12})")


def find_study(session: Session, ref: str, *, deleted: bool = False) -> StudyRow:
    """The study with that slug, or whose digest begins with those 6 or more digits.

    Raises:
        NotFound, Ambiguous: there is none, or several digests begin so.
        Deleted: it was deleted, and ``deleted`` does not say that it is meant too.
    """
    row = called(session, StudyRow, "study", ref)
    return row if deleted else unless_deleted(session, row, "study", "import its results again")


def study_by_digest(session: Session, digest: str) -> StudyRow:
    """The study of that design; a NotFound if it is not stored (any more)."""
    row = session.scalar(select(StudyRow).where(StudyRow.digest == digest))
    if row is None:
        raise NotFound(f"study {digest[:12]}", "is not stored any more", "start it again")
    return row


def study_at_slug(session: Session, slug: str) -> StudyRow | None:
    """The study that has that slug, deleted or not; None if nobody does."""
    return session.scalar(select(StudyRow).where(StudyRow.slug == slug))


def all_studies(session: Session) -> Sequence[StudyRow]:
    """All studies but deleted ones, bundled ones first, then the newest."""
    shown = select(StudyRow).where(StudyRow.deleted_at.is_(None))
    return session.scalars(
        shown.order_by(StudyRow.origin != "bundled", StudyRow.created_at.desc(), StudyRow.slug)
    ).all()


# --- the table of a study: parts of the database, read as files of the data folder


def table_of(session: Session, *studies: StudyRow) -> ParquetTable:
    """The rows of some studies, with those of their parts that were not in the data folder put there.

    Raises:
        StoreUnavailable: the data folder cannot be written.
    """
    query = select(StudyPartRow.digest).where(StudyPartRow.study_id.in_([one.id for one in studies]))
    digests = session.scalars(query.order_by(StudyPartRow.id)).all()
    folder = parts_folder(session)
    missing = [one for one in dict.fromkeys(digests) if not _is_sound(folder / f"{one}{ENDING}")]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for digest in missing:
                body = session.scalars(select(StudyPartRow.body).where(StudyPartRow.digest == digest).limit(1)).one()
                put(folder / f"{digest}{ENDING}", body)
        except OSError as problem:
            cure = "make room, or set PLURISCOPE_DATA to a folder that this user may write"
            raise StoreUnavailable(f"folder {folder}", f"cannot be written ({problem.strerror})", cure) from None
        tidy_parts(session)
    return ParquetTable([folder / f"{digest}{ENDING}" for digest in digests])


def parts_folder(session: Session) -> Path:
    """Folder in which the parts of all studies are kept as files, each named by the digest of its bytes."""
    return data_folder_in(session) / PARTS


def tidy_parts(session: Session) -> None:
    """Remove files of parts that are gone from the database, unless somebody has asked for them within an hour."""
    folder = parts_folder(session)
    kept = {f"{digest}{ENDING}" for digest in session.scalars(select(StudyPartRow.digest))}
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name not in kept and time.time() - file.stat().st_atime > _KEPT_SECONDS:
            file.unlink(missing_ok=True)


def _is_sound(file: Path) -> bool:
    """Whether a part is there and is what it was; it is read again only when it has changed."""
    try:
        status = file.stat()
    except OSError:
        return False
    if time.time() - status.st_atime > _KEPT_SECONDS / 2:
        with suppress(OSError):  # it may not be ours
            os.utime(file, ns=(time.time_ns(), status.st_mtime_ns))
    return _has_its_digest(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4_096)
def _has_its_digest(file: Path, _changed: int, _size: int) -> bool:
    return sha256_hex(file.read_bytes()) == file.name.removesuffix(ENDING)


def finished_seeds(session: Session, study: StudyRow) -> dict[str, set[int]]:
    """The seeds that have their outcome, by keys of cells."""
    return seeds_of(table_of(session, study))


# --- their networks


def stored_slugs(session: Session, digests: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Slugs of networks that are stored, by digest, with whether each was deleted, which can be undone for a while.

    Args:
        digests: a page of them, or of their beginnings.
    """
    here = " OR ".join(f"digest BETWEEN :{n} AND :{n} || 'g'" for n in range(len(digests))) or "false"
    found = select(NetworkRow.digest, NetworkRow.slug, NetworkRow.deleted_at).where(text(here))
    named = {str(n): digest for n, digest in enumerate(digests)}
    return {row.digest: (row.slug, row.deleted_at is not None) for row in session.execute(found, named)}


def studies_of_network(session: Session, digest: str) -> list[tuple[StudyRow, str, int]]:
    """The studies that a network is an outcome of, each with the cell's key and the seed; deleted ones left out."""
    studies = {study.id: study for study in all_studies(session)}
    table = table_of(session, *studies.values())
    query = "SELECT DISTINCT filename, cell, seed FROM {rows} WHERE network = $1 ORDER BY filename, cell, seed LIMIT 20"
    found = table.ask(query, [digest]) if table.paths else []
    whose = select(StudyPartRow.digest, StudyPartRow.study_id)
    of = dict(session.execute(whose.where(StudyPartRow.digest.in_({Path(one).stem for one, *_ in found}))).all())
    return [(studies[of[Path(file).stem]], cell, seed) for file, cell, seed in found]


def study_network_at(session: Session, slug: str) -> tuple[StudyRow, str] | None:
    """The network of a study, by its digest, that has that slug when it is stored; None if there is none."""
    match = _NETWORK_SLUG.fullmatch(slug)
    study = match and study_at_slug(session, match[1])
    if not match or study is None or study.deleted_at is not None:
        return None
    found = networks_beginning(session, study, [match[2]])
    return (study, found[0]) if found else None


def networks_named_by_study(session: Session, words: Sequence[str]) -> dict[str, int]:
    """Count the stored networks of each study, by its slug, that have words in their names that begin so."""
    study = func.substr(NetworkRow.slug, 1, func.length(NetworkRow.slug) - _OF_DIGEST)
    named = [(" " + func.lower(NetworkRow.name)).contains(f" {word}", autoescape=True) for word in words]
    of_studies = NetworkRow.origin == STUDY_ORIGIN, NetworkRow.deleted_at.is_(None)
    return dict(session.execute(select(study, func.count()).where(*of_studies, *named).group_by(study)).all())


def networks_beginning(session: Session, study: StudyRow, digests: Sequence[str]) -> list[str]:
    """The full digests of a study's networks that begin as one of some, all of one length, at least one."""
    query = "SELECT DISTINCT network FROM {rows} WHERE list_contains($1, left(network, $2))"
    table = table_of(session, study)
    return [one for (one,) in table.ask(query, [[*digests], len(digests[0])])] if table.paths else []


def networks_of_study_alone(session: Session, study: StudyRow) -> list[int]:
    """Ids of the stored networks that are here as outcomes of one study and of no other."""

    def outcomes(*studies: StudyRow) -> set[str]:
        table = table_of(session, *studies)
        query = "SELECT DISTINCT network FROM {rows} WHERE network IS NOT NULL"
        return {digest for (digest,) in table.ask(query)} if table.paths else set()

    stored = select(NetworkRow.digest, NetworkRow.id).where(NetworkRow.origin == STUDY_ORIGIN)
    ids = dict(session.execute(stored).all())
    if not ids:
        return []
    others = session.scalars(select(StudyRow).where(StudyRow.id != study.id)).all()
    return [ids[digest] for digest in (ids.keys() & outcomes(study)) - outcomes(*others)]


# --- their work


def study_jobs(session: Session, digest: str, *, unfinished: bool = False) -> list[JobRow]:
    """Jobs of a study, oldest first: one of each version of Pluriscope that has worked on it."""
    query = select(JobRow).where(JobRow.kind == STUDY_JOBS, JobRow.network_digest == digest)
    if unfinished:
        query = query.where(JobRow.state.in_(UNFINISHED))
    return list(session.scalars(query.order_by(JobRow.created_at, JobRow.id)))


def studies_left(session: Session) -> Sequence[StudyRow]:
    """The studies for which there should be a job, and is none that waits, runs or was stopped: those that have
    outcomes that their summary does not have, and those that are to run, since they were extended meanwhile or
    come from an earlier version.
    """
    ended = "done", "truncated"
    runs = and_(StudyRow.state == "running", StudyRow.n_finished < StudyRow.n_networks)
    of_it = select(JobRow.id).where(JobRow.kind == STUDY_JOBS, JobRow.network_digest == StudyRow.digest)
    hindered = of_it.where(or_(JobRow.state.not_in((*ended, "cancelled")), and_(runs, JobRow.state == "cancelled")))
    unsummed = StudyRow.summed_up != StudyRow.n_finished
    left = StudyRow.deleted_at.is_(None), or_(runs, unsummed), ~hindered.exists()
    return session.scalars(select(StudyRow).where(*left).order_by(StudyRow.id)).all()


def problems_of(jobs: Sequence[JobRow]) -> list[str]:
    """Reasons why jobs failed, or what they wait for, each reason once."""
    fields = {"failed": "error", "queued": "found"}
    return sorted({words for job in jobs if (words := getattr(job, fields.get(job.state, ""), ""))})


def jobs_ahead(session: Session, digest: str) -> int:
    """Other studies that run, or that will be started before one that waits."""
    order = JobRow.priority, JobRow.created_at, JobRow.id
    first = select(*order).where(JobRow.kind == STUDY_JOBS, JobRow.network_digest == digest, JobRow.state == "queued")
    place = session.execute(first.order_by(*order).limit(1)).one()
    ahead = or_(JobRow.state == "running", and_(JobRow.state == "queued", tuple_(*order) < tuple(place)))
    return session.scalars(select(func.count()).where(JobRow.kind == STUDY_JOBS, ahead)).one()
