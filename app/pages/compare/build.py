"""From a comparison's address to what it compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.errors import BadQuery
from app.pages.compare.choosing import own_pair
from app.pages.compare.chosen import find_chosen, texts_of
from app.pages.compare.compared import Compared
from app.pages.compare.models import of_model
from app.pages.compare.networks import of_network
from app.pages.compare.options import ComparedOptions, CompareOptions
from app.pages.place import AnyPlace, ModelPlace, Place, check_boolean, locate_any, mask_meant
from pluriscope.naming import LEAST, ExplanationRef


def build_compare(session: Session, links: Addresses, options: CompareOptions) -> Compared:
    """The comparison that an address names.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, fewer than two, more than six, no network or several.
    """
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    if len(names) != 1:
        cause = "does not name its network" if not names else f"names {len(names)} networks; they have other neurons"
        cure = "add network=NAME to it" if not names else "choose explanations of one network"
        raise BadQuery(
            "this comparison", cause, cure, "network", links.compare(names[0] if names else ""), "choosing explanations"
        )
    return compare_of(session, links, names[0], options)


def compare_of(session: Session, links: Addresses, network: str, options: ComparedOptions) -> Compared:
    """The comparison of some explanations of a network, or of some circuits of a transformer; of its own pair where an
    address names none and an analysis has found one.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, fewer than two, or more than six.
    """
    place = find_place(session, links, network, options)
    texts = texts_of(links, options, place) or own_pair(session, links, place)
    if isinstance(place, ModelPlace):
        masks = list(dict.fromkeys(mask_meant(place, text.removeprefix("c-"), links) for text in texts))
        _enough(links, place, [str(ExplanationRef("circuit", mask)) for mask in masks])
        return replace(of_model(session, links, place, masks), view=options)
    found = find_chosen(session, links, place, texts)
    explanations = list({str(one.ref): one for one in found.values()}.values())
    _enough(links, place, [str(one.ref) for one in explanations])
    return replace(of_network(session, links, place, explanations), view=options)


def _enough(links: Addresses, place: AnyPlace, refs: Sequence[str]) -> None:
    if len(refs) < LEAST:
        cause = f"names {len(refs)} of the two or more explanations that it needs"
        parent = links.compare(place.slug, refs, place.scope)
        raise BadQuery("this comparison", cause, "choose the others first", "e", parent, "choosing explanations")


def find_place(session: Session, links: Addresses, network: str, options: ComparedOptions) -> AnyPlace:
    """What an address asks about.

    Raises:
        NotFound: no such network, output, protocol or data record, or rows that stand for no Boolean inputs.
    """
    place = locate_any(session, links, network, options.scope)
    if isinstance(place, Place):
        check_boolean(place, links)
    return place
