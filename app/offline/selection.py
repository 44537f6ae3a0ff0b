"""What a copy holds: decided before anything is written, by rules that the copy tells its reader.

A selection is a set of addresses: explanations, comparisons, the list of explanations and of each kind, page by page.
What lies beside a page (its JSON twin, its tables, its drawing) follows
from the page's address, so that links can be written before what they lead to is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from app.addressing import API_PREFIX, Addresses, below_api
from app.offline.names import Option, join, normal, split
from pluriscope.naming import Scope

SCOPE_OPTIONS: Final = ("output", "protocol", "data")
LISTS: Final = ("explanations",)
"""Kinds of pages that are lists, read page by page."""
SITE_PAGES: Final = ("/glossary", "/scope")
_ORDERS: Final = ("sort", "order")
_POSITIONS: Final = ("start", "after", "limit")
_FIGURE: Final = re.compile(r"(.*)/(?:figures/[^/]+|drawing)\.svg")
_TABLE: Final = re.compile(r"(.*)\.(?:csv|json)")
_TABLES_BELOW: Final = ("data", "figures", "interpretations", "interchanges.all", "agreement")


@dataclass(frozen=True)
class Share:
    """How much of one kind of thing is in the copy.

    Args:
        noun: what, in the singular.
        included: how many.
        of: how many there are; None if that is more than was counted.
        order: which were taken.
        url: of the list of all, "" if there is none.
    """

    noun: str
    included: int
    of: int | None
    order: str
    url: str = ""


@dataclass(frozen=True)
class Titled:
    """A page named in a list."""

    title: str
    url: str


@dataclass
class Part:
    """One analysis in the copy.

    Args:
        network: slug.
        scope: which analysis.
        title: of its protocol, output and data, for people.
        shares: what of it is included.
        comparisons: with what each compares.
        presets: sequences of criteria.
    """

    network: str
    scope: Scope
    title: str
    shares: list[Share] = field(default_factory=list)
    comparisons: list[Titled] = field(default_factory=list)
    presets: list[Titled] = field(default_factory=list)


@dataclass
class Subject:
    """One network in the copy.

    Args:
        slug: how addresses call it.
        name: how people call it.
        digest: SHA-256 of settings and weights.
        shape: its sizes.
        attribution: whom the weights are from, "" if nobody has to be named.
        parts: its analyses in the copy.
        files: network, protocol and data files, as (title, file).
    """

    slug: str
    name: str
    digest: str
    shape: str
    attribution: str = ""
    parts: list[Part] = field(default_factory=list)
    files: list[Titled] = field(default_factory=list)


@dataclass
class Selection:
    """Everything that a copy holds.

    Args:
        subjects: networks that it is about, in order.
        studies: and studies, each with its page.
        pages: planned pages by their normal address, each with its kind, in the order in which they are written.
        limit: most explanations of each kind.
        most_interpretations: most interpretations.
    """

    limit: int
    most_interpretations: int
    subjects: list[Subject] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    studies: list[Titled] = field(default_factory=list)
    addresses: Addresses = field(default_factory=Addresses)

    def add(self, kind: str, *addresses: str) -> None:
        for address in addresses:
            self.pages.setdefault(normal(address), kind)

    def has_page(self, address: str) -> bool:
        """Whether a page is part of the copy."""
        return normal(address) in self.pages

    def data(self, address: str) -> str:
        """The address under which a file that belongs to a page of the copy is in it, "" if it is not.

        Lists have one table whatever their order is; of filtered ones there is none.
        """
        path, options = split(address)
        kept = tuple(option for option in options if option[0] not in _POSITIONS)
        if figure := _FIGURE.fullmatch(path):
            return normal(address) if self.has_page(join(figure[1], options)) else ""
        if table := _TABLE.fullmatch(path):
            return self._table(path, below_api(table[1]), kept)
        if not path.startswith("/api/"):
            return ""
        page = self.addresses.page_of(path)
        if page.endswith("/result"):
            kept = tuple(option for option in kept if option[0] not in ("output", "masks"))
            networks = (known for known, kind in self.pages.items() if kind == "network")
            found = any(self.result(known) == join(path, kept) for known in networks)
            return join(path, kept) if found else ""
        return normal(address) if self.has_page(join(page.removesuffix("/file"), options)) else ""

    def _table(self, path: str, base: str, options: tuple[Option, ...]) -> str:
        scope = tuple(option for option in options if option[0] in SCOPE_OPTIONS)
        if self.pages.get(join(base, scope)) in LISTS:
            return join(path, scope) if all(key in (*SCOPE_OPTIONS, *_ORDERS) for key, _ in options) else ""
        parent, _, name = base.rpartition("/")
        own = self.has_page(join(base, options))
        below = name in _TABLES_BELOW and self.has_page(join(parent, options))
        return join(path, options) if own or below else ""

    def result(self, page: str) -> str:
        """Address of the result file of a network's page: one file for all outputs."""
        path, options = split(page)
        return join(f"{API_PREFIX}{path}/result", [option for option in options if option[0] in ("protocol", "data")])
