"""The explanations that an address names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from app.addressing import Addresses
from app.errors import BadQuery, PageError
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.place import AnyPlace, Place
from pluriscope.naming import LEAST, MOST


class NamesExplanations(Protocol):
    """Query options with references to explanations."""

    @property
    def e(self) -> list[str]: ...


def texts_of(links: Addresses, options: NamesExplanations, place: AnyPlace) -> list[str]:
    """The references of an address, each once.

    Raises:
        BadQuery: more than six; it leads to the comparison of the first of them.
    """
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if len(texts) > MOST:
        cause, cure = f"at most {MOST} can be compared at once", f"leave out {len(texts) - MOST} of them"
        first = links.compare(place.slug, texts[:MOST], place.scope)
        raise BadQuery(f"{len(texts)} explanations", cause, cure, "e", first, f"the first {MOST} of them")
    return texts


def find_chosen(session: Session, links: Addresses, place: Place, texts: Sequence[str]) -> dict[str, Explanation]:
    """Every reference with its explanation.

    Raises:
        PageError: one names nothing; the message says which, and leads to the comparison of the others.
        BeyondLimits: one is too large to be read on the spot.
    """
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
