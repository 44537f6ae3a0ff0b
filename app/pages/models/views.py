"""The circuits of a transformer that addresses name."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from analysis.models.circuits import read_mask
from app.addressing import Addresses
from app.db.models import CircuitSearch, searches_of
from app.errors import NotFound
from app.pages.place import ModelPlace


def search_of(session: Session, place: ModelPlace) -> CircuitSearch | None:
    """What was searched under these rules."""
    return searches_of(session, [place.row.id]).get((place.row.id, place.text))


def mask_meant(place: ModelPlace, text: str, addresses: Addresses) -> str:
    """The circuit that a mask means, as it is written.

    Raises:
        NotFound: it is no mask, or nothing is left of it.
    """
    try:
        return read_mask(place.space, text)
    except AnalysisError as error:
        parent = addresses.circuits(place.slug, place.scope)
        raise NotFound(error.item, error.cause, error.cure, "mask", parent, "all valid circuits") from None
