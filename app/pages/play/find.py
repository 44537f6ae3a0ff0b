"""From an address of Play to what it names: the network first, then the options that its kind has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.options import ScopeOptions
from app.pages.explanation_list import OF_SCOPE
from app.pages.page import read_options
from app.pages.place import ModelPlace, check_boolean, locate_any
from app.pages.play.models import ModelOptions, play_model
from app.pages.play.networks import play_network
from app.pages.play.played import Played
from app.pages.play.state import NetworkOptions


def find_play(session: Session, links: Addresses, network: str, query: Sequence[tuple[str, str]]) -> Played:
    """What an address names.

    Raises:
        NotFound: no such network, output, protocol, data record, explanation or circuit.
        BadQuery: an option that its kind has not, or that cannot be read; it leads to the page without it.
        BeyondLimits: an explanation that is too large to be read on the spot.
        Conflict: networks of its kind cannot be run so.
    """
    scope = read_options(ScopeOptions, [pair for pair in query if pair[0] in OF_SCOPE]).scope
    place = locate_any(session, links, network, scope)
    if isinstance(place, ModelPlace):
        return play_model(session, links, place, read_options(ModelOptions, query))
    check_boolean(place, links)
    return play_network(session, links, place, read_options(NetworkOptions, query))
