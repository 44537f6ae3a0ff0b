"""Wide tables as cards on narrow screens: each cell is given the label of its column, for the style sheet to show.

A table of class ``stack`` whose head is one row is rewritten so that every cell of its body has ``data-l``, the words
of its column's head, ``data-short`` where two or three such cells find room beside each other, and ``data-void`` where
it holds nothing or a dash. ``static/pluriscope.css`` makes a card of each row where the screen is narrow; elsewhere
nothing changes. All pages pass here (:func:`app.rendering.render`), so that templates say a label once, in the head.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

_TABLE: Final = re.compile(r'<table class="(?:[^"]* )?stack(?: [^"]*)?"')
_TAG: Final = re.compile(r'<(/?)(table|thead|tbody|tr|td|th)\b((?:[^>"]|"[^"]*")*)>')
_UNSEEN: Final = re.compile(
    r'<span[^>]*(?:class="vh"|aria-hidden="true")[^>]*>.*?</span>|<template.*?</template>', re.DOTALL
)
_MARKUP: Final = re.compile(r"<[^>]*>")
_COLSPAN: Final = re.compile(r'colspan="(\d+)"')
_SHOWN: Final = re.compile(r"<(?:svg|img|input|button|select)\b")
_NOTHING: Final = frozenset({"", "–", "—", "-"})
_SHORT: Final = 12  # characters


def with_labels(page: str) -> str:
    """A page with the cells of its stacked tables labelled.

    Args:
        page: HTML, or a part of a page, in which every table is whole.
    """
    parts, end = [], 0
    for opening in _TABLE.finditer(page):
        if opening.start() < end:  # inside of the one before
            continue
        close = _end_of(page, opening.start())
        parts += [page[end : opening.start()], _labelled(page[opening.start() : close])]
        end = close
    return "".join([*parts, page[end:]]) if parts else page


def _end_of(page: str, start: int) -> int:
    """Where the table that begins there ends, others inside it passed over."""
    depth = 0
    for tag in _TAG.finditer(page, start):
        if tag[2] == "table":
            depth += -1 if tag[1] else 1
            if depth == 0:
                return tag.end()
    return len(page)


def _labelled(table: str) -> str:
    """One table with its cells labelled; as it is where its head is no single row."""
    tags, depth = [], 0
    for tag in _TAG.finditer(table):
        if tag[2] == "table":
            depth += -1 if tag[1] else 1
        elif depth == 1:
            tags.append(tag)
    labels = _labels(table, tags)
    if not labels:
        return table
    parts, end, column, in_body = [], 0, 0, False
    for number, tag in enumerate(tags):
        if tag[2] == "tbody":
            in_body = not tag[1]
        elif tag[2] == "tr":
            column = 0
        elif in_body and not tag[1]:
            span = int(found[1]) if (found := _COLSPAN.search(tag[3])) else 1
            said = _attributes(table, tag, tags[number + 1], labels[column] if column < len(labels) else "", span)
            parts += [table[end : tag.start()], f"<{tag[2]}{tag[3]}{said}>"]
            end, column = tag.end(), column + span
    return "".join([*parts, table[end:]])


def _labels(table: str, tags: list[re.Match[str]]) -> list[str]:
    """The words of each column's head; none unless the head is one row of single cells."""
    labels: list[str] = []
    for number, tag in enumerate(tags):
        if tag[2] == "tbody":
            break
        if tag[2] == "tr" and not tag[1] and labels:
            return []
        if tag[2] in ("th", "td") and not tag[1]:
            if _COLSPAN.search(tag[3]):
                return []
            labels.append(_words(table[tag.end() : tags[number + 1].start()]))
    return labels


def _attributes(table: str, cell: re.Match[str], close: re.Match[str], label: str, span: int) -> str:
    """What a cell is given beside what it has: nothing where it heads its row or spans several columns."""
    content = table[cell.end() : close.start()]
    if span > 1 or 'scope="row"' in cell[3]:
        return ""
    words, shown = _words(content), _SHOWN.search(content)
    if words in _NOTHING and not shown:
        return " data-void"
    short = " data-short" if len(words) <= _SHORT and not shown else ""
    return f'{short} data-l="{escape(label)}"' if label else short


def _words(head: str) -> str:
    """The text of a column's head as it is seen: nothing that only readers of screens are told, no arrows of orders."""
    return " ".join(unescape(_MARKUP.sub("", _UNSEEN.sub("", head))).split())
