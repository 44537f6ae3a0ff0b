"""Small drawings of what an analysis found, for its card."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from pluriscope.figures.svg.elements import circle, drawing, esc, line, num, rect, text

WIDTH, HEIGHT = 248.0, 120.0
_BASE: Final = 96.0
_TALLEST: Final = 80.0
_LEAST: Final = 1.5


def columns(
    counts: Mapping[int, tuple[int, int]], *, sentence: str, dots: Sequence[int] = (), faint: bool = False
) -> Markup:
    """Columns over whole numbers, such as circuits by edges, with the rest of each on top of its main part.

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
                body += rect(x, y, 0.72 * step, height, more=paint)
        for level in range(list(dots).count(number)):
            at = f'cx="{num(x + 0.36 * step)}" cy="{num(_BASE - 5 - 10 * level)}" r="{num(min(4.2, 0.36 * step))}"'
            body += f'<circle {at} fill="var(--ink)"/>'
        if place % every == 0:
            body += f'<text class="lab" x="{num(x + 0.36 * step)}" y="112" text-anchor="middle">{number}</text>'
    return drawing(WIDTH, HEIGHT, body, sentence=sentence)


def ladder_thumb(rungs: Sequence[tuple[str, int, int]], *, title: str) -> Markup:
    """The ladder: a line for each class of maps, a square for each algorithm placed; of more than four the first.

    Args:
        rungs: short name, algorithms that pass, and those placed.
        title: what it shows.
    """
    step, body = 110 / max(6, len(rungs)), ""
    for number, (name, passing, of) in enumerate(rungs):
        y = 5 + step * number
        body += text(88, y + 10, name, "lab", anchor="end")
        for place in range(min(of, 4)):
            paint = 'fill="var(--ink)"' if place < passing else 'fill="none" stroke="var(--rule-2)"'
            body += rect(98 + 16 * place, y, 11, 11, more=paint)
        body += text(104 + 16 * min(of, 4), y + 10, f"{passing} of {of}", "lab")
    said = "; ".join(f"{name}: {passing} of {of}" for name, passing, of in rungs)
    return drawing(248, 120, body, sentence=f"{title}: {said}.")


_MOST = 7
_PAINTS = (
    'fill="var(--surface)" stroke="var(--ink)"',
    'fill="var(--rule-2)" stroke="var(--ink)"',
    'fill="var(--ink)" stroke="var(--ink)"',
)


def marks_by_layer(rows: Sequence[tuple[str, Sequence[int | None]]], *, sentence: str) -> Markup:
    """A mark for each of the first few functions and each layer: filled, grey, outlined or none.

    Args:
        rows: a function, and for each layer 0 outlined, 1 grey, 2 filled, None for no mark.
        sentence: what all of it says.
    """
    body, step = "", 14.2
    for number, (label, marks) in enumerate(rows[:_MOST]):
        y = 8 + step * number
        body += f'<text class="lab" x="84" y="{num(y + 4)}" text-anchor="end">{esc(label)}</text>'
        for layer, mark in enumerate(marks):
            if mark is not None:
                body += f'<circle cx="{num(100 + 64 * layer)}" cy="{num(y)}" r="4.2" {_PAINTS[mark]}/>'
    for layer in range(len(rows[0][1]) if rows else 0):
        body += f'<text class="lab" x="{num(100 + 64 * layer)}" y="116" text-anchor="middle">layer {layer + 1}</text>'
    return drawing(248, 120, body, sentence=sentence)


_LEVELS = 8


def counts_figure(counts: Mapping[tuple[int, int], int], *, across: str, up: str, width: float = 620.0) -> Markup:
    """How many there are of each pair of whole numbers: dots whose areas are counts, with the counts beside them.

    Args:
        counts: (across, up) → how many; below the eight highest of ``up`` all are one line.
        across: what the first number is.
        up: what the second is.
        width: 620 beside something else, 350 on a phone.
    """
    levels = sorted({level for _, level in counts}, reverse=True)
    lowest = levels[:_LEVELS][-1]
    merged = Counter[tuple[int, int]]()
    for (x, level), many in counts.items():
        merged[x, max(level, lowest)] += many
    xs = range(min(x for x, _ in counts), max(x for x, _ in counts) + 1)
    step, most = (width - 90) / max(len(xs) - 1, 1), max(merged.values())
    body = text(4, 14, up, "lab")
    for row, level in enumerate(levels[:_LEVELS]):
        y = 44 + 46.0 * row
        fewer = "≤ " if level == lowest and len(levels) > _LEVELS else ""
        body += text(4, y + 4, f"{fewer}{level:,}", "lab") + line(48, y, width - 8, y, "t-rule")
        for place, x in enumerate(xs):
            many = merged[x, level]
            if many:
                radius = max(2.0, min(13.0, step / 4) * math.sqrt(many / most))
                at = 60 + step * place
                beside, anchor = ((at + radius + 3, y + 4), "") if step > 48 else ((at, y - radius - 4), "middle")
                body += circle(at, y, radius, "n-on") + text(*beside, f"{many:,}", "lab halo", anchor=anchor)
    bottom = 44 + 46.0 * len(levels[:_LEVELS])
    every = -(-len(xs) * 30 // int(width - 90))
    for place, x in enumerate(xs):
        if place % every == 0:
            body += text(60 + step * place, bottom - 12, f"{x}", "lab", anchor="middle")
    body += text(width / 2, bottom + 8, across, "lab", anchor="middle")
    said = "; ".join(f"{many:,} with {x} and {level:,}" for (x, level), many in sorted(merged.items()))
    return drawing(width, bottom + 16, body, sentence=f"{up}, by {across}: {said}", css_class="ground")
