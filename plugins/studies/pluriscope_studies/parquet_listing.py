"""A list whose rows lie in Parquet files: DuckDB filters, counts and sorts them, and one page of them is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from pluriscope.tables.frames import TOLERANCE, AtHand
from pluriscope.tables.parquet import ParquetTable, quoted
from pluriscope.tables.table import Column, Facet, Query, Removal, Row, Selection, choices_of, words_of

_MOST: Final = 10**38 - 1  # of a column of whole numbers
_NOTHING: Final = "NULL"
_FEW: Final = 10  # rows of a page that are kept
_AS_THEY_LIE: Final = ("file_index", "file_row_number")  # in which order DuckDB gives rows, unless asked for another
_Test = tuple[str, list[Any]]  # a condition and its parameters


@dataclass(frozen=True)
class ParquetListing:
    """Rows of Parquet files as a list, which answers as :class:`AtHand` does of the same rows.

    It is filtered by ranges of numbers, and by values of other columns, which alone are offered with their counts.

    Args:
        columns: of the list. One that neither the table nor ``sql`` has is None in every row.
        table: the files.
        rows: values by name, of all lines of a page → its rows.
        sql: column → what is asked of the table for it, where that is not its column of the same name.
        also: names of further columns of the table, whose values ``rows`` is given too.
        where: a condition of our own that every row fulfils.
        order: terms of the list's own order, in which each row has one place.
    """

    columns: tuple[Column, ...]
    table: ParquetTable
    rows: Callable[[Sequence[Mapping[str, Any]]], Iterable[Row]] = lambda lines: map(Row, lines)
    sql: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    where: str = "true"
    order: tuple[str, ...] = _AS_THEY_LIE

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select a page of rows, with the counts of every facet."""
        if not self.table.paths:
            return AtHand(self.columns, ()).select(query, facets)
        of = {column.name: column for column in self.columns}
        tests = {name: self._test(of[name], wanted) for name, wanted in query.wanted.items()}
        faceted = [column for column in self.columns if facets and column.facet and column.offered]
        left, counts = self._counts(tests, faceted)
        steps = zip(tests, left, left[1:], strict=False)
        removed = [
            Removal(words_of(of[name], query.wanted[name]), before, (), query.but(name))
            for name, before, after in steps
            if before and not after
        ]
        return Selection(
            left[-1],
            left[0],
            tuple(self.rows(self._page(query, _all(tests.values())))) if left[-1] > query.start else (),
            tuple(
                Facet(column, choices_of(column, found, query), asked=query.wanted.get(column.name, ()))
                for column, found in zip(faceted, counts, strict=True)
            ),
            next(iter(removed), None),
        )

    def _counts(self, tests: Mapping[str, _Test], faceted: Sequence[Column]) -> tuple[list[int], list[dict[str, int]]]:
        """How many rows are left by the first 0, 1, … tests; of each column how many have each value under the tests of
        the others. All in one query: DuckDB takes longer to plan one than to read the rows.
        """
        read = [f"({test}) AS passes_{n}" for n, (test, _) in enumerate(tests.values())]
        read += [f"{self._text(column)} AS value_{n}" for n, column in enumerate(faceted)]
        passes = {name: f"passes_{n}" for n, name in enumerate(tests)}
        parts = [("NULL", [*passes.values()][:n]) for n in range(len(tests) + 1)]
        parts += [
            (f"value_{n}", [test for name, test in passes.items() if name != column.name])
            for n, column in enumerate(faceted)
        ]
        counts = " UNION ALL ".join(
            f"SELECT {n}, {value}, count(*) FROM found WHERE {' AND '.join(['true', *under])} GROUP BY ALL"  # noqa: S608
            for n, (value, under) in enumerate(parts)
        )
        columns = ", ".join(read) or "true"
        query = f"WITH found AS MATERIALIZED (SELECT {columns} FROM {{rows}} WHERE {self.where}) {counts}"  # noqa: S608
        found: list[dict[str, int]] = [{} for _ in parts]
        for n, value, count in self.table.ask_again(query, [one for _, given in tests.values() for one in given]):
            found[n][value] = count
        left, values = found[: len(tests) + 1], found[len(tests) + 1 :]
        return [sum(one.values()) for one in left], [{k: n for k, n in one.items() if k is not None} for one in values]

    def _page(self, query: Query, test: _Test) -> list[dict[str, Any]]:
        names = [*(column.name for column in self.columns), *self.also]
        sort = [self._of(query.sort)] if query.sort and self._of(query.sort) != _NOTHING else []
        way = "DESC" if query.descending else "ASC"
        terms = [f"{term} {way} NULLS LAST" for term in (*sort, *self.order)]
        by = "" if way == "ASC" and (*sort, *self.order) == _AS_THEY_LIE else f"ORDER BY {', '.join(terms)}"
        tail = f"{by} LIMIT {query.limit:d} OFFSET {query.start:d}"
        what = ", ".join(map(self._of, names))
        asked = f"SELECT {what} FROM {{rows}} WHERE ({self.where}) AND ({test[0]}) {tail}"  # noqa: S608  our own
        found = (self.table.ask if query.limit > _FEW else self.table.ask_again)(asked, test[1])
        return [dict(zip(names, map(_plain, line), strict=True)) for line in found]

    def _test(self, column: Column, wanted: Sequence[str]) -> _Test:
        """Condition of rows that have the wanted values of a column."""
        value = self._of(column.name)
        if column.facet == "range":
            ends = [
                (way, float(end) + tolerance if column.type == "float" else _whole(end))
                for way, tolerance, end in zip((">=", "<="), (-TOLERANCE, TOLERANCE), wanted, strict=False)
                if end
            ]
            return _all([(f"{value} IS NOT NULL", []), *((f"{value} {way} ?", [end]) for way, end in ends)])
        if column.type == "bool":
            return f"list_contains(?::BOOLEAN[], {value})", [[one == "yes" for one in wanted]]
        return f"list_contains(?::VARCHAR[], {value}::VARCHAR)", [list(wanted)]

    def _of(self, name: str) -> str:
        """Expression for a column of the table."""
        return self.sql.get(name) or (quoted(name) if name in self.table.columns else _NOTHING)

    def _text(self, column: Column) -> str:
        """Expression for a column's values as addresses have them."""
        value = self._of(column.name)
        return (
            f"CASE WHEN {value} THEN 'yes' WHEN NOT {value} THEN 'no' END"
            if column.type == "bool"
            else f"{value}::VARCHAR"
        )


def _all(tests: Iterable[_Test]) -> _Test:
    """Join conditions by AND."""
    every = list(tests)
    return " AND ".join(f"({test})" for test, _ in every) or "true", [one for _, given in every for one in given]


def _plain(value: Any) -> Any:
    """A value as rows have it."""
    if isinstance(value, Decimal):
        return int(value)
    return frozenset(value) if isinstance(value, list) else value


def _whole(text: str) -> int:
    return max(-_MOST, min(int(text), _MOST))
