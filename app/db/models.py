"""Saving and finding models of other kinds than the networks, and the circuits that were found of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from pydantic import ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.by_name import ByName
from analysis.circuit_sets.judged_masks import NOT_ASKED, circuit_record
from analysis.circuit_sets.masks import MODEL_CIRCUIT, CircuitsFound, MasksFound
from analysis.explanations.explanation import NAME, REF, Frame
from analysis.network_files.files import slug_of
from analysis.report import Analysed
from analysis.report import Part as Stored
from analysis.subjects.question import GraphQuestion
from analysis.subjects.registry import SUBJECT_KINDS, kind_called, read_subject
from analysis.subjects.subject import Rules, Subject, SubjectKind
from app.db.errors import Ambiguous, NotFound
from app.db.links import free_slug
from app.db.reads.analyses import called
from app.db.reports import Report
from app.db.rows import insert_columns, read_columns
from app.db.table_base import Base
from app.db.tables import ModelCircuitRow, ModelReportRow, ModelRow

SEARCH: Final = "search"
_CIRCUITS: Final = Base.metadata.tables[ModelCircuitRow.__tablename__]
_STORED: Final = ("mask", *(column.name for column in MODEL_CIRCUIT.columns), "told")


class CircuitSearch(ByName):
    """What a search for the circuits of a model under one set of rules says of itself; whatever another version kept
    besides is left out.
    """

    model_config = ConfigDict(extra="ignore")

    engine_version: str = Field(description="Of the engine that searched.")
    valid: int = Field(description="Valid circuits, exactly.")
    possible: str = Field(description="Circuits there are, as decimal digits; they may be beyond 2^53.")
    listed: int
    by_bits: tuple[tuple[int, int], ...] = Field(
        description="A number of edges, or nodes, and how many valid circuits have it."
    )
    bit_use: tuple[int, ...] = Field(description="For each bit the valid circuits that keep it.")


def save_model(
    session: Session, raw: bytes, *, slug: str = "", origin: str = "uploaded", position: int = 1000
) -> tuple[ModelRow, bool]:
    """Store the model in a file, once, and say whether it is new; one that is stored stays as it is.

    Args:
        session: of the writer.
        raw: the file.
        slug: its name in addresses, "" for one made of its name; digits of the digest follow if another has it.
        origin: "bundled" or "uploaded".
        position: its place in lists.

    Raises:
        AnalysisError: the file cannot be read.
    """
    kind, model = read_subject(raw)
    row = session.scalar(select(ModelRow).where(ModelRow.digest == model.digest))
    if row is not None:
        return row, False
    row = ModelRow(
        digest=model.digest,
        slug=free_slug(session, slug or slug_of(model.name), model.digest),
        name=model.name,
        kind=kind.key,
        document=raw,
        origin=origin,
        position=position,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row, True


def find_model(session: Session, ref: str) -> ModelRow:
    """The model with that slug, or whose digest begins with those 6 or more digits.

    Raises:
        NotFound: there is none.
        Ambiguous: several digests begin so.
    """
    return called(session, ModelRow, "model", ref)


def other_model(session: Session, ref: str) -> ModelRow | None:
    """The model that goes by a name or digest under which no network is stored; None if there is none."""
    try:
        row = find_model(session, ref)
        model_of(row)
    except (NotFound, Ambiguous):
        return None
    return row


def formerly_called(session: Session, ref: str) -> ModelRow | None:
    """The model that links from earlier call so; one whose slug a network has, too, got digits of its digest since."""
    begun = select(ModelRow).where(ModelRow.slug.startswith(f"{ref[:73]}-", autoescape=True))
    renamed = (row for row in session.scalars(begun) if row.slug == f"{ref[:73]}-{row.digest[:6]}")
    return next(renamed, None) or other_model(session, ref)


def all_models(session: Session, text: str = "") -> list[ModelRow]:
    """Stored models of the kinds known here in the order of lists: by position, then the newest first; all, or those
    with a text in their name or slug, or whose digest begins with it.
    """
    rows = session.scalars(select(ModelRow).order_by(ModelRow.position, ModelRow.created_at.desc(), ModelRow.slug))
    known, asked = {kind.key for kind in SUBJECT_KINDS}, text.lower()  # another version may have stored more kinds
    return [
        row
        for row in rows
        if row.kind in known and (asked in row.name.lower() or asked in row.slug or row.digest.startswith(asked))
    ]


def model_of(row: ModelRow) -> tuple[SubjectKind, Subject]:
    """The stored model itself; read once, then kept in the process.

    Raises:
        NotFound: this version knows no such kind.
    """
    try:
        kind_called(row.kind)
    except KeyError:
        cause = f"is of the kind {row.kind!r}, which this version does not know"
        raise NotFound(f"model {row.slug!r}", cause, "use the version that stored it") from None
    return _read(row.document)


@lru_cache(maxsize=32)
def _read(document: bytes) -> tuple[SubjectKind, Subject]:
    return read_subject(document)


def save_circuits(session: Session, row: ModelRow, kind: SubjectKind, rules: Rules, found: CircuitsFound) -> None:
    """Keep what a search found, in place of an earlier search under the same rules."""
    search = CircuitSearch.showing(
        found,
        possible=str(found.possible),
        listed=len(found.circuits),
        by_bits=sorted(found.by_bits.items()),
        engine_version=ENGINE_VERSION,
    )
    owner = {"model_id": row.id, "rules": kind.write_rules(rules)}
    for table in (ModelCircuitRow, ModelReportRow):
        session.execute(delete(table).filter_by(**owner))
    session.add(ModelReportRow(**owner, name=SEARCH, content=search.model_dump_json()))
    columns = {column.name: [column.value(one) for one in found.circuits] for column in MODEL_CIRCUIT.columns}
    columns["position"] = list(range(len(found.circuits)))
    columns["mask"] = [one.mask for one in found.circuits]
    columns["told"] = [json.dumps(dict(one.told), ensure_ascii=False) for one in found.circuits]
    insert_columns(session, _CIRCUITS, columns, **owner)


def searches_of(session: Session, model_ids: Sequence[int]) -> dict[tuple[int, str], CircuitSearch]:
    """What was searched, by model and rules."""
    if not model_ids:
        return {}
    query = select(ModelReportRow).where(ModelReportRow.model_id.in_(model_ids), ModelReportRow.name == SEARCH)
    return {(row.model_id, row.rules): CircuitSearch.model_validate_json(row.content) for row in session.scalars(query)}


def save_beside(session: Session, row: ModelRow, rules: str, name: str, report: Stored) -> None:
    """Keep what a later job found out beside the circuits of a search; another such search replaces both."""
    owner = {"model_id": row.id, "rules": rules, "name": name}
    session.execute(delete(ModelReportRow).filter_by(**owner))
    session.add(ModelReportRow(**owner, content=report.model_dump_json()))


def stored_beside(session: Session, row: ModelRow, rules: str, name: str, form: type[Report]) -> Report | None:
    """What a later job found out about circuits under some rules; None where it was not asked."""
    kept = session.get(ModelReportRow, (row.id, rules, name))
    return None if kept is None else form.model_validate_json(kept.content)


def stored_circuits(session: Session, model_id: int, rules: str, kind: SubjectKind) -> Frame | None:
    """The columns of the circuits found under some rules; None where they were not searched.

    What a version that searched did not know of them is :data:`~analysis.circuit_sets.judged_masks.NOT_ASKED`.
    """
    if (model_id, rules) not in searches_of(session, [model_id]):
        return None
    of_table = _CIRCUITS.columns
    which = of_table.model_id == model_id, of_table.rules == rules
    read = read_columns(session, [of_table[name] for name in _STORED], of_table.position, *which)
    columns = dict(zip(_STORED, read, strict=True))
    masks, told = np.array(columns.pop("mask"), str), json.loads(f"[{','.join(columns.pop('told'))}]")
    frame = {REF: masks, NAME: masks} | {name: np.asarray(values) for name, values in columns.items()}
    others = [column.name for column in circuit_record(kind).columns if column.name not in frame]
    return frame | {name: np.array([one.get(name, NOT_ASKED) for one in told], str) for name in others}


@dataclass(frozen=True, eq=False)
class StoredOutcomes:
    """What is stored of circuits, by their masks as numbers: roles and outcomes of criteria by column.

    Args:
        frame: the circuits as columns.
    """

    frame: Frame

    @cached_property
    def _places(self) -> dict[int, int]:
        return {int(mask, 16): place for place, mask in enumerate(self.frame[REF].tolist())}

    def __call__(self, mask: int) -> dict[str, str] | None:
        """None where the circuit is not stored."""
        if (place := self._places.get(mask)) is None:
            return None
        texts = {name: str(column[place]) for name, column in self.frame.items() if column.dtype.kind == "U"}
        return {name: text for name, text in texts.items() if text != NOT_ASKED}


def read_analysed(session: Session, row: ModelRow, rules: str) -> Analysed:
    """What analyses look at, of a model under some rules; no circuits where they were not searched.

    Raises:
        NotFound: this version knows no such kind.
        InvalidProtocol: the kind has no such rules.
    """
    kind, model = model_of(row)
    question = GraphQuestion(kind, model, kind.rules(rules))
    planted = model.planted and model.planted.under(question.graph)
    search = searches_of(session, [row.id]).get((row.id, rules))
    frame = stored_circuits(session, row.id, rules, kind)
    if search is None or frame is None:
        return Analysed(question, None, planted=planted)
    masks = np.array(sorted(int(mask, 16) for mask in frame[REF].tolist()), dtype=np.uint64)
    possible = int(search.possible)
    found = MasksFound(masks, search.valid, possible, possible, dict(search.by_bits), search.bit_use, masks[:0])
    return Analysed(question, found, planted=planted, stored=StoredOutcomes(frame))
