"""One table for every list: columns declared once, the query of an address, and the selection that answers it.

A list is anything that has ``columns`` and answers ``select`` (:class:`Listing`). Its options in an address, its
filters with counts, its orders, its pages and its forms (page, CSV) follow from the columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Any, Final, Literal, Protocol, TypeVar

from markupsafe import Markup

from pluriscope.analysis.errors import AnalysisError, one_of
from pluriscope.errors import InvalidOption

T = TypeVar("T")
Type = Literal["bool", "int", "big", "float", "text", "name", "labels"]
"""big: integers of any size; name: what identifies a row; labels: a set of texts."""
ANY: Final = "any"
"""How an address takes back the filter that a column has by default."""
LIMIT: Final = 50
MOST_ROWS: Final = 200
MOST_VALUES: Final = 64
MOST_BARS: Final = 16
"""Of a range that is drawn; more values stand in bins."""
_ORDERS: Final = ("asc", "desc")


@dataclass(frozen=True)
class Row:
    """A row of a list.

    Args:
        values: by the name of their column; what the row does not have is left out, or None.
        kind: key of its kind, where a list has several.
        ref: what names it in addresses; "" if nothing does.
        url: of its page; "" if it has none.
        drawing: makes its drawing; None if it has none.
        picks: whether it says enough by itself to be compared.
        stores: whether its page only offers to store it, so that links to it ask robots not to follow.
    """

    values: Mapping[str, Any]
    kind: str = ""
    ref: str = ""
    url: str = ""
    drawing: Callable[[], Markup] | None = None
    picks: bool = True
    stores: bool = False

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)


@dataclass(frozen=True)
class Column:
    """A column of a list, for every form in which the list is shown.

    Args:
        name: stable, lower case with underscores; the name of its option too.
        label: for people, with a capital letter.
        meaning: one sentence.
        type: of its values.
        facet: how rows are filtered by it: "any" of some values, "all" of some labels (``!label``: without it), a
            "range" (options ``NAME_min`` and ``NAME_max``) or "least" (``NAME_min``); "" not at all.
        largest_first: whether people want the largest values first.
        offered: whether lists offer its values with their counts, or take its option only.
        absence: whether they offer that a label is absent, too.
        shown: whether tables have it.
        first: whether it says which row it is and leads to its page.
        orders: whether the list can be sorted by it; by a set it never can.
        default: what is asked of it where an address says nothing.
        choices: every value that it may have, in the order in which they are shown; () for any value.
        words: a value as an address has it → for people.
        asks: a value, or ``!value``, that is asked for → the filter in words; None for the label and the value.
        read: a value as an address has it → as rows have it; raises AnalysisError if there is no such value.
        show: row → what its cell holds; None for the value by its type.
        void: row without a value → what its cell says instead; None for a dash.
        sorts: the column by which rows are sorted where people sort by this one; "" for itself.
        usual: values that are offered first.
        mark: a value as an address has it → a small drawing before it where it is offered; None for none.
        group: a value as an address has it → the heading below which it is offered, with neighbours; None for none.
    """

    name: str
    label: str
    meaning: str
    type: Type
    facet: Literal["", "any", "all", "range", "least"] = ""
    largest_first: bool = False
    offered: bool = True
    absence: bool = False
    shown: bool = True
    first: bool = False
    orders: bool = True
    default: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    words: Callable[[str], str] = str
    asks: Callable[[str], str] | None = None
    read: Callable[[str], str] = str
    show: Callable[[Row], Markup | str] | None = None
    void: Callable[[Row], str] | None = None
    sorts: str = ""
    usual: tuple[str, ...] = ()
    mark: Callable[[str], Markup] | None = None
    group: Callable[[str], str] | None = None

    @property
    def key(self) -> str:
        """Name of the order by this column, in addresses."""
        return self.sorts or self.name

    @property
    def sortable(self) -> bool:
        """Whether a list can be sorted by it."""
        return self.orders and self.type != "labels"

    @property
    def number(self) -> bool:
        """Whether its values are numbers, which stand at the right of their cells."""
        return self.type in ("int", "big", "float")

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its options in addresses."""
        if self.facet in ("range", "least"):
            return (f"{self.name}_min", f"{self.name}_max")[: 2 if self.facet == "range" else 1]
        return (self.name,) if self.facet else ()

    def has(self, row: Row) -> bool:
        """Whether a row has a value, which 0 is and an empty set is not."""
        return row[self.name] is not None and row[self.name] != frozenset()

    def cell(self, row: Row) -> Markup | str:
        """Content of the row's cell on a page; "" for none."""
        if self.show is not None:
            return self.show(row)
        value = row[self.name]
        return value if isinstance(value, Markup) else self.text(row)

    def text(self, row: Row) -> str:
        """The value in a few characters."""
        value = row[self.name]
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            number = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
            return f"−{number[1:]}" if number.startswith("-") else number
        return self.exact(row)

    def exact(self, row: Row) -> str:
        """The value in full, for CSV; labels in order with spaces between."""
        value = row[self.name]
        return " ".join(sorted(value)) if isinstance(value, frozenset) else "" if value is None else str(value)


