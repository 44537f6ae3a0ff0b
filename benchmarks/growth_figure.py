"""The growth plot: time above, memory below, against width, depth and inputs; the planner's way is told by the shape.

One SVG that stands alone: its own ground and both themes, chosen by the viewer's setting. Vertical axes are logarithmic
and shared by a row; every point carries its figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from app.figures.svg.elements import circle, drawing, esc, line, num, text
from benchmarks.machine import bytes_text, seconds_text


class Plotted(Protocol):
    """What is needed of a point; see :class:`benchmarks.growth.Point`."""

    @property
    def direction(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def shape(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def possible(self) -> int: ...
    @property
    def processor_seconds(self) -> float: ...
    @property
    def peak_bytes(self) -> int: ...
    @property
    def start_bytes(self) -> int: ...


WIDTH: Final = 1080.0
HEIGHT: Final = 712.0
LEFT: Final = 74.0
COLUMN: Final = 316.0
GAP: Final = 22.0
TOPS: Final = (118.0, 382.0)
PLOT: Final = 196.0
INSET: Final = 36.0
TITLES: Final = {"width": "width of both hidden layers", "depth": "hidden layers of width 3", "inputs": "inputs"}
WAYS: Final = {
    "listed": "every circuit tested, every valid one listed",
    "counted": "counted exactly, without listing",
    "estimated": "estimated from a uniform sample",
}
_LIGHT: Final = "--paper:#fbfbf9;--ink:#14181b;--ink-2:#434a4e;--ink-3:#626a6d;--hair:#c9ccc6;--rule:#dcded8;"
_DARK: Final = "--paper:#111416;--ink:#eceeea;--ink-2:#bec4c2;--ink-3:#969e9d;--hair:#3b4246;--rule:#2b3134;"
_LIGHT_WAYS: Final = "--listed:#1a5aa6;--counted:#00666e;--estimated:#99300f"
_DARK_WAYS: Final = "--listed:#86bbfa;--counted:#74dde0;--estimated:#ffa182"
STYLE: Final = (
    f"<style>svg{{{_LIGHT}{_LIGHT_WAYS}}}@media (prefers-color-scheme:dark){{svg{{{_DARK}{_DARK_WAYS}}}}}"
    "text{font-family:system-ui,sans-serif;font-size:12px;fill:var(--ink-2)}"
    ".title{font-size:17px;fill:var(--ink)}.head{font-size:13px;fill:var(--ink)}"
    ".figure{font-size:11px;fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:3px}.small{font-size:10px;fill:var(--ink-3)}"
    ".ground{fill:var(--paper)}.rule{stroke:var(--rule);fill:none}.base{stroke:var(--ink-3);stroke-dasharray:3 3}"
    ".path{stroke:var(--hair);fill:none;stroke-width:1.5}"
    + "".join(f".{way}{{fill:var(--{way});stroke:var(--{way});stroke-width:1.6}}" for way in ("listed", "counted"))
    + ".estimated{fill:var(--paper);stroke:var(--estimated);stroke-width:1.8}</style>"
)


@dataclass(frozen=True)
class _Row:
    """One row of plots.

    Args:
        title: what is measured.
        top: of the plots.
        low: lower end of the axis.
        high: upper end.
        ticks: (value, name).
        value: of a point.
        name: of a value.
    """

    title: str
    top: float
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    value: Callable[[Plotted], float]
    name: Callable[[float], str]

    def y(self, value: float) -> float:
        share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return self.top + PLOT * (1 - share)


def growth_figure(points: Sequence[Plotted], here: dict[str, str | int], max_seconds: float) -> str:
    """The whole drawing as SVG text.

    Args:
        points: measured ones, at least one.
        here: the machine.
        max_seconds: exact counts predicted to take longer were estimated.
    """
    rows = (_time_row(points), _memory_row(points))
    parts = [STYLE, f'<rect class="ground" width="{num(WIDTH)}" height="{num(HEIGHT)}"/>']
    parts.append(text(20, 30, "Finding the valid circuits of one network: how time and memory grow", "title"))
    parts += _key(52)
    directions = [name for name in TITLES if any(point.direction == name for point in points)]
    for row in rows:
        parts.append(text(20, row.top - 12, row.title, "head"))
    for column, direction in enumerate(directions):
        left = LEFT + column * (COLUMN + GAP)
        some = sorted((p for p in points if p.direction == direction), key=lambda p: p.size)
        for row in rows:
            parts += _plot(row, some, left, with_ticks=column == 0)
        parts += _below(some, left, direction)
    parts += _foot(here, max_seconds)
    return str(drawing(WIDTH, HEIGHT, "".join(parts), sentence=_sentence(points), sizing="capped")) + "\n"


def _time_row(points: Sequence[Plotted]) -> _Row:
    low = 10.0 ** math.floor(math.log10(min(p.processor_seconds for p in points)))
    high = 10.0 ** math.ceil(math.log10(max(p.processor_seconds for p in points) * 1.5))
    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    ticks = tuple((10.0**d, seconds_text(10.0**d).replace(".00 ", " ").replace(".0 ", " ")) for d in decades)
    return _Row(
        "processor's time of the search", TOPS[0], low, high, ticks, lambda p: p.processor_seconds, seconds_text
    )


def _memory_row(points: Sequence[Plotted]) -> _Row:
    low = 0.75 * min(p.start_bytes for p in points)
    high = 2.0 ** math.ceil(math.log2(max(p.peak_bytes for p in points) * 1.2))
    doublings = range(math.ceil(math.log2(low)), round(math.log2(high)) + 1)
    ticks = tuple((2.0**d, bytes_text(2.0**d)) for d in doublings)
    return _Row("peak memory of its process", TOPS[1], low, high, ticks, lambda p: float(p.peak_bytes), bytes_text)


def _key(y: float) -> list[str]:
    """What the shapes mean."""
    parts, x = [], 26.0
    for way, words in WAYS.items():
        parts += [_mark(way, x, y - 4), text(x + 12, y, words, "small")]
        x += 300
    return parts


def _mark(way: str, x: float, y: float) -> str:
    if way == "listed":
        return circle(x, y, 4.5, way)
    if way == "counted":
        return f'<rect class="{way}" x="{num(x - 4)}" y="{num(y - 4)}" width="8" height="8"/>'
    return f'<path class="{esc(way)}" d="M{num(x)} {num(y - 6)}L{num(x + 6)} {num(y + 5)}L{num(x - 6)} {num(y + 5)}Z"/>'


def _plot(row: _Row, points: Sequence[Plotted], left: float, *, with_ticks: bool) -> list[str]:
    parts = []
    for value, name in row.ticks:
        y = row.y(value)
        parts.append(line(left, y, left + COLUMN, y, "rule"))
        if with_ticks:
            parts.append(text(left - 8, y + 4, name, "small", anchor="end"))
    if row.top == TOPS[1]:
        base = min(p.start_bytes for p in points)
        parts.append(line(left, row.y(base), left + COLUMN, row.y(base), "base"))
        parts.append(text(left + COLUMN, row.y(base) + 13, "the program alone", "small", anchor="end"))
    places = [(_x(points, place, left), row.y(row.value(point))) for place, point in enumerate(points)]
    parts.append('<path class="path" d="M' + "L".join(f"{num(x)} {num(y)}" for x, y in places) + '"/>')
    for (x, y), point in zip(places, points, strict=True):
        parts.append(_mark(point.method, x, y))
        parts.append(text(x, y - 10, row.name(row.value(point)), "figure", anchor="middle"))
    return parts


def _x(points: Sequence[Plotted], place: int, left: float) -> float:
    return left + INSET + (COLUMN - 2 * INSET) * (place / max(1, len(points) - 1))


def _below(points: Sequence[Plotted], left: float, direction: str) -> list[str]:
    """Below both rows: size; below the lower one also shape and number of circuits."""
    parts = []
    for place, point in enumerate(points):
        x = _x(points, place, left)
        parts += [text(x, top + PLOT + 18, point.size, "figure", anchor="middle") for top in TOPS]
        parts.append(text(x, TOPS[1] + PLOT + 33, point.shape, "small", anchor="middle"))
        parts.append(text(x, TOPS[1] + PLOT + 47, large(point.possible), "small", anchor="middle"))
    tasks = " and ".join(dict.fromkeys(point.task for point in points))
    title = f"{TITLES[direction]} ({tasks}); shape; circuits"
    parts.append(text(left + COLUMN / 2, TOPS[1] + PLOT + 68, title, "", anchor="middle"))
    return parts


def large(number: int) -> str:
    """A number of circuits in a few characters."""
    for size, unit in ((10**12, " trillion"), (10**9, " bn"), (10**6, " m")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:,}"


def _foot(here: dict[str, str | int], max_seconds: float) -> list[str]:
    machine = f"{here['processor']}, {here['cores']} cores, load at the start {here['load_average']}"
    words = (
        f"Measured on {machine}; one thread, protocol complete; of short searches the best of 5.",
        f"Vertical axes are logarithmic. Exact counts predicted to take more than {max_seconds:g} s were estimated.",
    )
    return [text(20, HEIGHT - 34 + 16 * number, sentence, "small") for number, sentence in enumerate(words)]


def _sentence(points: Sequence[Plotted]) -> str:
    """The drawing in words."""
    parts = []
    for direction in TITLES:
        some = sorted((p for p in points if p.direction == direction), key=lambda p: p.size)
        if some:
            first, last = some[0], some[-1]
            parts.append(
                f"{direction} {first.size} to {last.size}: {seconds_text(first.processor_seconds)} ({first.method}) to "
                f"{seconds_text(last.processor_seconds)} ({last.method}), {bytes_text(first.peak_bytes)} to "
                f"{bytes_text(last.peak_bytes)}"
            )
    return "Processor's time and peak memory of finding valid circuits. " + "; ".join(parts) + "."
