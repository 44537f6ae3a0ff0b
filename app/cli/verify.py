"""`pluriscope verify`: whether what an address shows can still be found again from the weights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.reading import read_protocol
from app.cli.store import opened_store, store_in
from app.cli.terminal import BAD_INPUT, DONE, Refusal, read_bytes, remark, write_json, write_text

if TYPE_CHECKING:
    from app.db.engine import Store
    from app.pages.sharing.targets import Target
    from app.pages.sharing.verifying import VerifiedRecord

DIFFERS = 1
SIGNS = {"equal": "=", "differs": "≠", "not_stored": "·"}


def verify(
    address: Annotated[str, typer.Argument(help="Full URL or path of an explanation.")],
    network: Annotated[
        str, typer.Option("--network", help="Network file to recompute from, without any database.")
    ] = "",
    data: Annotated[
        str, typer.Option("--data", "-d", help="With --network: the data file that the address names.")
    ] = "",
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="With --network: the protocol file that the address names.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Write the whole comparison as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the verdict.")] = False,
) -> int:
    """Recompute from the weights the explanation that an address names, and hold it against what is stored.

    Example: [bold]pluriscope verify https://host/networks/xor/explanations/c-081ff[/bold]

    The host does not matter: addresses are made of content, and the local database is asked. With --network the weights
    come from a file: then there is nothing to compare with, and the recomputed figures are shown.

    Exit codes: 0 every figure that is stored is equal, or none is; 1 one differs; 2 bad input.
    """
    from app.addressing import Addresses
    from app.errors import Moved, PageError
    from app.pages.sharing.targets import read_target
    from app.pages.sharing.verifying import verify as verified

    if (data or protocol) and not network:
        raise Refusal("--data and --protocol go with --network. Without it all is read from the database.")
    try:
        key = re.fullmatch(r"(?:https?://[^/]+)?(?:/[^?#]*)?/s/([0-9a-z]+)", address)
        target = read_target(_long(key[1]) if key else address, Addresses(_prefix(address)))
        opened = _opened_file(target, network, data, protocol) if network else opened_store()
        with opened as store, store.read() as session:
            try:
                found = verified(session, Addresses(), target)
            except Moved as moved:
                found = verified(session, Addresses(), target.renamed(moved.former, moved.now))
    except PageError as error:
        raise Refusal(str(error), BAD_INPUT) from None
    if as_json:
        write_json("-", found.model_dump(mode="json"))
    else:
        _tell(found, quiet=quiet)
    return DIFFERS if found.verdict == "differs" else DONE


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


def _tell(found: VerifiedRecord, *, quiet: bool) -> None:
    """The verdict on standard output, every figure before it unless asked not to."""
    from app.pages.sharing.verifying import in_words

    for figure in () if quiet else found.figures:
        told = in_words(figure.recomputed)
        if figure.status == "differs":
            told = f"stored {in_words(figure.stored)}, recomputed {told}"
        remark(f"  {SIGNS[figure.status]} {figure.label}: {told}")
    if not quiet:
        remark("= equal, ≠ differs, · nothing stored to compare with")
    verdict = found.verdict.replace("_", " ")
    write_text("-", f"{verdict}: {found.found[:1].lower()}{found.found[1:]} (engine {found.engine_version})\n")
