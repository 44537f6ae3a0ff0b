"""`pluriscope verify`: whether what an address shows can still be found again from the weights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.reading import read_protocol
from app.cli.store import opened_store, store_in
from app.cli.terminal import DONE, Refusal, Shown, read_bytes, remark

if TYPE_CHECKING:
    from app.db.engine import Store
    from app.pages.sharing.targets import Target

DIFFERS = 1
SIGNS = {"equal": "=", "differs": "≠", "not_stored": "·"}


def verify(address: str, *, network: str = "", data: str = "", protocol: str = "", quiet: bool = False) -> Shown:
    """Recompute from the weights the explanation that an address names, and hold it against what is stored.

    Example: pluriscope verify https://host/networks/xor/explanations/c-081ff

    The host does not matter: addresses are made of content, and the local database is asked. With --network the weights
    come from a file: then there is nothing to compare with, and the recomputed figures are shown.

    Exit codes: 0 every figure that is stored is equal, or none is; 1 one differs; 2 bad input.

    Args:
        address: Full URL or path of an explanation.
        network: Network file to recompute from, without any database.
        data: With --network: the data file that the address names.
        protocol: With --network: the protocol file that the address names.
        quiet: Say nothing but the verdict.
    """
    from app.addressing import Addresses
    from app.errors import Moved
    from app.pages.sharing.targets import read_target
    from app.pages.sharing.verifying import in_words
    from app.pages.sharing.verifying import verify as verified

    if (data or protocol) and not network:
        raise Refusal("--data and --protocol go with --network. Without it all is read from the database.")
    key = re.fullmatch(r"(?:https?://[^/]+)?(?:/[^?#]*)?/s/([0-9a-z]+)", address)
    target = read_target(_long(key[1]) if key else address, Addresses(_prefix(address)))
    opened = _opened_file(target, network, data, protocol) if network else opened_store()
    with opened as store, store.read() as session:
        try:
            found = verified(session, Addresses(), target)
        except Moved as moved:
            found = verified(session, Addresses(), target.renamed(moved.former, moved.now))
    for figure in () if quiet else found.figures:
        told = in_words(figure.recomputed)
        if figure.status == "differs":
            told = f"stored {in_words(figure.stored)}, recomputed {told}"
        remark(f"  {SIGNS[figure.status]} {figure.label}: {told}")
    if not quiet:
        remark("= equal, ≠ differs, · nothing stored to compare with")
    words = f"{found.verdict.replace('_', ' ')}: {found.found[:1].lower()}{found.found[1:]}"
    return Shown(found, [f"{words} (engine {found.engine_version})"], DIFFERS if found.verdict == "differs" else DONE)


def _long(key: str) -> str:
    """The address that a short key stands for in the local database."""
    from app.db.links import long_address

    with opened_store() as store, store.read() as session:
        return long_address(session, key)


def _prefix(address: str) -> str:
    """The path under which the site of a full URL is served, read off the address itself."""
    found = re.match(r"(?:https?://[^/]*)?(/.*?)(?=/(?:api/v1/|embed/)?(?:networks/|compare\b|s/))", address)
    return found[1] if found else ""


@contextmanager
def _opened_file(target: Target, network: str, data: str, protocol: str) -> Iterator[Store]:
    """A passing store that holds one network file, so that its explanations are found as in any other.

    Raises:
        Refusal: a file that cannot be read, or a network of another digest than the address names.
    """
    from analysis.data import MAX_DATA_BYTES, parse_data_file
    from analysis.digest import looks_like_digest
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from app.db.records import save_data_record, save_protocol
    from app.db.writes import save_network

    file = parse_network_file(read_bytes(network, "network file", MAX_NETWORK_BYTES))
    named = target.parts[0] if target.parts else ""
    if looks_like_digest(named) and not file.network.digest.startswith(named):
        raise Refusal(
            f"network file {network!r}: its digest is {file.network.digest[:12]}…, and the address names "
            f"{named[:12]}…. Give the file of that network."
        )
    sizes = file.network.sizes
    record = parse_data_file(read_bytes(data, "data file", MAX_DATA_BYTES), sizes[0], sizes[-1]) if data else None
    rules = read_protocol(protocol) if protocol else None
    with store_in() as store:
        with store.write() as session:
            save_network(session, file, slug=named if not looks_like_digest(named) else "")
            if record is not None:
                save_data_record(session, record)
            if rules is not None:
                save_protocol(session, rules)
        yield store
