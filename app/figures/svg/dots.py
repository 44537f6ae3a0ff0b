"""Many explanations as dots: columns by how many experiments they predict right, and an empty ring where all are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from app.figures.numbers import exact
from app.figures.svg.elements import circle, drawing, line, num, rect, text
from app.figures.svg.vessels import NARROW, WIDE, Geometry

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
    spread: Mapping[int, int],
    of: int,
    flags: Mapping[str, int],
    geometry: Geometry = WIDE,
    *,
    noun: str = "readings",
    sentence: str,
) -> Markup:
    """The drawing.

    Args:
        spread: experiments predicted right → how many explanations predict so many; not empty, all fewer than ``of``.
        of: experiments.
        flags: letters of explanations, with how many each predicts right.
        geometry: for which width.
        noun: what they are.
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
    heights = {place: max(round(many / unit), 1) for place, many in sorted(columns.items())}
    base = 34 + up * max(heights.values()) + size / 2
    body = line(0, base + size / 2 + 1, x(of) + 10, base + size / 2 + 1, "m-rule")
    for place, high in heights.items():
        few = 0.4 if columns[place] < unit / 2 else 1.0
        column = f"M{num(x(low + place * bin_of))} {num(base)}v{num(-up * (high - 1) - 0.2)}"
        body += (
            f'<path class="vs-column" d="{column}" stroke-width="{num(size * few)}" stroke-dasharray="0 {num(up)}"/>'
        )
    end = x(of)
    body += circle(end, base - 6, 9, "vs-ring") + text(end + 9, base - 24, "none", "vs-name", anchor="end")
    last = (-99.0, 0.0)
    for letter, right in sorted(flags.items(), key=lambda flag: flag[1]):
        at, top = x(right), base - up * heights.get((right - low) // bin_of, 0) - 20
        top = min(top, last[1] - 24) if at - last[0] < 24 else top
        body += line(at, base, at, top, "vs-mark") + rect(at - 10, top - 20, 20, 20, "vs-box")
        body += text(at, top - 5, letter, "vs-letter", anchor="middle")
        last = at, top
    body += text(0, 14, f"One dot: {exact(unit)} {noun}", "vs-value")
    below = base + size / 2 + 16
    body += text(0, below, exact(low), "vs-value")
    body += text(
        x(best), below, f"{exact(best)}, the best", "vs-value", anchor="end" if end - x(best) < 60 else "middle"
    )
    body += text(end + 9, below, exact(of), "vs-value", anchor="end")
    body += text(0, below + 18, f"experiments predicted right, of {exact(of)}", "vs-value")
    return drawing(width, below + 24, body, sentence=sentence, css_class=f"vessels {geometry.name}", sizing="fluid")
