"""Saving studies and what came of their networks; saving the same again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.protocol import BUILT_IN
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.app.db.errors import Conflict, NotFound
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.reads.networks import STUDY_ORIGIN
from pluriscope.app.db.records import save_data_record, save_protocol
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import network_row
from pluriscope.tables.data_card import new_output
from pluriscope.tables.parquet import ENDING, InvalidTable, ParquetTable, copy_options, literal
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.rows import columns_of, network_of_row
from pluriscope_studies.analysis.sources import BOOLEAN, DRAWN
from pluriscope_studies.reads import study_at_slug, table_of
from pluriscope_studies.table import FORMAT, read_part, seeds_of, write_part, write_study_card
from pluriscope_studies.tables import StudyPartRow, StudyRow

_POSITION: Final = 100_000  # behind everything else in any list of networks
MAX_SLUG: Final = 60  # as designs allow it
_OF_TRAINING: Final = ("seed", "state", "message", "epochs", "loss", "accuracy")
_OF_NETWORK: Final = ("cell", "activation", "output_activation", "negative_slope", "network")
_CONTENT: Final = ("sizes", "tables", "weights", "data", "planted")


def save_study(
    session: Session,
    design: StudyDesign,
    *,
    origin: str = "started",
    state: str = "running",
    provenance: Mapping[str, Any] | None = None,
    engine: str = ENGINE_VERSION,
) -> StudyRow:
    """Store a study, once; if it is stored already, its seeds grow to the design's if these are more.

    Raises:
        Conflict: its slug belongs to a study of another design.
    """
    row = study_of_design(session, design)
    if row is not None:
        if origin != "bundled":
            row.deleted_at = None  # bringing it in again undoes its deletion
        known = design_of(row)
        count = max(design.seeds.count, known.seeds.count)
        texts = design if origin == "bundled" == row.origin else known  # what comes with Pluriscope may be reworded
        if texts.with_seeds(count) != known:
            set_design(row, texts.with_seeds(count))
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
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
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


def set_design(row: StudyRow, design: StudyDesign) -> None:
    """Give a study another number of seeds, or other texts."""
    row.design, row.name, row.n_networks = design.model_dump(mode="json"), design.name, design.n_networks
    row.revision += 1
    row.updated_at = datetime.now(UTC)


def free_study_slug(session: Session, slug: str) -> str:
    """A slug made of this one that no study has or had: ``-2``, ``-3`` and so on follow where it is taken."""
    number, free = 1, slug
    while study_at_slug(session, free) is not None:
        number += 1
        free = f"{slug[: MAX_SLUG - len(str(number)) - 1].rstrip('-')}-{number}"
    return free


# --- parts of a study's table


def save_parts(session: Session, study: StudyRow, files: Sequence[Path]) -> int:
    """Store the rows of files for networks that have none yet.

    Args:
        files: with each network's rows once; those of one may stand in two files.

    Returns:
        How many networks are new.

    Raises:
        InvalidTable: a file is damaged, or has networks that the study does not have; nothing was stored.
    """
    design, table, stored = design_of(study), ParquetTable(files), table_of(session, study)
    cells, seeds = {cell.key for cell in cells_of(design)}, design.seeds.numbers
    for file, cell, seed in table.ask("SELECT DISTINCT filename, cell, seed FROM {rows}"):
        if cell not in cells or seed not in seeds:
            cause = f"has a network that the design does not have (cell {cell}, seed {seed})"
            raise InvalidTable(f"table {Path(file).name!r}", cause, "give the table of this study")
    fresh = "SELECT * FROM {rows}"
    if stored.paths:
        fresh += f" WHERE (cell, seed) NOT IN (SELECT cell, seed FROM {stored.source})"  # noqa: S608
    networks = f"SELECT any_value(state) AS state, any_value(seconds) AS seconds FROM ({fresh}) GROUP BY cell, seed"  # noqa: S608
    counted = "SELECT count(*), count(*) FILTER (state = 'converged'), coalesce(sum(seconds), 0) FROM"
    ((n_new, n_converged, seconds),) = table.ask(f"{counted} ({networks})")
    ((n_reported,),) = table.ask("SELECT count(DISTINCT (cell, seed)) FROM {rows}")
    with TemporaryDirectory() as folder:
        for file in table.pack(Path(folder), metadata_of(study), fresh) if 0 < n_new < n_reported else files:
            if n_new:
                _insert(session, study, file)
    if n_new:
        study.n_finished += n_new
        study.n_converged += n_converged
        study.seconds += seconds
        study.revision += 1
        study.updated_at = datetime.now(UTC)
        session.flush()
    return int(n_new)


def _insert(session: Session, study: StudyRow, file: Path) -> None:
    body = file.read_bytes()
    session.execute(insert(StudyPartRow), [{"study_id": study.id, "digest": sha256_hex(body), "body": body}])


def merge_parts(session: Session, study: StudyRow, table: ParquetTable, files: Sequence[Path]) -> bool:
    """Put few parts in the place of many with the same rows, unless others have come meanwhile.

    Args:
        table: what the files were made of.
    """
    if table_of(session, study).paths != table.paths:
        return False
    session.execute(delete(StudyPartRow).where(StudyPartRow.study_id == study.id))
    for file in files:
        _insert(session, study, file)
    return True


def metadata_of(study: StudyRow) -> dict[str, str]:
    """Metadata of a study for its parts."""
    values = {"design": study.design, "provenance": study.provenance}
    if study.summary is not None and study.summed_up == study.n_finished:
        values["summary"] = study.summary
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    return {"format": FORMAT, **texts, "digest": study.digest, "engine": study.engine_version}


# --- whole tables: taken in and handed out


@dataclass(frozen=True, eq=False)
class StudyFiles:
    """A study's table outside of a store.

    Args:
        design: with as many seeds as were asked for.
        files: its parts.
        engine: version that computed them.
        provenance: JSON values about machine and time, for people.
        summary: of all its rows; None if there is none.
    """

    design: StudyDesign
    files: Sequence[Path]
    engine: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] | None = None


def read_files(files: Iterable[Path]) -> StudyFiles:
    """The parts of one study.

    Raises:
        InvalidTable: one is damaged or no part, or they are of several designs.
        InvalidStudy: a design is none.
    """
    found: StudyFiles | None = None
    parts = sorted(files)
    for part in map(read_part, parts):
        design, metadata = part.design, part.metadata
        try:
            about = {name: json.loads(metadata.get(name) or "null") for name in ("provenance", "summary")}
        except (ValueError, RecursionError):
            raise _no_table(part.path.name, "has damaged words with it") from None
        if found is not None and found.design.digest != design.digest:
            raise _no_table(part.path.name, f"is of another design than {parts[0].name} ({design.slug})")
        if found is None or design.seeds.count > found.design.seeds.count:
            provenance = about["provenance"] if isinstance(about["provenance"], dict) else {}
            found = StudyFiles(design, parts, metadata.get("engine", "")[:32], provenance, about["summary"])
    if found is None:
        raise InvalidTable("table", "has no parts", f"give a folder with {ENDING} files")
    return found


def read_table(path: Path, folder: Path) -> StudyFiles:
    """The table at a path: a folder of parts, or one part.

    Args:
        path: of the table.
        folder: new or empty; the rows are written to it anew, so that all of them have been read.

    Raises:
        InvalidTable, InvalidStudy: it is no table, or a part of it is damaged; the part is named.
        OSError: it cannot be read.
    """
    folder.mkdir(exist_ok=True)
    found = read_files(path.glob(f"*{ENDING}") if path.is_dir() else [path])
    table, metadata = ParquetTable(found.files), read_part(found.files[0]).metadata
    whole = "SELECT cell, seed, min(filename) FROM {rows} GROUP BY cell, seed"  # once, if it is in several parts
    once = f"SELECT * FROM {{rows}} WHERE (cell, seed, filename) IN ({whole})"  # noqa: S608
    files = table.pack(folder, metadata, once)
    return StudyFiles(found.design, files, found.engine, found.provenance)


def save_table(session: Session, files: StudyFiles, *, origin: str = "imported") -> tuple[StudyRow, int]:
    """Store a table; what is stored already stays as it is.

    A study that comes whole is not running; one that lacks networks is paused until somebody lets it go on.

    Returns:
        The study, and how many of its networks were new.

    Raises:
        Conflict: its slug belongs to a study of another design.
        InvalidTable: it has networks that its design does not have.
    """
    row = save_study(
        session, files.design, origin=origin, state="paused", provenance=files.provenance, engine=files.engine
    )
    n_new = save_parts(session, row, files.files)
    networks = sum(map(len, seeds_of(ParquetTable(files.files)).values()))
    if origin == "bundled" and files.summary is not None and networks == row.n_finished:
        row.summary, row.summed_up = files.summary, networks  # others are summed up by a worker
    return row, n_new


def write_table(session: Session, study: StudyRow, path: Path) -> None:
    """Write the rows of a study to a folder of parts, or to one file if the name ends so: whole, or not at all.

    Raises:
        InvalidOption: something is there already.
        OSError: it cannot be written.
    """
    table, metadata, query = table_of(session, study), metadata_of(study), in_order(design_of(study))
    is_file = path.suffix == ENDING
    with new_output(path) as whole:
        if not is_file:
            whole.mkdir()
            if study.summary is not None:
                (whole / "summary.json").write_text(json.dumps(study.summary, ensure_ascii=False, indent=1) + "\n")
        if not table.paths:
            write_part(whole if is_file else whole / f"0{ENDING}", [], columns_of(design_of(study)), metadata)
        elif is_file:
            table.write(whole, query, copy_options(metadata))
        else:
            table.pack(whole, metadata, query)
        if not is_file:
            write_study_card(whole, design_of(study))


def in_order(design: StudyDesign) -> str:
    """The query for all rows in the order of cells, seeds, protocols and outputs."""

    def place(column: str, names: Iterable[str]) -> str:
        return f"list_position([{', '.join(map(literal, names))}], {column})"

    cells = place("cell", (cell.key for cell in cells_of(design)))
    protocols = place("protocol", (protocol.name for protocol in design.protocols))
    return f"SELECT * FROM {{rows}} ORDER BY {cells}, seed, {protocols}, output"  # noqa: S608


def _no_table(name: str, cause: str) -> InvalidTable:
    return InvalidTable(f"table {name!r}", cause, "give what `pluriscope study run` or `study export` wrote")


# --- networks, which are stored when somebody asks for that


def outcome_of_network(session: Session, study: StudyRow, digest: str) -> dict[str, Any]:
    """Read a network from a study's table, the weights as well.

    Raises:
        NotFound: the study has no such network, or not its weights.
    """
    names = (*_OF_TRAINING, *_OF_NETWORK, *_CONTENT)
    query = f"SELECT {', '.join(names)} FROM {{rows}} WHERE network = $1 AND weights IS NOT NULL LIMIT 1"  # noqa: S608
    table = table_of(session, study)
    found = table.ask(query, [digest]) if table.paths else []
    if not found:
        cause = f"is no outcome of the study {study.slug!r}, or its weights were not kept"
        raise NotFound(f"network {digest[:12]}", cause, "choose one of the study's networks")
    return dict(zip(names, found[0], strict=True))


def open_network(session: Session, study: StudyRow, digest: str) -> NetworkRow:
    """Store a network of a study from its rows, unless it is stored already, be it deleted or not.

    Raises:
        NotFound: the study has no such network, or not its weights.
        AnalysisError: its rows contradict themselves.
    """
    known = network_by_digest(session, digest)
    if known is not None:
        return known
    row_of, design = outcome_of_network(session, study, digest), design_of(study)
    cell = next(cell for cell in cells_of(design) if cell.key == row_of["cell"])
    of = network_of_row(design, row_of)
    network = of.network
    if network is None:
        raise NotFound(f"network {digest[:12]}", "has no weights", "choose another of the study's networks")
    name = f"{cell.labels['tasks']} {'-'.join(map(str, network.sizes))}, seed {row_of['seed']}"[:200]
    file = NetworkFile(name, network, of.tasks, _attribution(study, cell, of.data), of.planted)
    row = network_row(file, f"{study.slug}-{digest[:12]}", STUDY_ORIGIN)
    row.training, row.position, row.created_at = _training(cell, row_of), _POSITION, datetime.now(UTC)
    if of.data is not None:
        save_data_record(session, of.data)
        row.input_data = of.data.digest
    session.add(row)
    session.flush()
    return row


def _attribution(study: StudyRow, cell: Cell, data: DataRecord | None) -> str:
    """Say where a network comes from, and on what the study judged it."""
    words, prior = f"Study “{study.name}”", cell.levels["prior"]
    if data is not None:
        return f"{words}, judged there on {data.description or 'rows of its own'}; clean inputs are another question"
    return f"{words}, drawn from the prior “{prior}”" if prior else words


def _training(cell: Cell, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Options and end of its training, as networks trained here carry them; without the loss curve."""
    if cell.levels["prior"] or cell.design.source not in (BOOLEAN, DRAWN):
        return {}
    ended = {name: outcome[name] for name in _OF_TRAINING if name != "seed"}
    return {"options": cell.spec(outcome["seed"]).model_dump(mode="json"), **ended, "losses": []}
