"""A model on one row, positions down and layers across: what each node gives at each position, and what heads look at.

Each node has a column, each position of the row a line. A disc grows with the length of the vector that the node gives
there. A line runs from a position, before a layer, to the disc of a head that looks there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import Step, circle, drawing, line, rect, text, text_width

LEAST_SHARE: Final = 0.2
"""Of the attention of a position, below which no line is drawn."""
_COLUMN: Final = 66.0
_NARROW: Final = 46.0  # with more than four heads in a layer
_PHONE: Final = 39.0  # on a phone, and between its layers
_BETWEEN: Final = 62.0  # layers, on top of a column
_ROW: Final = 46.0
_LOW_ROW: Final = 34.0  # with more than eight positions
_TOP: Final = 44.0
_DISC: Final = 11.0
_RING: Final = 14.0
_SAME: Final = 1e-9  # of the largest: what a difference has to be above, to be one


@dataclass(frozen=True)
class PlaceMark:
    """What a node gives at one position.

    Args:
        before: length of the vector when nothing is changed.
        after: the same under the changes.
        moved: length of the difference of the two.
        by_hand: what is written there, in few signs; "" if nothing is.
        link: where a click leads, None for nowhere.
    """

    before: float
    after: float
    moved: float
    by_hand: str
    link: Step | None


@dataclass(frozen=True)
class NodeColumn:
    """One node.

    Args:
        label: above its column.
        layer: 0 for what the model is given.
        is_on: whether it takes part in the circuit.
        link: where a click on its name leads, None for nowhere.
        marks: of each position.
        shares: ``[reading][read]`` where it looks under the changes; None where it looks nowhere.
        was: the same when nothing is changed.
    """

    label: str
    layer: int
    is_on: bool
    link: Step | None
    marks: tuple[PlaceMark, ...]
    shares: Sequence[Sequence[float | None]] | None = None
    was: Sequence[Sequence[float | None]] | None = None


def positions_diagram(
    columns: Sequence[NodeColumn], positions: Sequence[str], answer: str, *, sentence: str, narrow: bool = False
) -> Markup:
    """The drawing.

    Args:
        columns: the nodes, layer by layer.
        positions: what stands at each.
        answer: what is read out at the last position.
        sentence: the name of the group.
        narrow: for a phone.
    """
    draw = _Positions(columns, positions, narrow)
    x = draw.out
    y = draw.y(len(positions) - 1)
    body = f'<g aria-hidden="true">{draw.names()}{draw.lines()}'
    body += line(draw.x[-1] + _DISC + 8, y, x - 6, y, "e-bg") + text(x, y + 4, answer, "lab code halo")
    body += ("" if narrow else text(x, _TOP - 18, "logits", "lab")) + "</g>"
    body += "".join(draw.column(place) for place in range(len(columns)))
    width = x + max(text_width(answer, 12), 0.0 if narrow else 40.0) + 8
    height = draw.y(len(positions) - 1) + _ROW / 2
    names = "flow narrow" if narrow else "flow wide"
    return drawing(width, height, body, sentence=sentence, css_class=names, most=1.3 * width)


class _Positions:
    """One drawing in the making."""

    def __init__(self, columns: Sequence[NodeColumn], positions: Sequence[str], narrow: bool) -> None:
        self._columns, self._positions = columns, positions
        widest = max(sum(one.layer == layer for one in columns) for layer in {one.layer for one in columns})
        step = _PHONE if narrow else _COLUMN if widest <= 4 else _NARROW
        between = _PHONE if narrow else _BETWEEN
        self._ahead = (step + between) / 2
        self._row = _ROW if len(positions) <= 8 else _LOW_ROW
        left = max(text_width(_token(number, one), 12) for number, one in enumerate(positions)) + 12
        self.x = [left + step / 2]
        for one, following in pairwise(columns):
            self.x.append(self.x[-1] + step + (between if following.layer != one.layer else 0.0))
        self.out = self.x[-1] + step / 2 + (8 if narrow else 22)
        self._largest = max([1e-300, *(max(mark.before, mark.after) for one in columns for mark in one.marks)])
        self._changed = any(mark.by_hand or self._moved(mark) for one in columns for mark in one.marks)

    def y(self, position: int) -> float:
        """Height of a position."""
        return _TOP + self._row * (position + 0.5)

    def _moved(self, mark: PlaceMark) -> bool:
        return mark.moved > _SAME * self._largest

    def names(self) -> str:
        """What stands at each position."""
        return "".join(
            text(2, self.y(number) + 4, _token(number, one), "lab code") for number, one in enumerate(self._positions)
        )

    def lines(self) -> str:
        """What each head looks at, from a place before its layer."""
        pale = ink = ""
        starts: dict[int, float] = {}
        for x, one in zip(self.x, self._columns, strict=True):
            if one.shares is None:
                continue
            start = starts.setdefault(one.layer, x - self._ahead)
            for reading, read, share, same in self._looked_at(one, one.shares):
                drawn = line(start, self.y(read), x, self.y(reading), "e-pos", width=round(0.4 + 2.6 * share, 1))
                pale, ink = (pale + drawn, ink) if same else (pale, ink + drawn)
        dots = "".join(
            circle(start, self.y(position), 2.0, "n-open")
            for start in starts.values()
            for position in range(len(self._positions))
        )
        return f'<g stroke-opacity="0.16">{pale}</g><g stroke-opacity="0.6">{ink}</g>{dots}'

    def _looked_at(
        self, one: NodeColumn, shares: Sequence[Sequence[float | None]]
    ) -> Iterator[tuple[int, int, float, bool]]:
        """Of each line the position that reads, the one that is read, the share, and whether it is what it was."""
        for reading, some in enumerate(shares):
            for read, share in enumerate(some):
                if share is None or share < LEAST_SHARE:
                    continue
                before = None if one.was is None else one.was[reading][read]
                yield reading, read, share, self._changed and before is not None and abs(share - before) < 0.005

    def column(self, place: int) -> str:
        """One node: its name, and a disc at each position."""
        one, x = self._columns[place], self.x[place]
        name = text(x, _TOP - 18, one.label, "lab" if one.is_on else "lab s", anchor="middle")
        box = rect(x - 19, _TOP - 40, 38, 34, "fl-hit")
        body = self._link(one.link, box + name)
        for position, mark in enumerate(one.marks):
            body += self._link(mark.link, self._disc(x, self.y(position), mark, one.is_on))
        return body

    def _disc(self, x: float, y: float, mark: PlaceMark, is_on: bool) -> str:
        hit = self._row / 2 - 3
        body = circle(x, y, hit, "fl-hit") if hit > _RING else ""
        body += circle(x, y, _RING, "n-open fl-ring" if is_on else "n-cut fl-ring")
        moved = self._moved(mark) or bool(mark.by_hand)
        disc = circle(x, y, self._radius(mark.after), "fl-plus")
        body += disc if moved or not self._changed else disc.replace("/>", ' fill-opacity="0.3"/>')
        if moved:
            body += circle(x, y, self._radius(mark.before), "fl-minus")
        if mark.by_hand:
            body += circle(x, y, _DISC + 6, "fl-hand")
            body += text(x + _DISC + 8, y + 4, mark.by_hand, "lab halo")
        return body

    def _radius(self, length: float) -> float:
        return max(1.5, _DISC * math.sqrt(length / self._largest)) if length else 0.0

    def _link(self, link: Step | None, inner: str) -> str:
        if link is None:
            return f'<g aria-hidden="true">{inner}</g>'
        return link.around(inner)


def _token(position: int, token: str) -> str:
    return f"{position + 1}: {token if len(token) <= 10 else token[:9] + '…'}"
