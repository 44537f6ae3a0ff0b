"""Bounds of a count, drawn on one axis from 1 to the number of possible ones, by powers of ten."""

from __future__ import annotations

from math import log10
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.numerics.large_numbers import SUPERSCRIPTS
from pluriscope.figures.svg.elements import circle, drawing, line, rect, text

_WIDTH: Final = 264.0
_LEFT: Final = 10.0
_LABELS: Final = {6: "a million", 9: "a billion"}
_LETTER: Final = 6.4
"""Width of one of a label."""


def count_axis(low: int, high: int, most: int, *, exact: bool, sentence: str) -> Markup:
    """The axis with a bar from the smallest to the largest number that the count may be; a dot where it is known.

    Args:
        low: the count is at least that; 0 stands where 1 does.
        high: and at most that.
        most: where the axis ends.
        exact: whether the count is ``low``.
        sentence: what it shows, in words.
    """
    length = log10(max(most, 10))

    def at(number: int) -> float:
        return _LEFT + (_WIDTH - 2 * _LEFT) * log10(max(number, 1)) / length

    powers = [power for power in range(int(length) + 1) if power % max(1, int(length) // 3) == 0]
    body = line(_LEFT, 12, _WIDTH - _LEFT, 12, "m-line3")
    for power in powers:
        x = at(10**power)
        words = _LABELS.get(power, f"{10**power:,}" if power < 9 else f"10{str(power).translate(SUPERSCRIPTS)}")
        body += line(x, 8, x, 16, "m-line3")
        half = _LETTER * len(words) / 2
        body += text(min(max(x, half), _WIDTH - half), 32, words, "lab s", anchor="middle")
    if exact:
        body += circle(at(low), 12, 5.5, "m-ink")
    else:
        body += rect(at(low) - 1, 7, max(4.0, at(high) - at(low)) + 2, 10, "m-bar")
    return drawing(_WIDTH, 36, body, sentence=sentence, sizing="exact")
