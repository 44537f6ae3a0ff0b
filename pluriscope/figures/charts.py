"""Charts as values: a static drawing, the figure of a browser, a table and a CSV are made of the same record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, Final, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pluriscope.analysis.numerics.large_numbers import in_words
from pluriscope.analysis.values.described import Described
from pluriscope.figures.numbers import decimal, exact, noun

Kind = Literal["bars", "dots", "lines", "heat"]
Look = Literal["ink", "grey", "pale", "open", "dashed"]
Cell = str | float | None
Number = int | float
"""Whole numbers stay what they are where a chart is stored."""

MOST_POINTS: Final = 1_000
"""Points of one series that are drawn; of more, some are left out, and it is said."""
MOST_BINS: Final = 120
DARK: Final = 0.55
"""Darkness of a heat map's cell from which what is written in it is light."""


@dataclass(frozen=True)
class Axis:
    """An axis of a chart.

    Args:
        title: what is measured along it, with its unit.
        log: whether it is logarithmic; values at or below 0 have no place on it.
        names: of the places 0, 1, …; values along the axis are then places.
        low: its lower end; that of the values if not given.
        high: its upper end, likewise.
        percent: whether values are shares, written as percentages.
    """

    title: str = ""
    log: bool = False
    names: Sequence[str] = ()
    low: Number | None = None
    high: Number | None = None
    percent: bool = False

    def share(self, ends: tuple[float, float], value: float) -> float:
        """Position of a value between two ends of the axis, from 0 to 1."""
        if self.log:
            return math.log(max(value, ends[0]) / ends[0]) / math.log(ends[1] / ends[0])
        return (value - ends[0]) / (ends[1] - ends[0])

    def words(self, value: float) -> str:
        """A value as it is written beside the axis."""
        if self.names:
            position = round(value)
            return self.names[position] if 0 <= position < len(self.names) else ""
        if self.percent:
            return f"{100 * value:.4g}%".replace("-", "−")
        if abs(value) >= 1e3 or float(value).is_integer():
            return in_words(round(value))
        return f"{value:.4g}".replace("-", "−")


_PLAIN: Final = Axis()


@dataclass(frozen=True)
class Series:
    """Items that are drawn alike.

    Args:
        name: what they have in common.
        x: where each stands across; of a heat map, its column.
        y: its value; None where there is none. Of horizontal bars and dots, its row.
        low: the lower end of each value's interval; none where it is empty.
        high: the upper end, likewise.
        names: what each item is called; said by its values if it is empty. Of upright bars their places in words, of a
            heat map what is written in its cell.
        urls: the address of each item's explanation; "" for none.
        look: how they are drawn.
        of: how many items there are, where some are left out of the drawing; 0 where all are there.
    """

    name: str
    x: Sequence[Number]
    y: Sequence[Number | None]
    low: Sequence[Number | None] = ()
    high: Sequence[Number | None] = ()
    names: Sequence[str] = ()
    urls: Sequence[str] = ()
    look: Look = "ink"
    of: int = 0

    def __post_init__(self) -> None:
        lengths = (len(some) for some in (self.low, self.high, self.names, self.urls) if some)
        if {len(self.x), len(self.y), *lengths} != {len(self.x)}:
            raise ValueError(
                f"series {self.name!r} has {len(self.x)} items, and not as many values, names or addresses"
            )

    def interval(self, number: int) -> tuple[float, float] | None:
        """The interval of a value."""
        if not (self.low and self.high):
            return None
        low, high = self.low[number], self.high[number]
        return None if low is None or high is None else (low, high)


@dataclass(frozen=True)
class Mark:
    """A labelled value of an axis, such as a target or the place of an explanation."""

    at: Number
    label: str
    axis: Literal["x", "y"] = "x"
    url: str = ""


