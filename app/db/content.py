"""What a database holds, as a digest of each table that is the same on every database.

A row is written as bytes that no other row is written as: each value with a letter for its type and, where its length
varies, the length. Rows follow their primary key, text by code point. The tables are read from the database itself, so
a store of any revision has digests; what differs between databases (how booleans, times and JSON are kept) does not
show.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    cast,
    select,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

REVISION_TABLE: Final = "alembic_version"
MANIFEST_TABLE: Final = "backup_manifest"  # of a backup: what it should hold
ROWS_AT_ONCE: Final = 2_000


class JsonText(TypeDecorator[str]):
    """JSON as the very text that is kept, so that nothing is lost on the way through Python."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, Text)


class CastJsonText(JsonText):
    """The same on PostgreSQL, which takes no text for JSON without being told; SQLite must not be told."""

    cache_ok = True

    def bind_expression(self, bindvalue: BindParameter[str]) -> ColumnElement[Any]:
        return cast(bindvalue, JSON)


@dataclass(frozen=True)
class TableContent:
    """What one table holds.

    Args:
        rows: how many.
        digest: SHA-256 of their canonical bytes, in hex.
    """

    rows: int
    digest: str


def tables_in(connection: Connection) -> Sequence[Table]:
    """The tables of a store, those that are referred to first; the schema's revision and a backup's manifest apart."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name not in (REVISION_TABLE, MANIFEST_TABLE)]
    for table in tables:
        for column in table.columns:
            column.type = _plain(column, on_postgresql=connection.dialect.name == "postgresql")
    return tuple(tables)


def _plain(column: Column[Any], *, on_postgresql: bool) -> TypeEngine[Any]:
    """The column's type without what only its database knows of it."""
    if isinstance(column.type, JSON):
        return CastJsonText() if on_postgresql else JsonText()
    if isinstance(column.type, DateTime):
        return DateTime(timezone=True)
    if isinstance(column.type, Integer):
        return BigInteger()
    if isinstance(column.type, (Boolean, LargeBinary)):
        return column.type
    return Double() if column.type.python_type is float else Text()


def rows_of(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table by primary key, some thousand at a time; values are Python's own, times aware."""
    query = select(table).order_by(*table.primary_key.columns)
    times = [k for k, column in enumerate(table.columns) if isinstance(column.type, DateTime)]
    with connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query) as result:
        for part in result.partitions():
            yield [_with_zone(tuple(row), times) for row in part]


def _with_zone(row: tuple[Any, ...], times: Sequence[int]) -> tuple[Any, ...]:
    if not times:
        return row
    values = list(row)
    for k in times:
        if values[k] is not None:
            values[k] = values[k].replace(tzinfo=UTC) if values[k].tzinfo is None else values[k].astimezone(UTC)
    return tuple(values)


class TableDigest:
    """The digest of a table while its rows pass by."""

    def __init__(self, table: Table) -> None:
        self._hash = hashlib.sha256()
        self._rows = 0
        self._hash.update(_text("\n".join(column.name for column in table.columns)))

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Take rows in."""
        for row in rows:
            self._hash.update(b"R" + b"".join(map(canonical, row)))
        self._rows += len(rows)

    @property
    def content(self) -> TableContent:
        """What has been taken in."""
        return TableContent(self._rows, self._hash.hexdigest())


def contents(connection: Connection, report: Callable[[str], None] = lambda _: None) -> dict[str, TableContent]:
    """Rows and digest of every table, by its name.

    Args:
        connection: in a transaction that sees one snapshot.
        report: told the name of each table before it is read.
    """
    found = {}
    for table in tables_in(connection):
        report(table.name)
        digest = TableDigest(table)
        for rows in rows_of(connection, table):
            digest.add(rows)
        found[table.name] = digest.content
    return dict(sorted(found.items()))


def whole_digest(found: Mapping[str, TableContent]) -> str:
    """One digest of all tables."""
    lines = "".join(f"{name} {found[name].rows} {found[name].digest}\n" for name in sorted(found))
    return hashlib.sha256(lines.encode()).hexdigest()


def canonical(value: Any) -> bytes:
    """A value as bytes that no other value has.

    Raises:
        TypeError: a value of a type that no column has.
    """
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"I" + _text(str(value))
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value + 0.0)  # SQLite knows no minus zero
    if isinstance(value, str):
        return b"S" + _text(value)
    if isinstance(value, (bytes, memoryview)):
        return b"B" + struct.pack(">Q", len(value)) + bytes(value)
    if isinstance(value, datetime):
        return b"W" + _text(value.astimezone(UTC).isoformat(timespec="microseconds"))
    raise TypeError(f"no column has values of type {type(value).__name__}")


def _text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return struct.pack(">Q", len(raw)) + raw
