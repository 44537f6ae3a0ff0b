"""The figures of the findings: lines over an ordered factor, and rows of marks along one or several axes.

Each is drawn twice, for a wide page and for a phone, one unit being one pixel, so that text has the same size on both.
Filled marks are trained or built networks, open ones drawn at random, diamonds exploratory; a dashed frame is to be
run. Every mark is a link to the rows behind it, with a title that says its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from markupsafe import Markup

from app.figures.svg.elements import circle, drawing, esc, line, num, rect, text, text_width

WIDE: Final = 700.0
PHONE: Final = 342.0
Kind = Literal["trained", "drawn", "exploratory", "none"]
_LINE: Final = 17.0  # of text, in pixels
_MOST_NAME: Final = 150.0  # up to this wide, names stand at the left of a narrow drawing, too


@dataclass(frozen=True)
class Scale:
    """An axis.

    Args:
        low, high: its ends.
        ticks: values with their labels.
        log: whether it is logarithmic.
        zero: a value at which a dashed line stands, such as no difference.
        cut: a value at which a strong line stands, the paper left of it tinted.
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False
    zero: float | None = None
    cut: float | None = None

    def at(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        low, high, value = (math.log(one) if self.log else one for one in (self.low, self.high, value))
        return (value - low) / (high - low)


@dataclass(frozen=True)
class Mark:
    """One value.

    Args:
        kind: whose it is.
        value: where it stands; None for a range alone.
        low, high: ends of its interval or range; None without one.
        words: its numbers, with numerator and denominator.
        url: of the rows behind it.
        note: beside it.
        bold: whether the note is one to read first.
        radius: of the mark, in pixels.
        digit: inside it.
        left: whether the note stands left of it.
        pale: for the lesser of two in a row.
    """

    kind: Kind
    value: float | None
    low: float | None = None
    high: float | None = None
    words: str = ""
    url: str = ""
    note: str = ""
    bold: bool = False
    radius: float = 5.0
    digit: str = ""
    left: bool = False
    pale: bool = False


@dataclass(frozen=True)
class Panel:
    """One axis with its title.

    Args:
        title, below: what is on it.
        scale: the axis.
        share: its part of the width.
    """

    title: str
    below: str
    scale: Scale
    share: float = 1.0


@dataclass(frozen=True)
class Row:
    """One row of marks.

    Args:
        label: its name; "" for a second line of the row above.
        below: in small letters below the name.
        marks: for each panel its marks.
        right: at the right end.
        frames: numbers of panels that are to be run.
        band: a range in the first panel that is tinted.
        ruled: whether a dotted line stands above it.
        strong: whether its name is bold.
    """

    label: str
    marks: Sequence[Sequence[Mark]]
    below: str = ""
    right: str = ""
    frames: Sequence[int] = ()
    band: tuple[float, float] | None = None
    ruled: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Series:
    """One line of a figure over an ordered factor.

    Args:
        name: at its right end.
        said: below the name.
        marks: one for each place; None where there is no value.
        thick: whether it is the one that counts.
        joined: whether its marks are joined.
        dashed: whether it is a reference without marks.
        shift: of its marks to the right, in pixels, where marks would cover each other.
    """

    name: str
    said: str
    marks: Sequence[Mark | None]
    thick: bool = False
    joined: bool = True
    dashed: bool = False
    shift: float = 0.0


@dataclass(frozen=True)
class Plot:
    """Lines over an ordered factor.

    Args:
        title, below: what is on its upright axis.
        places: names of the levels.
        scale: of the upright axis.
        series: in the order in which they are drawn.
        band: of each place a range that is tinted.
        to_run: names of what is still to be run, each in a frame of its own.
        across: what the levels are.
    """

    title: str
    below: str
    places: Sequence[str]
    scale: Scale
    series: Sequence[Series]
    band: Sequence[tuple[float, float]] = ()
    to_run: Sequence[str] = ()
    across: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure of a finding.

    Args:
        sentence: what it shows, for those who do not see it.
        panels, rows: of a figure of rows.
        plots: of a figure of lines, beside each other.
        join: whether the first marks of successive rows, those with an even and those with an odd number apart, are
            joined.
        caption: only what a reader needs in order not to misread.
    """

    sentence: str
    caption: str = ""
    panels: Sequence[Panel] = ()
    rows: Sequence[Row] = ()
    plots: Sequence[Plot] = field(default_factory=tuple)
    join: bool = False

    def drawn(self, wide: bool) -> Markup:
        """The drawing for a page, or for a phone."""
        width = WIDE if wide else PHONE
        body, height = _plots(self, width, wide) if self.plots else _rows(self, width, wide)
        return drawing(width, height, body, sentence=self.sentence, css_class="fig")


# --- marks


def _mark(
    mark: Mark, x: float, y: float, low: float | None, high: float | None, upright: bool, reach: Sequence[float] = ()
) -> str:
    """A mark with its interval, and its note beside all of ``reach``."""
    body, pale = "", " pale" if mark.pale else ""
    if low is not None and high is not None:
        body += line(
            *((x, low, x, high) if upright else (low, y, high, y)),
            f"fi-whisker {mark.kind}{pale}" if mark.value is not None else f"fi-range {mark.kind}",
        )
    if mark.value is not None and mark.kind != "none":
        body += _shape(mark, x, y, pale)
        if mark.digit:
            body += text(x, y + 4.3, mark.digit, f"fi-digit {mark.kind}", anchor="middle")
    title = f"<title>{esc(mark.words)}</title>" if mark.words else ""
    if mark.url:
        body = f'<a href="{esc(mark.url)}">{title}{body}</a>'
    elif title:
        body = f"<g>{title}{body}</g>"
    if mark.note:
        side, gap = -1 if mark.left else 1, mark.radius + 6
        edge = max(side * one for one in ((x,) if upright else (x, low, high)) if one is not None)
        for other in sorted(side * one for one in reach):
            edge = other if edge < other < edge + gap + text_width(mark.note, 15) else edge
        css = f"fi-text halo{' b' if mark.bold else ''}"
        body += text(side * (edge + gap), y + 4, mark.note, css, anchor="end" if mark.left else "")
    return body


def _shape(mark: Mark, x: float, y: float, pale: str) -> str:
    if mark.kind == "exploratory":
        r = mark.radius + 1
        points = f"M{num(x)} {num(y - r)}L{num(x + r)} {num(y)}L{num(x)} {num(y + r)}L{num(x - r)} {num(y)}Z"
        return f'<path class="fi-mark exploratory" d="{points}"/>'
    return circle(x, y, mark.radius, f"fi-mark {mark.kind}{pale}")


def _frame(x: float, y: float, width: float, height: float, words: str) -> str:
    body = rect(x, y, width, height, "fi-frame")
    return body + text(x + width / 2, y + height / 2 + 4, words, "fi-small i", anchor="middle")


# --- rows


def _rows(figure: Figure, width: float, wide: bool) -> tuple[str, float]:
    """Names at the left of a wide drawing and above the marks of a narrow one; panels beside each other, two at most on
    a phone.
    """
    if not wide and len(figure.panels) > 2:
        return _stacked(figure, width)
    right = max([text_width(row.right, 15) for row in figure.rows] + [0.0])  # bold, and clear of marks at the end
    names = (
        max(text_width(one, 14 if row.strong else 12.5) for row in figure.rows for one in (row.label, row.below)) + 14
    )
    wide = wide or names <= _MOST_NAME
    names, gap = names if wide else 0.0, 34.0
    free = width - names - right - 24 - gap * (len(figure.panels) - 1)
    total, at, spans = sum(panel.share for panel in figure.panels), names + 8, []
    for panel in figure.panels:
        spans.append((at, at + free * panel.share / total))
        at = spans[-1][1] + gap
    top = _LINE * (1 + any(panel.title for panel in figure.panels) * 1 + any(panel.below for panel in figure.panels))
    body, y, placed = "", top, []
    earlier: dict[int, tuple[float, float]] = {}
    for number, row in enumerate(figure.rows):
        if row.ruled:
            y += 6
            body += f'<path class="fi-ruled" d="M0 {num(y)}H{num(width)}"/>'
            y += 6
        if not wide and row.label:
            body += text(0, y + 12, row.label, f"fi-text halo{' b' if row.strong else ''}")
            beside = text_width(row.label, 13) + 8
            if row.below and (row.strong or beside + text_width(row.below, 12) > width):
                beside, y = 0.0, y + 15
            body += text(beside, y + 12, row.below, "fi-small halo") if row.below else ""
            y += 18
        height = _LINE + (9 if wide else 3)
        middle = y + height / 2
        if wide and row.label:
            body += text(0, middle + 4, row.label, f"fi-text{' b' if row.strong else ''}")
            if row.below:
                body += text(0, middle + 19, row.below, "fi-small")
        if row.right:
            body += text(width, middle + 4, row.right, "fi-text b", anchor="end")
        placed.append((row, middle))
        y += height + (10 if wide and row.below and not _followed(figure.rows, number) else 0)
    base = y + 4
    axes = "".join(_axis(panel, *span, top, base, width) for panel, span in zip(figure.panels, spans, strict=True))
    joined = marks = ""
    for number, (row, middle) in enumerate(placed):
        if row.band:
            left, end = (_x(figure.panels[0].scale, one, spans[0]) for one in row.band)
            axes += rect(left, middle - 6, end - left, 12, "fi-band")
        for place, (panel, span) in enumerate(zip(figure.panels, spans, strict=True)):
            if place in row.frames:
                words = "to be run" if span[1] - span[0] > 60 else "–"
                marks += _frame(span[0], middle - 9, span[1] - span[0], 18, words)
            some = row.marks[place] if place < len(row.marks) else ()
            lone = sum(bool(mark.note) for mark in some) == 1  # its note stands beside all marks of the row
            reach = [_x(panel.scale, mark.value, span) for mark in some if lone and mark.value is not None]
            for mark in some:
                x = _x(panel.scale, mark.value if mark.value is not None else mark.low or 0.0, span)
                low, high = (None if one is None else _x(panel.scale, one, span) for one in (mark.low, mark.high))
                marks += _mark(mark, x, middle, low, high, upright=False, reach=reach)
                if figure.join and mark.kind == "trained" and place == 0:
                    if (before := earlier.get(number % 2)) is not None:
                        joined += line(*before, x, middle, "fi-thin")
                    earlier[number % 2] = (x, middle)
    return axes + joined + body + marks, base + 22 + (15 if any(p.scale.zero is not None for p in figure.panels) else 0)


def _stacked(figure: Figure, width: float) -> tuple[str, float]:
    """One panel below the other, each with its rows."""
    body, y = "", 0.0
    for place, panel in enumerate(figure.panels):
        rows = [
            replace(
                row,
                marks=row.marks[place : place + 1],
                frames=[0] if place in row.frames else [],
                band=row.band if not place else None,
                right=row.right if place == len(figure.panels) - 1 else "",
            )
            for row in figure.rows
        ]
        inner, height = _rows(replace(figure, panels=[panel], rows=rows, join=figure.join and not place), width, False)
        body += f'<g transform="translate(0 {num(y)})">{inner}</g>'
        y += height + 12
    return body, y - 12


def _followed(rows: Sequence[Row], number: int) -> bool:
    """Whether the next row is a second line of this one."""
    return number + 1 < len(rows) and not rows[number + 1].label


def _x(scale: Scale, value: float, span: tuple[float, float]) -> float:
    return span[0] + (span[1] - span[0]) * min(1.0, max(0.0, scale.at(value)))


def _axis(panel: Panel, left: float, right: float, top: float, base: float, width: float) -> str:
    scale, body, y = panel.scale, "", 13.0
    for said, css, size in ((panel.title, "fi-text b", 14.0), (panel.below, "fi-small", 12.0)):
        if said:
            body += text(max(0.0, min(left, width - text_width(said, size))), y, said, css)
            y += _LINE
    if scale.cut is not None:
        at = _x(scale, scale.cut, (left, right))
        body += rect(left - 6, top - 4, at - left + 6, base - top + 4, "fi-better")
        body += line(at, top - 4, at, base, "fi-cut")
    for value, label in scale.ticks:
        at = _x(scale, value, (left, right))
        dashed = scale.zero is not None and value == scale.zero
        body += line(at, top - 4, at, base, "fi-zero" if dashed else "fi-grid")
        body += text(at, base + 15, label, "fi-text b" if dashed else "fi-small", anchor="middle")
    return body


# --- lines


def _plots(figure: Figure, width: float, wide: bool) -> tuple[str, float]:
    """Beside each other on a wide page, below each other on a phone."""
    n = len(figure.plots) if wide else 1
    each, body, y = (width - 24 * (n - 1)) / n, "", 0.0
    heights = []
    for number, plot in enumerate(figure.plots):
        inner, height = _plot(plot, each, 220.0 if wide and n > 1 else 300.0 if wide else 200.0)
        x = (each + 24) * number if wide else 0.0
        body += f'<g transform="translate({num(x)} {num(y)})">{inner}</g>'
        heights.append(height)
        y += 0 if wide else height + 14
    return body, max(heights) if wide else y - 14


def _plot(plot: Plot, width: float, high: float) -> tuple[str, float]:
    said = [text_width(one.said, 12) for one in plot.series]
    names = [text_width(one.name, 14.5 if one.thick else 12.5) for one in plot.series]
    left, right = 38.0, max([*said, *names, 0.0]) + 16
    right = min(right, 0.36 * width)
    top = 14 + _LINE * (1 + bool(plot.below))
    base = top + high
    span = (left + 14, width - right - 8)
    step = (span[1] - span[0]) / max(1, len(plot.places) - 1)

    def y_of(value: float) -> float:
        return base - high * min(1.0, max(0.0, plot.scale.at(value)))

    body = text(0, 13, plot.title, f"fi-text{' b' if plot.below else ''}")
    body += text(0, 13 + _LINE, plot.below, "fi-small") if plot.below else ""
    for value, label in plot.scale.ticks:
        body += line(left, y_of(value), width - right, y_of(value), "fi-grid")
        body += text(left - 6, y_of(value) + 4, label, "fi-small", anchor="end")
    for place, name in enumerate(plot.places):
        body += text(span[0] + step * place, base + 17, name, "fi-small", anchor="middle")
    if plot.across:
        body += text((span[0] + span[1]) / 2, base + 34, plot.across, "fi-small", anchor="middle")
    if plot.band:
        upper = [(span[0] + step * place, y_of(high_)) for place, (_, high_) in enumerate(plot.band)]
        lower = [(span[0] + step * place, y_of(low)) for place, (low, _) in enumerate(plot.band)]
        points = "L".join(f"{num(x)} {num(y)}" for x, y in (*upper, *reversed(lower)))
        body += f'<path class="fi-band" d="M{points}Z"/>'
    labels: list[tuple[float, Series]] = []
    for series in plot.series:
        there = [
            (place, mark) for place, mark in enumerate(series.marks) if mark is not None and mark.value is not None
        ]
        joints = [(span[0] + step * place + series.shift, y_of(mark.value or 0.0)) for place, mark in there]
        if series.joined and joints:
            css = "fi-ref" if series.dashed else "fi-line" if series.thick else "fi-thin"
            body += f'<path class="{css}" d="M{"L".join(f"{num(x)} {num(y)}" for x, y in joints)}"/>'
        for (_, mark), (x, y) in zip(there, joints, strict=True):
            low, high_ = (None if one is None else y_of(one) for one in (mark.low, mark.high))
            body += _mark(mark, x, y, low, high_, upright=True)
        if series.name and joints:
            labels.append((joints[-1][1], series))
    body += _names(labels, width - right + 8)
    lowest = min(
        (plot.scale.at(mark.value) for one in plot.series for mark in one.marks if mark and mark.value), default=1
    )
    for number, words in enumerate(plot.to_run):
        y = top + 8 + 27 * number if lowest < 0.2 else base - 34 - 27 * number  # where there is room
        body += _frame(left + 10, y, text_width(words, 11.5) + 16, 22, words)
    return body, base + (40 if plot.across else 24)


def _names(labels: Sequence[tuple[float, Series]], x: float) -> str:
    """Names at the ends of the lines, moved apart where they would touch."""
    body, free = "", -100.0
    for y, series in sorted(labels, key=lambda one: one[0]):
        at = max(y - (4 if series.said else -4), free)
        body += text(x, at, series.name, f"fi-text{' b' if series.thick else ''}")
        if series.said:
            body += text(x, at + 15, series.said, "fi-small")
        free = at + (34 if series.said else 18)
    return body
