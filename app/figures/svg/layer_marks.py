"""A mark for each function and layer: filled, grey, outlined or none."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.figures.svg.elements import drawing, esc, num

_MOST = 7
_PAINTS = (
    'fill="var(--surface)" stroke="var(--ink)"',
    'fill="var(--rule-2)" stroke="var(--ink)"',
    'fill="var(--ink)" stroke="var(--ink)"',
)


def marks_by_layer(rows: Sequence[tuple[str, Sequence[int | None]]], *, sentence: str) -> Markup:
    """The drawing for a card, of the first few functions.

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
