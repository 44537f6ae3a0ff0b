"""From a whole address to the page that it names: what can be shared, embedded, verified or drawn.

One reading for all of them, so that whatever is accepted at the command line is accepted over HTTP too. An address may
be a full URL or a path, of the page itself or of something made of it (its JSON twin, its card, its embedding, its
re-verification).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sqlalchemy.orm import Session

from pluriscope.address import Addresses, below_api, present
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.pages.compare.choosing import build_compare
from pluriscope.app.pages.compare.options import CompareOptions
from pluriscope.app.pages.kinds import find_document
from pluriscope.app.pages.overview.page import Overview, OverviewOptions
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import locate
from pluriscope.app.pages.play.networks import find_play
from pluriscope.app.pages.sharing.share import Shared
from pluriscope.app.pages.studies.page import StudyOptions, build_study

Kind = Literal["network", "explanation", "compare", "play", "study"]
MAX_ADDRESS: Final = 8_000
"""Characters of an address that is read; six long references with their places need about a third."""

_SHAPES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("network", re.compile(r"/networks/([^/]+)")),
    ("explanation", re.compile(r"/networks/([^/]+)/explanations/([^/]+)")),
    ("compare", re.compile(r"/compare")),
    ("play", re.compile(r"/networks/([^/]+)/(?:play|sandbox)")),
    ("study", re.compile(r"/studies/([^/]+)")),
)
_MADE_OF_IT: Final = re.compile(r"/(verify|card\.(png|svg)|drawing\.(svg|png|pdf)|figures/[^/]+\.(svg|png|pdf))$")


@dataclass(frozen=True)
class Target:
    """What an address names.

    Args:
        kind: of page.
        parts: the path's own names: network, then the reference of an explanation; none for a comparison.
        query: the options, in their order.
    """

    kind: Kind
    parts: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """The page's path, without prefix and query."""
        if self.kind == "compare":
            return "/compare"
        if self.kind == "study":
            return f"/studies/{quote(self.parts[0], safe='')}"
        first, *rest = (quote(part, safe="") for part in self.parts)
        below = {"play": "/play", "explanation": "/explanations"}.get(self.kind, "")
        return "/".join((f"/networks/{first}{below}", *rest))

    @property
    def query_text(self) -> str:
        """The options as they stand behind a question mark, which leads them; "" without any."""
        return f"?{urlencode(self.query)}" if self.query else ""

    def renamed(self, former: str, now: str) -> Target:
        """The same of a network that has another slug now."""
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
    path = present(path)
    for kind, shape in _SHAPES:
        match = shape.fullmatch(path)
        if match:
            return Target(kind, tuple(unquote(part) for part in match.groups()), query)
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
    query = target.query
    if target.kind == "compare":
        return build_compare(session, links, read_options(CompareOptions, query))
    first, *rest = target.parts
    if target.kind == "explanation":
        return find_document(session, links, first, rest[0], query)
    if target.kind == "play":
        return find_play(session, links, first, query)
    if target.kind == "study":
        return build_study(session, links, first, read_options(StudyOptions, query))
    options = read_options(OverviewOptions, query)
    return Overview(session, links, locate(session, links, first, options.scope), options)
