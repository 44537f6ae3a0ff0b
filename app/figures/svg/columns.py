"""Columns over whole numbers, such as circuits by edges, with the rest of each on top of its main part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import drawing, num

WIDTH, HEIGHT = 248.0, 120.0
_BASE: Final = 96.0
_TALLEST: Final = 80.0
_LEAST: Final = 1.5


def columns(
    counts: Mapping[int, tuple[int, int]], *, sentence: str, dots: Sequence[int] = (), faint: bool = False
) -> Markup:
    """The drawing of some counts.

    Args:
        counts: number → how many are filled, and how many are outlined above them.
        sentence: what it shows.
        dots: numbers that have a dot each, on top of each other.
        faint: whether the columns are only the ground for the dots.
    """
    numbers = range(min((*counts, *dots), default=0), max((*counts, *dots), default=0) + 1)
    step = min(25.0, (WIDTH - 16) / len(numbers))
    most = max((sum(pair) for pair in counts.values()), default=0) or 1
    room = _TALLEST - (4 if any(rest for _, rest in counts.values()) else 0)
    body, every = "", max(1, -(-len(numbers) * 22 // int(WIDTH)))
    for place, number in enumerate(numbers):
        x, y = 8 + step * place, _BASE
        for many, paint in zip(
            counts.get(number, (0, 0)),
            ('fill="var(--rule)"' if faint else 'fill="var(--ink)"', 'fill="var(--surface)" stroke="var(--ink)"'),
            strict=True,
        ):
            if many:
                height = max(_LEAST, room * many / most)
                y -= height + (2 if y < _BASE else 0)
                box = f'x="{num(x)}" y="{num(y)}" width="{num(0.72 * step)}" height="{num(height)}"'
                body += f"<rect {box} {paint}/>"
        for level in range(list(dots).count(number)):
            at = f'cx="{num(x + 0.36 * step)}" cy="{num(_BASE - 5 - 10 * level)}" r="{num(min(4.2, 0.36 * step))}"'
            body += f'<circle {at} fill="var(--ink)"/>'
        if place % every == 0:
            body += f'<text class="lab" x="{num(x + 0.36 * step)}" y="112" text-anchor="middle">{number}</text>'
    return drawing(WIDTH, HEIGHT, body, sentence=sentence)
