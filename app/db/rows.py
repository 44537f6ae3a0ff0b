"""Explanations as rows: written in bulk, and read as whole columns.

Reading rows one by one gives Python's lock away at each of them: 165,000 rows take half a second alone and half a
minute beside one busy thread. So a column is fetched as one joined text, parsed at once, and kept in the process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Boolean, Column, ColumnElement, Float, Integer, Table, Text, case, cast, func, select
from sqlalchemy.orm import Session

from app.db.columns import BigCount, HexMask, Letters, SortableInteger
from app.db.direction_tables import DirectionRow
from app.db.recorded_tables import RECORDED_TABLES, SearchRow
from app.db.table_base import Base
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisReportRow, AnalysisRow, CircuitRow
from app.recent import Recent

MAX_KEPT: Final = 64_000_000  # bytes
Values = NDArray[Any] | list[Any]
_SEPARATOR: Final = "\x1f"  # in no text that is stored
_NAN: Final = "nan"
_INT64: Final = 1 << 63
_DIGITS: Final = 16  # of a mask of 64 edges


@dataclass(frozen=True)
class _Source:
    """Where the explanations of a kind stand: table, the column that names their analysis, and their order."""

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
    **{key: _Source(table, "analysis", "position") for key, table in RECORDED_TABLES.items()},
}


def insert_rows(session: Session, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows as they are, without SQLAlchemy looking at each value.

    Args:
        session: of the writer.
        table: what they are put into.
        names: its columns, in the order of the values.
        rows: values that the database's driver takes.
    """
    if not rows:
        return
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    into = f"{quote(table.name)} ({', '.join(map(quote, names))})"
    values = ", ".join([mark] * len(names))
    connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({values})", list(rows))  # noqa: S608  names of ours


def _size(values: Values) -> int:
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values.nbytes
    return sum(8 + sys.getsizeof(value) for value in values)


_KEPT: Final = Recent[Values](MAX_KEPT, _size)
_READING: Final = Lock()


def key_of(session: Session, analysis: AnalysisRow) -> tuple[Any, ...]:
    """What names a stored analysis for good, within this process: a row number alone may be given again."""
    return str(session.get_bind().engine.url), analysis.id, analysis.result_digest, analysis.created_at


def columns_of(session: Session, analysis: AnalysisRow, kind: str, names: Sequence[str] = ()) -> Mapping[str, Values]:
    """The explanations of one kind as columns of equal length, each read when it is asked for, then kept.

    They stand in the order of the store: circuits by mask, algorithms by position, alignments by row, others as they
    were found. A number that may be missing is a float, NaN where it is. Integers of any size are an int64 array if all
    fit, else a list of integers; masks are uint64 up to 64 edges, else Python integers; texts are a list.

    Args:
        session: open as long as columns are asked for.
        analysis: the analysis.
        kind: "circuit", "algorithm", "alignment", or a kind that a background job finds, such as "probe".
        names: columns that are read now, in one statement.
    """
    key = (*key_of(session, analysis), kind)
    if kind in RECORDED_TABLES:  # it may have been searched again
        found_at = select(SearchRow.found_at).where(SearchRow.analysis == analysis.id, SearchRow.kind == kind)
        key = (*key, session.scalar(found_at))
    if kind == "direction":
        report = AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind == "directions"
        key = (*key, session.scalar(select(AnalysisReportRow.content).where(*report)))
    found = _Columns(session, analysis.id, kind, key)
    found.read(names)
    return found


def read_columns(
    session: Session, columns: Sequence[Column[Any]], order: Column[Any], *which: ColumnElement[bool]
) -> Iterator[Values]:
    """Some columns of one table, whole, in one statement.

    Args:
        session: open session.
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


def letters_of(session: Session, analysis: AnalysisRow, kind: str) -> NDArray[np.uint8]:
    """``[explanations, positions]`` the letters of all verdicts, in the order of :func:`columns_of`."""
    letters = columns_of(session, analysis, kind)["verdicts"]
    assert isinstance(letters, np.ndarray)  # noqa: S101  a column of letters always is
    return letters


def write_letters(session: Session, analysis: AnalysisRow, kind: str, letters: NDArray[np.uint8]) -> None:
    """Put the letters of all verdicts into the rows, in place of those there.

    Args:
        session: of the writer.
        analysis: the analysis.
        kind: as for :func:`columns_of`.
        letters: ``[explanations, positions]``.
    """
    source = _SOURCES[kind]
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    width, text = letters.shape[1], letters.tobytes().decode("ascii")
    values = (text[start : start + width] for start in range(0, len(text), width))
    places = list(columns_of(session, analysis, kind)[source.order])
    rows = [(value, analysis.id, int(place)) for value, place in zip(values, places, strict=True)]
    where = f"{quote(source.owner)} = {mark} AND {quote(source.order)} = {mark}"
    if rows:
        table = quote(source.table.name)
        connection.exec_driver_sql(f"UPDATE {table} SET verdicts = {mark} WHERE {where}", rows)  # noqa: S608


@dataclass(frozen=True)
class _Columns(Mapping[str, Values]):
    session: Session
    analysis_id: int
    kind: str
    key: tuple[Any, ...]

    def __getitem__(self, name: str) -> Values:
        kept = _KEPT.get(self._name(name))
        return self.read((name,))[name] if kept is None else kept

    @property
    def source(self) -> _Source:
        return _SOURCES[self.kind]

    def _name(self, name: str) -> tuple[Any, ...]:
        """What a column is kept under; verdicts change while all else stays."""
        if name != "verdicts":
            return *self.key, name
        analysis = self.session.get_one(AnalysisRow, self.analysis_id)
        told = ((row.position, row.content) for row in analysis.verdicts if row.kind == self.kind)
        return *self.key, name, *told

    def read(self, names: Sequence[str]) -> dict[str, Values]:
        """Some columns; those that are not kept in one statement."""
        with _READING:  # one at a time: whoever comes meanwhile finds them kept
            found = {name: kept for name in names if (kept := _KEPT.get(self._name(name))) is not None}
            missing = [self.source.table.columns[name] for name in names if name not in found]
            of_table = self.source.table.columns
            which = of_table[self.source.owner] == self.analysis_id
            read = read_columns(self.session, missing, of_table[self.source.order], which)
            for column, values in zip(missing, read, strict=True):
                found[column.name] = _KEPT.put(self._name(column.name), values)
        return found

    def __iter__(self) -> Iterator[str]:
        names = self.source.table.columns.keys()
        return (name for name in names if name not in (self.source.owner, "verdicts"))  # those change

    def __len__(self) -> int:
        return len(self.source.table.columns) - 2


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
