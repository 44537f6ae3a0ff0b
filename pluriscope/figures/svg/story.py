"""Drawings of the story: where explanations cut one neuron's values, and many explanations by what they get right."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import decimal, exact
from pluriscope.figures.svg.elements import circle, drawing, hued, line, num, rect, stroke, text
from pluriscope.figures.svg.tiles import PLAIN_HUES
from pluriscope.figures.svg.vessels import NARROW, WIDE, Geometry, Reading, in_words, read_as


def threshold_line(
    values: Sequence[float],
    inputs: Sequence[str],
    readings: Sequence[Reading],
    geometry: Geometry = WIDE,
    *,
    about: str,
) -> Markup:
    """Number line of a neuron's values, with the thresholds above which one or two explanations read it as true.

    Args:
        values: of the neuron on each input.
        inputs: their names, such as "01".
        readings: one or two with their marks; the second hangs below the line.
        geometry: for which width.
        about: which neuron it is.
    """
    size, width = geometry.words, geometry.width
    start, end, base = 10.0, width - 34.0, 2.7 * size + 34
    low, high = min(values), max(values)

    def x(value: float) -> float:
        return start + 14 + (value - low) / (high - low or 1.0) * (end - start - 60)

    body = line(start, base, end, base, "m-rule")
    for turn, one in enumerate(readings):
        above, down = one.mark, 1 if turn else -1
        bar = base + 8 * down
        body += hued(PLAIN_HUES.of(one.table), line(x(above), bar, end, bar, "vs-yes"))
        body += line(x(above), base + 15 * down, x(above), base - 3 * down, "vs-mark")
        body += text(end + 6, bar + 4.5, "yes", "vs-value vs-left")
        body += read_as(one, x(above) + 3.4 * size, base + down * (8 + 1.35 * size), size)
    ordered, room = sorted(zip(values, inputs, strict=True)), 0.0
    hidden = x(readings[1].mark) if readings[1:] else width  # from there on the line has words below
    for value, name in ordered:
        body += circle(x(value), base, 5.5, "vs-dot")
        at = max(x(value), room)
        body += text(at, base - 14 if x(value) > hidden else base + 24, name, "vs-input", anchor="middle")
        room = at + 2.2 * size
    body += text(0, 14, about, "vs-value vs-left")
    thresholds = "; ".join(
        f"{one.letter} says yes above {decimal(one.mark)}: {in_words(one.table)}" for one in readings
    )
    answer = ", ".join(f"{decimal(value)} on {name}" for value, name in ordered)
    sentence = f"{about}: {answer}. {thresholds}."
    height = num(base + 2.7 * size)
    return drawing(width, float(height), body, sentence=sentence, css_class=f"vessels {geometry.name}", sizing="fluid")


_PITCH: Final = {WIDE: (13.4, 8.0, 8.8), NARROW: (9.6, 6.6, 6.4)}
"""Across, up, and the size of a dot."""
_MOST: Final = {WIDE: 38, NARROW: 24}
"""Dots in the highest column."""


def unit_of(most: int, dots: int) -> int:
    """The least of 1, 2.5, 5 times a power of ten (1, 2, 5 below 10) of which ``most`` makes at most so many dots."""
    power = 1
    while True:
        for step in (power, max(2 * power, 25 * power // 10), 5 * power):
            if most <= dots * step:
                return step
        power *= 10


def dots(
    spread: Mapping[int, int], of: int, flags: Mapping[str, int], geometry: Geometry = WIDE, *, sentence: str
) -> Markup:
    """Counts of right predictions as dots on a line.

    Args:
        spread: experiments predicted right → how many explanations predict so many; not empty, all fewer than ``of``.
        of: experiments.
        flags: letters of explanations, with how many each predicts right.
        geometry: for which width.
        sentence: what it shows.
    """
    across, up, size = _PITCH[geometry]
    low, best, left = min(spread), max(spread), 8.0 + size / 2
    width = geometry.width
    bin_of = math.ceil((of - low) / ((width - 2 * left - 6) // across))
    across = (width - 2 * left - 6) / ((of - low) / bin_of)

    def x(right: float) -> float:
        return left + (right - low) / bin_of * across

    columns = Counter[int]()
    for right, many in spread.items():
        columns[(right - low) // bin_of] += many
    unit = unit_of(max(columns.values()), _MOST[geometry])
    heights = {column_at: max(round(many / unit), 1) for column_at, many in sorted(columns.items())}
    base = 34 + up * max(heights.values()) + size / 2
    body = line(0, base + size / 2 + 1, x(of) + 10, base + size / 2 + 1, "m-rule")
    for column_at, high in heights.items():
        few = 0.4 if columns[column_at] < unit / 2 else 1.0
        column = f"M{num(x(low + column_at * bin_of))} {num(base)}v{num(-up * (high - 1) - 0.2)}"
        body += stroke(column, "vs-column", f'stroke-width="{num(size * few)}" stroke-dasharray="0 {num(up)}"')
    end = x(of)
    body += circle(end, base - 6, 9, "vs-ring") + text(end + 9, base - 24, "none", "vs-name", anchor="end")
    last = (-99.0, 0.0)
    for letter, right in sorted(flags.items(), key=lambda flag: flag[1]):
        at, top = x(right), base - up * heights.get((right - low) // bin_of, 0) - 20
        top = min(top, last[1] - 24) if at - last[0] < 24 else top
        body += line(at, base, at, top, "vs-mark") + rect(at - 10, top - 20, 20, 20, "vs-box")
        body += text(at, top - 5, letter, "vs-letter", anchor="middle")
        last = at, top
    body += text(0, 14, f"One dot: {exact(unit)} explanations", "vs-value")
    below = base + size / 2 + 16
    body += text(0, below, exact(low), "vs-value")
    body += text(
        x(best), below, f"{exact(best)}, the best", "vs-value", anchor="end" if end - x(best) < 60 else "middle"
    )
    body += text(end + 9, below, exact(of), "vs-value", anchor="end")
    body += text(0, below + 18, f"experiments predicted right, of {exact(of)}", "vs-value")
    return drawing(width, below + 24, body, sentence=sentence, css_class=f"vessels {geometry.name}", sizing="fluid")
