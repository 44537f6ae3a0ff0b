"""The common ground as a drawing: one axis, interventions predicted correctly; one lane for each kind of explanation.

Interpretations speak about all interventions and form a hill; alignments are marks in lanes of their own. The column at
the right is for what is right on all of them: dashed where nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Final, NamedTuple

from markupsafe import Markup

from pluriscope.figures.svg.elements import drawing, line, rect, text, text_width

_LANE: Final = 18.0
_STEP: Final = 3.0
_INK: Final = 'fill="var(--ink)"'
_OPEN: Final = 'fill="var(--surface)" stroke="var(--ink-3)"'


class Lane(NamedTuple):
    """A kind of explanation.

    Args:
        name: and how many there are.
        told: what is said of it beside that.
        counts: correct predictions → how many have so many; empty of what predicts nothing.
        filled: whether its marks are.
    """

    name: str
    told: str
    counts: Mapping[int, int]
    filled: bool


def ground_thumb(hill: Mapping[int, int], lanes: Sequence[Lane], of: int, *, sentence: str) -> Markup:
    """The same without words, 248 by 120."""
    width, height = 248.0, 120.0
    base = height - 22.0
    top, across = base - _LANE * len(lanes), (width - 18.0) / max(of, 1)
    body = line(6, base, width - 6, base, "ax") + _hill(hill, 6, top, top - 10, across)
    for number, lane in enumerate(lanes, start=1):
        body += _marks(lane, 6, top + _LANE * number - _LANE / 2, across)
    labels = dict.fromkeys([*([min(hill), max(hill)] if hill else [0]), of])
    for one in labels:
        last = one == of
        at = width - 6 if last else 6 + one * across
        if last or width - 6 - at > 62:
            body += text(at, height - 6, f"{one:,}", "lab", anchor="end" if last else "middle")
    return drawing(width, height, body, sentence=sentence, css_class="shrinks")


def ground_figure(
    hill: Lane,
    lanes: Sequence[Lane],
    of: int,
    *,
    sentence: str,
    right_on_all: str,
    flags: Mapping[str, int] | None = None,
    width: float = 620.0,
) -> Markup:
    """The drawing with words.

    Args:
        hill: the interpretations, each of which speaks about all interventions.
        lanes: the other kinds.
        of: interventions.
        sentence: what it shows.
        right_on_all: how many are, in words.
        flags: letter of an interpretation → its correct predictions.
        width: 620 beside something else, 350 on a phone.
    """
    left, right, narrow = 8.0, width - 24.0, width < 500
    across = (right - left) / max(of, 1)
    base, lane = (150.0, 56.0) if narrow else (132.0, 46.0)
    bottom = base + 28 + lane * len(lanes)
    body = text(width - 4, bottom + 18, f"{of:,} of {of:,}", "lab", anchor="end")
    for quarter in range(4):
        x, anchor = left + of * quarter / 4 * across, "middle" if quarter else "start"
        body += line(x, 22, x, bottom, "t-rule")
        body += text(x, bottom + 18, f"{round(of * quarter / 4):,}", "lab", anchor=anchor)
    body += text(width - 4, 12, f"right on all: {right_on_all}", "lab strong", anchor="end")
    column = "" if right_on_all != "none" else ' stroke-dasharray="4 3"'
    body += rect(right - 12, 20, 24, bottom - 20, "", f'fill="none" stroke="var(--ink)"{column}')
    body += line(left, base, right, base, "e-pos") + _title(hill, left, 34, narrow)
    counts = hill.counts
    body += _hill(counts, left, base, base - (66 if narrow else 40), across)
    for words, at in (("worst", min(counts)), ("best", max(counts))) if counts else ():
        x = min(left + at * across, right - 40)
        body += text(x, base + 14, f"{words} {at:,}", "lab halo", anchor="middle")
    for place, (at, letter) in enumerate(sorted((at, letter) for letter, at in (flags or {}).items())):
        x, y = left + at * across, 48 + 22.0 * place  # of two that are near each other neither hides the other
        body += line(x, y + 9, x, base, "e-pos") + rect(x - 9, y - 9, 18, 18, "n-open", 'rx="1"')
        body += text(x, y + 4.5, letter, "fi", anchor="middle")
    for number, one in enumerate(lanes):
        top = base + 40 + lane * number
        below = top + (30 if narrow else 14)
        body += _title(one, left, top, narrow) + _marks(one, left, below, across)
    return drawing(width, bottom + 24, body, sentence=sentence, css_class="ground")


def _title(lane: Lane, x: float, y: float, narrow: bool) -> str:
    aside = (x, y + 15) if narrow else (x + text_width(lane.name, 13) + 8, y)
    return text(x, y, lane.name, "lab strong halo") + text(*aside, lane.told, "lab halo")


def _hill(counts: Mapping[int, int], left: float, base: float, most: float, across: float) -> str:
    """Columns whose areas are the numbers; one that is too low to be seen is a hair high."""
    heights = Counter[int]()
    for right, many in counts.items():
        heights[int(right * across / _STEP)] += many
    top = max(heights.values(), default=1)
    return "".join(
        rect(left + _STEP * place, base - tall, _STEP - 0.6, tall, more=_INK)
        for place, many in sorted(heights.items())
        for tall in [max(0.8, most * many / top)]
    )


def _marks(lane: Lane, left: float, y: float, across: float) -> str:
    """A square for each number of correct predictions, the larger the more have it."""
    merged = Counter[int]()
    for right, many in lane.counts.items():
        merged[round(right * across)] += many
    return "".join(
        rect(left + x - size / 2, y - size / 2, size, size, more=_INK if lane.filled else _OPEN)
        for x, many in sorted(merged.items())
        for size in [min(5.0 + 2 * log(many), _LANE - 4)]
    )