@dataclass(frozen=True, repr=False)
class Chart(Described):
    """A chart as a value, of which its drawing, table and CSV are made.

    Args:
        kind: bars (from 0), dots, lines, or a heat map (each series a row, its name that of the row).
        title: what it shows, in one sentence.
        x: the axis across.
        y: the axis up; with names, bars and dots are horizontal, one row for each name.
        series: drawn one over another, the first undermost.
        marks: labelled values.
        selects: option of a list for the lower and the upper end, in which a selection across is put.
    """

    kind: Kind
    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    selects: Sequence[str] = ()

    def leading(self, url: Callable[[str], str]) -> Chart:
        """The chart with addresses made by ``url`` of the references in their place."""
        series = [replace(one, urls=[ref and url(ref) for ref in one.urls]) for one in self.series]
        return replace(self, series=series, marks=[replace(one, url=one.url and url(one.url)) for one in self.marks])

    @property
    def across(self) -> bool:
        """Whether values are read across, and rows have names."""
        return bool(self.y.names) and self.kind != "heat"

    def points(self, series: Series) -> Iterator[tuple[int, float, float]]:
        """The items of a series that have a place in the chart: number, x, y."""
        for number, (x, y) in enumerate(zip(series.x, series.y, strict=True)):
            if y is None or not (math.isfinite(x) and math.isfinite(y)):
                continue
            if not (self.x.log and x <= 0) and not (self.y.log and y <= 0):
                yield number, x, y

    @cached_property
    def drawn(self) -> Chart:
        """Itself with as many points as are drawn; its table has all."""
        return self if self.kind == "heat" else replace(self, series=[thinned(one) for one in self.series])

    @cached_property
    def gap(self) -> float:
        """The least distance of two neighbours across."""
        positions = sorted({x for one in self.series for _, x, _ in self.points(one)})
        return min((after - before for before, after in pairwise(positions)), default=1.0)

    def ends(self, which: Literal["x", "y"]) -> tuple[float, float]:
        """Lower and upper end of an axis."""
        axis, values = self.x if which == "x" else self.y, list[float]()
        if axis.names:
            return -0.5, len(axis.names) - 0.5
        valued = (which == "x") == self.across
        for one in self.series:
            for number, x, y in self.points(one):
                values.append(x if which == "x" else y)
                values += (one.interval(number) or ()) if valued and one.low else ()
        values += [mark.at for mark in self.marks if mark.axis == which]
        values = [value for value in values if value > 0] if axis.log else values
        low, high = min(values), max(values)
        if self.kind == "bars" and valued and not axis.log:
            low, high = min(low, 0.0), max(high, 0.0)
        elif self.kind == "bars" and not valued:
            room = self.gap * (0.5 if low < high else 2)  # the bar of a single value is no block
            low, high = low - room, high + room
        low, high = low if axis.low is None else axis.low, high if axis.high is None else axis.high
        if axis.log:
            return (low, high) if low < high else (low / 2, high * 2)
        if low == high:
            return (0.0, 1.0) if not low else (min(0.0, 2 * low), max(0.0, 2 * low))
        return low, high

    def placed_marks(self) -> Iterator[tuple[Mark, float, int]]:
        """Marks from left to right, each with its share of its axis and a line on which its label is free."""
        before = list[tuple[float, float, int]]()
        for mark in sorted(self.marks, key=lambda mark: mark.at):
            axis = self.x if mark.axis == "x" else self.y
            share, wide = axis.share(self.ends(mark.axis), mark.at), 0.02 * len(mark.label)
            start = min(max(0.0, share - wide / 2), 1 - wide)
            taken = {line for first, last, line in before if first < start + wide and start < last}
            line = 0 if mark.axis == "y" else next(n for n in range(99) if n not in taken)
            before += [(start, start + wide, line)] if mark.axis == "x" else []
            yield mark, share, line

    @property
    def empty(self) -> bool:
        """Whether it has nothing to draw."""
        return not any(True for series in self.series for _ in self.points(series))

    @property
    def omitted(self) -> str:
        """Sentence on the items that are not drawn; "" where all are."""
        drawn = sum(len(one.x) for one in self.series if one.of)
        answer = f"Drawn: {exact(drawn)} of {noun(sum(one.of for one in self.series), 'item')}." if drawn else ""
        placed = sum(1 for one in self.series for _ in self.points(one))
        without = sum(len(one.x) for one in self.series) - placed
        shown = self.kind == "heat" or self.across  # an empty cell says so, and a row has its value in figures
        unplaced = f"{noun(without, 'item')} without a value on these axes." if without and not shown else ""
        return f"{answer} {unplaced}".strip()

    @cached_property
    def _darkest(self) -> float:
        every = (abs(y) for one in self.series for _, _, y in self.points(one))
        return self.y.high or max(every, default=0.0) or 1.0

    def darkness(self, value: float) -> float:
        """Darkness of a value of a heat map, from 0 to 1: by its logarithm where its axis is logarithmic."""
        if self.y.log:
            return math.log1p(value) / math.log1p(self._darkest)
        return min(1.0, abs(value) / self._darkest)

    def written(self, series: Series, number: int) -> str:
        """Text in a cell of a heat map, at most 9 characters."""
        value = series.y[number] or 0.0
        number_words = self.y.words(value) if float(value).is_integer() else decimal(value)
        words = series.names[number] if series.names else number_words
        return words if len(words) <= 9 else f"{words[:8]}…"

    def words(self, series: Series, number: int) -> str:
        """Description of one item: its name and its values."""
        name = series.names[number] if series.names else ""
        y = series.y[number]
        where = (self.x.words(series.x[number]), "none" if y is None else self.y.words(y))
        if self.kind == "heat":
            return f"{series.name}, {where[0]}: {name or where[1]}{f' ({where[1]})' if name else ''}"
        upright = self.kind == "bars" and not self.across
        answer = ", ".join(
            value if axis.names or not axis.title else f"{axis.title} {value}"
            for axis, value in zip((self.x, self.y), where, strict=True)
            if not (name and upright and axis is self.x)
        )
        if series.low and series.low[number] is not None:
            valued = self.x if self.across else self.y
            ends = (valued.words(float(end[number] or 0)) for end in (series.low, series.high))
            answer += f" ({' to '.join(ends)})"
        return ": ".join(part for part in (name or (series.name if len(self.series) > 1 else ""), answer) if part)

    def urls(self) -> Iterator[str]:
        """Address of each row of the chart's table, "" for none."""
        return chain.from_iterable(one.urls or [""] * len(one.x) for one in self.series)

    @property
    def headed(self) -> bool:
        """Whether its table says of each item whose it is."""
        return any(one.name for one in self.series)

    def columns(self) -> tuple[str, ...]:
        """Names of the columns of its table."""
        wide = any(one.low for one in self.series)
        named = any(one.names for one in self.series)
        first = "row" if self.kind == "heat" else "series"
        ends = ("low", "high") if wide else ()
        heads = [first] * self.headed + ["item"] * named
        return (*heads, self.x.title or "x", self.y.title or "y", *ends)

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Rows of the chart's table: every item, with numbers as they are."""
        head = self.columns()
        for one in self.series:
            for number, (x, y) in enumerate(zip(one.x, one.y, strict=True)):
                names = [one.name] * self.headed + [one.names[number] if one.names else ""] * ("item" in head)
                ends = [end[number] if end else None for end in (one.low, one.high)] if "low" in head else []
                yield *names, _cell(self.x, x), _cell(self.y, y), *ends


