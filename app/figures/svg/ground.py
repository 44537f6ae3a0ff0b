"""The common ground as a drawing: one axis, interventions predicted correctly; one lane for each kind of explanation.

The first lane is a hill whose heights are logarithmic, since some of its numbers are thousands and others millions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import drawing, line, rect, text

_LANE: Final = 18.0
_STEP: Final = 3.0
_NAMED: Final = 400.0


def ground_figure(
    hill: Mapping[int, int],
    lanes: Sequence[tuple[str, Mapping[int, int], bool]],
    of: int,
    *,
    sentence: str,
    width: float = 248.0,
    height: float = 120.0,
) -> Markup:
    """The drawing; lanes are named where it is wide.

    Args:
        hill: correct predictions → how many have so many.
        lanes: name, the same, and whether its marks are filled.
        of: interventions.
        sentence: what it shows.
        width: of the drawing.
        height: likewise.
    """
    left, base = (150.0 if width >= _NAMED else 6.0), height - 22.0
    across = (width - 12.0 - left) / max(of, 1)
    top = base - _LANE * len(lanes)
    heights = Counter[int]()
    for right, many in hill.items():
        heights[int(right * across / _STEP)] += many
    most = log(1 + max(heights.values(), default=1))
    body = line(left, base, width - 6, base, "ax")
    for place, many in sorted(heights.items()):
        tall = max(1.5, (top - 10) * log(1 + many) / most)
        body += rect(left + _STEP * place, top - tall, _STEP - 0.6, tall, more='fill="var(--ink)"')
    if width >= _NAMED and hill:
        body += text(left - 12, top - 2, "interpretations", "lab", anchor="end")
    for number, (name, counts, filled) in enumerate(lanes, start=1):
        y = top + _LANE * number - _LANE / 2
        if width >= _NAMED:
            body += text(left - 12, y + 4, name, "lab", anchor="end")
        paint = 'fill="var(--ink)"' if filled else 'fill="var(--surface)" stroke="var(--ink-3)"'
        merged = Counter[int]()
        for right, many in counts.items():
            merged[round(right * across)] += many
        for x, many in sorted(merged.items()):
            size = min(5.0 + 2 * log(many), _LANE - 4)
            body += rect(left + x - size / 2, y - size / 2, size, size, more=paint)
    labels = dict.fromkeys([*([min(hill), max(hill)] if hill else [0]), of])
    for one in labels:
        last = one == of
        at = width - 6 if last else left + one * across
        if last or width - 6 - at > 62:
            body += text(at, height - 6, f"{one:,}", "lab", anchor="end" if last else "middle")
    return drawing(width, height, body, sentence=sentence, css_class="shrinks")
