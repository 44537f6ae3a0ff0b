"""Forms in which a page can be passed on: addresses, citation, frame, card; all read off the page itself.

Nothing is asked of the store here, so that a page is not slower for being sharable.
"""

from __future__ import annotations

import html
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.db.tables import AnalysisRow, NetworkRow
from pluriscope.page_kit.blocks import Block, Fact, Figure, find


@dataclass(frozen=True)
class InShort:
    """Summary of a page for where it is named without being shown.

    Args:
        kicker: what kind of thing it is.
        title: its name.
        lines: key numbers as (what, value), the most telling first.
        identity: which explanation of the network it is.
        protocol: name and digest of the rules.
        engine_version: of what computed it.
        analysed_on: date of the analysis, "" where it is computed on request.
    """

    kicker: str
    title: str
    lines: tuple[tuple[str, str], ...]
    identity: str
    protocol: str
    engine_version: str = ENGINE_VERSION
    analysed_on: str = ""

    @classmethod
    def of(
        cls, kicker: str, title: str, facts: Iterable[Fact], identity: str, protocol: str, row: AnalysisRow | None
    ) -> InShort:
        """Summarise figures that a page shows, and the analysis that they are from."""
        lines = tuple((str(fact.label), escape(fact.value).striptags()) for fact in facts)
        stored = () if row is None else (row.engine_version, row.created_at.date().isoformat())
        return cls(kicker, title, lines, identity, protocol, *stored)

    @property
    def sentence(self) -> str:
        """Summary in one line, for previews."""
        return f"{self.title}. " + "; ".join(f"{what}: {value}" for what, value in self.lines) + "."


class Shared(ABC):
    """A page that can be cited, embedded and drawn on a card."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address, in its one form."""

    @property
    @abstractmethod
    def blocks(self) -> Sequence[Block]:
        """All of it, what is folded not yet computed."""

    @property
    @abstractmethod
    def in_short(self) -> InShort:
        """Summary of the page in a few words and numbers."""

    @property
    @abstractmethod
    def about(self) -> tuple[NetworkRow, Scope] | None:
        """The network that it is about, and which analysis of it; None where it is about many."""

    @property
    def room(self) -> str:
        """The word of the navigation that it belongs to."""
        return "Explore"

    @property
    def copied(self) -> str:
        """The options of `pluriscope copy` that copy it; "" where nothing does."""
        return f"--network {self.digest[:12]}"

    @property
    def in_library(self) -> bool:
        """Whether the library has values of all that it shows."""
        return False

    @property
    def verifies(self) -> bool:
        """Whether it can be computed anew and held against the store."""
        return False

    @property
    def graphs(self) -> Callable[[], Sequence[tuple[str, str]]] | None:
        """Finds formats of graphs, in words, each with where what it shows is in it; None where it is in none."""
        return None

    @property
    def digest(self) -> str:
        """Digest that its card names."""
        return "" if self.about is None else self.about[0].digest

    @property
    def thumbs(self) -> Sequence[tuple[str, str, Markup]]:
        """The drawings of its card, each with a letter and a name; it has one as a rule, without them."""
        drawn = self.drawn("drawing")
        return [] if drawn is None else [("", "", drawn)]

    def drawn(self, name: str) -> Markup | None:
        """Draw a figure by its id; "drawing" is that of the very thing that the page is about."""
        found = find(self.blocks, name)
        return Markup(found.drawing) if isinstance(found, Figure) else None  # noqa: S704  # it is one


NAME: Final = re.compile(r"\{\w+\}")
"""A name in a pattern of paths."""
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class SharedPage:
    """A kind of page that has a card, drawings and an embedding.

    Args:
        kind: its key.
        pattern: of its path, with names in braces.
        build: session, addresses, what stands for the names, options → the page.
        not_verified: why nothing on it can be computed anew, a clause; "" where it can, or its parts can.
    """

    kind: str
    pattern: str
    build: Callable[[Session, Addresses, Sequence[str], Options], Shared]
    not_verified: str = ""

    def parts(self, path: str) -> tuple[str, ...] | None:
        """Names in a path of this kind; None if the path is of another kind."""
        match = re.fullmatch(NAME.sub("([^/]+)", self.pattern), path)
        return tuple(map(unquote, match.groups())) if match else None


