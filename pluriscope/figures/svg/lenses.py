"""What lenses say as drawings: scores as bars above and below an axis for each input, directions as arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import circle, drawing, line, num, rect, text, text_width

_BAND: Final = 64.0
_HALF: Final = 18.0  # of the longest bar
_WIDEST: Final = 46.0
_PLOT: Final = 560.0
_NUMBERED: Final = 34.0  # width of a column from which numbers fit
_SHORT: Final = 10.0  # length of an arrow below which it has no room for its head and name


def score_bars(
    scores: Sequence[Sequence[float]], row_names: Sequence[str], input_names: Sequence[str], *, title: str
) -> Markup:
    """Scores of inputs, a band for each input and a bar for each row, all on one scale.

    Args:
        scores: ``[row][input]``.
        row_names: names of the rows.
        input_names: names of the inputs.
        title: of what lens.
    """
    largest = max((abs(score) for row in scores for score in row), default=0.0)
    wide = min(_WIDEST, _PLOT / max(1, len(scores)))
    left = max(text_width(name, 12) for name in input_names) + 16
    every = max(1, -(-int(text_width(row_names[0], 12) + 4) // int(max(1, wide))))
    body = ""
    for axis in range(len(input_names)):
        base = _BAND * axis + _BAND / 2
        body += text(left - 8, base + 4, input_names[axis], "lab code", anchor="end")
        body += line(left, base, left + wide * len(scores), base, "ax")
        for number, row in enumerate(scores):
            size = _HALF * abs(row[axis]) / largest if largest else 0.0
            x, y = left + wide * number, base - size if row[axis] > 0 else base
            if size:
                body += rect(x + wide * 0.2, y, wide * 0.6, size, "b" if row[axis] > 0 else "b down")
            if wide >= _NUMBERED:
                below = row[axis] < 0
                y = base + (size + 10 if below else -size - 3)
                body += text(x + wide / 2, y, decimal(row[axis]), "lab n", anchor="middle")
    bottom = _BAND * len(input_names) + 12
    for number in range(0, len(scores), every):
        body += text(left + wide * (number + 0.5), bottom, row_names[number], "lab s", anchor="middle")
    return drawing(
        left + wide * len(scores) + 4,
        bottom + 6,
        body,
        sentence=_scores_in_words(scores, row_names, input_names, title),
        css_class="scores wide",
        sizing="exact",
    )


def _scores_in_words(
    scores: Sequence[Sequence[float]], row_names: Sequence[str], input_names: Sequence[str], title: str
) -> str:
    rows = [
        f"{name}: {', '.join(f'{at} {decimal(score)}' for at, score in zip(input_names, row, strict=True))}"
        for name, row in zip(row_names[:8], scores, strict=False)
    ]
    more = f"; and {len(scores) - 8} more rows" if len(scores) > 8 else ""
    return f"{title}, scores by row. {'; '.join(rows)}{more}"


def arrow_panels(panels: Mapping[str, Mapping[str, Sequence[float]]], *, title: str) -> Markup:
    """Directions as arrows from the origin, all on one scale; the names of short ones stand below their panel.

    Args:
        panels: by the title of each, by name, the two coordinates of where an arrow ends.
        title: of what lens.
    """
    size, across = (260.0, 1) if len(panels) == 1 else (160.0, 4)
    radius, tall = 0.35 * size, size + 24
    scale = radius / (max((hypot(*end) for ends in panels.values() for end in ends.values()), default=0.0) or 1.0)
    body, told = "", list[str]()
    for number, (name, ends) in enumerate(panels.items()):
        x, y = size * (number % across + 0.5), tall * (number // across + 0.5)
        body += text(x, y - radius - 20, name, "lab", anchor="middle")
        body += line(x - radius, y, x + radius, y, "ax") + line(x, y - radius, x, y + radius, "ax")
        body += "".join(_arrow(x, y, end, scale, label) for label, end in ends.items())
        if short := [label for label, end in ends.items() if hypot(*end) * scale < _SHORT]:
            body += text(x, y + radius + 20, f"near 0: {', '.join(short)}", "lab s", anchor="middle")
        told += [f"{name} {label} ({decimal(a)}, {decimal(b)})".strip() for label, (a, b) in ends.items()]
    width, height = size * min(len(panels), across), tall * -(-len(panels) // across)
    return drawing(width, height, body, sentence=f"{title}. {'; '.join(told)}", css_class="scores wide", sizing="exact")


def _arrow(x: float, y: float, end: Sequence[float], scale: float, label: str) -> str:
    """A shaft and a head, and its name beyond; a dot where it is short."""
    (a, b), length = end, hypot(*end) * scale
    if length < _SHORT:
        return circle(x, y, 2, "b")
    right, down, neck = a * scale / length, -b * scale / length, length - 8
    shape = ((0, 0.8), (neck, 0.8), (neck, 4), (length, 0), (neck, -4), (neck, -0.8), (0, -0.8))
    path = "L".join(f"{num(x + right * on - down * off)} {num(y + down * on + right * off)}" for on, off in shape)
    name = text(x + right * (length + 9), y + down * (length + 9) + 4, label, "lab code", anchor="middle")
    return f'<path class="b" d="M{path}Z"/>{name}'
