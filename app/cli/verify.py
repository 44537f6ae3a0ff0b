"""`pluriscope verify`: whether what an address shows can still be found again from the weights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pluriscope.app.cli.store import opened_store
from pluriscope.app.cli.terminal import DONE, Shown, remark

if TYPE_CHECKING:
    from pluriscope.app.pages.sharing.targets import Target

DIFFERS = 1
SIGNS = {"equal": "=", "differs": "≠", "not_stored": "·"}


def verify(address: str, *, quiet: bool = False) -> Shown:
    """Recompute from the weights the explanation that an address names, and hold it against what is stored.

    Example: pluriscope verify https://host/networks/xor-pretrained/explanations/c-081ff

    The host does not matter: addresses are made of content, and the local database is asked.

    Exit codes: 0 every figure that is stored is equal, or none is; 1 one differs; 2 bad input.

    Args:
        address: Full URL or path of an explanation.
        quiet: Say nothing but the verdict.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.errors import Moved
    from pluriscope.app.pages.sharing.verifying import in_words
    from pluriscope.app.pages.sharing.verifying import verify as verified

    target = read_address(address)
    with opened_store() as store, store.read() as session:
        try:
            found = verified(session, Addresses(), target)
        except Moved as moved:
            found = verified(session, Addresses(), target.renamed(moved.former, moved.now))
    for figure in () if quiet else found.figures:
        answer = in_words(figure.recomputed)
        if figure.status == "differs":
            answer = f"stored {in_words(figure.stored)}, recomputed {answer}"
        remark(f"  {SIGNS[figure.status]} {figure.label}: {answer}")
    if not quiet:
        remark("= equal, ≠ differs, · nothing stored to compare with")
    words = f"{found.verdict.replace('_', ' ')}: {found.found[:1].lower()}{found.found[1:]}"
    return Shown(found, [f"{words} (engine {found.engine_version})"], DIFFERS if found.verdict == "differs" else DONE)


def read_address(address: str) -> Target:
    """The page that a full URL or a path names.

    Raises:
        NotFound: there is no such page.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.pages.sharing.targets import read_target

    return read_target(address, Addresses(_prefix(address)))


def _prefix(address: str) -> str:
    """The path under which the site of a full URL is served, read off the address itself."""
    found = re.match(r"(?:https?://[^/]*)?(/.*?)(?=/(?:api/v2/|embed/)?(?:networks/|compare\b))", address)
    return found[1] if found else ""
