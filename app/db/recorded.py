"""The explanations of kinds that a background job finds: a row each, read as columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, delete, exists, select
from sqlalchemy.orm import Session

from pluriscope.analysis.explanations.explanation import REF, Frame, RecordedKind
from pluriscope.analysis.explanations.registry import BY_KEY
from pluriscope.analysis.values.by_name import ByName
from pluriscope.app.db.recorded_tables import RECORDED_TABLES, SearchRow
from pluriscope.app.db.rows import column_of, insert_columns
from pluriscope.app.db.tables import AnalysisRow, VerdictRow


class StoredSearch(ByName):
    """Report of the search for one kind."""

    n: int = Field(description="Explanations found.")
    complete: bool = Field(description="Whether these are all there are.")
    note: str = Field(description="Where and why it stopped; empty if it did not.")
    engine_version: str = Field(description="Of the engine that searched.")


def save_found(
    session: Session, analysis: AnalysisRow, kind: RecordedKind[Any], frame: Frame, search: StoredSearch
) -> None:
    """Store what was found, in place of an earlier search of this kind and of verdicts on what that found."""
    table = RECORDED_TABLES[kind.key]
    session.execute(delete(SearchRow).filter_by(analysis=analysis.id, kind=kind.key))
    session.execute(delete(table).where(table.c.analysis == analysis.id))
    session.execute(delete(VerdictRow).filter_by(analysis_id=analysis.id, kind=kind.key))
    session.expire(analysis, ["verdicts"])
    session.add(SearchRow(analysis=analysis.id, kind=kind.key, found_at=datetime.now(UTC), **search.model_dump()))
    session.flush()
    columns = {name: column.tolist() for name, column in frame.items()}
    insert_columns(session, table, columns | {"position": range(search.n)}, analysis=analysis.id)


def stored_searches(session: Session, analysis_id: int) -> dict[str, StoredSearch]:
    """Reports of the searches of an analysis, by kind; kinds that this version does not know are left out."""
    found = {row.kind: row for row in session.scalars(select(SearchRow).where(SearchRow.analysis == analysis_id))}
    return {key: StoredSearch.showing(found[key]) for key in BY_KEY if key in found}


def is_searched(key: str) -> ColumnElement[bool]:
    """Whether an analysis has a stored search for a kind, as a condition on its row."""
    return exists().where(SearchRow.analysis == AnalysisRow.id, SearchRow.kind == key)


def recorded_row(session: Session, analysis: AnalysisRow, kind: RecordedKind[Any], text: str) -> Row[Any] | None:
    """The row of one explanation; None where it is not stored."""
    table = RECORDED_TABLES[kind.key]
    return session.execute(select(table).where(table.c.analysis == analysis.id, table.c[REF] == text)).first()


def stored_refs(session: Session, analysis: AnalysisRow, kind: RecordedKind[Any]) -> tuple[str, ...]:
    """The address texts of what was found of a kind, in order; () where it was not searched."""
    return tuple(column_of(session, analysis, kind.key, REF))
