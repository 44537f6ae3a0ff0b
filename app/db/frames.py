"""The explanations of kinds stored as columns, as columns beside their analysis.

A frame is one column of address texts and one for each figure of the kind's record. Numbers are kept as they lie in
memory, texts one a line; what the search said of itself stands beside them as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, delete, exists, insert, select
from sqlalchemy.orm import Session

from analysis.by_name import ByName
from analysis.explanations.explanation import NAME, REF, Frame, Record, RecordedKind, Value
from analysis.explanations.registry import BY_KEY
from app.db.shelf_tables import ShelfColumnRow
from app.db.tables import AnalysisRow

SEARCH: Final = "search"
_DTYPES: Final[dict[type, str]] = {bool: "?", int: "<i8", float: "<f8"}


class SearchSummary(ByName):
    """What a search said of itself; whatever another version kept besides is left out."""

    model_config = ConfigDict(extra="ignore")

    engine_version: str = Field(description="Of the engine that searched.")


class StoredSearch(SearchSummary):
    """What the search for one kind said of itself."""

    n: int = Field(description="Explanations found.")
    complete: bool = Field(description="Whether these are all there are.")
    note: str = Field(description="Where and why it stopped; empty if it did not.")


def save_frame(
    session: Session, analysis: AnalysisRow, kind: RecordedKind[Any], frame: Frame, search: StoredSearch
) -> None:
    """Keep what was found, in place of an earlier search of this kind."""
    columns = frame_as_bytes(frame, search)
    write_columns(session, ShelfColumnRow, {"analysis_id": analysis.id, "kind": kind.key}, columns)


def write_columns(session: Session, table: Any, owner: Mapping[str, Any], columns: Mapping[str, bytes]) -> None:
    """Keep columns by name in place of all earlier ones of the same owner.

    Args:
        session: of the writer.
        table: with a name and data, and what names the owner.
        owner: whose columns, by the table's own columns.
        columns: what is kept.
    """
    session.execute(delete(table).filter_by(**owner))
    rows = [{**owner, "name": name, "data": data} for name, data in columns.items()]
    session.connection().execute(insert(table), rows)


def read_columns(session: Session, table: Any, owner: Mapping[str, Any]) -> dict[str, bytes]:
    """The columns of an owner by name."""
    rows = session.execute(select(table.name, table.data).filter_by(**owner))
    return {row.name: row.data for row in rows}


def stored_searches(session: Session, analysis_id: int) -> dict[str, StoredSearch]:
    """What was searched, by kind; a kind that this version does not know is left out."""
    query = select(ShelfColumnRow.kind, ShelfColumnRow.data).where(
        ShelfColumnRow.analysis_id == analysis_id, ShelfColumnRow.name == SEARCH
    )
    found = {row.kind: row.data for row in session.execute(query)}
    return {key: StoredSearch.model_validate_json(found[key]) for key in BY_KEY if key in found}


def is_searched(key: str) -> ColumnElement[bool]:
    """Whether an analysis has a stored search for a kind, as a condition on its row."""
    of_analysis = ShelfColumnRow.analysis_id == AnalysisRow.id
    return exists().where(of_analysis, ShelfColumnRow.kind == key, ShelfColumnRow.name == SEARCH)


def stored_frame(session: Session, analysis_id: int, kind: RecordedKind[Any]) -> Frame | None:
    """The columns of a kind; None where it was not searched, or by a version that knew fewer columns."""
    return frame_from_bytes(read_columns(session, ShelfColumnRow, {"analysis_id": analysis_id, "kind": kind.key}), kind)


def stored_figures(session: Session, analysis_id: int, kind: RecordedKind[Any], text: str) -> dict[str, Value]:
    """The stored figures of one explanation by column; {} where it is not stored."""
    frame = stored_frame(session, analysis_id, kind)
    if frame is None or text not in frame[REF]:
        return {}
    here = np.flatnonzero(frame[REF] == text)
    return {column.name: frame[column.name][here[0]].item() for column in kind.columns}


def stored_refs(session: Session, analysis_id: int, kind: RecordedKind[Any]) -> tuple[str, ...]:
    """The address texts of what was found of a kind, in order; () where it was not searched."""
    query = select(ShelfColumnRow.data).where(
        ShelfColumnRow.analysis_id == analysis_id, ShelfColumnRow.kind == kind.key, ShelfColumnRow.name == REF
    )
    data = session.scalar(query)
    return () if not data else tuple(data.decode().split("\n"))


def frame_as_bytes(frame: Frame, search: SearchSummary) -> dict[str, bytes]:
    """The columns of a frame and what the search said of itself, as they are kept."""
    return {**{name: _bytes(column) for name, column in frame.items()}, SEARCH: search.model_dump_json().encode()}


def frame_from_bytes(found: Mapping[str, bytes], record: Record[Any]) -> Frame | None:
    """A frame from its kept columns; None where one is missing."""
    dtypes = {REF: str, NAME: str, **{column.name: column.dtype for column in record.columns}}
    if not dtypes.keys() <= found.keys():
        return None
    return {name: _column(found[name], dtype) for name, dtype in dtypes.items()}


def _bytes(column: NDArray[Any]) -> bytes:
    if column.dtype.kind == "U":
        return "\n".join(column.tolist()).encode()
    return np.ascontiguousarray(column, _DTYPES[type(column.dtype.type(0).item())]).tobytes()


def _column(data: bytes, dtype: type) -> NDArray[Any]:
    if dtype is str:
        return np.array(data.decode().split("\n") if data else [], dtype=str)
    return np.frombuffer(data, _DTYPES[dtype])
