"""The card that stands for a page in chats and search results: its title above the very drawings, on 1200 × 630.

A card is one SVG document, made of the same drawings as the page, so that what is previewed is what will be seen. What
else is to be said stands beside it, in the words that come with the address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import shorten
from typing import Final

from pluriscope.figures.standalone import FONT_FAMILY, Theme, drawing_rules, root_of, token
from pluriscope.figures.svg.elements import esc, num

WIDTH: Final = 1200
HEIGHT: Final = 630
_PAD: Final = 56.0
_TOP: Final = 120.0
_BOTTOM: Final = 80.0
_GAP: Final = 18.0
_LETTERS: Final = 48  # of a title, so that its line is not wider than the card


def card_svg(title: str, drawings: Sequence[tuple[str, str]], foot: str, theme: Theme = "light") -> str:
    """The card as one SVG document.

    Args:
        title: of the page.
        drawings: each with its letter, "" where there is one alone.
        foot: where it comes from, one line.
        theme: its colours.
    """
    columns = min(len(drawings), 2 if len(drawings) <= 4 else 3)
    rows = -(-len(drawings) // max(1, columns))
    width = (WIDTH - 2 * _PAD - _GAP * (columns - 1)) / max(1, columns)
    height = (HEIGHT - _TOP - _BOTTOM - _GAP * (rows - 1)) / max(1, rows)
    body = ""
    for number, (letter, drawing) in enumerate(drawings):
        x, y = _PAD + number % columns * (width + _GAP), _TOP + number // columns * (height + _GAP)
        body += placed(drawing, x, y, width, height) + _text(x, y + 24, letter, 24)
    short = shorten(title, _LETTERS, placeholder=" …")
    ink, soft = (token(name, theme) for name in ("--ink", "--ink-3"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"<title>{esc(title)}</title><style>{drawing_rules(theme, FONT_FAMILY)}"
        f"text.c-t{{font-family:{FONT_FAMILY};fill:{ink}}}text.c-s{{font-family:{FONT_FAMILY};fill:{soft}}}</style>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{token("--paper", theme)}"/>'
        f'<rect width="{WIDTH}" height="10" fill="{ink}"/>{_text(_PAD, 84, short, 46)}{body}'
        f"{_text(_PAD, HEIGHT - 34, 'Pluriscope', 26)}{_text(_PAD + 140, HEIGHT - 34, foot, 20, 'c-s')}</svg>"
    )


def placed(markup: str, x: float, y: float, width: float, height: float, *, stretched: bool = False) -> str:
    """A drawing within another: in the middle of a box, as large as it fits, or stretched to fill it."""
    root = root_of(markup)
    css = re.search(r' class="[^"]*"', root[0])
    box = f'x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" viewBox="0 0 {root[1]} {root[2]}"'
    fill = ' preserveAspectRatio="none"' if stretched else ""
    inner = re.sub(r"<title>.*?</title>", "", markup[root.end() :], count=1, flags=re.DOTALL)
    return f"<svg {box}{fill}{css[0] if css else ''}>{inner}"


def _text(x: float, y: float, words: str, size: float, css_class: str = "c-t") -> str:
    # the class stands in a rule that comes after `svg text`, and is as specific
    return f'<text class="{css_class}" x="{num(x)}" y="{num(y)}" font-size="{size:g}">{esc(words)}</text>'
