"""Named queries about studies and their outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Select, and_, false, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from analysis.data import DataRecord
from analysis.studies.cells import cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.outcome import StudyOutcome, flat_weights
from analysis.studies.result_file import header_json, result_parts
from analysis.studies.summary import Record
from app.db.codecs import data_of, network_of, planted_of
from app.db.errors import NotFound
from app.db.job_tables import JobRow
from app.db.reads.analyses import called, unless_deleted
from app.db.reads.jobs import UNFINISHED
from app.db.reads.networks import STUDY_ORIGIN
from app.db.study_tables import AS_STORED, FormerStudySlugRow, StudyOutcomeRow, StudyRow
from app.db.tables import DataRow, NetworkRow

STUDY_JOBS = "study"
_AT_ONCE = 500


def find_study(session: Session, ref: str, *, deleted: bool = False) -> StudyRow:
    """The study with that slug, or whose digest begins with those 6 or more digits, or that once had that slug.

    Args:
        ref: slug, beginning of a digest or former slug.
        deleted: whether a deleted one is meant too.

    Raises:
        NotFound: there is none.
        Ambiguous: several digests begin so.
        Deleted: it was deleted.
    """
    row = called(session, StudyRow, "study", ref, FormerStudySlugRow.study_id)
    return row if deleted else unless_deleted(session, row, "study", "import its results again")


def study_by_digest(session: Session, digest: str) -> StudyRow:
    """The study of that design.

    Raises:
        NotFound: it is not stored (any more).
    """
    row = session.scalar(select(StudyRow).where(StudyRow.digest == digest))
    if row is None:
        raise NotFound(f"study {digest[:12]}", "is not stored any more", "start it again")
    return row


def all_studies(session: Session) -> Sequence[StudyRow]:
    """All studies but deleted ones, bundled ones first, then the newest."""
    shown = select(StudyRow).where(StudyRow.deleted_at.is_(None))
    return session.scalars(
        shown.order_by(StudyRow.origin != "bundled", StudyRow.created_at.desc(), StudyRow.slug)
    ).all()


def networks_of_study_alone(study_id: int) -> Select[int]:
    """Ids of the networks that are here as outcomes of one study and of no other."""
    here, there = aliased(StudyOutcomeRow), aliased(StudyOutcomeRow)
    outside = select(there.id).where(there.network_digest == here.network_digest, there.study_id != study_id)
    mine = here.study_id == study_id, NetworkRow.origin == STUDY_ORIGIN, ~outside.exists()
    return select(NetworkRow.id).join(here, here.network_digest == NetworkRow.digest).where(*mine).distinct()


def every_outcome(session: Session, study_id: int) -> Iterator[Sequence[StudyOutcomeRow]]:
    """All outcomes of a study in the order of cells and seeds, some hundred at a time."""
    place = StudyOutcomeRow.position, StudyOutcomeRow.seed
    query = select(StudyOutcomeRow).where(StudyOutcomeRow.study_id == study_id).order_by(*place).limit(_AT_ONCE)
    rows = session.scalars(query).all()
    while rows:
        yield rows
        rows = session.scalars(query.where(tuple_(*place) > (rows[-1].position, rows[-1].seed))).all()


def outcome_records(session: Session, study_id: int) -> list[Record]:
    """Every outcome as a summary needs it, in the order of cells and seeds."""
    rows = session.execute(
        select(
            StudyOutcomeRow.position,
            StudyOutcomeRow.seed,
            StudyOutcomeRow.state,
            StudyOutcomeRow.network_digest,
            StudyOutcomeRow.figures,
            StudyOutcomeRow.data_digest,
            StudyOutcomeRow.epochs,
            StudyOutcomeRow.loss,
            StudyOutcomeRow.message,
        )
        .where(StudyOutcomeRow.study_id == study_id)
        .order_by(StudyOutcomeRow.position, StudyOutcomeRow.seed)
    )
    return [
        Record(position, seed, state, network, figures, (data or "")[:12], epochs, loss, message)
        for position, seed, state, network, figures, data, epochs, loss, message in rows
    ]


def finished_seeds(session: Session, study_id: int, position: int) -> set[int]:
    """Seeds of a cell that have their outcome."""
    return set(
        session.scalars(
            select(StudyOutcomeRow.seed).where(
                StudyOutcomeRow.study_id == study_id, StudyOutcomeRow.position == position
            )
        )
    )


def stored_slugs(session: Session, digests: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Of some networks that are stored, by digest: slug, and whether it was deleted, which can be undone for a while.

    Args:
        digests: a page of them, or of their beginnings.
    """
    here = or_(false(), *(NetworkRow.digest.between(one, f"{one}g") for one in {*digests}))
    found = select(NetworkRow.digest, NetworkRow.slug, NetworkRow.deleted_at).where(here)
    return {row.digest: (row.slug, row.deleted_at is not None) for row in session.execute(found)}