OF_THE_QUESTION: Final = r"""@inproceedings{meloux2025everything,
  title = {Everything, Everywhere, All at Once: Is Mechanistic Interpretability Identifiable?},
  author = {M{\'e}loux, Maxime and Maniu, Silviu and Portet, Fran{\c{c}}ois and Peyrard, Maxime},
  booktitle = {International Conference on Learning Representations},
  year = {2025},
  note = {arXiv:2502.20914}
}"""
"""The paper whose question every page asks."""
EMBED_WIDTH: Final = 720
EMBED_HEIGHT: Final = 640
"""Height of a frame until its page has reported its own."""
_SIGNS: Final = {"¬": "neg", "∧": "wedge", "∨": "vee", "⊕": "oplus", "→": "rightarrow", "≥": "geq", "≤": "leq"}
_BIBTEX: Final = str.maketrans(
    {one: f"\\{one}" for one in "{}&%$#_"}
    | {one: f"$\\{name}$" for one, name in _SIGNS.items()}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
"""LaTeX's special characters, and the signs that it does not read; letters with accents it does."""


def only_here(base: str) -> str:
    """Sentence of why nobody elsewhere can open an address; "" where they can.

    Args:
        base: its scheme and host.
    """
    host = urlsplit(base).hostname or ""
    try:
        near, own = not ip_address(host).is_global, ip_address(host).is_loopback
    except ValueError:
        own = host == "localhost" or host.endswith(".localhost")
        near = own or "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa"))
    where = "this computer" if own else "computers of this network"
    return f"Only {where} can open this link." if host and near else ""


def share_of(page: Shared, links: Addresses, base: str) -> Share:
    """Forms in which a page can be passed on.

    Args:
        base: scheme and host before every path, without a slash at the end.
    """
    about, graphs = page.about, page.graphs
    digest = "" if about is None else about[0].digest
    known = page.in_library, page.verifies
    return Share(page.in_short, page.url, digest, *known, links, base, graphs, lambda: page.copied)


@dataclass(frozen=True)
class Share:
    """Forms in which one page can be passed on.

    Args:
        facts: what it is.
        path: the permalink as a path.
        network_digest: SHA-256 of the network; "" where it is about many.
        in_library: whether the library has values of all that it shows.
        verifies: whether it can be computed anew and held against the store.
        base: scheme and host; "" if they are not known.
        graphs: finds the formats of graphs, in words, each with where it is in it; None where it is in none.
        copied: finds the options of `pluriscope copy` that copy it.
    """

    facts: InShort
    path: str
    network_digest: str
    in_library: bool
    verifies: bool
    links: Addresses
    base: str
    graphs: Callable[[], Sequence[tuple[str, str]]] | None = None
    copied: Callable[[], str] = str

    @property
    def url(self) -> str:
        """The permalink."""
        return self.base + self.path

    def made(self, name: str) -> str:
        """The path of what is made of the page: card.png, drawing.svg."""
        return self.links.made_of(self.path, name)

    @property
    def embed_url(self) -> str:
        return self.links.embedded(self.path)

    @property
    def verify_url(self) -> str:
        """Address where it is computed anew; "" where that is not done."""
        return self.links.verified(self.path) if self.verifies else ""

    def frame(self) -> str:
        """A frame to be pasted, which grows to its content where the page that holds it loads our small script."""
        script = f"{self.base}{self.links.static('embed-host.js')}"
        return (
            f'<iframe src="{html.escape(self.base + self.embed_url)}" title="{html.escape(self.facts.title)}" '
            f'width="{EMBED_WIDTH}" height="{EMBED_HEIGHT}" style="max-width:100%;border:0" loading="lazy" '
            f"data-pluriscope></iframe>\n"
            f'<script src="{html.escape(script)}" async></script>'
        )

    @property
    def notebook(self) -> str:
        """Lines of Python that open the same; "" where the library has no value of it."""
        if not self.base or not self.in_library:
            return ""
        return f"import pluriscope\npluriscope.fetch({json.dumps(self.url)})"

    @property
    def _notes(self) -> str:
        facts = self.facts
        found = [f"Network SHA-256 {self.network_digest}"] if self.network_digest else []
        when = f"analysed on {facts.analysed_on}" if facts.analysed_on else "computed on request"
        found += [facts.identity] if facts.identity else []
        return "; ".join([*found, f"protocol {facts.protocol}", f"{when} by Pluriscope engine {facts.engine_version}"])

    @property
    def bibtex(self) -> str:
        """Entry for BibTeX, its key made of content, so that it is the same wherever the page is cited."""
        tail = re.sub(r"[^0-9A-Za-z]+", "-", self.facts.identity).strip("-").lower()[:40].strip("-")
        key = "-".join(part for part in ("pluriscope", self.network_digest[:12], tail) if part)
        fields = {
            "title": f"{{{escape_bibtex(self.facts.title)}}}",  # the inner braces keep its capitals
            "author": "{Pluriscope}",
            "howpublished": "Interactive page, recomputable from its address",
            "year": self.facts.analysed_on[:4],
            # in a url field only what would end it or begin a comment must not stand as it is
            "url": self.url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C"),
            "note": escape_bibtex(self._notes),
        }
        return f"@misc{{{key},\n" + ",\n".join(f"  {name} = {{{of}}}" for name, of in fields.items() if of) + "\n}"


def escape_bibtex(text: str) -> str:
    """Text for a BibTeX field on one line."""
    return " ".join(text.split()).translate(_BIBTEX)