@dataclass(frozen=True)
class Query:
    """Filters, order and page of a list.

    Args:
        wanted: column → what is asked of it: values (any), labels and ``!labels`` (all), or the two ends of a range as
            texts, "" for an open one. A column that is not here is not filtered by.
        sort: name of a column; "" for the list's own order.
        descending: whether the largest come first. Ties turn with them; what has no value stays last.
        start: how many rows are passed over.
        limit: most rows.
    """

    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    start: int = 0
    limit: int = LIMIT

    def but(self, name: str, *values: str) -> Query:
        """The query with another filter on a column, from the first row; without values the column is not filtered."""
        rest = {key: value for key, value in self.wanted.items() if key != name}
        return replace(self, wanted={**rest, name: values} if values else rest, start=0)

    def within(self, lines: int) -> Query:
        """The query for the same page of a list with so many rows, or for its last page where that page is empty."""
        last = max(lines - 1, 0) // self.limit * self.limit
        return replace(self, start=min(self.start, last)) if self.start >= lines else self

    def options(self, columns: Iterable[Column], usual: Query | None = None) -> dict[str, Any]:
        """The options that an address needs for it; what is usual is left out."""
        usual = usual or Query()
        found: dict[str, Any] = {}
        for column in columns:
            wanted = self.wanted.get(column.name, ())
            if column.facet in ("range", "least"):
                found |= {name: end for name, end in zip(column.options, wanted, strict=False) if end}
            elif column.facet and wanted != column.default:
                found[column.name] = list(wanted) or [ANY]
        if self.sort != usual.sort:
            found["sort"] = self.sort
        if self.descending != usual.descending:
            found["order"] = _ORDERS[self.descending]
        return found | {
            name: getattr(self, name) for name in ("start", "limit") if getattr(self, name) != getattr(usual, name)
        }


@dataclass(frozen=True)
class Choice:
    """A value to filter by.

    Args:
        value: as addresses have it.
        label: for people.
        count: rows that have it and pass the other filters; exact.
        chosen: whether it is asked for.
        query: the list with it if it is not asked for, without it if it is.
        alike: labels of others that the same rows have.
    """

    value: str
    label: str
    count: int
    chosen: bool
    query: Query
    alike: Sequence[str] = ()


@dataclass(frozen=True)
class Facet:
    """Filter on a column, with its choices.

    Args:
        choices: its values; of a range each value that some row has, or bins if these are many.
        low: the smallest value of a range, "" if no row has one.
        high: the largest.
        asked: what is asked of the column.
        rows: which rows each label is on, where labels on the same rows are offered as one; equal values say so.
    """

    column: Column
    choices: tuple[Choice, ...] = ()
    low: str = ""
    high: str = ""
    asked: tuple[str, ...] = ()
    rows: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def boxes(self) -> tuple[Choice, ...]:
        """The choices, those on the same rows as one."""
        groups: dict[bytes | str, list[Choice]] = {}
        for one in self.choices:
            groups.setdefault(self.rows.get(one.value, one.value), []).append(one)
        return tuple(
            replace(first := max(group, key=lambda one: one.chosen), alike=[o.label for o in group if o is not first])
            for group in groups.values()
        )

    @property
    def offered(self) -> set[tuple[str, int]]:
        """Labels of the choices, each with the number of rows that it leaves."""
        return {(one.label.lower(), one.count) for one in self.choices}

    @property
    def binned(self) -> bool:
        """Whether a choice stands for more than one value of a range."""
        name = self.column.name
        return any(len({*choice.query.wanted[name]}) > 1 for choice in self.choices if name in choice.query.wanted)

    @property
    def hints(self) -> tuple[str, str]:
        """The ends for people: floats in a few digits, so that all still lie between them."""
        if self.column.type != "float" or not self.low:
            return self.low, self.high
        low, high = (
            float(Context(prec=4, rounding=way).create_decimal(end))
            for end, way in ((self.low, ROUND_FLOOR), (self.high, ROUND_CEILING))
        )
        return f"{low:g}", f"{high:g}"


