"""A whole comparison as one figure: its verdict, the bar, every drawing, and one experiment."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from markupsafe import Markup

from pluriscope.figures.cards import placed
from pluriscope.figures.numbers import exact
from pluriscope.figures.standalone import size_of
from pluriscope.figures.svg.elements import drawing, esc, num, rect
from pluriscope.figures.svg.marks import quarters

WIDTH: Final = 720.0
_PAD: Final = 16.0
_GAP: Final = 24.0
_CELL: Final = (WIDTH - _GAP) / 2
QUARTERS: Final = ("both right", "only P", "only Q", "neither")


def comparison_figure(
    title: str,
    sentence: str,
    counts: Sequence[int],
    drawings: Sequence[tuple[str, Markup]],
    asked: tuple[str, Markup] | None,
    foot: str,
) -> Markup:
    """The figure, 752 px wide.

    Args:
        title: the verdict.
        sentence: what they have in common, and who is right.
        counts: of trials in which both are right, one alone, the other alone, neither; () for no bar.
        drawings: each with its name; two stand in a row.
        asked: the experiment in words, and the network in it.
        foot: where it comes from.
    """
    body, y = _lines(title, 0, 18, 20, 62)
    more, y = _lines(sentence, 0, y, 12, 118)
    body += more
    if counts:
        words = " · ".join(f"{exact(n)} {name}" for n, name in zip(counts, QUARTERS, strict=True))
        body += placed(quarters(counts, sentence=""), 0, y, WIDTH, 14, stretched=True)
        more, y = _lines(words, 0, y + 30, 12, 108)
        body += more
    for start in range(0, len(drawings), 2):
        row = drawings[start : start + 2]
        high = max(_CELL * size_of(one)[1] / size_of(one)[0] for _, one in row)
        for column, (name, one) in enumerate(row):
            x = column * (_CELL + _GAP)
            body += _lines(name, x, y + 12, 12, 52)[0] + placed(one, x, y + 34, _CELL, high)
        y += high + 46
    if asked is not None:
        words, network = asked
        wide, high = size_of(network)
        body += rect(0.5, y, WIDTH - 1, high + 20, "n-ring")
        body += _lines(words, 14, y + high / 2, 14, 40)[0] + placed(network, WIDTH - wide - 10, y + 10, wide, high)
        y += high + 32
    more, y = _lines(foot, 0, y + 12, 12, 108)
    whole = f'<g transform="translate({num(_PAD)} {num(_PAD)})">{body}{more}</g>'
    return drawing(WIDTH + 2 * _PAD, y + 2 * _PAD, whole, sentence=f"{title}. {sentence}", css_class="comparison")


def _lines(words: str, x: float, y: float, size: float, letters: int) -> tuple[str, float]:
    """Text in lines of so many letters, and where the next may begin."""
    some = wrap(words, letters)
    body = "".join(
        f'<text x="{num(x)}" y="{num(y + 1.3 * size * line)}" font-size="{size:g}">{esc(one)}</text>'
        for line, one in enumerate(some)
    )
    return body, y + 1.3 * size * len(some)
