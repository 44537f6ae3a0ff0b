"""The ladder as a drawing: for each class of maps the share of algorithms that pass, and below it the same by chance.

Filled: algorithms with an alignment that passes, of those placed. Hatched outline below: permuted networks on which
anything passes, of those climbed. Both run from 0 to 1 over the same width, so that a bar that chance reaches too is
seen as such. A class that was not computed has a dotted line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import drawing, line, num, text, text_width

_WIDTH: Final = 240.0
_STEP: Final = 34.0
_TOP: Final = 8.0
_LEAST: Final = 1.5


@dataclass(frozen=True)
class LadderLine:
    """One class of maps.

    Args:
        label: its name.
        passing: algorithms that pass, of those placed; None if the class was not computed.
        floor: permuted networks on which anything passes, of those climbed; None if there are none.
        alignments: how many pass, as it is to be read.
    """

    label: str
    passing: tuple[int, int] | None
    floor: tuple[int, int] | None
    alignments: str = ""


def ladder_figure(lines: Sequence[LadderLine], *, title: str) -> Markup:
    """All classes, one below the other.

    Args:
        lines: in order.
        title: of what network.
    """
    names = max([text_width(one.label, 10) for one in lines] + [60.0]) + 12
    right = max([text_width(_numbers(one), 10) for one in lines] + [60.0])
    body, said = "", []
    for number, one in enumerate(lines):
        y = _TOP + _STEP * number
        body += text(0, y + 13, one.label, "lab")
        body += f'<g transform="translate({num(names)} {num(y)})">{_bars(one)}</g>'
        body += text(names + _WIDTH + 10, y + 11, _numbers(one), "lab")
        if one.floor is not None:
            body += text(names + _WIDTH + 10, y + 24, f"by chance {one.floor[0]} of {one.floor[1]}", "lab s")
        said.append(
            f"{one.label}: {_numbers(one)}" + (f", by chance {one.floor[0]} of {one.floor[1]}" if one.floor else "")
        )
    height = _TOP + _STEP * len(lines) + 4
    return drawing(
        names + _WIDTH + 12 + max(right, 110.0), height, body, sentence=f"{title}. {'; '.join(said)}.", sizing="exact"
    )


def _numbers(one: LadderLine) -> str:
    if one.passing is None:
        return "not computed"
    return f"{one.passing[0]} of {one.passing[1]}" + (f", {one.alignments}" if one.alignments else "")


def _bars(one: LadderLine) -> str:
    if one.passing is None:
        return line(0, 8, _WIDTH, 8, "fb-na")
    body = f'<rect class="lost" x="0.5" y="2" width="{num(_WIDTH - 1)}" height="12"/>'
    if one.passing[0]:
        body += f'<rect class="b" x="0" y="2" width="{num(_length(one.passing))}" height="12"/>'
    if one.floor is not None and one.floor[0]:
        body += f'<rect class="fb-open" x="0.5" y="17" width="{num(_length(one.floor))}" height="6"/>'
    elif one.floor is not None:
        body += line(0, 20, _LEAST * 2, 20, "fb-na")
    return body


def _length(share: tuple[int, int]) -> float:
    return max(_WIDTH * share[0] / share[1], _LEAST) - 1 if share[1] else _LEAST
