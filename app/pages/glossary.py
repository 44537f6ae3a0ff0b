"""The glossary, read from the one file that holds it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import Field

from app.addressing import Addresses
from app.options import PageModel
from app.pages.prose import Block, anchor_of, block_of, chapters
from app.resources import DOCUMENTS

GLOSSARY_FILE: Final = DOCUMENTS / "glossary.md"
_SEE: Final = "See also:"


class SeeAlso(PageModel):
    """A related term."""

    term: str
    anchor: str


class Entry(PageModel):
    """One term."""

    term: str
    anchor: str
    url: str
    paragraphs: list[Block]
    see_also: list[SeeAlso]


class GlossaryPage(PageModel):
    """All terms in alphabetical order."""

    intro: list[Block] = Field(description="What stands before the first term.")
    entries: list[Entry]
    url: str


def build_glossary(addresses: Addresses) -> GlossaryPage:
    """The glossary as it stands in the documentation."""
    intro, entries = read_glossary(GLOSSARY_FILE)
    return GlossaryPage(
        intro=[block_of(block, addresses) for block in intro],
        entries=[
            Entry(
                term=term,
                anchor=anchor_of(term),
                url=addresses.glossary(anchor_of(term)),
                paragraphs=[block_of(block, addresses) for block in blocks if not block.startswith(_SEE)],
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
    (_, intro), *entries = chapters(path)
    return intro, tuple(sorted(entries, key=lambda entry: entry[0].lower()))
