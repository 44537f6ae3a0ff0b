"""A list whose rows lie in Parquet files: DuckDB filters, counts and sorts them, and one page of them is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from pluriscope.tables.frames import AtHand
from pluriscope.tables.parquet import ParquetTable, quoted
from pluriscope.tables.table import Column, Facet, Query, Removal, Row, Selection, choices_of, texts, words_of

_MOST: Final = 10**38 - 1  # of a column of whole numbers
_NOTHING: Final = "NULL"
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
    order: tuple[str, ...] = ("file_index", "file_row_number")

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select a page of rows, with the counts of every facet."""
        if not self.table.paths:
            return AtHand(self.columns, ()).select(query, facets)
        of = {column.name: column for column in self.columns}
        tests = {name: self._test(of[name], wanted) for name, wanted in query.wanted.items()}
        so_far = [_all(list(tests.values())[:n]) for n in range(len(tests) + 1)]
        counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test, _ in so_far)
        parameters = [one for _, given in so_far for one in given]
        [left] = self._ask(counts, "true", "", parameters)
        steps = zip(tests, left, left[1:], strict=False)
        removed = [
            Removal(words_of(of[name], query.wanted[name]), before, (), query.but(name))
            for name, before, after in steps
            if before and not after
        ]
        return Selection(
            left[-1],
            left[0],
            tuple(self.rows(self._page(query, so_far[-1]))) if left[-1] > query.start else (),
            tuple(self._facet(one, query, tests) for one in self.columns if facets and one.facet and one.offered),
            next(iter(removed), None),
        )

    def _page(self, query: Query, test: _Test) -> list[dict[str, Any]]:
        names = [*(column.name for column in self.columns), *self.also]
        sort = [self._of(query.sort)] if query.sort and self._of(query.sort) != _NOTHING else []
        way = "DESC" if query.descending else "ASC"
        terms = [f"{term} {way} NULLS LAST" for term in (*sort, *self.order)]
        tail = f"ORDER BY {', '.join(terms)} LIMIT {query.limit:d} OFFSET {query.start:d}"
        found = self._ask(", ".join(map(self._of, names)), test[0], tail, test[1])
        return [dict(zip(names, map(_plain, line), strict=True)) for line in found]

    def _facet(self, column: Column, query: Query, tests: Mapping[str, _Test]) -> Facet:
        """Counted under the filters of the other columns."""
        test, given = _all(one for name, one in tests.items() if name != column.name)
        found = self._ask(f"{self._of(column.name)}, count(*)", test, "GROUP BY 1", given)
        counts = {text: n for one, n in found for text in texts(one)}
        return Facet(column, choices_of(column, counts, query), asked=query.wanted.get(column.name, ()))

    def _test(self, column: Column, wanted: Sequence[str]) -> _Test:
        """Condition of rows that have the wanted values of a column."""
        value = self._of(column.name)
        if column.facet == "range":
            number = float if column.type == "float" else _whole
            ends = [(way, number(end)) for way, end in zip((">=", "<="), wanted, strict=False) if end]
            return _all([(f"{value} IS NOT NULL", []), *((f"{value} {way} ?", [end]) for way, end in ends)])
        if column.type == "bool":
            return f"list_contains(?::BOOLEAN[], {value})", [[one == "yes" for one in wanted]]
        return f"list_contains(?::VARCHAR[], {value}::VARCHAR)", [list(wanted)]

    def _of(self, name: str) -> str:
        """Expression for a column of the table."""
        return self.sql.get(name) or (quoted(name) if name in self.table.columns else _NOTHING)

    def _ask(self, what: str, test: str, tail: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        query = f"SELECT {what} FROM {{rows}} WHERE ({self.where}) AND ({test}) {tail}"  # noqa: S608  our own
        return self.table.ask(query, parameters)


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
