"""The record by which a plugin declares its own tables beside the networks, and where else they are met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.tables import NetworkRow

if TYPE_CHECKING:
    from pluriscope.app.settings import Settings


@dataclass(frozen=True)
class Collection:
    """Things in tables of a plugin, such as studies.

    Args:
        title: of their group in the search.
        seed: settings → stores what comes with the plugin; says in words what is new, "" if nothing is.
        purge: session of the writer, time → deletes for good what was deleted then or earlier.
        find: session, addresses, words → what the search finds, as :data:`pluriscope.app.pages.search.Ranked`.
        where: session, addresses, name → where a network can be opened that is not stored; "" where it is unknown.
        origin: session, addresses, network → blocks of a page about where it comes from.
    """

    title: str
    seed: Callable[[Settings], str]
    purge: Callable[[Session, datetime], None]
    find: Callable[[Session, Addresses, Sequence[str]], list[tuple[float, Any]]]
    where: Callable[[Session, Addresses, str], str]
    origin: Callable[[Session, Addresses, NetworkRow], Iterable[Any]]