@dataclass(frozen=True)
class Removal:
    """The filter that left nothing.

    Args:
        words: the filter, for people.
        before: rows before it.
        about: the plural names of the kinds that it is about, where none of those asked for has the column.
        query: the list without it.
    """

    words: str
    before: int
    about: tuple[str, ...]
    query: Query


@dataclass(frozen=True)
class Group:
    """A heading above some rows.

    Args:
        start: number of the first row below it.
        title: of a few words.
        says: one sentence.
        query: the list of all rows like those.
        total: how many those are.
        above: what stands above the title, if it begins several groups.
    """

    start: int
    title: str
    says: str
    query: Query
    total: int
    above: str = ""


@dataclass(frozen=True)
class Selection:
    """Answer of a list to a query.

    Args:
        total: rows that pass every filter, each with its weight; exact.
        of: the same without any filter but those that columns have by default.
        rows: one page of them.
        facets: one for each column that has some, counted exactly; () where not asked for.
        removed_by: the filter behind which nothing is left, None if something is.
        groups: headings above the rows, in order.
        n_rows: lines on all pages, where a line may weigh as many; None for ``total``.
    """

    total: int
    of: int
    rows: tuple[Row, ...]
    facets: tuple[Facet, ...] = ()
    removed_by: Removal | None = None
    groups: tuple[Group, ...] = ()
    n_rows: int | None = None

    @property
    def lines(self) -> int:
        """Rows on all pages."""
        return self.total if self.n_rows is None else self.n_rows

    @property
    def filters(self) -> list[Facet]:
        """Facets to show: the first, those in use, and those that narrow the list and are not contained in an earlier
        one.
        """

        def narrows(at: int, facet: Facet) -> bool:
            differs = not facet.choices or any(one.count != self.total for one in facet.choices)
            return differs and not (facet.choices and any(facet.offered <= one.offered for one in self.facets[:at]))

        return [one for at, one in enumerate(self.facets) if not at or one.asked or narrows(at, one)]

    def state(self, column: Column) -> str:
        """The one state that all rows of all pages have in a column of states; "" if they differ or there are less than
        two rows.
        """
        cells = {column.has(row) and column.cell(row) for row in self.rows} if column.choices else set()
        if len(cells) != 1 or len(self.rows) < 2:
            return ""
        there = [one for facet in self.facets if facet.column.name == column.name for one in facet.choices if one.count]
        differ = len(self.rows) < self.lines and len([one for one in there if one.chosen] or there) > 1
        return "" if differ else "".join(map(column.words, texts(self.rows[0][column.name])))


class Listing(Protocol):
    """A list that can be filtered, sorted and read in pages, wherever its rows are."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select rows, and count the rows of every facet unless ``facets`` is false.

        Raises:
            InvalidOption: a value that the list cannot have.
        """


def words_of(column: Column, wanted: Sequence[str]) -> str:
    """The filter on a column in words."""
    name = column.label.lower()
    if column.facet in ("range", "least"):
        low, high = (_brief(column, end) for end in (*wanted, "", "")[:2])
        if low and high:
            return f"{name} {low}" if low == high else f"{name} {low} to {high}"
        return f"{name} at least {low}" if low else f"{name} at most {high}"
    if column.type == "bool" and column.words is str:
        return " or ".join(name if value == "yes" else f"not {name}" for value in wanted)
    if column.asks is not None:
        return ", ".join(map(column.asks, wanted))
    if column.facet == "all":
        shown = (f"not {column.words(one[1:])}" if one.startswith("!") else column.words(one) for one in wanted)
        return f"{name}: {', '.join(shown)}"
    return f"{name}: {' or '.join(map(column.words, wanted))}"


def toggled(query: Query, column: Column, value: str) -> Query:
    """The query with a value of a column chosen, or no longer."""
    chosen = query.wanted.get(column.name, ())
    return query.but(column.name, *(one for one in chosen if one != value), *(() if value in chosen else (value,)))


