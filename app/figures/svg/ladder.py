"""The ladder as a drawing: a line for each class of maps, a square for each algorithm that was placed."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.figures.svg.elements import drawing, num, text


def ladder_thumb(rungs: Sequence[tuple[str, int, int]], *, title: str) -> Markup:
    """The drawing; of more than four algorithms the first squares.

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
            body += f'<rect x="{98 + 16 * place}" y="{num(y)}" width="11" height="11" {paint}/>'
        body += text(104 + 16 * min(of, 4), y + 10, f"{passing} of {of}", "lab")
    said = "; ".join(f"{name}: {passing} of {of}" for name, passing, of in rungs)
    return drawing(248, 120, body, sentence=f"{title}: {said}.")
