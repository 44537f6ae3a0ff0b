"""Tables of Parquet files, written and read by DuckDB where they lie. Any name may be a column."""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pluriscope.analysis.errors import AnalysisError, needing

with needing("duckdb", "Parquet", "pluriscope[parquet]"):
    import duckdb

ENDING: Final = ".parquet"
_MEMORY: Final = "512MB"
MOST_PART: Final = 8 << 20
"""Bytes of a part, about."""
_ROW_GROUP: Final = 8_192
_MOST_ROW: Final = 64 << 20  # bytes of a row as JSON
_ROWS: Final = re.compile(r"""("[^"]*"|'[^']*')|\{rows\}""")


class InvalidTable(AnalysisError):
    """A file is no table of the required kind, or is damaged."""


class DamagedTable(InvalidTable):
    """A file is gone, or cannot be read as Parquet."""


@dataclass(frozen=True)
class ParquetTable:
    """Some parts as one table.

    Args:
        paths: of the parts; none for a table without rows yet.
    """

    paths: Sequence[Path]

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query of our own gives; ``{rows}`` in it stands for the table.

        Args:
            query: SQL of DuckDB. Names of columns are put in by :func:`quoted`, values stand in ``parameters``.

        Raises:
            InvalidTable: a part is gone or damaged.
        """
        with connected() as database:
            try:
                return database.execute(self._full(query), parameters).fetchall()
            except (duckdb.BinderException, duckdb.ParserException):
                raise  # a fault of the query's author
            except duckdb.Error as problem:
                raise refusal(", ".join(path.name for path in self.paths[:3]), problem) from None

    def ask_again(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """As :meth:`ask`, of what is asked often and answered in few rows: they are kept while no part changes."""
        try:
            state = tuple((path, (of := path.stat()).st_ino, of.st_mtime_ns, of.st_size) for path in self.paths)
        except OSError:
            return self.ask(query, parameters)
        return list(_kept(state, query, json.dumps(parameters)))

    @cached_property
    def columns(self) -> dict[str, str]:
        """The names of the columns with their types as DuckDB calls them, such as "BIGINT" or "VARCHAR[]"."""
        return {name: kind for name, kind, *_ in self.ask_again("DESCRIBE SELECT * FROM {rows}")} if self.paths else {}

    def write(self, path: Path, query: str, options: str) -> None:
        """Write what a query gives to a file.

        Args:
            path: of the file.
            query: as of :meth:`ask`.
            options: of DuckDB's COPY, such as "FORMAT csv, HEADER".

        Raises:
            InvalidTable: a part is gone or damaged.
            OSError: the file cannot be written.
        """
        with connected() as database:
            try:
                database.execute(f"COPY ({self._full(query)}) TO {literal(str(path))} ({options})")
            except duckdb.Error as problem:
                self.check()
                if not isinstance(problem, duckdb.IOException):
                    raise refusal(", ".join(path.name for path in self.paths[:3]), problem) from None
                reason = str(problem).splitlines()[0].removesuffix('"}')
                known = re.search(r'"errno":"(\d+)$', reason)
                words = os.strerror(int(known[1])) if known else reason.rpartition(": ")[2]
                raise OSError(errno.EIO, words, str(path)) from None

    def check(self) -> None:
        """Read all rows.

        Raises:
            InvalidTable: a part is gone or damaged.
        """
        if self.paths:
            self.ask("SELECT bit_xor(hash(COLUMNS(*))) FROM {rows}")

    def pack(self, folder: Path, metadata: Mapping[str, str], query: str = "SELECT * FROM {rows}") -> list[Path]:
        """Write what a query gives to parts of some megabytes each.

        Args:
            folder: for them; nothing else is in it.
            metadata: texts by name.
            query: as of :meth:`ask`.

        Returns:
            The parts, in the order of their rows.

        Raises:
            InvalidTable: a part is gone or damaged.
        """
        sizes = f"ROW_GROUP_SIZE {_ROW_GROUP}, FILE_SIZE_BYTES {MOST_PART}, OVERWRITE_OR_IGNORE"
        self.write(folder, query, f"{copy_options(metadata)}, {sizes}")
        return sorted(folder.glob(f"*{ENDING}"), key=lambda path: (len(path.name), path.name))

    @property
    def source(self) -> str:
        """The table in a query."""
        names = ", ".join(literal(pattern_of(path)) for path in self.paths)
        return f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"

    def _full(self, query: str) -> str:
        """A query with the table in it, whatever stands in quotation marks there."""
        return _ROWS.sub(lambda found: found[1] or self.source, query)


def write_parquet(
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    columns: Mapping[str, str],
    metadata: Mapping[str, str],
    level: int = 3,
) -> None:
    """Write a file whole: to a temporary one beside it, which is then renamed.

    Args:
        path: of the file.
        rows: values by column; what a row does not have is null. Whole numbers of any size stay exact up to 38 digits.
        columns: name → type as DuckDB calls it.
        metadata: texts by name.
        level: of compression, 1 to 22.

    Raises:
        OSError: the folder cannot be written.
    """
    with TemporaryDirectory() as folder:
        lines = Path(folder) / "rows.jsonl"
        with lines.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False, default=str) + "\n")
        types = ", ".join(f"{quoted(name)}: {literal(kind)}" for name, kind in columns.items())
        names = ", ".join(map(quoted, columns))
        whole = Path(folder) / "rows.parquet"
        source = f"read_json($1, format = 'nd', columns = {{{types}}}, maximum_object_size = {_MOST_ROW})"
        with connected() as database:
            options = f"{copy_options(metadata)}, COMPRESSION_LEVEL {level}"
            query = f"COPY (SELECT {names} FROM {source}) TO {literal(str(whole))} ({options})"  # noqa: S608  quoted
            database.execute(query, [pattern_of(lines)])
        put(path, whole.read_bytes())


def put(path: Path, raw: bytes) -> None:
    """Let a file appear whole, in place of one of that name."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        part.write_bytes(raw)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def copy_options(metadata: Mapping[str, str]) -> str:
    """Options of DuckDB's COPY for a file of Parquet, with ``metadata`` as texts by name."""
    answer = ", ".join(f"{quoted(name)}: {literal(text)}" for name, text in metadata.items())
    return "FORMAT parquet, COMPRESSION zstd" + (f", KV_METADATA {{{answer}}}" if answer else "")


