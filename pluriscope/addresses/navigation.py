"""Links that stand on many pages, and those that plugins bring to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.plugins import joined
from pluriscope.resources import SITE


@dataclass(frozen=True)
class NavigationLink:
    """A link to the first page of a part of the application.

    Args:
        words: of the link.
        path: of the page, its segments.
        among: where it stands: "head" or "foot" of every page, "findings", "story" at its end, "screen" on each of its
            screens, whose number is added to the address.
        rank: it stands before those of a higher rank.
        sentence: what is behind it, where there is room to say so.
    """

    words: str
    path: tuple[str, ...]
    among: str
    rank: int = 50
    sentence: str = ""


OWN = (
    NavigationLink("Explore", ("networks",), "head", 10),
    NavigationLink("Your network", ("networks", "new"), "head", 40),
    NavigationLink("Scope", ("scope",), "foot", 20),
    NavigationLink("Glossary", ("glossary",), "foot", 30),
    *([NavigationLink("Documents", ("docs", ""), "foot", 40)] if SITE.is_dir() else []),
    NavigationLink("Jobs", ("jobs",), "foot", 60),
)


def links_among(among: str) -> list[NavigationLink]:
    """Links of a group of the navigation, in order."""
    every = joined("navigation", OWN, lambda one: (one.among, one.words))
    return sorted((one for one in every if one.among == among), key=lambda one: one.rank)


@lru_cache(maxsize=64)
def navigation(among: str, links: Addresses, **view: Any) -> Mapping[str, str]:
    """The words of each with its address, which may have options."""
    return {one.words: links.url(*one.path, **view) for one in links_among(among)}
