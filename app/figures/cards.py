"""The card that stands for a page in chats and search results: 1200 × 630, words on the left, the very drawing beside.

A card is one SVG document, made of the same drawings as the page, so that what is previewed is what will be seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.figures.standalone import FONT_FAMILY, Theme, drawing_rules, token
from app.figures.svg.elements import esc, num

WIDTH: Final = 1200
HEIGHT: Final = 630
PAD: Final = 56
MOST_LINES: Final = 5
_TEXT_WIDTH: Final = 430.0
_ROOT: Final = re.compile(r'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')
_NARROW: Final = frozenset("iljtfr.,:;!|'()[] ")
_WIDE: Final = frozenset("mwMW⊕∧∨—→")


@dataclass(frozen=True)
class Picture:
    """One drawing on a card.

    Args:
        markup: the drawing.
        letter: which of several it is, "" if it is alone.
        caption: one line under it.
    """

    markup: str
    letter: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Card:
    """What a card says and shows.

    Args:
        kicker: what kind of thing it is.
        title: its name.
        lines: key numbers as (what, value).
        pictures: one drawing, or one of each explanation compared.
        foot: where it comes from, one line.
    """

    kicker: str
    title: str
    lines: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    foot: str


def card_svg(card: Card, theme: Theme = "light") -> str:
    """The card as one SVG document.

    Args:
        card: what it says.
        theme: its colours.
    """
    several = len(card.pictures) > 1
    left = _words(card, theme)
    right = _several(card.pictures, theme) if several else _alone(card.pictures)
    rules = drawing_rules(theme, FONT_FAMILY)
    ink, soft, rule = (token(name, theme) for name in ("--ink", "--ink-3", "--rule"))
    foot_y = HEIGHT - 34
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"<title>{esc(card.title)}</title><style>{rules}"
        f"text.c-t{{font-family:{FONT_FAMILY};fill:{ink}}}text.c-s{{font-family:{FONT_FAMILY};fill:{soft}}}</style>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{token("--paper", theme)}"/>'
        f'<rect width="{WIDTH}" height="10" fill="{ink}"/>'
        f"{left}{right}"
        f'<path d="M{PAD} {HEIGHT - 72}H{WIDTH - PAD}" stroke="{rule}" stroke-width="2" fill="none"/>'
        f"{_text(PAD, foot_y, 'Pluriscope', 26)}"
        f"{_text(PAD + 140, foot_y, 'every valid explanation of one small network', 20, soft=True)}"
        f"{_text(WIDTH - PAD, foot_y, card.foot, 20, soft=True, end=True)}</svg>"
    )


def wrap(text: str, size: float, width: float, most: int) -> list[str]:
    """Text in lines of at most a width, the last one ended with an ellipsis if there is more.

    Args:
        text: words; one that is wider than a line is broken.
        size: of the font in pixels.
        width: of a line in pixels.
        most: lines.
    """
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and breadth(joined, size) <= width:
            lines[-1] = joined
            continue
        while breadth(word, size) > width:
            cut = max(1, next(n for n in range(len(word), 0, -1) if n == 1 or breadth(word[:n], size) <= width))
            lines.append(word[:cut])
            word = word[cut:]
            if not word:
                break
        if word:
            lines.append(word)
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and breadth(last + "…", size) > width:
        last = last[:-1]
    return [*lines[: most - 1], last.rstrip() + "…"]


def breadth(text: str, size: float) -> float:
    """How wide a text is drawn, a little generous: the font's glyphs come in three widths here."""
    ems = sum(0.3 if c in _NARROW else 0.86 if c in _WIDE else 0.68 if c.isupper() else 0.52 for c in text)
    return ems * size


def _words(card: Card, theme: Theme) -> str:
    size = 46.0 if len(wrap(card.title, 46, _TEXT_WIDTH, 9)) <= 3 else 36.0
    title = wrap(card.title, size, _TEXT_WIDTH, 4)
    body = _text(PAD, 74, card.kicker, 24, soft=True)
    y = 74 + 18.0
    for line in title:
        y += size * 1.14
        body += _text(PAD, y, line, size)
    room = HEIGHT - 100 - y
    lines = card.lines[: max(0, min(MOST_LINES, int(room // 58)))]
    y += 26
    for what, value in lines:
        body += f'<path d="M{PAD} {num(y)}h{num(_TEXT_WIDTH)}" stroke="{token("--rule", theme)}" stroke-width="1.5"/>'
        body += _text(PAD, y + 22, wrap(what, 18, _TEXT_WIDTH, 1)[0] if what else "", 18, soft=True)
        body += _text(PAD, y + 48, wrap(value, 26, _TEXT_WIDTH, 1)[0] if value else "", 26)
        y += 58
    return body


def _alone(pictures: Sequence[Picture]) -> str:
    left = PAD + _TEXT_WIDTH + 44
    return "".join(_placed(p.markup, left, 36, WIDTH - PAD - left + 20, HEIGHT - 72 - 60) for p in pictures)


def _several(pictures: Sequence[Picture], theme: Theme) -> str:
    left, top = PAD + _TEXT_WIDTH + 44, 48.0
    columns = 2 if len(pictures) <= 4 else 3
    rows = -(-len(pictures) // columns)
    gap = 18.0
    width = (WIDTH - PAD - left - gap * (columns - 1)) / columns
    height = (HEIGHT - 72 - 24 - top - gap * (rows - 1)) / rows
    body = ""
    for position, picture in enumerate(pictures):
        x = left + (position % columns) * (width + gap)
        y = top + (position // columns) * (height + gap)
        body += (
            f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" '
            f'fill="{token("--surface", theme)}" stroke="{token("--rule", theme)}" stroke-width="1.5"/>'
        )
        body += _placed(picture.markup, x + 12, y + 36, width - 24, height - 72)
        body += _text(x + 14, y + 30, picture.letter, 24)
        caption = wrap(picture.caption, 17, width - 28, 1)
        body += _text(x + 14, y + height - 14, caption[0] if caption else "", 17, soft=True)
    return body


def _placed(markup: str, x: float, y: float, width: float, height: float) -> str:
    """A drawing inside a box, as large as it fits, in the middle."""
    head = _ROOT.match(markup)
    if head is None:
        raise ValueError("this markup is no drawing with a view box from 0 0")
    own_width, own_height = float(head[1]), float(head[2])
    scale = min(width / own_width, height / own_height)
    css = re.search(r' class="([^"]*)"', head[0])
    left, top = x + (width - own_width * scale) / 2, y + (height - own_height * scale) / 2
    inner = markup[head.end() :].removesuffix("</svg>")
    return (
        f'<g transform="translate({num(left)} {num(top)}) scale({scale:.4f})" class="{css[1] if css else ""}">'
        f"{re.sub(r'<title>.*?</title>', '', inner, count=1)}</g>"
    )


def _text(x: float, y: float, words: str, size: float, *, soft: bool = False, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    name = "c-s" if soft else "c-t"
    # the class stands in a rule that comes after `svg text`, and is as specific
    return f'<text class="{name}" x="{num(x)}" y="{num(y)}" font-size="{size:g}"{anchor}>{esc(words)}</text>'
