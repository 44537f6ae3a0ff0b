"""The ladder as one drawing: from left to right the classes of maps, as two lines of steps the share of algorithms that
pass in each, and of permuted networks on which anything passes.

Both lines run from none to all over the same height, so that a step that chance reaches too is seen as such. A class
that was not computed is a gap in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import drawing, line, num, text, text_width

_STEP: Final = 104.0
_TOP: Final = 44.0
_BOTTOM: Final = 184.0
_NAMES: Final = _BOTTOM + 36.0
_LETTERS: Final = 17  # in a line of a label
_LINE: Final = 13.0


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
    """All classes, side by side.

    Args:
        lines: in order.
        title: of what network.
    """
    left = text_width("none", 11) + 10
    right = left + _STEP * len(lines)
    body = line(left, _TOP, right, _TOP, "m-hair") + text(0, _TOP + 4, "all", "lab s")
    body += line(left, _BOTTOM, right, _BOTTOM, "m-hair") + text(0, _BOTTOM + 4, "none", "lab s")
    body += _steps([one.floor for one in lines], left, "ld-chance")
    body += _steps([one.passing for one in lines], left, "ld-pass")
    said = []
    for number, one in enumerate(lines):
        body += _words(one, left + _STEP * (number + 0.5))
        by_chance = f", by chance {one.floor[0]} of {one.floor[1]}" if one.floor else ""
        said.append(f"{one.label}: {_numbers(one)}{by_chance}")
    height = _NAMES - 4 + _LINE * max([len(_label(one)) for one in lines] + [1])
    return drawing(right + 2, height, body, sentence=f"{title}. {'; '.join(said)}.", sizing="exact")


def _steps(shares: Sequence[tuple[int, int] | None], left: float, css_class: str) -> str:
    """A line that is level over each class and broken where there is nothing to draw."""
    path, drawn = "", False
    for number, share in enumerate(shares):
        if share is not None:
            path += f"{'L' if drawn else 'M'}{num(left + _STEP * number)} {num(_height(share))}h{num(_STEP)}"
        drawn = share is not None
    return f'<path class="{css_class}" d="{path}"/>' if path else ""


def _height(share: tuple[int, int]) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * (share[0] / share[1] if share[1] else 0.0)


def _words(one: LadderLine, x: float) -> str:
    """What stands at one class: its numbers at the step, what chance reaches and its name below."""
    body = "".join(
        text(x, _NAMES + _LINE * number, words, "lab", anchor="middle") for number, words in enumerate(_label(one))
    )
    if one.passing is None:
        return body + text(x, (_TOP + _BOTTOM) / 2, "not computed", "lab s", anchor="middle")
    y = _height(one.passing)
    body += text(x, y - 20, f"{one.passing[0]} of {one.passing[1]}", "lab halo", anchor="middle")
    if one.alignments:
        body += text(x, y - 7, one.alignments, "lab s halo", anchor="middle")
    if one.floor is not None:
        body += text(x, _BOTTOM + 16, f"chance {one.floor[0]} of {one.floor[1]}", "lab s", anchor="middle")
    return body


def _label(one: LadderLine) -> list[str]:
    return wrap(one.label, _LETTERS)


def _numbers(one: LadderLine) -> str:
    if one.passing is None:
        return "not computed"
    return f"{one.passing[0]} of {one.passing[1]}" + (f", {one.alignments}" if one.alignments else "")


def ladder_thumb(rungs: Sequence[tuple[str, int, int]], *, title: str) -> Markup:
    """The ladder for a card: a line for each class, a square for each algorithm.

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
