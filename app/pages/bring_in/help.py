"""How networks are imported from where they were trained: docs/importing.md as a page."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from app.addressing import Addresses
from app.options import PageModel
from app.pages.prose import Block, Chapter, block_of, chapter, chapters
from app.resources import DOCUMENTS

HELP_FILE: Final = DOCUMENTS / "importing.md"


class HelpPage(PageModel):
    """The document, chapter by chapter."""

    intro: list[Block]
    chapters: list[Chapter]
    bring_in_url: str
    check_url: str
    url: str


def build_help(addresses: Addresses) -> HelpPage:
    """The page."""
    (_, intro), *found = _document()
    return HelpPage(
        intro=[block_of(block, addresses) for block in intro],
        chapters=[chapter(title, blocks, addresses) for title, blocks in found],
        bring_in_url=addresses.bring_in(),
        check_url=addresses.check_network_file(),
        url=addresses.bring_in_help(),
    )


@lru_cache(maxsize=1)
def _document() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return chapters(HELP_FILE)
