"""The square of two inputs: where 1 is decided in ink, where 0 on paper.

The first input runs to the right, the second upwards. Where pieces are exact polygons, hairlines show where the network
bends; a grid is drawn as runs of equal squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Protocol

from markupsafe import Markup

from app.figures.svg.elements import drawing, num, text

UNIT: Final = 200.0
LEFT: Final = 26.0
TOP: Final = 12.0
_BOTTOM: Final = 26.0
_CLASSES: Final = {"0": "pl-0", "1": "pl-1", "-": "pl-none"}


class Decided(Protocol):
    """A convex polygon with one decision: 0, 1 or −1 (neither)."""

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
        rows: of a grid, a text of 0, 1 and - for each value of the second input from 0 up; empty if there are pieces.
        axes: names of the two inputs.
        sentence: what it shows, in words.
    """
    body = f'<path class="pl-ground" d="{_box(0, 0, 1, 1)}"/>'
    body += _polygons(pieces) + _grid(rows)
    body += f'<path class="pl-frame" d="{_box(0, 0, 1, 1)}"/>'
    for value in (0, 1):
        x, y = _at(value, value)
        body += text(x, TOP + UNIT + 14, value, "lab s", anchor="middle")
        body += text(LEFT - 7, y + 4, value, "lab s", anchor="end")
    body += text(LEFT + UNIT / 2, TOP + UNIT + 17, axes[0], "fi", anchor="middle", italic=True)
    body += text(LEFT - 8, TOP + UNIT / 2 + 4, axes[1], "fi", anchor="end", italic=True)
    return drawing(LEFT + UNIT + 12, TOP + UNIT + _BOTTOM, body, sentence=sentence, css_class="plane-square")


def _at(first: float, second: float) -> tuple[float, float]:
    return LEFT + UNIT * first, TOP + UNIT * (1 - second)


def _box(x: float, y: float, width: float, height: float) -> str:
    left, bottom = _at(x, y)
    return f"M{num(left)} {num(bottom)}h{num(UNIT * width)}v{num(-UNIT * height)}h{num(-UNIT * width)}z"


def _paths(parts: Iterator[tuple[str, str]], more: str = "") -> str:
    """One path for each class, from (class, outline)."""
    found: dict[str, str] = {}
    for name, outline in parts:
        found[name] = found.get(name, "") + outline
    return "".join(f'<path class="{name}{more}" d="{outline}"/>' for name, outline in sorted(found.items()))


def _polygons(pieces: Sequence[Decided]) -> str:
    def parts() -> Iterator[tuple[str, str]]:
        for piece in pieces:
            points = (_at(x, y) for x, y in piece.corners)
            outline = "L".join(f"{num(x)} {num(y)}" for x, y in points)
            yield _CLASSES["-" if piece.decision < 0 else str(piece.decision)], f"M{outline}z"

    return _paths(parts())


def _grid(rows: Sequence[str]) -> str:
    """Runs of equal decisions in a row, and equal rows as one."""

    def parts() -> Iterator[tuple[str, str]]:
        second = 0
        for row, alike in groupby(rows):
            height, first = len(list(alike)), 0
            for sign, run in groupby(row):
                width = len(list(run))
                yield _CLASSES[sign], _box(first / len(row), second / len(rows), width / len(row), height / len(rows))
                first += width
            second += height

    return _paths(parts(), " pl-cells")
