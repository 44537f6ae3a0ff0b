"""Bars of a funnel: who was there before a criterion, and what it says about them.

Lengths are logarithmic, log(1 + n) against log(1 + all), since what is left may be one of millions: nobody has no
length, everyone the whole. Filled = passed; behind it, in this order, hatched edge = undecided, dotted line = not
applicable, outline = failed. The exact numbers stand in the sentence and beside the bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import drawing, line, num, text, text_width
from app.figures.svg.sentences import counted

_WIDTH: Final = 240.0
_HIGH: Final = 14.0
_LEAST: Final = 1.5  # what is there is seen
_TOP: Final = 26.0  # of the first line of a whole funnel
_LINE: Final = 22.0


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
    return drawing(_WIDTH, _HIGH, body, sentence=_sentence(passed, failed, undecided, not_applicable, kind))


def unasked_bar(words: str) -> Markup:
    """A dotted line where there is nothing to draw, with the reason."""
    return drawing(_WIDTH, _HIGH, _nothing(), sentence=words)


def _nothing() -> str:
    return line(0, _HIGH / 2, _WIDTH, _HIGH / 2, "fb-na")


def _bar(passed: int, failed: int, undecided: int, not_applicable: int, of: int) -> str:
    before = passed + failed + undecided + not_applicable
    ends = [_place(count, of) for count in (passed, passed + undecided, before - failed, before)]
    body = f'<rect class="lost" x="0.5" y="3" width="{num(max(ends[3] - 1, 0))}" height="8"/>' if before else ""
    if undecided:
        body += _box("fb-open", ends[0], ends[1])
    if not_applicable:
        body += line(ends[1], _HIGH / 2, ends[2], _HIGH / 2, "fb-na")
    if passed:
        body += f'<rect class="b" x="0" y="2" width="{num(max(ends[0], _LEAST))}" height="10"/>'
    return body


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


@dataclass(frozen=True)
class FunnelLine:
    """One line of a funnel drawn as a whole.

    Args:
        label: the criterion.
        left: the number left, as it is to be read; "" where it is not known.
        counts: passed, failed, undecided, not applicable; None without verdicts.
    """

    label: str
    left: str
    counts: tuple[int, int, int, int] | None


def funnel_figure(lines: Sequence[FunnelLine], *, of: int, title: str) -> Markup:
    """A funnel as one drawing: a line for each criterion with its number and its bar.

    Args:
        lines: in order, the first for what the funnel begins with.
        of: explanations at the beginning, which fill a bar.
        title: what the funnel is of.
    """
    names = max([text_width(one.label, 12) for one in lines] + [60.0]) + 14
    numbers = max([text_width(one.left, 12) for one in lines] + [40.0]) + 14
    body, said = text(0, 13, title, "lab"), []
    for number, one in enumerate(lines):
        y = _TOP + _LINE * number
        body += text(0, y + 11, one.label, "lab") + text(
            names + numbers - 12, y + 11, one.left or "…", "lab", anchor="end"
        )
        passed, failed, undecided, beside = one.counts or (0, 0, 0, 0)
        bar = _bar(passed, failed, undecided, beside, of) if one.counts else _nothing()
        body += f'<g transform="translate({num(names + numbers)} {num(y)})">{bar}</g>'
        said.append(f"{one.label}: {one.left or 'no verdicts'}")
    foot = _TOP + _LINE * len(lines) + 12
    body += text(
        0,
        foot,
        "Bars: log(1 + n). Filled: left; dashed: undecided; dotted: not applicable; outline: failed; …: not computed.",
        "lab s",
    )
    width = max(names + numbers + _WIDTH, 460.0) + 2
    return drawing(width, foot + 8, body, sentence=f"{title}. {'; '.join(said)}", sizing="exact")
