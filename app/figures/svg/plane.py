"""The square of two inputs: where the answer is 1 in ink, where 0 on paper.

The first input runs to the right, the second upwards. Where pieces are exact polygons, hairlines show where the network
bends; a grid is drawn as runs of equal squares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Protocol

from markupsafe import Markup

from app.figures.svg.elements import drawing, num, text

UNIT: Final = 200.0
LEFT: Final = 26.0
TOP: Final = 12.0
_BOTTOM: Final = 26.0
_CLASSES: Final = {"0": "pl-0", "1": "pl-1"}


class Decided(Protocol):
    """A convex polygon with one answer, 0 or 1."""

    @property
    def decision(self) -> int: ...

    @property
    def corners(self) -> Sequence[tuple[float, float]]: ...


def plane_figure(
    pieces: Sequence[Decided],
    rows: Sequence[str],
    axes: Sequence[str] = ("A", "B"),
    *,
    sentence: str,
) -> Markup:
    """One square.

    Args:
        pieces: polygons that cover [0, 1]²; empty if there is a grid.
        rows: of a grid, a text of 0 and 1 for each value of the second input from 0 up; empty if there are pieces.
        axes: names of the two inputs.
        sentence: what it shows, in words.
    """
    box = f"M{num(LEFT)} {num(TOP)}h{num(UNIT)}v{num(UNIT)}h{num(-UNIT)}z"
    body, more = f'<path class="pl-ground" d="{box}"/>', " pl-cells" if rows else ""
    named = [(str(piece.decision), piece.corners) for piece in pieces]
    for sign, outline in outlines(named, rows, LEFT, TOP, UNIT):
        body += f'<path class="{_CLASSES[sign]}{more}" d="{outline}"/>'
    body += f'<path class="pl-frame" d="{box}"/>'
    for value in (0, 1):
        x, y = LEFT + UNIT * value, TOP + UNIT * (1 - value)
        body += text(x, TOP + UNIT + 14, value, "lab s", anchor="middle")
        body += text(LEFT - 7, y + 4, value, "lab s", anchor="end")
    body += text(LEFT + UNIT / 2, TOP + UNIT + 17, axes[0], "fi", anchor="middle", italic=True)
    body += text(LEFT - 8, TOP + UNIT / 2 + 4, axes[1], "fi", anchor="end", italic=True)
    return drawing(LEFT + UNIT + 12, TOP + UNIT + _BOTTOM, body, sentence=sentence, css_class="plane-square")


def outlines(
    pieces: Iterable[tuple[str, Sequence[tuple[float, float]]]],
    rows: Sequence[str],
    left: float,
    top: float,
    side: float,
) -> list[tuple[str, str]]:
    """Signs with the outline of all that has them, in one path; the second input runs upwards.

    Args:
        pieces: signs and corners of convex polygons.
        rows: of a grid, a sign for each square, rows from below.
        left: where the square begins.
        top: likewise.
        side: of the square.
    """
    found: dict[str, str] = {}
    for sign, corners in pieces:
        points = (f"{num(left + side * x)} {num(top + side * (1 - y))}" for x, y in corners)
        found[sign] = f"{found.get(sign, '')}M{'L'.join(points)}z"
    for number, signs in enumerate(rows):
        bottom, high, first = top + side * (1 - number / len(rows)), side / len(rows), 0.0
        for sign, run in groupby(signs):
            wide = side * len(list(run)) / len(signs)
            start = f"M{num(left + first)} {num(bottom)}"
            found[sign] = f"{found.get(sign, '')}{start}h{num(wide)}v{num(-high)}h{num(-wide)}z"
            first += wide
    return sorted(found.items())
