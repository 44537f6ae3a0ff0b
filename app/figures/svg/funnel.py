"""Bars of a funnel: who was there before a criterion, and what it says about them.

Lengths are logarithmic, log(1 + n) against log(1 + all), since what is left may be one of millions: nobody has no
length, everyone the whole. Filled = passed; behind it, in this order, hatched edge = undecided, dotted line = not
applicable, outline = failed. The exact numbers stand in the sentence and beside the bar.
"""

from __future__ import annotations

from math import log
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import drawing, line, num
from app.figures.svg.sentences import counted

_WIDTH: Final = 240.0
_HIGH: Final = 14.0
_LEAST: Final = 1.5  # what is there is seen


def funnel_bar(
    passed: int, failed: int = 0, undecided: int = 0, not_applicable: int = 0, *, of: int, kind: str = "explanation"
) -> Markup:
    """One row's bar.

    Args:
        passed: how many are left.
        failed: of those before, how many failed.
        undecided: how many are undecided.
        not_applicable: of how many the criterion asks nothing.
        of: explanations at the beginning, which fill the whole width.
        kind: what is counted, singular.
    """
    before = passed + failed + undecided + not_applicable
    ends = [_place(count, of) for count in (passed, passed + undecided, before - failed, before)]
    body = f'<rect class="lost" x="0.5" y="3" width="{num(max(ends[3] - 1, 0))}" height="8"/>' if before else ""
    if undecided:
        body += _box("fb-open", ends[0], ends[1])
    if not_applicable:
        body += line(ends[1], _HIGH / 2, ends[2], _HIGH / 2, "fb-na")
    if passed:
        body += f'<rect class="b" x="0" y="2" width="{num(max(ends[0], _LEAST))}" height="10"/>'
    return drawing(_WIDTH, _HIGH, body, sentence=_sentence(passed, failed, undecided, not_applicable, kind))


def unasked_bar(words: str) -> Markup:
    """A dotted line where there is nothing to draw, with the reason."""
    return drawing(_WIDTH, _HIGH, line(0, _HIGH / 2, _WIDTH, _HIGH / 2, "fb-na"), sentence=words)


def _place(count: int, of: int) -> float:
    return _WIDTH * log(1 + count) / log(1 + of) if of else 0.0


def _box(css_class: str, start: float, end: float) -> str:
    width = max(end - start, _LEAST)
    return f'<rect class="{css_class}" x="{num(start)}" y="2.5" width="{num(width)}" height="9"/>'


def _sentence(passed: int, failed: int, undecided: int, not_applicable: int, kind: str) -> str:
    before = passed + failed + undecided + not_applicable
    parts = [f"{passed:,} of {counted(before, kind)} passed", f"{failed:,} failed"]
    if undecided:
        parts.append(f"{undecided:,} undecided")
    if not_applicable:
        parts.append(f"not applicable to {not_applicable:,}")
    return ", ".join(parts)