def heat_chart(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    measured: Axis = _PLAIN,
    texts: Sequence[Sequence[str]] = (),
    urls: Sequence[Sequence[str]] = (),
) -> Chart:
    """Heat map as a chart, from a table of numbers.

    Args:
        title: what it shows.
        rows: their names.
        columns: likewise.
        values: ``[rows][columns]``, None where there is none.
        measured: what the values are; its upper end is drawn darkest.
        texts: ``[rows][columns]``, what is written in the cells; their values if it is empty.
        urls: likewise, where each leads.
    """
    positions = range(len(columns))
    series = [
        Series(name, positions, row, names=texts[number] if texts else (), urls=urls[number] if urls else ())
        for number, (name, row) in enumerate(zip(rows, values, strict=True))
    ]
    return Chart("heat", title, Axis(names=columns), measured, series)


def _cell(axis: Axis, value: float | None) -> Cell:
    """A value by its name; a whole number without a point."""
    if value is None or axis.names:
        return None if value is None else axis.words(value)
    return int(value) if float(value).is_integer() else value


_READ: Final = TypeAdapter(Chart)


def read_chart(document: Mapping[str, Any] | None) -> Chart | None:
    """A stored chart; None where there is none, or one of another version, so that only its drawing is shown."""
    try:
        return None if document is None else _READ.validate_python(dict(document))
    except (ValidationError, ValueError, TypeError):
        return None


def document_of(chart: Chart) -> dict[str, Any]:
    """A chart as it is stored."""
    found: dict[str, Any] = _READ.dump_python(chart, mode="json", exclude_defaults=True)
    return found


def thinned(series: Series, most: int = MOST_POINTS) -> Series:
    """A series of at most so many items: evenly spaced ones, the first, the last, the smallest and the largest."""
    n = len(series.x)
    if n <= most:
        return series
    values = np.array([np.nan if y is None else y for y in series.y], dtype=float)
    ends = [] if np.isnan(values).all() else [int(np.nanargmin(values)), int(np.nanargmax(values))]
    kept = sorted({*np.linspace(0, n - 1, max(2, most - len(ends))).round().astype(int).tolist(), *ends})
    parts: dict[str, Any] = {
        name: [getattr(series, name)[position] for position in kept]
        for name in ("x", "y", "low", "high", "names", "urls")
        if getattr(series, name)
    }
    return replace(series, **parts, of=n)


def histogram(name: str, counts: Mapping[float, int]) -> tuple[Series, float]:
    """Histogram of values, in bins of equal width where there are too many values. Returns the series and the width of
    a bin.

    Args:
        name: of the series.
        counts: value → how often it occurs.
    """
    values = sorted(counts)
    if len(values) <= MOST_BINS:
        gaps = [after - before for before, after in pairwise(values)]
        return Series(name, values, [counts[value] for value in values]), min(gaps, default=1.0)
    whole = all(float(value).is_integer() for value in values)
    width = (values[-1] - values[0] + (1 if whole else 0)) / MOST_BINS
    width = 2.0 * math.ceil(width / 2) if whole else width  # of as many even numbers as odd ones
    bins = [0] * (int((values[-1] - values[0]) / width) + 1 if whole else MOST_BINS)
    for value in values:
        bins[min(len(bins) - 1, int((value - values[0]) / width))] += counts[value]
    starts = [values[0] + width * number for number in range(len(bins))]
    last = 1 if whole else 0
    names = [f"{start:,.6g} to {start + width - last:,.6g}" for start in starts]
    return Series(name, [start + (width - last) / 2 for start in starts], bins, names=names), width
