"""Search results of the answer key, and the link to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.navigation import NavigationLink
from pluriscope.app.pages.search_index import Document
from pluriscope_bench.pages.results import scored_methods

LINK: Final = NavigationLink("The answer key", ("bench",), "findings")


def documents(links: Addresses) -> Iterator[Document]:
    """The answer key, and each method that it has scored."""
    what, also = "Discovery methods by regret against all valid circuits", "benchmark leaderboard scores"
    yield Document("Actions", "action", "Answer key", what, links.url("bench"), (), also)
    for label, url in scored_methods(links).items():
        what = "How it does against all valid circuits of many networks"
        yield Document("Answer key", "method", f"{label}, scored", what, url)