def read_query(columns: Sequence[Column], options: Mapping[str, Sequence[str]], usual: Query | None = None) -> Query:
    """Read the options of an address as a query.

    Args:
        columns: of the list.
        options: each with all its values; one that a form left empty means the default.
        usual: what holds where nothing is said.

    Raises:
        InvalidOption: an option, column or value that the list does not have.
    """
    usual = usual or Query()
    options_given = {name: [one for one in values if one != ""] for name, values in options.items()}
    known = [*(name for column in columns for name in column.options), "sort", "order", "start", "limit"]
    sorts = [column.name for column in columns if column.sortable]
    wrong = [
        InvalidOption.of(f"option {name[:60]!r}", "is unknown", one_of(name, known), name)
        for name in options_given
        if name not in known
    ]

    def read(reader: Callable[..., T], *about: Any) -> T | None:
        try:
            return reader(*about)
        except InvalidOption as error:
            wrong.append(error)
            return None

    wanted = {column.name: chosen for column in columns if (chosen := read(_asked, column, options_given))}
    sort = read(_one, options_given, "sort", usual.sort, sorts)
    order = read(_one, options_given, "order", _ORDERS[usual.descending], _ORDERS)
    start = read(_whole, options_given, "start", usual.start, 0, 10**9)
    limit = read(_whole, options_given, "limit", usual.limit, 1, max(MOST_ROWS, usual.limit))
    if sort is None or start is None or limit is None or wrong:
        wrong[0].others = tuple(wrong[1:])
        raise wrong[0]
    return Query(wanted, sort, order == "desc", start, limit)


