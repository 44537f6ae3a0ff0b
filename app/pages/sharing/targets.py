"""Reading of whole addresses: the page that one names, to be shared, embedded, verified or drawn.

One reading for all of them, so that whatever is accepted at the command line is accepted over HTTP too. An address may
be a full URL or a path, of the page itself or of something made of it (its JSON twin, its card, its embedding).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses, below_api
from pluriscope.analysis.plugins import joined
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.pages.compare.choosing import build_compare
from pluriscope.app.pages.compare.options import CompareOptions
from pluriscope.app.pages.kinds import find_document
from pluriscope.app.pages.overview.page import Overview, OverviewOptions
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import locate
from pluriscope.app.pages.play.reading import find_play
from pluriscope.app.pages.sharing.share import NAME, Options, Shared, SharedPage

MAX_ADDRESS: Final = 8_000
"""Characters of an address that is read; six long references with their places need about a third."""


def _overview(session: Session, links: Addresses, parts: Sequence[str], query: Options) -> Shared:
    options = read_options(OverviewOptions, query)
    return Overview(session, links, locate(session, links, parts[0], options.scope), options)


def _document(session: Session, links: Addresses, parts: Sequence[str], query: Options) -> Shared:
    return find_document(session, links, parts[0], parts[1], query)


def _compare(session: Session, links: Addresses, _parts: Sequence[str], query: Options) -> Shared:
    return build_compare(session, links, read_options(CompareOptions, query))


def _play(session: Session, links: Addresses, parts: Sequence[str], query: Options) -> Shared:
    return find_play(session, links, parts[0], query)


_OWN: Final = (
    SharedPage("network", "/networks/{network}", _overview),
    SharedPage("explanation", "/networks/{network}/explanations/{ref}", _document),
    SharedPage("compare", "/compare", _compare),
    SharedPage("play", "/networks/{network}/play", _play),
)
SHARED: Final[Mapping[str, SharedPage]] = {one.kind: one for one in joined("shared", _OWN, lambda one: one.kind)}
_MADE_OF_IT: Final = re.compile(r"/(card\.(png|svg)|drawing\.(svg|png|pdf)|figures/[^/]+\.(svg|png|pdf))$")


@dataclass(frozen=True)
class Target:
    """Page that an address names.

    Args:
        kind: of page, a key of :data:`SHARED`.
        parts: the path's own names: network, then the reference of an explanation; none for a comparison.
        query: the options, in their order.
    """

    kind: str
    parts: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """The page's path, without prefix and query."""
        parts = iter(self.parts)
        return NAME.sub(lambda _: quote(next(parts), safe=""), SHARED[self.kind].pattern)

    @property
    def query_text(self) -> str:
        """The options as they stand behind a question mark, which leads them; "" without any."""
        return f"?{urlencode(self.query)}" if self.query else ""

    def renamed(self, former: str, now: str) -> Target:
        """Replace the former slug of a network by its present one."""
        parts = tuple(now if (position, part) == (0, former) else part for position, part in enumerate(self.parts))
        query = tuple((key, now if (key, value) == ("network", former) else value) for key, value in self.query)
        return Target(self.kind, parts, query)


def read_target(text: str, addresses: Addresses, *, without: Sequence[str] = ("theme",)) -> Target:
    """The page that a full URL or a path names.

    Args:
        text: the address; scheme and host are not looked at.
        addresses: knows the prefix, which may be there or not.
        without: options that are left out.

    Raises:
        BadQuery: too long.
        NotFound: no network, explanation or comparison has such an address.
    """
    if len(text) > MAX_ADDRESS:
        raise BadQuery(
            f"address of {len(text):,} characters", f"more than {MAX_ADDRESS:,} are not read", "leave some out", "url"
        )
    try:
        split = urlsplit(text.strip())
    except ValueError:
        raise _no_page(text, addresses) from None
    path = split.path
    if addresses.prefix and f"{path}/".startswith(f"{addresses.prefix}/"):
        path = path.removeprefix(addresses.prefix)
    path = below_api(path).removeprefix("/embed")
    path = _MADE_OF_IT.sub("", path.rstrip("/") or "/")
    query = tuple((key, value) for key, value in parse_qsl(split.query) if key not in without)
    for kind, page in SHARED.items():
        parts = page.parts(path)
        if parts is not None:
            return Target(kind, parts, query)
    raise _no_page(text, addresses)


def _no_page(text: str, addresses: Addresses) -> NotFound:
    return NotFound(
        f"address {text[:200]!r}",
        "is that of no network, explanation or comparison",
        "copy it from the page itself",
        "url",
        addresses.gallery(),
        "all networks",
    )


def build_target(session: Session, links: Addresses, target: Target) -> Shared:
    """The page that an address names, as the page itself shows it.

    Raises:
        PageError: it names nothing, or an option is wrong.
        AnalysisError: what it names does not fit the network.
    """
    return SHARED[target.kind].build(session, links, target.parts, target.query)
