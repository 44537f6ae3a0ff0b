"""The glossary, read from the one file that holds it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from app.addressing import Addresses
from app.pages.shared import Options, PageModel
from app.settings import ROOT

GLOSSARY_FILE: Final = ROOT / "docs" / "glossary.md"
_SEE: Final = "See also:"


class GlossaryOptions(Options):
    """Options of the glossary."""


class Piece(PageModel):
    """A run of text in one manner."""

    text: str
    manner: Literal["plain", "code", "emphasis"]


class Paragraph(PageModel):
    """A paragraph of an entry, or one of its formulas."""

    kind: Literal["text", "formula"]
    pieces: list[Piece]


class SeeAlso(PageModel):
    """A related term."""

    term: str
    anchor: str


class Entry(PageModel):
    """One term."""

    term: str
    anchor: str
    url: str
    paragraphs: list[Paragraph]
    see_also: list[SeeAlso]


class GlossaryPage(PageModel):
    """All terms in alphabetical order."""

    intro: list[Paragraph] = Field(description="What stands before the first term.")
    entries: list[Entry]
    url: str


def build_glossary(addresses: Addresses) -> GlossaryPage:
    """The glossary as it stands in the documentation."""
    intro, entries = read_glossary(GLOSSARY_FILE)
    return GlossaryPage(
        intro=[_paragraph(block) for block in intro],
        entries=[
            Entry(
                term=term,
                anchor=anchor_of(term),
                url=addresses.glossary(anchor_of(term)),
                paragraphs=[_paragraph(block) for block in blocks if not block.startswith(_SEE)],
                see_also=[
                    SeeAlso(term=other, anchor=anchor_of(other))
                    for block in blocks
                    if block.startswith(_SEE)
                    for other in (part.strip() for part in block.removeprefix(_SEE).rstrip(".").split(";"))
                ],
            )
            for term, blocks in entries
        ],
        url=addresses.glossary(),
    )


@lru_cache(maxsize=4)
def read_glossary(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """The blocks before the first term, then each term with its own; a block is a paragraph or an indented formula."""
    head, *sections = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = []
    for section in sections:
        term, _, body = section.partition("\n")
        entries.append((term.strip(), _blocks(body)))
    intro = _blocks(re.sub(r"^# .*$", "", head, count=1, flags=re.MULTILINE))
    return intro, tuple(sorted(entries, key=lambda entry: entry[0].lower()))


def anchor_of(term: str) -> str:
    """The term in lower case with dashes."""
    return re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def _blocks(body: str) -> tuple[str, ...]:
    return tuple(block.rstrip() for block in re.split(r"\n\s*\n", body.strip("\n")) if block.strip())


def _paragraph(block: str) -> Paragraph:
    if block.startswith("    "):
        lines = "\n".join(line.removeprefix("    ") for line in block.splitlines())
        return Paragraph(kind="formula", pieces=[Piece(text=lines, manner="plain")])
    pieces = []
    for part in re.split(r"(`[^`]+`|\*[^*]+\*)", " ".join(block.split())):
        if part.startswith("`") and part.endswith("`") and len(part) > 2:
            pieces.append(Piece(text=part[1:-1], manner="code"))
        elif part.startswith("*") and part.endswith("*") and len(part) > 2:
            pieces.append(Piece(text=part[1:-1], manner="emphasis"))
        elif part:
            pieces.append(Piece(text=part, manner="plain"))
    return Paragraph(kind="text", pieces=pieces)
