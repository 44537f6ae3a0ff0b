"""Links that stand on many pages, and those that plugins bring to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pluriscope.address import Addresses
from pluriscope.analysis.plugins import joined


@dataclass(frozen=True)
class NavigationLink:
    """A link to the first page of a part of the application.

    Args:
        words: of the link.
        path: of the page, its segments.
        among: where it stands: "head" or "foot" of every page, or "findings".
        rank: it stands before those of a higher rank.
    """

    words: str
    path: tuple[str, ...]
    among: str
    rank: int = 50


OWN = (
    NavigationLink("Explore", ("networks",), "head", 10),
    NavigationLink("Learn", ("learn",), "head", 20),
    NavigationLink("Findings", ("findings",), "head", 30),
    NavigationLink("Your network", ("networks", "new"), "head", 40),
)


def navigation(among: str, links: Addresses) -> Mapping[str, str]:
    """The words of each link with its address, in order."""
    every = joined("navigation", OWN, lambda one: (one.among, one.words))
    chosen = sorted((one for one in every if one.among == among), key=lambda one: one.rank)
    return {one.words: links.url(*one.path) for one in chosen}
