"""The pages of one network, as every one of them names the others: read from the address alone.

A page of a network begins with ``/networks/{network}``, or names it in its query as ``/compare`` does. The links keep
the output, protocol and data record that the address names, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

from app.addressing import RESERVED_SLUGS, Addresses
from pluriscope.naming import Scope, scope_from

_ROUTES: Final[tuple[tuple[str, str, Callable[[Addresses, str, Scope], str]], ...]] = (
    ("", "Overview", lambda addresses, network, scope: addresses.network(network, scope)),
    ("analyses", "More analyses", lambda addresses, network, scope: addresses.analyses(network, scope)),
    ("directions", "Directions", lambda addresses, network, scope: addresses.directions(network, scope)),
    ("explanations", "Explanations", lambda addresses, network, scope: addresses.explanations(network, scope)),
    ("funnel", "Funnel", lambda addresses, network, scope: addresses.funnel(network, scope)),
    ("common-ground", "Common ground", lambda addresses, network, scope: addresses.common_ground(network, scope)),
    ("sandbox", "Sandbox", lambda addresses, network, scope: addresses.sandbox(network, (), scope)),
    ("compare", "Compare", lambda addresses, network, scope: addresses.compare(network, (), scope)),
)
"""Last part of the address (of ``/compare``: all of it), its name, and where it leads."""


@dataclass(frozen=True)
class Section:
    """A link to one page of the network.

    Args:
        key: stable name: "overview" or the last part of the address.
        current: "page" for the page itself, "true" for one below it, "" elsewhere.
    """

    key: str
    label: str
    url: str
    current: str


def sections_of(addresses: Addresses, path: str, query: str) -> tuple[Section, ...]:
    """The sections of the network that an address is about; none where it is about no network.

    Args:
        addresses: with the prefix under which the application is served.
        path: of the page, prefix included.
        query: of the page, without "?".
    """
    parts = [unquote(part) for part in path.removeprefix(addresses.prefix).strip("/").split("/")]
    named = dict(reversed(parse_qsl(query)))  # of a repeated option the first
    if parts[0] == "networks" and len(parts) > 1 and parts[1] not in RESERVED_SLUGS:
        network, here, depth = parts[1], parts[2] if len(parts) > 2 else "", len(parts) - 2
    elif parts[0] == "compare" and named.get("network"):
        network, here, depth = named["network"], "compare", len(parts)
    else:
        return ()
    if here == "circuits":
        here = "explanations"
    if here == "claims":
        here, depth = "methods", depth + 1  # what others found, beside what methods answer
    scope = _scope(named)
    return tuple(
        Section(
            key or "overview",
            label,
            address(addresses, network, scope),
            ("page" if depth <= 1 else "true") if key == here else "",
        )
        for key, label, address in _ROUTES
    )


def _scope(named: dict[str, str]) -> Scope:
    """The scope that was named; what cannot be read is left out: the page itself says what is wrong with it."""
    try:
        return scope_from(named)
    except ValueError:
        return Scope()
