"""Bars of a funnel: who was there before a criterion, and what it says about them.

Lengths are logarithmic, log(1 + n) against log(1 + all), since what is left may be one of millions: nobody has no
length, everyone the whole. Filled = passed; behind it, in this order, hatched edge = undecided, dotted line = not
applicable, outline = failed. The exact numbers stand in the sentence and beside the bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.elements import drawing, line, rect, text

_WIDTH: Final = 240.0
_HIGH: Final = 14.0
_LEAST: Final = 1.5  # what is there is seen
_NAMES: Final = 150.0  # of a thumb: where bars begin
_ROOM: Final = 78.0  # the longest
_SHORT: Final = 20


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
    body = _bar(passed, failed, undecided, not_applicable, of)
    return drawing(
        _WIDTH, _HIGH, body, sentence=_sentence(passed, failed, undecided, not_applicable, kind), css_class="funnel"
    )


def _bar(passed: int, failed: int, undecided: int, not_applicable: int, of: int) -> str:
    before = passed + failed + undecided + not_applicable
    ends = [_place(count, of) for count in (passed, passed + undecided, before - failed, before)]
    body = rect(0.5, 3, max(ends[3] - 1, 0), 8, "lost") if before else ""
    if undecided:
        body += rect(ends[0], 2.5, max(ends[1] - ends[0], _LEAST), 9, "fb-open")
    if not_applicable:
        body += line(ends[1], _HIGH / 2, ends[2], _HIGH / 2, "fb-na")
    if passed:
        body += rect(0, 2, max(ends[0], _LEAST), 10, "b")
    return body


def _place(count: int, of: int) -> float:
    return _WIDTH * log(1 + count) / log(1 + of) if of else 0.0


def _sentence(passed: int, failed: int, undecided: int, not_applicable: int, kind: str) -> str:
    before = passed + failed + undecided + not_applicable
    parts = [f"{passed:,} of {noun(before, kind)} passed", f"{failed:,} failed"]
    if undecided:
        parts.append(f"{undecided:,} undecided")
    if not_applicable:
        parts.append(f"not applicable to {not_applicable:,}")
    return ", ".join(parts)


def funnel_thumb(lines: Sequence[tuple[str, int]], *, title: str) -> Markup:
    """What is left, line by line: a name, a bar as long as that of everyone in its share of the logarithm, a count.

    Args:
        lines: names with numbers, the first with how many there are at the beginning.
        title: what they are.
    """
    most, body = log(1 + max((count for _, count in lines), default=0)) or 1.0, ""
    for number, (name, count) in enumerate(lines):
        y = 16 + 19 * number
        short = name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}…"
        body += text(_NAMES - 8, y, short, "lab", anchor="end")
        wide = max(_ROOM * log(1 + count) / most, _LEAST if count else 0)
        body += rect(_NAMES, y - 9, wide, 10, "b")
        body += text(_NAMES + wide + 5, y, f"{count:,}", "lab")
    said = "; ".join(f"{name}: {count:,}" for name, count in lines)
    return drawing(280, 120, body, sentence=f"{title}. {said}.", css_class="funnel")
