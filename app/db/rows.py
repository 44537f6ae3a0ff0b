"""Explanations as rows: written in bulk, and read as whole columns.

Reading rows one by one gives Python's lock away at each of them: 165,000 rows take half a second alone and half a
minute beside one busy thread. So a column is fetched as one joined text and parsed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    Integer,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from pluriscope.app.db.columns import BigCount, HexMask, Letters, SortableInteger
from pluriscope.app.db.table_base import Base
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CircuitRow, DirectionRow

Values = NDArray[Any] | list[Any]
_SEPARATOR: Final = "\x1f"  # in no text that is stored
_NAN: Final = "nan"
_INT64: Final = 1 << 63
_DIGITS: Final = 16  # of a mask of 64 edges


@dataclass(frozen=True)
class _Source:
    """Storage of the explanations of a kind: table, the column that names their analysis, and their order."""

    table: Table
    owner: str
    order: str


def _source(table: type[Base], owner: str, order: str) -> _Source:
    return _Source(Base.metadata.tables[table.__tablename__], owner, order)


_SOURCES: Final[dict[str, _Source]] = {
    "circuit": _source(CircuitRow, "analysis", "position"),
    "algorithm": _source(AlgorithmRow, "analysis_id", "position"),
    "alignment": _source(AlignmentRow, "analysis_id", "id"),
    "direction": _source(DirectionRow, "analysis", "position"),
}


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows, each by its columns; none is none."""
    if rows:
        session.connection().execute(insert(table), rows)


def insert_columns(session: Session, table: Table, columns: Mapping[str, Iterable[Any]], **owner: Any) -> None:
    """Insert as many rows as the columns are long; where a number is none (NaN), there is none.

    Args:
        session: of the writer.
        table: what they are put into.
        columns: of equal length.
        owner: columns that have one value in all rows.
    """
    rows = zip(*columns.values(), strict=True)
    names = tuple(columns)
    insert_rows(session, table, [owner | dict(zip(names, map(_present, row), strict=True)) for row in rows])


def _present(value: Any) -> Any:
    return None if value != value else value


def columns_of(session: Session, analysis: AnalysisRow, kind: str, names: Sequence[str]) -> dict[str, Values]:
    """Some columns of the explanations of one kind, of equal length, in one statement.

    They stand in the order of the store: circuits by mask, algorithms by position, alignments by row, others as they
    were found. A number that may be missing is a float, NaN where it is. Integers of any size are an int64 array if all
    fit, else a list of integers; masks are uint64 up to 64 edges, else Python integers; texts are a list.

    Args:
        kind: "circuit", "algorithm", "alignment" or "direction".
        names: of the columns.
    """
    source = _SOURCES[kind]
    columns = source.table.columns
    owned = columns[source.owner] == analysis.id
    read = read_columns(session, [columns[name] for name in names], columns[source.order], owned)
    return dict(zip(names, read, strict=True))


def column_of(session: Session, analysis: AnalysisRow, kind: str, name: str) -> Any:
    """A column of the explanations of a kind; see :func:`columns_of`."""
    return columns_of(session, analysis, kind, (name,))[name]


def read_columns(
    session: Session, columns: Sequence[Column[Any]], order: Column[Any], *which: ColumnElement[bool]
) -> Iterator[Values]:
    """Some columns of one table, whole, in one statement.

    Args:
        columns: what is read.
        order: ascending.
        which: conditions on the rows.
    """
    if not columns:
        return
    exact = session.get_bind().dialect.name == "sqlite"
    values = select(*(_as_text(column, exact).label(column.name) for column in columns))
    rows = values.where(*which).order_by(order).subquery()
    joined = select(*(func.aggregate_strings(column, _SEPARATOR) for column in rows.columns))
    for column, text in zip(columns, session.execute(joined).one(), strict=True):
        yield _parsed(column, [] if text is None else text.split(_SEPARATOR))


def write_letters(session: Session, analysis: AnalysisRow, kind: str, letters: NDArray[np.uint8]) -> None:
    """Put the letters of all verdicts into the rows, in place of those there.

    Args:
        session: of the writer.
        kind: as for :func:`columns_of`.
        letters: ``[explanations, positions]``.
    """
    source = _SOURCES[kind]
    columns = source.table.columns
    which = columns[source.owner] == analysis.id, columns[source.order] == bindparam("place")
    places = column_of(session, analysis, kind, source.order)
    rows = [
        {"place": int(place), "letters": one.tobytes().decode("ascii")}
        for place, one in zip(places, letters, strict=True)
    ]
    if rows:
        written = update(source.table).where(*which).values(verdicts=bindparam("letters"))
        session.connection().execute(written, rows)


def _as_text(column: Column[Any], on_sqlite: bool) -> ColumnElement[Any]:
    """A value as text that says it exactly; none is NULL, which would be left out."""
    if isinstance(column.type, Boolean):
        return func.coalesce(cast(cast(column, Integer), Text), _NAN)
    if isinstance(column.type, Float) and on_sqlite:  # its plain text has 15 digits, and 17 are not always exact
        return case((column.is_(None), _NAN), else_=func.printf("%!.20g", column))
    missing = _NAN if isinstance(column.type, (Integer, Float)) else ""
    return func.coalesce(cast(column, Text), missing)


def _parsed(column: Column[Any], texts: Sequence[str]) -> Values:
    kind = column.type
    if isinstance(kind, HexMask):
        masks = [int(text, 16) for text in texts]
        wide = texts and len(texts[0]) > _DIGITS
        return np.array(masks, object if wide else np.uint64)
    if isinstance(kind, Letters):
        width = len(texts[0]) if texts else 0
        return np.frombuffer("".join(texts).encode("ascii"), np.uint8).reshape(len(texts), width)
    if isinstance(kind, SortableInteger):
        return _big([int(text[3:]) for text in texts])
    if isinstance(kind, BigCount):
        return _big(list(map(int, texts)))
    if isinstance(kind, Float) or (column.nullable and isinstance(kind, (Integer, Boolean))):
        return np.fromiter(map(float, texts), np.float64, len(texts))
    if isinstance(kind, (Integer, Boolean)):
        return np.fromiter(map(int, texts), np.int64, len(texts)).astype(
            np.bool_ if isinstance(kind, Boolean) else np.int64, copy=False
        )
    return list(texts)


def _big(values: list[int]) -> Values:
    return np.array(values, np.int64) if max(values, default=0) < _INT64 else values
