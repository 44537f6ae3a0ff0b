"""Search results from here: each analysis on a network that shows something, by the words of the field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.example import NETWORK
from pluriscope.app.pages.search_index import Document
from pluriscope_criteria.analyses import EVERY

WORDS: Final = {
    "robust": (
        *("continuous patching domain", "patched values", "provable robustness", "provably robust circuit"),
        *("smallest robust circuit", "minimal robust circuit", "certified circuits", "branch and bound"),
    ),
    "manipulability": ("edits and doses", "manipulability", "manipulability standard", "predict an edit"),
}


def documents(links: Addresses) -> Iterator[Document]:
    """Every analysis."""
    for one in EVERY:
        url = one.url(links, NETWORK)
        yield Document("Analyses", "analysis", one.title, one.question, url, WORDS[one.key])
