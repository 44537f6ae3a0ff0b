"""The map of circuits: near each other where they share most edges; the two most different are joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from app.figures.svg.elements import drawing, esc, num

_MARGIN = 10.0


def circuit_map(
    places: Sequence[tuple[str, float, float]],
    pair: Sequence[str],
    *,
    sentence: str,
    width: float = 248.0,
    height: float = 120.0,
    url: Callable[[str], str] | None = None,
) -> Markup:
    """The drawing of a map.

    Args:
        places: mask, x and y of each circuit.
        pair: the masks of the two most different.
        sentence: what it shows.
        width: of the drawing.
        height: of the drawing.
        url: mask → where its mark leads; None if marks lead nowhere.
    """
    xs, ys = [x for _, x, _ in places], [y for _, _, y in places]
    scale = min((width - 2 * _MARGIN) / (max(xs) - min(xs) or 1), (height - 2 * _MARGIN) / (max(ys) - min(ys) or 1))
    left = (width - scale * (max(xs) - min(xs))) / 2
    top = (height - scale * (max(ys) - min(ys))) / 2
    at = {mask: (num(left + scale * (x - min(xs))), num(top + scale * (y - min(ys)))) for mask, x, y in places}
    body = ""
    radius = 1.7 if url is None else 4.0
    for mask, (x, y) in at.items():
        mark = f'<circle cx="{x}" cy="{y}" r="{num(radius)}" fill="var(--rule-2)"/>'
        if mask in pair:
            ring = 'stroke="var(--ink)" stroke-width="2.5" stroke-opacity=".35"'
            mark = f'<circle cx="{x}" cy="{y}" r="{num(2 * radius)}" fill="var(--ink)" {ring}/>'
        if url is not None:
            mark = f'<a href="{esc(url(mask))}" tabindex="-1"><title>{esc(mask)}</title>{mark}</a>'
        body += mark
    if len(pair) == 2 and all(mask in at for mask in pair):
        (x, y), (u, v) = (at[mask] for mask in pair)
        body = f'<path d="M{x} {y}L{u} {v}" stroke="var(--ink)" fill="none"/>{body}'
    return drawing(width, height, body, sentence=sentence)
