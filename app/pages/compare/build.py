"""From a comparison's address to what it compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from pluriscope.address import Addresses
from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.errors import BadQuery, PageError
from pluriscope.app.pages.compare.choosing import choices, known_two, searched_for
from pluriscope.app.pages.compare.compared import Compared
from pluriscope.app.pages.compare.networks import of_network
from pluriscope.app.pages.compare.options import ComparedOptions, CompareOptions
from pluriscope.app.pages.compare.rows import on_rows
from pluriscope.app.pages.explanations import Explanation, find_explanation, read_ref
from pluriscope.app.pages.place import INTERPRETATIONS, AnyPlace, check_boolean, locate
from pluriscope.blocks import Block, Prose
from pluriscope.naming import LEAST, MOST


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
    """The comparison of some explanations of a network, or of some circuits of a transformer; where an address names
    none, of its own pair, and of two known circuits until an analysis has found one.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, fewer than two, or more than six.
    """
    place = find_place(session, links, network, options)
    offered = choices(session, place)
    texts, meanwhile = texts_of(links, options, place) or next(iter(offered.values()), []), list[Block]()
    if not texts:
        told = "Shown meanwhile: the smallest circuit that is known and the one that differs most from it."
        texts, meanwhile = known_two(session, place), [Prose(told, glossary=False)]
        meanwhile += searched_for(session, links, place)
    found = _find_chosen(session, links, place, texts)
    explanations = list({str(one.ref): one for one in found.values()}.values())
    _enough(links, place, [str(one.ref) for one in explanations])
    compared = on_rows if place.question.kind.refuses(INTERPRETATIONS) else of_network
    page = compared(session, links, place, explanations)
    return replace(page, view=options, choices=offered, meanwhile=meanwhile)


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
    place = locate(session, links, network, options.scope)
    if not place.question.kind.refuses(INTERPRETATIONS):
        check_boolean(place, links)
    return place


def texts_of(links: Addresses, options: ComparedOptions, place: AnyPlace) -> list[str]:
    """The references of an address, each once.

    Raises:
        BadQuery: more than six; it leads to the comparison of the first of them.
    """
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if place.question.kind.refuses(INTERPRETATIONS):  # there are only circuits, which a mask names
        texts = [f"c-{text.removeprefix('c-')}" for text in texts]
    if len(texts) > MOST:
        cause, cure = f"at most {MOST} can be compared at once", f"leave out {len(texts) - MOST} of them"
        first = links.compare(place.slug, texts[:MOST], place.scope)
        raise BadQuery(f"{len(texts)} explanations", cause, cure, "e", first, f"the first {MOST} of them")
    return texts


def _find_chosen(session: Session, links: Addresses, place: AnyPlace, texts: Sequence[str]) -> dict[str, Explanation]:
    """Every reference with its explanation."""
    found: dict[str, Explanation] = {}
    wrong: PageError | AnalysisError | None = None
    for position, text in enumerate(texts, start=1):
        try:
            found[text] = find_explanation(session, links, place, read_ref(text, position), position)
        except (PageError, AnalysisError) as error:
            wrong = wrong or error
    if isinstance(wrong, PageError) and (not wrong.parent or len(found) >= LEAST):
        wrong.parent, wrong.parent_label = links.compare(place.slug, list(found), place.scope), "the others"
    if wrong is not None:
        raise wrong
    return found
