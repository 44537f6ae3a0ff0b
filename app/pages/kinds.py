"""The page of each kind of explanation, and what stands at an address of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef
from pluriscope.app.errors import NotFound
from pluriscope.app.pages.algorithm import algorithm, site_algorithm
from pluriscope.app.pages.circuit import circuit
from pluriscope.app.pages.explanations import find_explanation
from pluriscope.app.pages.interpretation import interpretation
from pluriscope.app.pages.page import Document, Page, read_options
from pluriscope.app.pages.place import FORMULAS, check_boolean, locate
from pluriscope.app.pages.placement import alignment, direction, site_placement
from pluriscope.app.pages.variable_readings import variable_interpretation

PAGES: Final[Mapping[str, Page]] = {
    "circuit": circuit,
    "interpretation": interpretation,
    "algorithm": algorithm,
    "alignment": alignment,
    "direction": direction,
}
ON_SITES: Final[Mapping[str, Page]] = {
    "interpretation": variable_interpretation,
    "algorithm": site_algorithm,
    "alignment": site_placement,
}
"""Those about variables of the task on sites."""


def find_document(
    session: Session, links: Addresses, network: str, text: str, query: Sequence[tuple[str, str]] = ()
) -> Document:
    """Find the page of the explanation that an address names.

    Args:
        network: slug or beginning of a digest.
        query: options as they stand in the address.

    Raises:
        NotFound: no such network, output, protocol or data record, or the reference names nothing.
        BadQuery: an option that the page does not have, or a value that it cannot have.
        BeyondLimits: the explanation is too large to be read on the spot.
    """
    named = _reference(links, network, text)
    options = read_options(PAGES[named.kind].options, query)
    place = locate(session, links, network, options.scope)
    unread = bool(place.question.kind.refuses(FORMULAS)) and not place.question.kind.refuses("sites")
    ref = options.meant(named, on_sites=unread)
    if ref.kind != named.kind:
        options = PAGES[ref.kind].options.model_validate(options.scope.query())
    if ref.kind != "circuit" and not (unread and ref.kind in ON_SITES):
        check_boolean(place, links)
    parent = links.explanations(place.slug, place.scope), f"explanations of {place.slug}"
    try:
        found = find_explanation(session, links, place, ref)
    except NotFound as error:
        raise NotFound(error.item, error.cause, error.cure, error.field, *parent) from None
    return Document((ON_SITES if found.on_sites else PAGES)[ref.kind], found, options)


def _reference(links: Addresses, network: str, text: str) -> ExplanationRef:
    """The reference in an address."""
    item, parent = f"explanation {text[:60]!r}", (links.explanations(network), f"explanations of {network}")
    try:
        ref = ExplanationRef.parse(text)
    except ValueError:
        ref = ExplanationRef("", "")
    if ref.kind not in PAGES:
        known = "c-MASK for a circuit, or choose one from the list"
        raise NotFound(item, "is no reference to an explanation that has a page", f"write {known}", "ref", *parent)
    if ref.protocol:
        cure = f"write ?protocol={ref.protocol} behind the address"
        raise NotFound(item, "names its protocol in the reference", cure, "ref", *parent)
    return ref
