"""Static drawings of charts, one function for each kind: as wide as where they stand, with letters of one size.

What stands across is a share of the width, so that one drawing serves every screen; a drawing for a file has a width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.numerics.large_numbers import SUPERSCRIPTS
from pluriscope.figures.charts import DARK, Axis, Chart, Look, Series
from pluriscope.figures.svg.elements import drawing, esc, num, rect, text, text_width

FILE_WIDTH: Final = 640.0
"""Of a drawing in a file, in pixels."""
_HEIGHT: Final = 240.0
_ROW: Final = 36.0
_LETTERS: Final = 12.0
_LONGEST: Final = 44  # letters of a row's label and of its value that fit a phone side by side
_LEGEND: Final = 340.0  # width in which the legend is wrapped
_MOST_TITLES: Final = 200
_MOST_LINKS: Final = 40  # beyond, the table has them, so that nobody steps through hundreds of bars
_MOST_WORDS: Final = 12  # items that the sentence names
_PHONE, _PAGE = 340.0, 860.0  # widths in which a heat map has its words
_CARD: Final = (248.0, 120.0)
_CARD_ROWS: Final = 5


def draw(chart: Chart, width: float = 0.0) -> Markup:
    """A chart as a drawing.

    Args:
        chart: what it shows; "" is drawn of an empty one.
        width: in pixels, for a file; 0 to fill whatever it stands in.
    """
    if chart.empty:
        return Markup()
    return _BY_KIND[chart.kind](chart, width)


def thumb(chart: Chart) -> Markup:
    """A chart for a card, 248 by 120: without links, axis titles, marks and names of items."""
    bare = [replace(one, urls=(), names=()) for one in chart.series]
    return (
        Markup() if chart.empty else _BY_KIND[chart.kind](replace(chart, series=bare, marks=()), _CARD[0], small=True)
    )


class _Box:
    """The part of a drawing in which values stand; a small one has no words but those of the axis across."""

    def __init__(
        self, chart: Chart, width: float, height: float, top: float, left: float = 0.0, *, right: float = 12.0,
        small: bool = False,
    ) -> None:  # fmt: skip
        self.chart, self.width, self.height, self.top = chart, width, height, top
        self.left, self.right, self.small = left, right, small
        self.x, self.y = chart.ends("x"), chart.ends("y")

    def share(self, value: float) -> float:
        return self.chart.x.share(self.x, value)

    def at(self, share: float) -> str:
        """A place across, as a share of the box."""
        return num(share * self._inner) if self.width else f"{num(100 * share)}%"

    def down(self, value: float) -> float:
        return self.height * (1 - self.chart.y.share(self.y, value))

    @property
    def _inner(self) -> float:
        return self.width - self.left - self.right

    def drawn(self, height: float, legend: str, body: str) -> Markup:
        """The whole drawing: across, everything is placed in what is between two margins."""
        sentence = f"{self.chart.title}. {_sentence(self.chart)}"
        left, beside = (num(self.left), "0") if self.width else ("0", num(-self.left))
        inside = f'<g transform="translate({beside} 0)">{legend}</g>'
        inside += f'<g transform="translate({left} {num(self.top)})">{body}</g>'
        if self.width:
            return drawing(self.width, height, inside, sentence=sentence, css_class="chart")
        margins = (self.left, self.right)
        return drawing(0, height, inside, sentence=sentence, css_class="chart", sizing="stretched", margins=margins)

    def word(self, share: float, y: float, words: str, css: str = "lab s") -> str:
        """A text at a place across, held within the box at its ends."""
        anchor = "start" if share < 0.06 else "end" if share > 0.94 else "middle"
        return f'<text class="{css}" x="{self.at(share)}" y="{num(y)}" text-anchor="{anchor}">{esc(words)}</text>'

    def rule(self, start: tuple[float, float], end: tuple[float, float], css: str, more: str = "") -> str:
        """A straight line between two places: share across, pixels down."""
        ends = f'x1="{self.at(start[0])}" y1="{num(start[1])}" x2="{self.at(end[0])}" y2="{num(end[1])}"'
        return f'<line class="{css}" {ends}{more}/>'

    def block(self, start: float, end: float, y: float, height: float, css: str, more: str = "") -> str:
        """A rectangle between two shares across."""
        size = f'width="{self.at(max(0.0, end - start))}" height="{num(max(0.0, height))}"'
        return f'<rect class="{css}" x="{self.at(start)}" y="{num(y)}" {size}{more}/>'

    def dot(self, share: float, y: float, look: Look) -> str:
        at = f'cx="{self.at(share)}" cy="{num(y)}"'
        room = f'<circle {at} r="12" fill-opacity="0"/>' if _has_links(self.chart) else ""  # for a finger
        return f'{room}<circle class="{_DOTS[look]}" {at} r="4"/>'


_DOTS: Final[dict[Look, str]] = {
    "ink": "m-ink", "grey": "m-bar", "pale": "m-bar pale", "open": "m-open", "dashed": "m-open",
}  # fmt: skip
_BARS: Final[dict[Look, str]] = {
    "ink": "m-ink", "grey": "m-bar", "pale": "m-bar pale", "open": "m-hollow", "dashed": "m-hollow",
}  # fmt: skip
_LINES: Final[dict[Look, str]] = {
    "ink": "m-line", "grey": "m-line3", "pale": "m-hair", "open": "m-line3", "dashed": "m-line2",
}  # fmt: skip


def bars(chart: Chart, width: float = 0.0, *, small: bool = False) -> Markup:
    """Bars from 0: upright over the axis across, or one below another under their names."""
    if chart.across:
        return _rows(chart, width, as_bars=True, small=small)
    box, legend = _upright(chart, width, small=small)
    step = min(chart.gap, box.x[1] - box.x[0])
    zero, body = box.down(max(box.y[0], 0.0) if not chart.y.log else box.y[0]), ""
    for series in chart.series:
        for number, x, y in chart.points(series):
            start, end = (box.share(x + side * step * 0.46) for side in (-1, 1))
            top = box.down(y)
            bar = box.block(max(0.0, start), min(1.0, end), min(top, zero), abs(zero - top) or 0.8, _BARS[series.look])
            body += _linked(chart, series, number, bar)
    return _whole(chart, box, legend, body)


def dots(chart: Chart, width: float = 0.0, *, small: bool = False) -> Markup:
    """A dot for each item with the interval of its value: in the plane, or in rows under their names."""
    if chart.across:
        return _rows(chart, width, as_bars=False, small=small)
    box, legend = _upright(chart, width, small=small)
    body = ""
    for series in chart.series:
        for number, x, y in chart.points(series):
            ends = series.interval(number)
            if ends:
                position = box.share(x)
                body += box.rule((position, box.down(ends[0])), (position, box.down(ends[1])), "m-line2")
            body += _linked(chart, series, number, box.dot(box.share(x), box.down(y), series.look))
    return _whole(chart, box, legend, body)


def lines(chart: Chart, width: float = 0.0, *, small: bool = False) -> Markup:
    """A line through the items of each series, with a gap where one has no value; few items have dots as well."""
    box, legend = _upright(chart, width, small=small)
    body = ""
    for series in chart.series:
        before: tuple[int, float, float] | None = None
        css, found = _LINES[series.look], list(chart.points(series))
        dashes = ' stroke-dasharray="5 3"' if series.look == "dashed" else ""
        for number, x, y in found:
            here = (number, box.share(x), box.down(y))
            if before and number == before[0] + 1:
                body += box.rule(before[1:], here[1:], css, dashes)
            ends = series.interval(number)
            if ends:
                body += box.rule((here[1], box.down(ends[0])), (here[1], box.down(ends[1])), "m-line2")
            before = here
        for number, x, y in found if len(found) <= 24 else found[-1:]:
            body += _linked(chart, series, number, box.dot(box.share(x), box.down(y), series.look))
    return _whole(chart, box, legend, body)


def heat(chart: Chart, width: float = 0.0, *, small: bool = False) -> Markup:
    """A number or a name in each cell, darker the larger it is, with a dashed outline where it is below 0."""
    columns, n = chart.x.names, len(chart.series)
    high = min(26.0, (_CARD[1] - 24) / n) if small else 26.0
    letters = 14 if small else 20
    left = min(max(text_width(_clipped(series.name, letters), 13) for series in chart.series) + 12, 150)
    box = _Box(chart, width, high * n, 24, left, small=small)
    wide, body = 1 / max(1, len(columns)), ""
    body += "".join(box.word(wide * (position + 0.5), -9, name, f"lab s{css}") for position, name, css in _columns(box))
    every = [chart.written(one, number) for one in chart.series for number, *_ in chart.points(one)]
    css = _fitting(box, max((text_width(words, _LETTERS) for words in every), default=0.0) * len(columns))
    for row, series in enumerate(chart.series):
        y = high * row
        if high > 11:
            body += text(-8, y + high / 2 + 4, _clipped(series.name, letters), "lab", anchor="end")
        for number, x, value in chart.points(series):
            share, below = chart.darkness(value), value < 0
            paint = f' fill-opacity="{share * (0.5 if below else 1.0):.2f}"'
            cell = box.block(wide * x, wide * (x + 1), y + 1, high - 2, "m-cell")
            cell += box.block(wide * x, wide * (x + 1), y + 1, high - 2, "m-ink" + " m-down" * below, paint)
            if css is not None:
                light = " m-light" if share > DARK and not below else ""
                at, words = f'x="{box.at(wide * (x + 0.5))}" y="{num(y + 17)}"', esc(chart.written(series, number))
                cell += f'<text class="lab n{light}{css}" {at} text-anchor="middle">{words}</text>'
            body += _linked(chart, series, number, cell)
    return box.drawn(box.top + box.height + 4, "", body)


def _columns(box: _Box) -> Iterator[tuple[int, str, str]]:
    """The columns that are named: place, name, the class of those that a phone has no room for."""
    names = box.chart.x.names
    room = [text_width(name, _LETTERS) + 8 for name in names]
    inner = box.width - box.left - box.right
    on_page, on_phone = (
        max(1, math.ceil(len(names) * max(room, default=0.0) / (inner if box.width else width - box.left - 12)))
        for width in (_PAGE, _PHONE)
    )
    for number in range(0, len(names), on_page):
        yield number, names[number], "" if number % (on_page * math.ceil(on_phone / on_page)) == 0 else " only-wide"


def _fitting(box: _Box, room: float) -> str | None:
    """The class of words in cells: of all widths, of wide pages only, or none where they fit nowhere."""
    if box.small:
        return None
    if room <= (box.width or _PHONE) - box.left - 12:
        return ""
    return " only-wide" if not box.width and room <= _PAGE - box.left - 12 else None


_BY_KIND: Final = {"bars": bars, "dots": dots, "lines": lines, "heat": heat}


# --- what the kinds have in common


def _rows(chart: Chart, width: float, *, as_bars: bool, small: bool) -> Markup:
    """Chart with a line for each name, on which its values stand; on a card only the first few names."""
    legend, top = ("", 4.0) if small else _legend(chart)
    names = chart.y.names[: _CARD_ROWS if small else None]
    high, line, half = (24.0, 17.0, 3.0) if small else (_ROW, 24.0, 5.0)
    box = _Box(chart, width, high * len(names), top, small=small)
    body = "" if small else "".join(
        box.rule((share, 0), (share, box.height), "m-hair") + box.word(share, box.height + 14, words)
        for share, words in _ticks(chart.x, box.x)
    )  # fmt: skip
    body += "".join(box.rule((0, high * row + line), (1, high * row + line), "m-hair") for row in range(len(names)))
    zero = min(max(chart.x.share(box.x, box.x[0] if chart.x.log else 0.0), 0.0), 1.0)
    written: list[list[str]] = [[] for _ in chart.y.names]
    for series in chart.series:
        for x, row in zip(series.x, series.y, strict=True):
            if row is not None:
                written[round(row)].append(chart.x.words(x))
        for number, x, row in chart.points(series):
            y, share, interval = high * row + line, box.share(x), series.interval(number)
            if row >= len(names):
                continue
            if as_bars:
                shape = box.block(min(zero, share), max(zero, share), y - half, 2 * half, _BARS[series.look])
            else:
                shape = box.dot(share, y, series.look)
            if interval:
                shape = box.rule((box.share(interval[0]), y), (box.share(interval[1]), y), "m-line2") + shape
            body += _linked(chart, series, number, shape)
    for row, name in enumerate(names):
        value = written[row][-1] if len(written[row]) == 1 or (as_bars and written[row]) else ""
        y = high * row + (11 if small else 13)
        body += text(0, y, _clipped(name, (26 if small else _LONGEST) - len(value)), "lab")
        body += f'<text class="lab n" x="{box.at(1)}" y="{num(y)}" text-anchor="end">{esc(value)}</text>'
    if small:
        return box.drawn(_CARD[1], "", body)
    body += _marks(box)
    under = box.word(0, box.height + 30, chart.x.title) if chart.x.title else ""
    return box.drawn(box.top + box.height + (36 if under else 20), legend, body + under)


def _upright(chart: Chart, width: float, *, small: bool) -> tuple[_Box, str]:
    """The box of a chart with values upwards, and its legend."""
    if small:
        return _Box(chart, width, _CARD[1] - 28, 6, 6, right=6, small=True), ""
    legend, top = _legend(chart) if len(chart.series) > 1 else ("", 0.0)
    ends = chart.ends("y")
    left = max((text_width(words, _LETTERS) for _, words in _ticks(chart.y, ends)), default=0.0) + 14
    return _Box(chart, width, _HEIGHT - 40, top + 16, left), legend


def _whole(chart: Chart, box: _Box, legend: str, body: str) -> Markup:
    """Drawing of a chart: its body in a box, between its axes."""
    around = "".join(box.word(share, box.height + 15, words) for share, words in _ticks(chart.x, box.x))
    around += box.rule((0, box.height), (1, box.height), "m-rule")
    if box.small:
        return box.drawn(_CARD[1], "", around + body)
    for share, words in _ticks(chart.y, box.y):
        y = box.height * (1 - share)
        around += box.rule((0, y), (1, y), "m-hair") + text(-6, y + 4, words, "lab s", anchor="end")
    around += box.word(1, box.height + 31, chart.x.title)
    title = text(0, box.top - 9, chart.y.title, "lab s")  # clear of the word at the uppermost line
    return box.drawn(box.top + box.height + 38, legend + title, around + body + _marks(box))


def _marks(box: _Box) -> str:
    """Labelled values: a line through the box, and the words at its end, below each other where they are near."""
    body = ""
    for mark, share, level in box.chart.placed_marks():
        if mark.axis == "y":
            y = box.down(mark.at)
            words = f'<text class="lab s halo" x="4" y="{num(y - 4)}">{esc(mark.label)}</text>'
            shape = box.rule((0, y), (1, y), "m-line2", ' stroke-dasharray="2 3"') + words
        else:
            words = box.word(share, 12 + 14 * level, mark.label, "lab halo")
            shape = box.rule((share, 16 + 14 * level), (share, box.height), "m-line2") + words
        body += f'<a href="{esc(mark.url)}">{shape}</a>' if mark.url else shape
    return body


def _legend(chart: Chart) -> tuple[str, float]:
    """Legend of the series, where there are several, and its height."""
    named = [one for one in chart.series if one.name] if len(chart.series) > 1 else []
    if not 1 < len(named) <= 8:
        return "", 0.0
    body, x, y = "", 0.0, 14.0
    for one in named:
        wide = text_width(one.name, _LETTERS) + 30
        if x and x + wide > _LEGEND:
            x, y = 0.0, y + 18
        if chart.kind == "lines":
            dashes = ' stroke-dasharray="5 3"' if one.look == "dashed" else ""
            body += f'<path class="{_LINES[one.look]}" d="M{num(x)} {num(y - 4)}h14"{dashes}/>'
        elif chart.kind == "bars":
            body += rect(x + 2, y - 9, 10, 10, _BARS[one.look])
        else:
            body += f'<circle class="{_DOTS[one.look]}" cx="{num(x + 7)}" cy="{num(y - 4)}" r="4"/>'
        body += text(x + 19, y, one.name, "lab")
        x += wide
    return body, y + 10


def _has_links(chart: Chart) -> bool:
    """Whether items are links; of too many, the table and the figure in the browser have them."""
    return sum(len(one.x) for one in chart.series) <= _MOST_LINKS


def _linked(chart: Chart, series: Series, number: int, shape: str) -> str:
    """A shape with its words, as a link where its item has an address; of very many shapes none has words."""
    if sum(len(one.x) for one in chart.series) > _MOST_TITLES:
        return shape
    words = esc(chart.words(series, number))
    url = series.urls[number] if series.urls and _has_links(chart) else ""
    body = f"<title>{words}</title>{shape}"
    return f'<a href="{esc(url)}">{body}</a>' if url else f"<g>{body}</g>"


def _sentence(chart: Chart) -> str:
    """The first items in words, and how many more there are; of many, how many and the largest."""
    items = [(one, number) for one in chart.series for number, *_ in chart.points(one)]
    if len(items) > 2 * _MOST_WORDS:
        one, number = max(items, key=lambda item: float((item[0].x if chart.across else item[0].y)[item[1]] or 0))
        return f"{len(items):,} items; largest: {chart.words(one, number)}."
    described = "; ".join(chart.words(one, number) for one, number in items[:_MOST_WORDS])
    more = f"; and {len(items) - _MOST_WORDS} more" if len(items) > _MOST_WORDS else ""
    return f"{described}{more}."


def _clipped(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _ticks(axis: Axis, ends: tuple[float, float]) -> Iterator[tuple[float, str]]:
    """Round values of an axis: share, words."""
    if axis.names:
        every = max(1, math.ceil(sum(text_width(name, _LETTERS) + 10 for name in axis.names) / _LEGEND))
        yield from ((axis.share(ends, position), axis.names[position]) for position in range(0, len(axis.names), every))
        return
    for value in _round_values(axis, ends):
        yield axis.share(ends, value), _short(axis, value)


def _round_values(axis: Axis, ends: tuple[float, float]) -> Iterator[float]:
    low, high = ends
    if axis.log:
        first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        if last > first:
            yield from (10.0**power for power in range(first, last + 1, max(1, math.ceil((last - first) / 5))))
            return
        some = [factor * 10.0**power for power in range(first - 1, last + 1) for factor in (1, 2, 5)]
        yield from [value for value in some if low <= value <= high] or (low, high)
        return
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    if not axis.percent and high - low >= 2 and all((2.0 * end).is_integer() for end in ends):  # of whole numbers
        step = max(1.0, step)
    yield from (step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1))


def _short(axis: Axis, value: float) -> str:
    if axis.percent:
        return f"{100 * value:g}%"
    if abs(value) >= 1e12 or 0 < abs(value) < 1e-4:
        digits, power = f"{value:.2g}".split("e")
        return f"{float(digits):g} × 10{str(int(power)).translate(SUPERSCRIPTS)}".replace("-", "⁻")
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):g}{sign}"
    return f"{round(value, 10):g}".replace("-", "−")
