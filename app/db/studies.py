"""Saving studies and what came of their networks; saving the same again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.errors import InvalidTask
from analysis.network_files.planted_record import planted_json
from analysis.networks.network import Network
from analysis.protocol import BUILT_IN
from analysis.studies.cells import Cell, cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.outcome import StudyOutcome, network_of_outcome
from analysis.studies.result_file import StudyResults
from analysis.studies.sources import BOOLEAN, DRAWN, SOURCES
from analysis.tasks import Task, named_task, task_from_table
from app.db.codecs import parameters_to_bytes, tasks_to_json
from app.db.errors import Conflict
from app.db.reads.networks import STUDY_ORIGIN
from app.db.records import save_data_records, save_protocol
from app.db.study_tables import AS_STORED, FormerStudySlugRow, StudyOutcomeRow, StudyRow
from app.db.tables import NetworkRow

_POSITION: Final = 100_000  # behind everything else in any list of networks
_AT_ONCE: Final = 500
MAX_SLUG: Final = 60  # as designs allow it


def save_study(
    session: Session,
    design: StudyDesign,
    *,
    origin: str = "started",
    state: str = "running",
    provenance: Mapping[str, Any] | None = None,
    engine: str = ENGINE_VERSION,
    now: datetime | None = None,
) -> StudyRow:
    """Store a study, once; if it is stored already, its seeds grow to the design's if these are more.

    Raises:
        Conflict: its slug belongs to a study of another design.
    """
    now = now or datetime.now(UTC)
    row = study_of_design(session, design)
    if row is not None:
        if origin != "bundled":
            row.deleted_at = None  # bringing it in again undoes its deletion
        known = design_of(row)
        count = max(design.seeds.count, known.seeds.count)
        texts = design if origin == "bundled" == row.origin else known  # what comes with Pluriscope may be reworded
        if texts.with_seeds(count) != known:
            set_design(row, texts.with_seeds(count), now)
        return row
    other = study_at_slug(session, design.slug)
    if other is not None:
        raise Conflict(
            f"study {design.slug!r}",
            f"is stored with another design ({other.digest[:12]})",
            "give yours another slug, or open the stored one",
        )
    row = StudyRow(
        digest=design.digest,
        slug=design.slug,
        name=design.name,
        design=design.model_dump(mode="json"),
        origin=origin,
        state=state,
        engine_version=engine,
        provenance=dict(provenance or {}),
        n_networks=design.n_networks,
        n_finished=0,
        n_converged=0,
        seconds=0.0,
        revision=0,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    for protocol in design.protocols:
        if protocol.name not in BUILT_IN:
            save_protocol(session, protocol)  # addresses of its networks name it
    session.flush()
    return row


def study_of_design(session: Session, design: StudyDesign) -> StudyRow | None:
    """The study that asks what a design asks, whatever it is called; None if there is none."""
    return session.scalar(select(StudyRow).where(StudyRow.digest == design.digest))


def design_of(row: StudyRow) -> StudyDesign:
    """The design of a stored study."""
    return StudyDesign.model_validate(row.design)


def set_design(row: StudyRow, design: StudyDesign, now: datetime) -> None:
    """Give a study another number of seeds, or other texts."""
    row.design, row.name, row.n_networks = design.model_dump(mode="json"), design.name, design.n_networks
    row.revision += 1
    row.updated_at = now


def study_at_slug(session: Session, slug: str) -> StudyRow | None:
    """The study that has that slug or had it, deleted or not; None if nobody does."""
    former = select(FormerStudySlugRow.study_id).where(FormerStudySlugRow.slug == slug)
    return session.scalar(select(StudyRow).where(or_(StudyRow.slug == slug, StudyRow.id.in_(former))))


def free_study_slug(session: Session, slug: str) -> str:
    """A slug made of this one that no study has or had: ``-2``, ``-3`` and so on follow where it is taken."""
    number, free = 1, slug
    while study_at_slug(session, free) is not None:
        number += 1
        free = f"{slug[: MAX_SLUG - len(str(number)) - 1].rstrip('-')}-{number}"
    return free


def save_outcomes(session: Session, study: StudyRow, outcomes: Iterable[StudyOutcome]) -> int:
    """Store outcomes that are not stored yet, with their networks; returns how many were new."""
    now = datetime.now(UTC)
    design = design_of(study)
    cells = {cell.key: (position, cell) for position, cell in enumerate(cells_of(design))}
    stored = select(StudyOutcomeRow.position, StudyOutcomeRow.seed).where(StudyOutcomeRow.study_id == study.id)
    known = {(position, seed) for position, seed in session.execute(stored)}
    told = [outcome for outcome in outcomes if outcome.cell in cells]
    fresh = [o for o in told if (cells[o.cell][0], o.seed) not in known]
    save_data_records(session, [outcome.data for outcome in told if outcome.data is not None])
    for start in range(0, len(fresh), _AT_ONCE):
        part = fresh[start : start + _AT_ONCE]
        _save_networks(session, study, [(cells[outcome.cell][1], outcome) for outcome in part], now)
        rows = [_row(study, cells[outcome.cell][0], outcome) for outcome in part]
        session.execute(insert(StudyOutcomeRow), rows)
    if fresh:
        _count(session, study, now)
    return len(fresh)


def save_results(session: Session, results: StudyResults, *, origin: str = "imported") -> tuple[StudyRow, int]:
    """Store a whole result file; what is stored already stays as it is.

    A study that comes whole is not running; one that lacks networks is paused until somebody lets it go on.

    Returns:
        The study, and how many of its outcomes were new.

    Raises:
        Conflict: its slug belongs to a study of another design.
    """
    row = save_study(
        session, results.design, origin=origin, state="paused", provenance=results.provenance, engine=results.engine
    )
    n_new = save_outcomes(session, row, results.outcomes)
    return row, n_new


def _row(study: StudyRow, position: int, outcome: StudyOutcome) -> dict[str, Any]:
    return {
        "study_id": study.id,
        "position": position,
        "network_digest": outcome.network,
        "data_digest": None if outcome.data is None else outcome.data.digest,
        **{name: getattr(outcome, name) for name in AS_STORED},
    }


def _save_networks(
    session: Session, study: StudyRow, members: Sequence[tuple[Cell, StudyOutcome]], now: datetime
) -> None:
    """Store the networks themselves, so that every dot leads to one; they are small, and many go in one statement."""
    wanted = {outcome.network: (cell, outcome) for cell, outcome in members if outcome.network is not None}
    known = set(session.scalars(select(NetworkRow.digest).where(NetworkRow.digest.in_(wanted))))
    rows = []
    for digest, (cell, outcome) in wanted.items():
        network = network_of_outcome(cell, outcome) if digest not in known else None
        if network is not None:
            rows.append(_network_row(study, cell, outcome, network, now))
    if rows:
        session.execute(insert(NetworkRow), rows)


def _network_row(study: StudyRow, cell: Cell, outcome: StudyOutcome, network: Network, now: datetime) -> dict[str, Any]:
    digest = network.digest
    return {
        "digest": digest,
        "slug": f"{study.slug[:60]}-{digest[:12]}",
        "name": f"{cell.labels['tasks']} {'-'.join(map(str, network.sizes))}, seed {outcome.seed}"[:200],
        "sizes": list(network.sizes),
        "activation": network.activation,
        "output_activation": network.output_activation,
        "negative_slope": network.negative_slope,
        "parameters": parameters_to_bytes(network),
        "tasks": tasks_to_json(_tasks(cell, outcome, network)),
        "origin": STUDY_ORIGIN,
        "attribution": _attribution(study, cell, outcome),
        "training": _training(cell, outcome),
        "position": _POSITION,
        "created_at": now,
        "input_data": "" if outcome.data is None else outcome.data.digest,
        "planted": None if outcome.planted is None else planted_json(outcome.planted),
    }


def _attribution(study: StudyRow, cell: Cell, outcome: StudyOutcome) -> str:
    """Where it comes from, and on what the study judged it."""
    words, judged_on = f"Study “{study.name}”", SOURCES[cell.design.source].judged_on
    if not judged_on:
        prior = cell.levels["prior"]
        return f"{words}, drawn from the prior “{prior}”" if prior else words
    kept = "" if outcome.data is not None else ", which were not kept"
    return f"{words}, judged there on {judged_on}{kept}; clean inputs are another question"


def _tasks(cell: Cell, outcome: StudyOutcome, network: Network) -> tuple[Task, ...]:
    """The tasks by their truth tables, with the names that the design gives them where these fit."""
    names = cell.tasks(outcome.seed)
    names = names if len(names) == len(outcome.tables) else ()
    tasks = []
    for place, table in enumerate(outcome.tables):
        task = task_from_table([int(bit) for bit in table], network.n_inputs)
        if names and not SOURCES[cell.design.source].boolean:
            tasks.append(Task(task.truth_table, names[place]))
            continue
        named = _named(names[place], network.n_inputs) if names else None
        tasks.append(named if named is not None and named.truth_table == task.truth_table else task)
    return tuple(tasks)


def _named(name: str, n_inputs: int) -> Task | None:
    """A named task; None for a truth table, and for what a source of its own calls its task."""
    try:
        return named_task(name, n_inputs)
    except InvalidTask:
        return None


def _training(cell: Cell, outcome: StudyOutcome) -> dict[str, Any]:
    """Options and end of its training, as networks trained here carry them; without the loss curve."""
    if cell.levels["prior"] or cell.design.source not in (BOOLEAN, DRAWN):
        return {}
    return {
        "options": cell.spec(outcome.seed).model_dump(mode="json"),
        "state": outcome.state,
        "message": outcome.message,
        "epochs": outcome.epochs,
        "loss": outcome.loss,
        "accuracy": outcome.accuracy,
        "losses": [],
    }


def _count(session: Session, study: StudyRow, now: datetime) -> None:
    """Bring the study's own numbers up to its outcomes."""
    mine = StudyOutcomeRow.study_id == study.id
    n, seconds = session.execute(
        select(func.count(), func.coalesce(func.sum(StudyOutcomeRow.seconds), 0.0)).where(mine)
    ).one()
    converged = select(func.count()).select_from(StudyOutcomeRow).where(mine, StudyOutcomeRow.state == "converged")
    study.n_finished, study.seconds = int(n), float(seconds)
    study.n_converged = session.scalar(converged) or 0
    study.revision += 1
    study.updated_at = now
