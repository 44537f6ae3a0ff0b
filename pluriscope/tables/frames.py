"""Rows as columns, and one search through them: of the explanations of an analysis all kinds one behind the other.

Whole columns are looked at with NumPy: at 200,000 rows a page with every facet takes some milliseconds. Counts are
exact integers of any size. A short list of rows that are at hand is searched in the same way. A facet of which any
value may be chosen, and a range, is counted under the filters of the other columns; one of which all must hold under
its own too. A kind that lacks a column passes no filter on it.

In descending order ties turn too: a list from its end is the list reversed, but for rows without a value, which stay
last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import accumulate, compress
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.analysis.values.described import Described
from pluriscope.errors import InvalidOption
from pluriscope.tables.table import (
    MOST_BARS,
    MOST_VALUES,
    Choice,
    Column,
    Facet,
    Group,
    Query,
    Removal,
    Row,
    Selection,
    bins_of,
    choices_of,
    texts,
    words_of,
)

Passing = NDArray[np.bool_]
KIND: Final = "kind"
FEW: Final = 3
"""Rows of each kind in a list that is not filtered."""
_READ: Final[Mapping[str, Callable[[Any], Any]]] = {"bool": bool, "int": int, "big": int}
TOLERANCE: Final = 1e-12
"""By which a fraction may be beyond the ends that are asked for."""
_BYTES_OF_TEXT: Final = 100
_DIGIT: Final = 24
"""Bits of a digit: sums of digits over 2^29 rows are exact in floats."""


@dataclass(frozen=True)
class Coded:
    """Values of any type but fractions as positions in an ascending list of the distinct ones.

    Args:
        codes: ``[n]``, −1 where there is no value.
        values: the list.
    """

    codes: NDArray[np.int32]
    values: Sequence[Any]

    @classmethod
    def of(cls, values: Iterable[Any], read: Callable[[Any], Any] = lambda value: value) -> Coded:
        """Encode values by their sorted distinct ones; None and NaN have code −1. ``read`` maps a distinct value to
        what rows show and keeps the order.
        """
        if isinstance(values, np.ndarray) and values.dtype != object:
            found, inverse = np.unique(values, return_inverse=True)  # NaN stands last
            distinct = [value for value in found.tolist() if value == value]
            codes = np.where(inverse < len(distinct), inverse, -1).astype(np.int32)
        else:
            every = list(values)
            distinct = sorted({value for value in every if value is not None and value == value})
            code = {value: place for place, value in enumerate(distinct)}
            codes = np.fromiter((code.get(value, -1) for value in every), np.int32, len(every))
        return cls(codes, [*map(read, distinct)])

    def taken(self, chosen: NDArray[Any]) -> Coded:
        """The values at some positions."""
        return Coded(self.codes[chosen], self.values)

    @cached_property
    def digits(self) -> NDArray[np.float64]:
        """``[values, digits]`` of integers, the lowest digit first."""
        most = max(self.values, default=0).bit_length()
        rows = [[value >> shift & (1 << _DIGIT) - 1 for shift in range(0, most + 1, _DIGIT)] for value in self.values]
        return np.array(rows or [[0]], np.float64)


@dataclass(frozen=True, repr=False)
class Part(Described):
    """The explanations of one kind, or rows of none.

    Args:
        kind: its key; "" for none.
        plural: what several are called.
        n: how many rows.
        floats: name of a column → ``[n]``, NaN where there is no value.
        coded: the same of every other type of values.
        labels: name of a column → label → ``[n]`` which rows have it.
        counted: label that some rows have in part → how many explanations have it, in words.
        ref: position → what names the row in addresses.
        url: position → address of its page.
        more: position → values that no filter and no order looks at.
        drawing: position → its drawing; None if rows have none.
        own: column and direction of the order that the kind's rows have by themselves; "" for that of the columns.
        says: one sentence about the kind.
        lines: one more where all its rows are listed.
        weights: for how many each row counts; None for one.
        few: other rows, which stand for it among a few of each kind; None for its own first ones.
        aside: whether pages list it only where it is asked for, and nothing of it is picked to be compared.
        apart: position, ranks → of a row that stands for several, one of each class that inputs distinguish; None where
            a row is one explanation.
        classes: how many such classes each row has; None where a row is one explanation.
        rows: the rows themselves, where they are at hand.
    """

    kind: str
    plural: str
    n: int
    floats: Mapping[str, NDArray[np.float64]]
    coded: Mapping[str, Coded]
    labels: Mapping[str, Mapping[str, Passing]]
    ref: Callable[[int], str] = lambda _: ""
    url: Callable[[int], str] = lambda _: ""
    more: Callable[[int], Mapping[str, Any]] = lambda _: {}
    drawing: Callable[[int], Markup] | None = None
    own: tuple[str, bool] = ("", False)
    says: str = ""
    lines: str = ""
    weights: Coded | None = None
    few: Part | None = None
    aside: bool = False
    counted: Mapping[str, str] = field(default_factory=dict)
    apart: Callable[[int, range], Sequence[Row]] | None = None
    classes: Coded | None = None
    rows: Sequence[Row] = ()

    @classmethod
    def of(
        cls, kind: str, plural: str, n: int, columns: Iterable[Column], content: Mapping[str, Any], **more: Any
    ) -> Part:
        """Make a part from the content of columns, by name: values or :class:`Coded`; of a column of labels the rows of
        each label.

        ``more`` are further fields. A column whose content is None is left out.
        """
        floats, coded, labels = dict[str, NDArray[np.float64]](), dict[str, Coded](), dict[str, Mapping[str, Passing]]()
        for column in columns:
            name, values = column.name, content.get(column.name)
            if values is None:
                continue
            if column.type == "labels":
                labels[name] = values
            elif column.type == "float":
                floats[name] = np.asarray(values, np.float64)
            else:
                coded[name] = values if isinstance(values, Coded) else Coded.of(values, _READ.get(column.type, str))
        return cls(kind, plural, n, floats, coded, labels, **more)

    @property
    def n_bytes(self) -> int:
        """About how much memory it takes."""
        masks = (mask for labels in self.labels.values() for mask in labels.values())
        codes = (coded.codes for coded in self.coded.values())
        arrays: Iterable[NDArray[Any]] = (*self.floats.values(), *codes, *masks)
        values = _BYTES_OF_TEXT * sum(len(coded.values) for coded in self.coded.values())
        return values + sum(one.nbytes for one in arrays)

    def taken(self, chosen: NDArray[Any]) -> Part:
        """The rows at some places."""
        if np.array_equal(chosen, np.arange(self.n)):  # all of them are not copied
            return self
        drawing = self.drawing
        return replace(
            self,
            n=len(chosen),
            floats={name: values[chosen] for name, values in self.floats.items()},
            coded={name: coded.taken(chosen) for name, coded in self.coded.items()},
            labels={name: {label: m[chosen] for label, m in masks.items()} for name, masks in self.labels.items()},
            ref=lambda position: self.ref(int(chosen[position])),
            url=lambda position: self.url(int(chosen[position])),
            more=lambda position: self.more(int(chosen[position])),
            drawing=None if drawing is None else lambda position: drawing(int(chosen[position])),
        )

    def has(self, name: str) -> bool:
        """Whether the kind has a column."""
        return name in self.floats or name in self.coded or name in self.labels or name == KIND

    def count(self, passing: Passing) -> int:
        """Number of explanations in some rows, by their weights."""
        if self.weights is None:
            return int(np.count_nonzero(passing))
        # not by BLAS, whose threads cost more than they save here
        return _whole(np.einsum("n,dn->d", passing.astype(np.float64), self._digits))

    @cached_property
    def _digits(self) -> NDArray[np.float64]:
        """``[digits, n]`` of the weights."""
        weights = self.weights or Coded(np.zeros(self.n, np.int32), [1])
        return np.ascontiguousarray(weights.digits[weights.codes].T)

    def counts(self, codes: NDArray[Any], passing: Passing, n_codes: int) -> list[int]:
        """Number of explanations with each code from 0."""
        chosen = codes[passing] + 1
        if self.weights is None:
            return list(map(int, np.bincount(chosen, minlength=n_codes + 1)[1:]))
        counted = [np.bincount(chosen, digit, n_codes + 1)[1:] for digit in self._digits[:, passing]]
        return [_whole(one) for one in np.array(counted).T]

    def test(self, column: Column, wanted: Sequence[str]) -> Passing:
        """Rows that pass the filter on a column: ``[n]`` bool; all of a kind without it pass its default."""
        name = column.name
        if not self.has(name):
            return np.full(self.n, bool(wanted) and tuple(wanted) == column.default)
        if name in self.coded:
            coded = self.coded[name]
            passes = [_passes(column, value, wanted) for value in coded.values]
            return np.array([*passes, False], np.bool_)[coded.codes]
        if name in self.floats:
            values, (low, high) = self.floats[name], (*wanted, "", "")[:2]
            return (values >= float(low or "-inf") - TOLERANCE) & (values <= float(high or "inf") + TOLERANCE)
        if name == KIND:
            return np.full(self.n, self.kind in wanted)
        labels, passing = self.labels[name], np.ones(self.n, np.bool_)
        for one in wanted:
            has = labels.get(one.removeprefix("!"))  # where it is None nothing is known of it
            passing &= False if has is None else ~has if one.startswith("!") else has
        return passing

    def values(self, columns: Iterable[Column], positions: NDArray[np.int64]) -> list[dict[str, Any]]:
        """The values of some rows."""
        rows: list[dict[str, Any]] = [{KIND: self.kind} for _ in positions]
        for column in columns:
            name = column.name
            if name in self.coded:
                coded = self.coded[name]
                every = [None if code < 0 else coded.values[code] for code in coded.codes[positions].tolist()]
            elif name in self.floats:
                every = [None if value != value else value for value in self.floats[name][positions].tolist()]
            elif name in self.labels:
                labels = self.labels[name]
                has = zip(*(mask[positions].tolist() for mask in labels.values()), strict=True)
                every = [frozenset(compress(labels, one)) for one in has] if labels else [frozenset()] * len(rows)
            else:
                continue
            for row, value in zip(rows, every, strict=True):
                row[name] = value
        return rows


def _whole(digits: NDArray[np.float64]) -> int:
    return sum(int(digit) << _DIGIT * position for position, digit in enumerate(digits.tolist()))


def _passes(column: Column, value: Any, wanted: Sequence[str]) -> bool:
    """Whether a value passes the filter on a column."""
    if column.facet in ("range", "least"):
        low, high = (*wanted, "", "")[:2]
        return (not low or value >= int(low)) and (not high or value <= int(high))
    return any(text in wanted for text in texts(value))


@dataclass(frozen=True)
class Frame:
    """Rows of several kinds as a list.

    Args:
        columns: of all kinds.
        parts: the kinds, in the order of the list.
        also: columns that can be asked for and that no row here has.
        shared: values that are the same in every row.

    Raises:
        ValueError: a kind has figures that no column shows.
    """

    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    also: tuple[Column, ...] = ()
    shared: Mapping[str, Any] = field(default_factory=dict)
    _orders: dict[str, tuple[NDArray[np.int32], int]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for part in self.parts:
            if unknown := {*part.floats, *part.coded, *part.labels} - {*self._column}:
                raise ValueError(
                    f"kind {part.kind}: no column shows {sorted(unknown)}; name it among the kind's COLUMNS"
                )

    @cached_property
    def _column(self) -> dict[str, Column]:
        return {column.name: column for column in (*self.columns, *self.also)}

    @property
    def n_bytes(self) -> int:
        """About how much memory it takes."""
        return sum(part.n_bytes for part in self.parts)

    @cached_property
    def starts(self) -> list[int]:
        """Index of the first row of each part, and at the end the number of all rows."""
        return list(accumulate((part.n for part in self.parts), initial=0))

    @property
    def of_kinds(self) -> bool:
        """Whether its rows are explanations of kinds."""
        return any(part.kind for part in self.parts)

    def order(self, name: str, descending: bool) -> NDArray[np.int32]:
        """All rows sorted by a column; "": each kind in its own order. Kept once sorted."""
        if not name and name not in self._orders:
            own = [ordered(part, *part.own) + start for part, start in zip(self.parts, self.starts, strict=False)]
            self._orders[name] = (np.concatenate([*own, np.zeros(0, np.int32)]).astype(np.int32), self.starts[-1])
        if name not in self._orders:
            values = np.concatenate([*self._sortable(name), np.zeros(0)])
            self._orders[name] = (np.argsort(values, kind="stable").astype(np.int32), int((~np.isnan(values)).sum()))
        positions, n = self._orders[name]
        return np.concatenate((positions[:n][::-1], positions[n:][::-1])) if descending else positions

    def _sortable(self, name: str) -> list[NDArray[np.float64]]:
        """A column of each part as floats in the order of its values, NaN for none."""
        common = sorted({value for part in self.parts if name in part.coded for value in part.coded[name].values})
        rank = {value: number for number, value in enumerate(common)}
        return [
            np.full(part.n, float(number)) if name == KIND and part.kind else _ranks(part, name, rank)
            for number, part in enumerate(self.parts)
        ]

    def rows(self, positions: NDArray[Any]) -> tuple[Row, ...]:
        """The rows at some places."""
        found: dict[int, Row] = {}
        for part, start in zip(self.parts, self.starts, strict=False):
            here = positions[(positions >= start) & (positions < start + part.n)] - start
            found |= zip((start + here).tolist(), self.rows_of(part, here), strict=True)
        return tuple(found[position] for position in positions.tolist())

    def rows_of(self, part: Part, positions: NDArray[Any]) -> Iterator[Row]:
        """The rows of a part at some of its places."""
        if part.rows:
            yield from map(part.rows.__getitem__, positions.tolist())
            return
        for position, values in zip(positions.tolist(), part.values(self.columns, positions), strict=True):
            drawing = None if part.drawing is None else partial(part.drawing, position)
            ref, url = part.ref(position), part.url(position)
            values |= {"ref": ref, "url": url, **self.shared, **part.more(position)}
            yield Row(values, part.kind, ref, url, drawing, not part.aside)

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select a page of the rows, and count the rows of every facet.

        Raises:
            InvalidOption: a label that no kind has.
        """
        self._check(query)
        tests = self._tests(query)
        passing = self._conjunction(tests)
        always = {KIND} if self.of_kinds else set[str]()
        usual = self._conjunction(
            {name: test for name, test in tests.items() if name in always or self._column[name].default}
        )
        total = self._total(passing)
        every = np.concatenate([*passing, np.zeros(0, np.bool_)])
        lines = int(np.count_nonzero(every))
        order = self.order(query.sort, query.descending)
        positions = order[every[order]][query.start : query.start + query.limit]
        return Selection(
            total,
            self._total(usual),
            self.rows(positions),
            self._facets(query, tests, passing) if facets else (),
            None if total else self._removal(query, tests),
            n_rows=lines,
        )

    def passing(self, query: Query, kind: str) -> Passing:
        """Rows of a kind that pass the filters: ``[n]`` bool."""
        tests = self._conjunction(self._tests(query))
        return next(one for part, one in zip(self.parts, tests, strict=True) if part.kind == kind)

    def _check(self, query: Query) -> None:
        for name, wanted in query.wanted.items():
            if self._column[name].facet != "all":
                continue
            parts = [part for part in self.parts if part.kind in query.wanted.get(KIND, (part.kind,))]
            for one in (label.removeprefix("!") for label in wanted):
                if not any(one in part.labels.get(name, ()) for part in parts):
                    for words in filter(None, (part.counted.get(one) for part in parts)):
                        cause = f"cannot choose rows: {words}, and which ones of a circuit is not stored"
                        cure = "open an interpretation for its verdict, or the funnel for numbers"
                        raise InvalidOption.of(f"{name} {one[:60]!r}", cause, cure, name)
            if self._column[name].read is not str:
                continue  # its column knows what there can be
            known = sorted({label for part in self.parts for label in part.labels.get(name, ())})
            for one in wanted:
                if known and one.removeprefix("!") not in known:
                    cure = f"use {', '.join(known[:MOST_VALUES])}"
                    raise InvalidOption.of(f"{name} {one[:60]!r}", "is not there", cure, name)

    def _tests(self, query: Query) -> dict[str, list[Passing]]:
        wanted = query.wanted.items()
        return {name: [part.test(self._column[name], texts) for part in self.parts] for name, texts in wanted}

    def _conjunction(self, tests: Mapping[str, Sequence[Passing]]) -> list[Passing]:
        passing = [np.ones(part.n, np.bool_) for part in self.parts]
        for test in tests.values():
            for one, more in zip(passing, test, strict=True):
                one &= more
        return passing

    def _total(self, passing: Sequence[Passing]) -> int:
        return sum(part.count(one) for part, one in zip(self.parts, passing, strict=True))

    def _facets(
        self, query: Query, tests: Mapping[str, Sequence[Passing]], passing: Sequence[Passing]
    ) -> tuple[Facet, ...]:
        """Facets with at least one choice, range or filter."""
        offered = (one for one in self.columns if one.facet and one.offered)
        every = (self._facet(one, query, tests, passing) for one in offered)
        return tuple(one for one in every if one.choices or one.low or one.asked or not self.of_kinds)

    def _facet(
        self, column: Column, query: Query, tests: Mapping[str, Sequence[Passing]], passing: Sequence[Passing]
    ) -> Facet:
        chosen, rest = query.wanted.get(column.name, ()), passing
        if chosen:
            rest = self._conjunction({name: test for name, test in tests.items() if name != column.name})
            passing = passing if column.facet == "all" else rest
        counts: dict[str, int] = {}
        ends: list[Any] = []
        for part, one in zip(self.parts, passing, strict=True):
            for value, n in () if not one.any() else _counted(part, column, one, ends):
                counts[value] = counts.get(value, 0) + n
        low, high = (str(min(ends)), str(max(ends))) if ends else ("", "")
        alike = column.facet == "all" and not column.absence
        rows = {label: self._labelled(column.name, label, rest) for label in counts} if alike else {}
        binned = column.type == "float" and column.facet == "range" and low != high
        choices = self._bins(column, passing, ends, query) if binned else choices_of(column, counts, query)
        return Facet(column, choices, low, high, chosen, rows)

    def _bins(
        self, column: Column, passing: Sequence[Passing], ends: Sequence[float], query: Query
    ) -> tuple[Choice, ...]:
        """Parts of equal width of the range of a float, each without the first value of the next."""
        edges = np.linspace(min(ends), max(ends), MOST_BARS + 1)
        counts = [0] * MOST_BARS
        for part, one in zip(self.parts, passing, strict=True):
            if (values := part.floats.get(column.name)) is not None:
                bars = np.clip(np.searchsorted(edges - TOLERANCE, values, side="right") - 1, 0, MOST_BARS - 1)
                more = part.counts(bars, one & ~np.isnan(values), MOST_BARS)
                counts = [so_far + n for so_far, n in zip(counts, more, strict=True)]
        uppers = [*(edges[1:-1] - 3 * TOLERANCE), edges[-1]]  # ends are asked for with that tolerance
        bins = zip(edges[:-1].tolist(), map(float, uppers), counts, strict=True)
        return bins_of(column, [(str(low), str(high), n) for low, high, n in bins], query)

    def _labelled(self, name: str, label: str, passing: Sequence[Passing]) -> bytes:
        """Rows that pass and have a label, as packed bits; equal bytes mean equal rows."""
        every = zip(self.parts, passing, strict=True)
        return b"".join(np.packbits(part.labels.get(name, {}).get(label, False) & one).tobytes() for part, one in every)

    def _removal(self, query: Query, tests: Mapping[str, Sequence[Passing]]) -> Removal | None:
        """The first filter that leaves nothing: those that hold by default are tried first, then the kinds."""
        so_far: dict[str, Sequence[Passing]] = {}
        before = sum(part.count(np.ones(part.n, np.bool_)) for part in self.parts)
        kinds = query.wanted.get(KIND) if self.of_kinds else None
        for name in sorted(tests, key=lambda one: (query.wanted[one] != self._column[one].default, one != KIND)):
            column, wanted = self._column[name], query.wanted[name]
            so_far[name] = tests[name]
            left = self._total(self._conjunction(so_far))
            if before and not left:
                having = [part for part in self.parts if self._knows(part, column, wanted)]
                applies = any(kinds is None or part.kind in kinds for part in having)
                about = () if applies else tuple(part.plural for part in having)
                without = query.but(KIND, *(part.kind for part in having)) if about else query.but(name)
                return Removal(words_of(column, wanted), before, about, without)
            before = left
        return None

    @staticmethod
    def _knows(part: Part, column: Column, wanted: Sequence[str]) -> bool:
        """Whether a filter says anything about a kind."""
        if column.facet != "all":
            return part.has(column.name)
        return all(one.removeprefix("!") in part.labels.get(column.name, ()) for one in wanted)

    def called(self, kind: str) -> str:
        """Plural name of a kind."""
        return self._column[KIND].words(kind)

    @cached_property
    def without_aside(self) -> Frame:
        """The frame without the kinds that pages leave aside."""
        return replace(self, parts=tuple(part for part in self.parts if not part.aside), _orders={})

    def positions(self, query: Query) -> Iterator[tuple[Part, int, NDArray[np.int64]]]:
        """Kinds of which rows pass, each with the index of its first row and the positions of its passing rows, in its
        own order.
        """
        passing = self._conjunction(self._tests(query))
        for part, start, one in zip(self.parts, self.starts, passing, strict=False):
            own = self.order("", False)[start : start + part.n] - start
            if one.any():
                yield part, start, own[one[own]].astype(np.int64)

    def few(self, query: Query) -> tuple[tuple[Group, ...], tuple[Row, ...]]:
        """A few rows of each kind below its heading."""
        groups: list[Group] = []
        rows: list[Row] = []
        of, above = self._column[KIND].group, ""
        for part, _, positions in self.positions(query):
            whole = query.but(KIND, part.kind)
            before, above = above, of(part.kind) if of else ""
            heading = above if above != before else ""
            total = part.count(np.isin(np.arange(part.n), positions))
            groups.append(Group(len(rows), self.called(part.kind), part.says, whole, total, heading))
            if part.few is not None:
                rows += self.rows_of(part.few, np.arange(part.few.n))
            else:
                rows += self.rows_of(part, positions[:FEW])
        return tuple(groups), tuple(rows)


