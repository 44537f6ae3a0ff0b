"""Wide tables as cards on narrow screens: each cell is given the label of its column, for the style sheet to show.

A table of class ``stack`` whose head is one row is rewritten so that every cell of its body has ``data-l``, the words
of its column's head, ``data-short`` where two or three such cells find room beside each other, and ``data-void`` where
it holds nothing or a dash. ``static/pluriscope.css`` makes a card of each row where the screen is narrow; elsewhere
nothing changes. All pages pass here (:func:`app.rendering.render`), so that templates say a label once, in the head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape, unescape
from itertools import pairwise
from typing import Final

_TABLE: Final = re.compile(r'<table class="(?:[^"]* )?stack(?: [^"]*)?"')
_TAG: Final = re.compile(r'<(/?)(table|thead|tbody|tr|td|th)\b([^>"]*(?:"[^"]*"[^>"]*)*)>')
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
    while opening := _TABLE.search(page, end):
        tags = _own_tags(page, opening.start())
        parts += [page[end : opening.start()], *_labelled(page, opening.start(), tags)]
        end = tags[-1].end()
    return "".join([*parts, page[end:]]) if parts else page


def _own_tags(page: str, start: int) -> list[re.Match[str]]:
    """The tags of the table that begins there, from its own to the one that closes it; not those of tables in it."""
    tags: list[re.Match[str]] = []
    depth = 0
    for tag in _TAG.finditer(page, start):
        closes, name = tag.group(1, 2)
        if name == "table":
            depth += -1 if closes else 1
            if depth == 0:
                return [*tags, tag]
            if depth == 1 and not closes:
                tags.append(tag)
        elif depth == 1:
            tags.append(tag)
    return tags


def _labelled(page: str, end: int, tags: Sequence[re.Match[str]]) -> Iterator[str]:
    """The parts of the table with these tags, from ``end`` on, with its cells labelled if its head is a single row."""
    labels = [escape(label) for label in _labels(page, tags)]
    column, in_body = 0, False
    for tag, following in pairwise(tags if labels else ()):
        closes, name, own = tag.group(1, 2, 3)
        if name == "tbody":
            in_body = not closes
        elif name == "tr":
            column = 0
        elif in_body and not closes and name != "table":
            span = int(found[1]) if "colspan" in own and (found := _COLSPAN.search(own)) else 1
            if span == 1 and 'scope="row"' not in own:  # one that heads its row has no label either
                start, label = tag.end(), labels[column] if column < len(labels) else ""
                yield page[end : start - 1]
                yield _attributes(page[start : following.start()], label)
                end = start - 1
            column += span
    yield page[end : tags[-1].end()]


def _labels(page: str, tags: Sequence[re.Match[str]]) -> list[str]:
    """The words of each column's head; none unless the head is one row of single cells."""
    labels: list[str] = []
    for tag, following in pairwise(tags):
        if tag[2] == "tbody":
            break
        if tag[2] == "tr" and not tag[1] and labels:
            return []
        if tag[2] in ("th", "td") and not tag[1]:
            if _COLSPAN.search(tag[3]):
                return []
            labels.append(_words(page[tag.end() : following.start()]))
    return labels


def _attributes(content: str, label: str) -> str:
    """What a cell with this content is given beside what it has."""
    short = ""
    if "<" not in content or not _SHOWN.search(content):
        words = _words(content)
        if words in _NOTHING:
            return " data-void"
        short = " data-short" if len(words) <= _SHORT else ""
    return f'{short} data-l="{label}"' if label else short


def _words(content: str) -> str:
    """The text of a cell as it is seen: nothing that only readers of screens are told, no arrows of orders."""
    if "<" in content:
        content = _MARKUP.sub("", _UNSEEN.sub("", content))
    return " ".join(unescape(content).split())
