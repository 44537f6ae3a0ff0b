"""The rows of a store by what they say: row numbers replaced by what they stand for, times and attempts left out."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Integer, Table

from app.db.content import canonical, rows_of, tables_in

# what two runs over the same work may differ in: when, how long, in how many attempts, how far it was told last
VOLATILE: Final[Mapping[str, frozenset[str]]] = {
    "*": frozenset({"created_at", "seconds", "provenance", "retired_at"}),
    "analysis_reports": frozenset({"found"}),  # with the seconds of each rung; its digest without them is in "content"
    "jobs": frozenset(
        {"stage", "done", "total", "attempts", "losses", "owner", "lease_until", "started_at", "finished_at"}
        | {"not_before", "turn", "requester", "priority", "cancel_requested"}
    ),
}
ORDERED: Final = frozenset({"alignments"})  # their row numbers say which comes first
REFERRING: Final = {"algorithm": "algorithms", "alignment": "alignments"}  # whose row numbers a shelf's "row" holds
LEFT_OUT: Final = frozenset({"job_log", "workers"})  # tells of attempts, looked at by itself; who is there


def natural_contents(connection: Connection) -> dict[str, Counter[str]]:
    """The rows of each table as hashes of what they say; a row that refers to another says what that one says.

    Rows whose order means something also say which one of their parent's children they are; of others it only tells
    which job was done first.
    """
    names: dict[tuple[str, Any], str] = {}  # (table, row number) → hash
    found: dict[str, Counter[str]] = {}
    for table in sorted(tables_in(connection), key=lambda table: table.name == "shelf_columns"):  # stable
        if table.name not in LEFT_OUT:
            found[table.name] = _rows(connection, table, names)
    return found


def _rows(connection: Connection, table: Table, names: dict[tuple[str, Any], str]) -> Counter[str]:
    numbered = [column for column in table.primary_key.columns if isinstance(column.type, Integer)]
    own = numbered[0].name if len(table.primary_key.columns) == 1 and numbered and not numbered[0].foreign_keys else ""
    volatile = VOLATILE["*"] | VOLATILE.get(table.name, frozenset())
    columns = list(table.columns)
    parents = {column.name: next(iter(column.foreign_keys)).column for column in columns if column.foreign_keys}
    counted: Counter[str] = Counter()
    children: Counter[str] = Counter()
    for rows in rows_of(connection, table):
        for row in rows if table.name != "shelf_columns" else _shelves(rows, [one.name for one in columns], names):
            digest = hashlib.sha256()
            parent = ""
            number = None
            for column, value in zip(columns, row, strict=True):
                if column.name == own:
                    number = value
                elif column.name in parents and value is not None:
                    of = parents[column.name]
                    parent = names.get((of.table.name, value), str(value))
                    digest.update(f"{column.name}={parent};".encode())
                elif column.name not in volatile:
                    digest.update(column.name.encode() + b"=" + canonical(value))
            if table.name in ORDERED:
                digest.update(f"child {children[parent]}".encode())
                children[parent] += 1
            said = digest.hexdigest()
            counted[said] += 1
            key = number if own else row[columns.index(next(iter(table.primary_key.columns)))]
            names[table.name, key] = said
    return counted


def _shelves(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], names: Mapping[tuple[str, Any], str]
) -> Iterator[list[Any]]:
    """Columns beside the rows, their row numbers replaced too."""
    for row in rows:
        said = dict(zip(columns, row, strict=True))
        if said["name"] == "row":
            of, data = REFERRING[said["kind"]], bytes(said["data"])
            numbers = struct.unpack(f"<{len(data) // 8}q", data)
            said["data"] = "".join(names[of, number] for number in numbers).encode()
        yield list(said.values())
