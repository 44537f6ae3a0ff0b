"""Wide tables as cards on narrow screens: each cell is given the label of its column, for the style sheet to show.

A table of class ``stack`` whose head is one row is rewritten so that every cell of its body has ``data-l``, the words
of its column's head, ``data-short`` where two or three such cells find room beside each other, and ``data-void`` where
it holds nothing or a dash. ``static/pluriscope.css`` makes a card of each row where the screen is narrow; elsewhere
nothing changes. All pages pass here (:func:`app.rendering.render`), so that templates say a label once, in the head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape, unescape
from itertools import pairwise
from typing import Final

_TABLE: Final = re.compile(r'<table class="(?:[^"]* )?stack(?: [^"]*)?"')
_PART: Final = re.compile(r'<(/?table|/?tbody|tr|td|th)\b([^>"]*(?:"[^"]*"[^>"]*)*)>([^<]*)')
"""A tag that says where rows and cells of tables begin, with what it has, and the text behind it."""
_UNSEEN: Final = re.compile(
    r'<span[^>]*(?:class="vh"|aria-hidden="true")[^>]*>.*?</span>|<template.*?</template>', re.DOTALL
)
_MARKUP: Final = re.compile(r"<[^>]*>")
_COLSPAN: Final = re.compile(r'colspan="(\d+)"')
_SHOWN: Final = re.compile(r"<(?:svg|img|input|button|select)\b")
_NOTHING: Final = frozenset({"", "–", "—", "-"})
_VOID: Final = " data-void"
_SHORT: Final = 12  # characters


def with_labels(page: str) -> str:
    """A page with the cells of its stacked tables labelled.

    Args:
        page: HTML, or a part of a page, in which every table is whole.
    """
    parts, end = [], 0
    while opening := _TABLE.search(page, end):
        own = _own_parts(page, opening.start())
        parts += [page[end : opening.start()], *_labelled(page, opening.start(), own)]
        end = own[-1].end(2) + 1
    return "".join([*parts, page[end:]]) if parts else page


def _own_parts(page: str, start: int) -> list[re.Match[str]]:
    """The parts of the table that begins there, from its own tag to the one that closes it; tables in it apart."""
    parts: list[re.Match[str]] = []
    depth = 0
    for part in _PART.finditer(page, start):
        depth += part[1] == "table"
        if depth == 1:
            parts.append(part)
        depth -= part[1] == "/table"
        if depth == 0:
            break
    return parts


def _labelled(page: str, end: int, parts: Sequence[re.Match[str]]) -> Iterator[str]:
    """The table of these parts, from ``end`` on, with its cells labelled if its head is a single row."""
    labels = [f' data-l="{escape(label)}"' if label else "" for label in _labels(page, parts)]
    column, in_body = 0, False
    for part, following in pairwise(parts if labels else ()):
        name, own, text = part.groups()
        if name == "tr":
            column = 0
        elif name in ("tbody", "/tbody"):
            in_body = name == "tbody"
        elif in_body and name in ("td", "th"):
            span = int(found[1]) if "colspan" in own and (found := _COLSPAN.search(own)) else 1
            if span == 1 and 'scope="row"' not in own:  # one that heads its row has no label either
                start = part.start(3)
                only_text = page.startswith("</t", part.end())
                room = _room_of_text(text) if only_text else _room(page[start : following.start()])
                label = labels[column] if column < len(labels) and room != _VOID else ""
                yield page[end : start - 1] + room + label
                end = start - 1
            column += span
    yield page[end : parts[-1].end(2) + 1]


def _labels(page: str, parts: Sequence[re.Match[str]]) -> list[str]:
    """The words of each column's head; none unless the head is one row of single cells."""
    labels: list[str] = []
    for part, following in pairwise(parts):
        if part[1] == "tbody":
            break
        if part[1] == "tr" and labels:
            return []
        if part[1] in ("th", "td"):
            if _COLSPAN.search(part[2]):
                return []
            labels.append(_words(page[part.start(3) : following.start()]))
    return labels


def _room(content: str) -> str:
    """The attribute that says whether a cell with this content is empty or short; "" if it is neither."""
    if "<" in content and _SHOWN.search(content):
        return ""
    words = _words(content)
    return _VOID if words in _NOTHING else " data-short" if len(words) <= _SHORT else ""


_room_of_text = lru_cache(maxsize=4096)(_room)  # the same few numbers and words stand in very many cells


def _words(content: str) -> str:
    """The text of a cell as it is seen: nothing that only readers of screens are told, no arrows of orders."""
    if "<" in content:
        content = _MARKUP.sub("", _UNSEEN.sub("", content))
    return " ".join(unescape(content).split())
