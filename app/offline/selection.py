"""What a copy holds: decided before anything is written, by rules that the copy tells its reader.

A selection is a set of addresses: explanations, comparisons, and of lists the pages in their own order, the first page
of every other order and of every single filter that a list offers as a link. What lies beside a page (its JSON twin,
its tables, its drawing) follows from the page's address, so that links can be written before what they lead to is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from app.addressing import API_PREFIX, Addresses, Scope
from app.offline.names import join, normal, split

SCOPE_OPTIONS: Final = ("output", "protocol", "data")
ORDERS: Final = frozenset(("sort", "order", "view"))
POSITIONS: Final = frozenset(("after", "limit"))
# filters that have as many values as there are explanations or parts
_UNBOUNDED: Final = frozenset(("after", "limit", "algorithm", "circuit", "keep", "drop", "q", "at", "criteria"))
_ONLY_ORDERED: Final = ("common-ground",)
_DRAWN: Final = re.compile(
    r"/networks/[^/]+(/circuits/[^/]+(/interpretations/[^/]+)?|/algorithms/[^/]+(/alignments/[^/]+)?)?"
)
_TABLE: Final = re.compile(r"(.*)\.(csv|json)$")
SITE_PAGES: Final = ("/glossary", "/scope")


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
        shares: what of it is taken along.
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
        subjects: what it is about, in order; networks so far.
        pages: planned pages by their normal address, each with its kind, in the order in which they are written.
        limit: most explanations of each kind.
        most_interpretations: most interpretations.
    """

    limit: int
    most_interpretations: int
    subjects: list[Subject] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    addresses: Addresses = field(default_factory=Addresses)

    def add(self, kind: str, *addresses: str) -> None:
        for address in addresses:
            self.pages.setdefault(normal(address), kind)

    def has_page(self, address: str) -> bool:
        """Whether a page is part of the copy."""
        return normal(address) in self.pages

    def page_of_twin(self, address: str) -> str:
        """The page whose JSON twin an address is, "" if there is none in the copy."""
        path, options = split(address)
        page = join(path.removeprefix(API_PREFIX), options)
        return normal(page) if path.startswith(f"{API_PREFIX}/") and self.has_page(page) else ""

    def tables(self, page: str) -> list[str]:
        """Addresses of the tables that belong to a page in the copy; of a list those of the list itself alone."""
        path, options = split(page)
        scope = [option for option in options if option[0] in SCOPE_OPTIONS]
        found = []
        table = self.addresses.exported(path)
        if path != "/" and table and all(key in (*SCOPE_OPTIONS, "place") for key, _ in options):
            found += [join(f"{table}.{form}", options) for form in ("csv", "json")]
        if not path.endswith(("explanations", "common-ground")) or len(scope) != len(options):
            return found
        return [*found, join(f"{API_PREFIX}{path}.csv", scope)]

    def drawing(self, page: str) -> str:
        """Address of a page's own drawing, "" if it has none."""
        path, options = split(page)
        return join(f"{path}/drawing.svg", options) if _DRAWN.fullmatch(path) else ""

    def data_of(self, page: str) -> Iterator[str]:
        """Addresses of everything that is written beside a page: twin, tables, drawing."""
        yield self.addresses.twin(page)
        yield from self.tables(page)
        if drawing := self.drawing(page):
            yield drawing

    def data(self, address: str) -> str:
        """The address under which a file beside a page is in the copy, "" if it is not."""
        path, options = split(address)
        kept = tuple(option for option in options if option[0] not in ORDERS | POSITIONS)
        if path.endswith("/drawing.svg"):
            page = join(path.removesuffix("/drawing.svg"), options)
            return normal(address) if page in self.pages else ""
        table = _TABLE.fullmatch(path)
        if table:
            base = table[1].removeprefix(API_PREFIX)
            for page_path in (base, base.rpartition("/")[0]):
                page = join(page_path, kept)
                if page in self.pages and join(path, kept) in self.tables(page):
                    return join(path, kept)
            return ""
        if path.endswith("/result") and path.startswith(f"{API_PREFIX}/networks/"):
            wanted = [option for option in kept if option[0] != "output"]
            page = join(path.removeprefix(API_PREFIX).removesuffix("/result"), wanted)
            return self.result(page) if any(self._of(page, known) for known in self.pages) else ""
        return normal(address) if self.page_of_twin(address) else ""

    def result(self, page: str) -> str:
        """Address of the result file of a network's page: one file for all outputs."""
        path, options = split(page)
        return join(f"{API_PREFIX}{path}/result", [option for option in options if option[0] in ("protocol", "data")])

    def _of(self, page: str, known: str) -> bool:
        path, options = split(known)
        return join(path, [option for option in options if option[0] != "output"]) == page


def is_variant(address: str, bare: str) -> bool:
    """Whether an address is a list's first page in another order, in another view, or with one filter.

    Args:
        address: any address within the site.
        bare: normal address of the list without such options.
    """
    path, options = split(address)
    scope = [option for option in options if option[0] in SCOPE_OPTIONS]
    rest = [key for key, _ in options if key not in SCOPE_OPTIONS]
    if not rest or join(path, scope) != bare:
        return False
    if set(rest) <= {"sort", "order"} or rest == ["view"]:
        return True
    return len(rest) == 1 and rest[0] not in _UNBOUNDED and not path.endswith(_ONLY_ORDERED)
