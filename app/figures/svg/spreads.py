"""Distributions as drawings: every network a dot over its group, quartiles, medians, bars with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from app.figures.studies import BarMark, Strip, has_zeros, jitter, kept, use_log
from app.figures.svg.elements import drawing, num, text, text_width

_LEFT: Final = 66.0
_TOP: Final = 24.0
_PLOT: Final = 230.0
_STEP: Final = 110.0
_LEAST: Final = 520.0
_MARGIN: Final = 8.0
_NOTE: Final = 10.0  # of a line below; the estimate of its width is generous
_MOST: Final = 720.0  # of the groups together, if each has room


def strips_drawing(
    strips: Sequence[Strip], *, y_title: str, x_title: str, sentence: str, log: bool = False, notes: Sequence[str] = ()
) -> Markup:
    """Every network as a dot above its group.

    Args:
        strips: the groups.
        y_title: the measure.
        x_title: the factor.
        sentence: what it shows, in words.
        log: whether a logarithmic axis is wanted.
        notes: lines below everything.
    """
    log = use_log(strips, log)
    values = [dot.value for strip in strips for dot in strip.dots]
    scale = _Scale.of(values, log, has_zeros(strips))
    frame = _Frame(len(strips), [strip.label for strip in strips], [strip.note for strip in strips])
    body = _axes(frame, scale, y_title, x_title)
    for place, strip in enumerate(strips):
        body += _strip(strip, len(strips), scale, frame.x(place), frame.step)
    return _finished(frame, body, sentence, notes)


def _strip(strip: Strip, n_strips: int, scale: _Scale, x: float, step: float) -> str:
    """The dots of a group around x, and the box of its quartiles with the median."""
    body = ""
    for index, number in enumerate(kept(strip, n_strips)):
        dot = strip.dots[number]
        css = "m-hollow" if dot.hollow else "m-dot"
        cx = x + 0.3 * step * jitter(index)
        body += f'<circle class="{css}" cx="{num(cx)}" cy="{num(scale.y(dot.value))}" r="2.4"/>'
    if strip.lower is None or strip.upper is None or strip.median is None:
        return body
    top, bottom, half = scale.y(strip.upper), scale.y(strip.lower), 0.38 * step
    return (
        f'{body}<path class="m-box" d="M{num(x - half)} {num(top)}H{num(x + half)}V{num(bottom)}H{num(x - half)}Z"/>'
        f'<path class="m-median" d="M{num(x - half)} {num(scale.y(strip.median))}H{num(x + half)}"/>'
    )


def bars_drawing(
    bars: Sequence[BarMark], *, y_title: str, x_title: str, sentence: str, share: bool, notes: Sequence[str] = ()
) -> Markup:
    """Bars with intervals.

    Args:
        bars: in order.
        y_title: what their height is.
        x_title: the factor.
        sentence: what it shows, in words.
        share: whether heights are shares.
        notes: lines below everything.
    """
    tops = [1.0] if share else [bar.high if bar.high is not None else bar.value for bar in bars]
    scale = _Scale.of([0.0, *tops], False, True, percent=share)
    frame = _Frame(len(bars), [bar.label for bar in bars], [""] * len(bars))
    body = _axes(frame, scale, y_title, x_title)
    for place, bar in enumerate(bars):
        x, half, top = frame.x(place), 0.27 * frame.step, scale.y(bar.value)
        base = scale.y(0.0)
        body += (
            f'<path class="m-bar" d="M{num(x - half)} {num(base)}V{num(top)}H{num(x + half)}V{num(base)}Z">'
            f"<title>{Markup.escape(bar.words)}</title></path>"
        )
        if bar.low is not None and bar.high is not None:
            low, high = scale.y(bar.low), scale.y(bar.high)
            whisker = f"M{num(x)} {num(low)}V{num(high)}M{num(x - 5)} {num(low)}h10M{num(x - 5)} {num(high)}h10"
            body += f'<path class="m-box" d="{whisker}"/>'
    return _finished(frame, body, sentence, notes)


class _Frame:
    """Where groups stand."""

    def __init__(self, n: int, labels: Sequence[str], notes: Sequence[str]) -> None:
        widest = max([text_width(label, 11.5) for label in (*labels, *notes)] + [0.0])
        self.step = max(46.0, min(_STEP, _MOST / max(n, 1)))
        self.tilted = widest > self.step - 6
        self.labels, self.notes = labels, notes
        self.width = max(_LEAST, _LEFT + n * self.step + 14)
        self.first = _LEFT + (self.width - 14 - _LEFT - n * self.step) / 2
        self.below = min(150.0, 22 + 0.62 * widest) if self.tilted else 22.0 + (14.0 if any(notes) else 0.0)

    def x(self, place: int) -> float:
        """Middle of a group."""
        return self.first + (place + 0.5) * self.step

    @property
    def height(self) -> float:
        return _TOP + _PLOT + self.below + 22


class _Scale:
    """From values to heights."""

    def __init__(self, low: float, high: float, ticks: Sequence[tuple[float, str]], floor: float | None) -> None:
        self.low, self.high, self.ticks, self.floor = low, high, ticks, floor

    @classmethod
    def of(cls, values: Sequence[float], log: bool, zeros: bool, *, percent: bool = False) -> _Scale:
        """A scale that holds all values; logarithmic ones have zero on a line of its own below."""
        positive = [value for value in values if value > 0]
        if log:
            floor = min(positive) / 3
            low, high = (
                (math.log10(floor) if zeros else math.log10(min(positive)) - 0.1),
                math.log10(max(positive)) + 0.1,
            )
            first, last = math.ceil(math.log10(min(positive)) - 1e-9), math.floor(high)
            step = max(1, (last - first) // 6)
            ticks = [(10.0**e, _power(e)) for e in range(first, last + 1, step)]
            if not ticks:
                ticks = [(min(positive), f"{min(positive):.3g}"), (max(positive), f"{max(positive):.3g}")]
            return cls(low, high, ([(floor, "0")] if zeros else []) + ticks, floor)
        top = max([*values, 1e-9])
        step_size = _nice(top / 5)
        ticks = [(k * step_size, f"{k * step_size:.0%}" if percent else f"{k * step_size:g}") for k in range(7)]
        return cls(
            min([0.0, *values]), top * (1.02 if percent else 1.06), [t for t in ticks if t[0] <= top * 1.001], None
        )

    def y(self, value: float) -> float:
        """Height of a value."""
        place = math.log10(max(value, self.floor)) if self.floor is not None else value
        share = (place - self.low) / ((self.high - self.low) or 1.0)
        return _TOP + _PLOT * (1 - share)


def _axes(frame: _Frame, scale: _Scale, y_title: str, x_title: str) -> str:
    body = text(_MARGIN, 14, y_title, "lab s")
    for value, label in scale.ticks:
        y = scale.y(value)
        body += f'<path class="m-rule" d="M{num(_LEFT)} {num(y)}H{num(frame.width - 8)}"/>'
        body += text(_LEFT - 6, y + 4, label, "lab s", anchor="end")
    base = _TOP + _PLOT
    for place, label in enumerate(frame.labels):
        x = frame.x(place)
        if frame.tilted:
            tilted = text(x, base + 14, label, "lab s", anchor="end")
            body += f'<g transform="rotate(-35 {num(x)} {num(base + 14)})">{tilted}</g>'
            continue
        body += text(x, base + 16, label, "lab s", anchor="middle")
        if frame.notes[place]:
            body += text(x, base + 30, frame.notes[place], "lab s", anchor="middle")
    middle = (frame.x(0) + frame.x(len(frame.labels) - 1)) / 2
    return body + text(middle, frame.height - 6, x_title, "lab s", anchor="middle")


def _finished(frame: _Frame, body: str, sentence: str, notes: Sequence[str]) -> Markup:
    for number, note in enumerate(notes):
        body += text(_MARGIN, frame.height + 12 + 15 * number, note, "lab s")
    width = max([frame.width, *(text_width(note, _NOTE) + 2 * _MARGIN for note in notes)])
    return drawing(width, frame.height + 15 * len(notes) + (_MARGIN if notes else 0), body, sentence=sentence)


def _power(exponent: int) -> str:
    raised = "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(abs(exponent)))
    return f"{10**exponent:,}" if 0 <= exponent <= 4 else f"10{'⁻' if exponent < 0 else ''}{raised}"


def _nice(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * 0.999)