def quoted(name: str) -> str:
    """A column's name in a query."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in a query."""
    return "'" + text.replace("'", "''") + "'"


def pattern_of(path: Path) -> str:
    """A file as DuckDB reads it, which takes ``?``, ``*`` and ``[`` in a path to stand for other files as well."""
    return glob.escape(str(path))


def connected() -> duckdb.DuckDBPyConnection:
    return _database().cursor()


@lru_cache(maxsize=1)
def _database() -> duckdb.DuckDBPyConnection:
    """The process's connection to DuckDB: to open one takes longer than most queries."""
    # without a thread that gives back what queries needed some 15 MB of it stay
    return duckdb.connect(config={"threads": 1, "memory_limit": _MEMORY, "allocator_background_threads": True})


@lru_cache(maxsize=256)
def _kept(state: tuple[tuple[Path, int, int, int], ...], query: str, parameters: str) -> list[tuple[Any, ...]]:
    return ParquetTable([path for path, *_ in state]).ask(query, json.loads(parameters))


def refusal(name: str, problem: duckdb.Error) -> InvalidTable:
    first = str(problem).strip().splitlines()[0][:200]
    if isinstance(problem, duckdb.OutOfMemoryException):
        return InvalidTable(f"table {name!r}", f"cannot be read ({first})", "free some memory, then do the same again")
    cure = "remove it, then run again what made it"
    return DamagedTable(f"table {name!r}", f"is damaged or gone ({first})", cure)
