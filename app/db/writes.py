"""Saves that may be repeated: identity is content, so saving the same thing again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import PREFIX, Addresses
from pluriscope.analysis.network_files.files import NetworkFile, slug_of
from pluriscope.analysis.planted.record import planted_json
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.perceptron.logits import decision_digest
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.trained import TrainingRecord
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.app.db.codecs import parameters_to_bytes, record_of, tasks_to_json
from pluriscope.app.db.errors import Conflict, NotFound
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.links import free_slug
from pluriscope.app.db.prepared import PreparedAnalysis, algorithm_columns
from pluriscope.app.db.reads.analyses import analysis_by_key, network_by_digest
from pluriscope.app.db.reads.networks import STUDY_ORIGIN, known_as
from pluriscope.app.db.records import save_data_record, save_protocol
from pluriscope.app.db.rows import insert_columns, insert_rows
from pluriscope.app.db.table_base import Base
from pluriscope.app.db.tables import PERCEPTRON, AlgorithmRow, AnalysisRow, CheckpointRow, FormerSlugRow, NetworkRow
from pluriscope.app.db.verdicts import add_verdicts

_TABLES: Final = Base.metadata.tables


def save_network(
    session: Session,
    file: NetworkFile | bytes | NetworkRow,
    *,
    slug: str = "",
    origin: str = "uploaded",
    training: Mapping[str, Any] | None = None,
    position: int = 1000,
) -> NetworkRow:
    """Store a network of any kind under a name, its weights once.

    Weights that are stored already stay what they are and where they are; they only become known under this name, too.
    Deleted ones come back; for other tasks they are stored anew, and what was found before is lost. One that so far
    was known from a study alone enters the gallery under the name, slug and origin given here, and the study's slug
    leads on; one that is in the gallery keeps its name and slug, and the new ones lead to it. A loss
    curve, what was planted and an edit are taken over if none was kept before, and of which training it is a checkpoint
    besides what was kept.

    Args:
        session: of the writer.
        file: a perceptron with its name, tasks and attribution; of another kind the bytes of its file. Or the row that
            :func:`network_row` has made of either, so that no file is read while nobody else may write.
        slug: its name in addresses, "" for one made of its name; digits of the digest follow if another has it.
        origin: "bundled", "trained", "edited" or "uploaded".
        training: options and outcome, if it was trained here.
        position: its place in the gallery.

    Raises:
        AnalysisError: a file that cannot be read.
        Conflict: it is stored already for other tasks; its analyses were made for those. Or it is a checkpoint, and
            another network is stored as that one.
    """
    fresh, now = file if isinstance(file, NetworkRow) else network_row(file, "", origin), datetime.now(UTC)
    for one in fresh.checkpoints:
        _refuse_second(session, fresh, one)
    row = network_by_digest(session, fresh.digest)
    cure = "" if row is None else _other_tasks(row, fresh.tasks)
    if row is not None and row.deleted_at is not None and cure:
        delete_network(session, row)
        row = None
    if row is None:
        row = fresh
        row.slug = free_slug(session, slug or slug_of(row.name), row.digest)
        row.training, row.position, row.created_at = {}, position, now
        session.add(row)
    else:
        if cure:
            tasks = ", ".join(Task(tuple(task.get("truth_table", ())), task["name"]).label for task in row.tasks)
            raise Conflict(f"network {fresh.name!r}", f"is stored as {row.slug!r} for other tasks ({tasks})", cure)
        row.deleted_at = None  # bringing it in again undoes its deletion
        if row.origin == STUDY_ORIGIN:
            session.add(FormerSlugRow(slug=row.slug, network_id=row.id, name=row.name, retired_at=now))
            row.slug, row.name = free_slug(session, slug or slug_of(fresh.name), row.digest), fresh.name
            row.origin, row.position, row.created_at, row.input_data = origin, position, now, ""
        elif fresh.name not in known_as(session, row):
            alias = free_slug(session, slug or slug_of(fresh.name), row.digest)
            session.add(FormerSlugRow(slug=alias, network_id=row.id, name=fresh.name, retired_at=now))
    taken = [name for name in ("planted", "edited") if not getattr(row, name) and getattr(fresh, name)]
    for name in taken:
        setattr(row, name, getattr(fresh, name))
    known = {(one.training, one.at) for one in row.checkpoints}
    if new := [one for one in fresh.checkpoints if (one.training, one.at) not in known]:
        taken += [] if known else ["training"]
        row.checkpoints += new
    if taken and row.document is not None and fresh.document is not None:  # the file that is kept says it, too
        document = json.loads(fresh.document)
        row.document = canonical_json({**json.loads(row.document), **{name: document[name] for name in taken}})
    if training and not row.training.get("losses"):
        row.training = dict(training)
    session.flush()
    return row


def _refuse_second(session: Session, fresh: NetworkRow, one: CheckpointRow) -> None:
    """Refuse a checkpoint where another network is stored as that one; of a deleted network it is taken."""
    same = CheckpointRow.training == one.training, CheckpointRow.at == one.at
    query = select(CheckpointRow, NetworkRow).join(NetworkRow, NetworkRow.id == CheckpointRow.network_id)
    for kept, other in session.execute(query.where(*same, NetworkRow.digest != fresh.digest)):
        if other.deleted_at is None:
            unit = record_of(one, fresh).unit
            cause = f"has other weights than {other.slug!r}, which is stored as {unit} {one.at} of the same training"
            raise Conflict(f"network {fresh.name!r}", cause, "delete that one first, or leave the training out")
        session.delete(kept)
    session.flush()


def other_tasks(row: NetworkRow, tasks: Sequence[Task]) -> str:
    """Cure to offer where a perceptron is stored already for other tasks; "" where its tasks are these, whatever their
    names.
    """
    return _other_tasks(row, tasks_to_json(tuple(tasks)))


def _other_tasks(row: NetworkRow, tasks: Sequence[Mapping[str, Any]]) -> str:
    mine, others = ([{**task, "name": ""} for task in some] for some in (row.tasks, tasks))
    if mine == others:
        return ""
    address = Addresses(PREFIX.get()).network(row.slug)
    return f"delete the stored network first, at {address}, or keep it and give its tasks and encoding"


def network_row(file: NetworkFile | bytes, slug: str, origin: str) -> NetworkRow:
    """The row of a network, in no session: to be stored, or to show what storing it would give.

    Raises:
        AnalysisError: a file that cannot be read.
    """
    if isinstance(file, bytes):
        return _row_of_document(file, slug, origin)
    network = file.network
    return NetworkRow(
        digest=network.digest,
        slug=slug,
        name=file.name,
        kind=PERCEPTRON,
        sizes=list(network.sizes),
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
        parameters=parameters_to_bytes(network),
        tasks=tasks_to_json(file.tasks),
        origin=origin,
        attribution=file.attribution,
        planted=None if file.planted is None else planted_json(file.planted),
        edited=None if file.edited is None else file.edited.model_dump(),
        decides_as=decision_digest(network, classes=False),
        checkpoints=_checkpoints(file.training, [PERCEPTRON, network.sizes, [task.truth_table for task in file.tasks]]),
    )


def _checkpoints(record: TrainingRecord | None, about: Sequence[Any]) -> list[CheckpointRow]:
    """The row of a checkpoint, if a file says that its network is one."""
    if record is None:
        return []
    answer = record.model_dump(mode="json")
    return [
        CheckpointRow(training=sha256_hex(canonical_json([*about, answer["options"]])), at=record.at, record=answer)
    ]


def _row_of_document(raw: bytes, slug: str, origin: str) -> NetworkRow:
    """The row of a network whose file is kept."""
    kind, subject = read_subject(raw)
    question = GraphQuestion(kind, subject, kind.default_rules)
    names = [] if subject.training is None else [node.name for node in question.graph.nodes]
    return NetworkRow(
        digest=subject.digest,
        slug=slug,
        name=subject.name,
        kind=kind.key,
        document=raw,
        sizes=[],
        activation="",
        output_activation="",
        parameters=b"",
        tasks=[{"name": subject.task, "digest": question.data_document["digest"]}],
        origin=origin,
        attribution=subject.attribution,
        planted=None if subject.planted is None else dict(subject.planted.document()),
        edited=None if subject.edited is None else subject.edited.model_dump(),
        decides_as=decision_digest(subject.network, classes=True) if type(subject) is Classifier else "",
        checkpoints=_checkpoints(subject.training, [kind.key, names, question.data_document["digest"]]),
    )


def save_prepared(session: Session, prepared: PreparedAnalysis) -> AnalysisRow:
    """Store one analysis whole, in the session's transaction.

    The same result again changes nothing, timings included; another result for the same network, output, protocol and
    data (a newer engine's, say) replaces the old one.

    Raises:
        NotFound: its network is not stored.
    """
    network = network_by_digest(session, prepared.network)
    if network is None:
        digest = prepared.network[:12]
        raise NotFound(f"network {digest}", "is not stored", "save the network before its analyses")
    key = (network.id, prepared.output, prepared.protocol.digest, prepared.columns["data_digest"])
    old = analysis_by_key(session, *key)
    if old is not None and old.result_digest == prepared.result_digest:
        return old
    if old is not None:
        _delete_analyses(session, [old.id])
    save_protocol(session, prepared.protocol, prepared.kind)
    if prepared.data is not None:
        save_data_record(session, prepared.data)
    row = AnalysisRow(**prepared.columns, network_id=network.id, created_at=datetime.now(UTC))
    session.add(row)
    session.flush()
    insert_columns(session, _TABLES["circuits"], prepared.circuits, analysis=row.id)
    algorithms = [algorithm_columns(position, one) for position, one in enumerate(prepared.search.algorithms)]
    insert_rows(session, _TABLES["algorithms"], [{**one, "analysis_id": row.id} for one in algorithms])
    numbered = select(AlgorithmRow.algorithm_id, AlgorithmRow.id).where(AlgorithmRow.analysis_id == row.id)
    number_of = dict(session.execute(numbered).all())
    alignments = [
        {**columns, "analysis_id": row.id, "algorithm_row_id": number_of[algorithm]}
        for algorithm, columns in prepared.placement_rows()
    ]
    insert_rows(session, _TABLES["alignments"], alignments)
    add_verdicts(session, row, prepared.verdicts)
    return row


def delete_network(session: Session, row: NetworkRow) -> None:
    """Delete a network with its analyses and jobs, so that saving it again starts afresh; protocols and data stay."""
    digest = row.digest
    for job in session.scalars(select(JobRow).where(JobRow.kind == "train")):
        if digest in job.result.get("networks", []):
            session.delete(job)
    session.execute(delete(JobRow).where(JobRow.network_digest == digest))
    _delete_analyses(session, session.scalars(select(AnalysisRow.id).where(AnalysisRow.network_id == row.id)).all())
    session.execute(delete(NetworkRow).where(NetworkRow.id == row.id))
    session.expire_all()


def _delete_analyses(session: Session, ids: Sequence[int]) -> None:
    """Delete analyses; the database's own cascades take their rows."""
    session.execute(delete(AnalysisRow).where(AnalysisRow.id.in_(ids)).execution_options(synchronize_session="fetch"))
