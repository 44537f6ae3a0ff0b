"""Our own documents as pages show them: paragraphs, lists, tables and formulas, with the few marks that we use.

A reader for what docs/scope.md, docs/glossary.md and docs/findings.md hold, not for Markdown at large: code between
backticks, emphasis between asterisks, and links within the document, to the glossary, scope and criteria, to pages of
this site and to other sites. Nothing is passed through as HTML, and comments and pictures are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from app.addressing import Addresses
from app.options import PageModel
from pluriscope.glossary import anchor_of
from pluriscope.markdown import target

_MARKS: Final = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)\s]+\))")
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_RULE: Final = re.compile(r"^\|[-| :]+\|$")


class Piece(PageModel):
    """A run of text in one manner."""

    text: str
    manner: Literal["plain", "code", "emphasis", "strong", "link"]
    url: str | None = Field(None, description="Where a link leads.")


class Block(PageModel):
    """A paragraph, a heading within a chapter, a list, a table or a formula of a document."""

    kind: Literal["text", "heading", "list", "numbered", "table", "formula"]
    rows: list[list[list[Piece]]] = Field(
        description="Of a table its rows of cells, the first being its head; of a list one cell a row; else one cell."
    )

    @property
    def anchor(self) -> str:
        """Where links to a heading lead."""
        return anchor_of("".join(piece.text for piece in self.rows[0][0]))


class Chapter(PageModel):
    """What stands under one heading."""

    title: str
    anchor: str
    blocks: list[Block]


def chapters(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The title and the blocks of text of each chapter of a document; first what stands before them, titled "".

    Args:
        path: a Markdown file with one ``#`` heading and a ``##`` heading for each chapter.
    """
    head, *sections = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [("", _blocks(re.sub(r"^# .*$", "", head, count=1, flags=re.MULTILINE)))]
    for section in sections:
        title, _, body = section.partition("\n")
        found.append((title.strip(), _blocks(body)))
    return tuple(found)


def chapter(title: str, blocks: Sequence[str], addresses: Addresses) -> Chapter:
    """One chapter as pages show it."""
    return Chapter(title=title, anchor=anchor_of(title), blocks=[block_of(block, addresses) for block in blocks])


def block_of(block: str, addresses: Addresses) -> Block:
    """One block as pages show it."""
    lines = block.splitlines()
    if block.startswith("    "):
        text = "\n".join(line.removeprefix("    ") for line in lines)
        return Block(kind="formula", rows=[[[Piece(text=text, manner="plain")]]])
    if block.startswith("### "):
        return Block(kind="heading", rows=[[pieces(block.removeprefix("### "), addresses)]])
    if block.startswith(("- ", "1. ")):
        kind: Literal["list", "numbered"] = "list" if block.startswith("- ") else "numbered"
        return Block(kind=kind, rows=[[pieces(item, addresses)] for item in items_of(block)])
    if block.startswith("|"):
        rows = [line for line in lines if not _RULE.match(line)]
        return Block(kind="table", rows=[[pieces(c.strip(), addresses) for c in r.strip("|").split("|")] for r in rows])
    return Block(kind="text", rows=[[pieces(" ".join(block.split()), addresses)]])


def items_of(block: str) -> tuple[str, ...]:
    """The items of a list, each as one line."""
    items = re.split(r"^(?:-|\d+\.) ", block, flags=re.MULTILINE)
    return tuple(" ".join(item.split()) for item in items if item.strip())


def pieces(text: str, addresses: Addresses) -> list[Piece]:
    """A line of text with its marks read."""
    found = []
    for part in _MARKS.split(text):
        link = _LINK.fullmatch(part)
        if link:
            found.append(Piece(text=link[1], manner="link", url=_target(link[2], addresses)))
        elif part.startswith("`") and part.endswith("`") and len(part) > 2:
            found.append(Piece(text=part[1:-1], manner="code"))
        elif part.startswith("**") and part.endswith("**") and len(part) > 4:
            found.append(Piece(text=part[2:-2], manner="strong"))
        elif part.startswith("*") and part.endswith("*") and len(part) > 2:
            found.append(Piece(text=part[1:-1], manner="emphasis"))
        elif part:
            found.append(Piece(text=part, manner="plain"))
    return found


def _target(written: str, addresses: Addresses) -> str:
    """Where a link of a document leads on the site."""
    found = target(written, addresses)
    if not found:
        raise ValueError(f"{written}: a page links to itself, scope, glossary, criteria, studies and other sites alone")
    return found


def _blocks(body: str) -> tuple[str, ...]:
    written = re.sub(r"<!--.*?-->|^!\[[^\n]*$", "", body, flags=re.DOTALL | re.MULTILINE)
    return tuple(block.rstrip() for block in re.split(r"\n\s*\n", written.strip("\n")) if block.strip())