@dataclass(frozen=True)
class Overview:
    """A frame as its page lists it: a few rows of each kind while only the default filters hold.

    Args:
        offered: filters that are offered before a kind is chosen.
        sized: a kind, and its column that is offered then for this kind alone.
    """

    frame: Frame
    offered: tuple[str, ...]
    sized: tuple[str, str]

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.frame.columns

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select rows of the frame, with a heading for each kind: a few of each where nothing is filtered or sorted."""
        kinds_chosen = query.wanted.get(KIND, ())
        aside = {part.kind for part in self.frame.parts if part.aside}
        frame = self.frame if aside & {*kinds_chosen} else self.frame.without_aside
        found = frame.select(query, facets)
        if not kinds_chosen:
            found = replace(found, facets=tuple(self._facets(frame, query, found)))
        known = (*self.columns, *self.frame.also)
        usual = {column.name: column.default for column in known if column.default}
        if not (query.sort or query.descending or query.start or query.wanted != usual) and len(frame.parts) > 1:
            groups, rows = frame.few(query)
            return replace(found, rows=rows, groups=groups, n_rows=len(rows))
        kinds = kinds_chosen or [part.kind for part in frame.parts]
        if found.rows and len(kinds) == 1:
            sentence = next(f"{part.says} {part.lines}" for part in frame.parts if part.kind == kinds[0])
            found = replace(found, groups=(Group(query.start, frame.called(kinds[0]), sentence, query, found.total),))
        return found

    def _facets(self, frame: Frame, query: Query, found: Selection) -> Iterator[Facet]:
        kind, size = self.sized
        for facet in found.facets:
            if facet.column.name in self.offered or facet.asked != facet.column.default:
                yield facet
            elif facet.column.name == size:
                of_kind = frame.select(replace(query.but(KIND, kind), limit=1))
                label = f"{frame.called(kind)} by {facet.column.label.lower()}"
                for one in of_kind.facets:
                    if one.column.name == size and len(one.choices) > 1:
                        yield replace(one, column=replace(one.column, label=label))


def _ranks(part: Part, name: str, rank: Mapping[Any, int] | None = None) -> NDArray[np.float64]:
    """A column as floats in the order of its values, NaN for none; ``rank`` gives that of each among several parts."""
    coded = part.coded.get(name)
    if coded is None:
        return part.floats.get(name, np.full(part.n, np.nan))
    ranks = range(len(coded.values)) if rank is None else map(rank.__getitem__, coded.values)
    return np.array([*ranks, np.nan], np.float64)[coded.codes]


def ordered(part: Part, name: str, descending: bool) -> NDArray[np.int64]:
    """A part's rows in an order, what is valid first, what has no value last.

    Args:
        part: one kind.
        name: of a column; "" for the rows as they are.
        descending: the largest first.
    """
    if not name:
        return np.arange(part.n)
    values = _ranks(part, name)
    return np.lexsort((-values if descending else values, -_ranks(part, "valid")))


def _counted(part: Part, column: Column, passing: Passing, ends: list[Any]) -> Iterable[tuple[str, int]]:
    """Numbers of rows of a part by value of a column; adds the ends of ranges to ``ends``."""
    name, ranges = column.name, column.facet in ("range", "least")
    if name in part.labels:
        every = part.count(passing) if column.absence else 0
        counted = [(label, part.count(passing & mask)) for label, mask in part.labels[name].items()]
        counted += [(f"!{label}", every - n) for label, n in counted if column.absence]
        return [(label, n) for label, n in counted if n]
    if name in part.coded:
        coded = part.coded[name]
        counts = part.counts(coded.codes, passing, len(coded.values))
        found = [(value, n) for value, n in zip(coded.values, counts, strict=True) if n]
        ends += [value for value, _ in (*found[:1], *found[-1:]) if ranges]
        return [(text, n) for value, n in found for text in texts(value)]
    if name == KIND:
        return [(part.kind, part.count(passing))]
    if name in part.floats and ranges:
        chosen = part.floats[name][passing]
        chosen = chosen[~np.isnan(chosen)]
        ends += [float(chosen.min()), float(chosen.max())] if len(chosen) else []
    return ()


@dataclass(frozen=True)
class AtHand:
    """A short list of rows that are at hand, in their own order.

    Args:
        columns: of the list.
        rows: all of them.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Row]

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Some rows and the counts of every facet."""
        if not (facets or query.sort or query.wanted or any(one.default for one in self.columns)):
            return Selection(n := len(self.rows), n, tuple(self.rows[query.start : query.start + query.limit]))
        offered = {one.name for one in self.columns if facets and one.facet and one.offered}
        columns: dict[str, Any] = {}
        for column in self.columns:
            if column.name in {*offered, *query.wanted, query.sort}:
                values = [row[column.name] for row in self.rows]
                columns[column.name] = _by_label(values) if column.type == "labels" else values
        part = Part.of("", "", len(self.rows), self.columns, columns, rows=self.rows)
        return Frame(self.columns, (part,)).select(query, facets)


def _by_label(sets: Sequence[frozenset[str] | None]) -> dict[str, Passing]:
    """Rows that have each label: label → ``[n]`` bool."""
    every = sorted({label for one in sets for label in one or ()})
    return {label: np.array([label in (one or ()) for one in sets], np.bool_) for label in every}