def study_jobs(session: Session, digest: str, *, unfinished: bool = False) -> list[JobRow]:
    """Jobs of a study, oldest first."""
    query = select(JobRow).where(JobRow.kind == STUDY_JOBS, JobRow.network_digest == digest)
    if unfinished:
        query = query.where(JobRow.state.in_(UNFINISHED))
    return list(session.scalars(query.order_by(JobRow.created_at, JobRow.id)))


def problems_of(jobs: Sequence[JobRow]) -> list[str]:
    """Why some jobs failed, each reason once."""
    return sorted({job.error for job in jobs if job.state == "failed"})


def jobs_ahead(session: Session, digest: str) -> int:
    """Other jobs that run, or that will be started before the first job of a study that waits."""
    order = JobRow.priority, JobRow.created_at, JobRow.id
    first = select(*order).where(JobRow.kind == STUDY_JOBS, JobRow.network_digest == digest, JobRow.state == "queued")
    place = session.execute(first.order_by(*order).limit(1)).one()
    ahead = or_(JobRow.state == "running", and_(JobRow.state == "queued", tuple_(*order) < tuple(place)))
    return session.scalars(select(func.count()).where(ahead)).one()


def studies_of_network(session: Session, digest: str) -> Sequence[tuple[StudyRow, StudyOutcomeRow]]:
    """The studies that a network is an outcome of, deleted ones left out."""
    rows = session.execute(
        select(StudyRow, StudyOutcomeRow)
        .join(StudyOutcomeRow, StudyOutcomeRow.study_id == StudyRow.id)
        .where(StudyOutcomeRow.network_digest == digest, StudyRow.deleted_at.is_(None))
        .order_by(StudyRow.slug, StudyOutcomeRow.position, StudyOutcomeRow.seed)
        .limit(20)
    )
    return [(study, outcome) for study, outcome in rows]


def stored_parts(session: Session, study: StudyRow) -> Iterator[bytes]:
    """A stored study as its result file, read and packed some hundred networks at a time."""
    design = StudyDesign.model_validate(study.design)
    header = header_json(design, study.engine_version, study.provenance)
    return result_parts(header, stored_outcomes(session, study))


def stored_outcomes(session: Session, study: StudyRow) -> Iterator[StudyOutcome]:
    """The outcomes of a stored study in the order of cells and seeds, weights included."""
    cells = cells_of(StudyDesign.model_validate(study.design))
    for rows in every_outcome(session, study.id):
        digests = [row.network_digest for row in rows if row.network_digest]
        records = {
            data.digest: data_of(data)
            for data in session.scalars(
                select(DataRow).where(DataRow.digest.in_({row.data_digest for row in rows if row.data_digest}))
            )
        }
        networks = {
            network.digest: network
            for network in session.scalars(select(NetworkRow).where(NetworkRow.digest.in_(digests)))
        }
        for row in rows:
            network, data = networks.get(row.network_digest or ""), records.get(row.data_digest or "")
            yield outcome_of_row(row, network, cells[row.position].key, data)


def outcome_of_row(
    row: StudyOutcomeRow, network: NetworkRow | None, cell: str, data: DataRecord | None = None
) -> StudyOutcome:
    """One stored outcome as the engine's value.

    Args:
        network: its network, None if it is not stored (any more).
        cell: key of its cell.
        data: on what it was judged; None for the clean inputs, or where that was not kept.
    """
    value, same = None if network is None else network_of(network), {name: getattr(row, name) for name in AS_STORED}
    return StudyOutcome(
        **{**same, "cell": cell},
        network=row.network_digest,
        sizes=() if value is None else value.sizes,
        tables=() if network is None else tuple("".join(map(str, t["truth_table"])) for t in network.tasks),
        weights=None if value is None else flat_weights(value),
        data=None if value is None else data,
        planted=None if network is None else planted_of(network),
    )
