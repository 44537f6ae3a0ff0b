"""Every row of a store into another database, with a proof that both hold the same.

In one transaction of the target every table is copied, those first that others refer to, with all row numbers. Before
that transaction ends, every table of the target is read back and its digest held against the source's
(:mod:`app.db.content`). If one differs, nothing was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.db import postgresql
from app.db.content import TableContent, TableDigest, contents, rows_of, tables_in
from app.db.engine import Store, shown
from app.db.errors import Conflict, Damaged, StoreUnavailable

BYTES_AT_ONCE: Final = 8 << 20
Report = Callable[[str, int, int], None]
"""Told a stage's name, what is done of it and of how much (rows; 0 where that is not known)."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""


def copy_rows(
    reading: Connection, target: Store, report: Report = silent, *, first: Sequence[str] = ()
) -> dict[str, TableContent]:
    """Copy every row into a target at the same revision, and prove it, in one transaction.

    Args:
        reading: the source, in a transaction that sees one snapshot.
        target: with the tables of the source.
        report: told how far it is.
        first: statements to execute before, such as those which empty the target.

    Returns:
        Rows and digest of each table, the same on both sides.

    Raises:
        Damaged: what was read back differs; nothing was changed.
        StoreUnavailable: the target cannot be written.
    """
    try:
        with target.writer.begin() as writing:
            for statement in first:
                writing.exec_driver_sql(statement)
            copied = _copy(reading, writing, report)
            if writing.dialect.name == "postgresql":
                postgresql.number_on(writing)
            report("reading back", 0, 0)
            compare(copied, contents(writing, lambda table: report(f"reading back {table}", 0, 0)))
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreUnavailable(
            f"database {shown(target.url)}", f"could not take what was copied ({cause})", "nothing was changed there"
        ) from error
    return copied


def _copy(reading: Connection, writing: Connection, report: Report) -> dict[str, TableContent]:
    into = {table.name: table for table in tables_in(writing)}
    copied = {}
    for table in tables_in(reading):
        if table.name not in into:
            raise Damaged(f"table {table.name!r}", "is not in the target", "update the program, then try again")
        total = reading.scalar(select(func.count()).select_from(table)) or 0
        digest, done = TableDigest(table), 0
        statement = insert(into[table.name])
        names = [column.name for column in table.columns]
        for rows in rows_of(reading, table):
            digest.add(rows)
            for part in _parcels(rows):
                writing.execute(statement, [dict(zip(names, row, strict=True)) for row in part])
            done += len(rows)
            report(table.name, done, total)
        copied[table.name] = digest.content
    return dict(sorted(copied.items()))


def _parcels(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows in lots of some megabytes."""
    start = size = 0
    for k, row in enumerate(rows):
        size += sum(len(value) for value in row if isinstance(value, (bytes, str)))
        if size >= BYTES_AT_ONCE:
            yield rows[start : k + 1]
            start, size = k + 1, 0
    if start < len(rows):
        yield rows[start:]


def compare(expected: dict[str, TableContent], found: dict[str, TableContent]) -> None:
    """Make sure that two stores hold the same.

    Raises:
        Damaged: a table is missing, or has other rows; all of them are named.
    """
    differing = []
    for name in sorted({*expected, *found}):
        one, other = expected.get(name), found.get(name)
        if one != other:
            counts = [f"{c.rows:,} rows" if c else "no such table" for c in (one, other)]
            differing.append(f"{name} ({counts[0]} against {counts[1]})")
    if differing:
        raise Damaged(f"tables {', '.join(differing)}", "do not hold the same", "nothing was changed; report it")


def refuse_unless_empty(store: Store) -> None:
    """Make sure that nothing would be mixed or overwritten.

    Raises:
        Conflict: the database has tables with rows, or tables that are not ours.
    """
    with store.reader.connect() as connection:
        filled = [table.name for table in tables_in(connection) if _has_rows(connection, table)]
    if filled:
        raise Conflict(
            f"database {shown(store.url)}", f"is not empty ({', '.join(filled[:5])})", "name one that is, or a new one"
        )


def _has_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(select(1).select_from(table).limit(1)).first() is not None