def _asked(column: Column, options: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Read the filter on one column."""
    if column.facet in ("range", "least"):
        ends = [_one(options, name, "") for name in column.options]
        for name, end in zip(column.options, ends, strict=True):
            _check_number(column, name, end)
        if len(ends) == 2 and all(ends) and float(ends[0]) > float(ends[1]):
            item = f"{column.options[0]} {ends[0]}"
            raise InvalidOption.of(item, f"is above {column.options[1]} {ends[1]}", "swap them", column.options[0])
        return tuple(ends) if any(ends) else ()
    values = list(dict.fromkeys(options.get(column.name, ()))) if column.facet else []
    if not values:
        return column.default
    if len(values) > MOST_VALUES:
        raise InvalidOption.of(
            f"option {column.name!r}", f"has {len(values)} values", f"use at most {MOST_VALUES}", column.name
        )
    if values == [ANY]:
        return ()
    negated = [column.facet == "all" and value.startswith("!") for value in values]
    return tuple("!" * no + _value(column, value[no:]) for no, value in zip(negated, values, strict=True))


def _value(column: Column, value: str) -> str:
    choices = column.choices or (("yes", "no") if column.type == "bool" else ())
    if choices and value not in choices:
        cure = f"use {', '.join(choices)}" + (f", or {ANY}" if column.default else "")
        raise InvalidOption.of(f"{column.name} {value[:60]!r}", "is unknown", cure, column.name)
    if column.number:
        _check_number(column, column.name, value)
        value = value if column.type == "float" else str(int(value))
    try:
        return column.read(value)
    except AnalysisError as error:
        raise InvalidOption.of(error.item, error.cause, error.cure, column.name) from None


def _check_number(column: Column, name: str, text: str) -> None:
    try:
        number = float(text or 0)
        if column.type != "float" and text:
            int(text)
        if number != number or abs(number) == float("inf"):
            raise ValueError
    except ValueError:
        what = "a number" if column.type == "float" else "a whole number"
        raise InvalidOption.of(f"{name} {text[:60]!r}", f"is not {what}", f"give {what}", name) from None


def _one(options: Mapping[str, Sequence[str]], name: str, usual: str, choices: Sequence[str] = ()) -> str:
    values = options.get(name) or [usual]
    if len(values) > 1:
        raise InvalidOption.of(f"option {name!r}", f"is given {len(values)} times", "give it once", name)
    if choices and values[0] not in (usual, *choices):
        raise InvalidOption.of(f"{name} {values[0][:60]!r}", "is unknown", f"use {', '.join(choices)}", name)
    return values[0]


def _whole(options: Mapping[str, Sequence[str]], name: str, usual: int, least: int, most: int) -> int:
    text = _one(options, name, str(usual))
    try:
        if least <= (number := int(text)) <= most:
            return number
    except ValueError:
        pass
    raise InvalidOption.of(f"{name} {text[:60]!r}", f"is not {least} to {most}", "give such a whole number", name)


def parameters(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """The options of a list as the description of the interface (OpenAPI) has them."""
    found: list[dict[str, Any]] = []
    for column in columns:
        kind = {"int": "integer", "float": "number"}.get(column.type, "string")
        for name in column.options:
            schema: dict[str, Any] = {"type": kind}
            if name == column.name:
                choices = column.choices or (("yes", "no") if column.type == "bool" else ())
                item = {"type": "string", "enum": [*choices, ANY]} if choices else {"type": "string"}
                schema = {"type": "array", "items": item, "maxItems": MOST_VALUES, "default": list(column.default)}
            found.append({"name": name, "in": "query", "description": column.meaning, "schema": schema})
    sorts = [column.name for column in columns if column.sortable]
    more = {
        "sort": ("Column that the list is sorted by.", {"type": "string", "enum": sorts}),
        "order": ("Direction; what has no value stays last.", {"type": "string", "enum": list(_ORDERS)}),
        "start": ("Rows that are passed over.", {"type": "integer", "minimum": 0}),
        "limit": ("Most rows.", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}),
    }
    return found + [
        {"name": name, "in": "query", "description": meaning, "schema": schema}
        for name, (meaning, schema) in more.items()
    ]


def bins_of(column: Column, bins: Iterable[tuple[str, str, int]], query: Query) -> tuple[Choice, ...]:
    """Parts of a range to choose from: the ends of each, and how many rows lie in it."""
    chosen, found = query.wanted.get(column.name, ()), []
    for low, high, n in bins:
        label = column.words(low)
        if low != high:
            label = f"{_brief(column, low)} to {_brief(column, high)}"
        found.append(Choice(low, label, n, chosen == (low, high), query.but(column.name, low, high)))
    return tuple(found)


def _brief(column: Column, end: str) -> str:
    return f"{float(end):.3g}" if column.type == "float" and end else end


def choices_of(column: Column, counts: Mapping[str, int], query: Query) -> tuple[Choice, ...]:
    """Values of a column to choose from: those that most rows have, and those chosen already."""
    chosen = query.wanted.get(column.name, ())
    if column.facet in ("range", "least"):
        values = sorted(counts, key=int)
        size = -(-len(values) // MOST_BARS) or 1
        bins = [values[start : start + size] for start in range(0, len(values), size)]
        if size > 1:  # of equal width
            low, high = int(values[0]), int(values[-1])
            wide = -(-(high - low + 1) // MOST_BARS)
            starts = range(low, high + 1, wide)
            bins = [[str(start), str(min(start + wide - 1, high))] for start in starts]
            totals = Counter[str]()
            for value in values:
                totals[str(low + (int(value) - low) // wide * wide)] += counts[value]
            counts = totals
        return bins_of(column, [(one[0], one[-1], counts[one[0]]) for one in bins], query)
    values = [one for one in column.choices if counts.get(one) or one in chosen]
    if column.facet == "any" and column.type not in ("bool", "int") and not column.choices:
        most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        counts = {value: n for value, n in counts.items() if value in most or value in chosen}
    rest = {*counts, *chosen} - {*values}
    if not column.choices:
        most_first = column.type in ("labels", "text") and not column.absence
        rank = {value: -n if most_first else len(value) if column.number else 0 for value, n in counts.items()}
        usual = {value: position for position, value in enumerate(column.usual)}
        values = sorted(
            rest, key=lambda one: (one.startswith("!"), one not in usual, rank.get(one, 1), usual.get(one, 0), one)
        )
    return tuple(
        Choice(
            value,
            f"not {column.words(value[1:])}" if value.startswith("!") else column.words(value),
            counts.get(value, 0),
            value in chosen,
            toggled(query, column, value),
        )
        for value in values
    )


def texts(value: Any) -> Iterable[str]:
    """A cell's value as addresses have it; several of labels, none where there is none."""
    if value is None or isinstance(value, frozenset):
        return value or ()
    return ("yes" if value else "no",) if isinstance(value, bool) else (str(value),)
