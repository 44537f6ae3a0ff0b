"""What was found on directions, in short, for the pages of a network and of an algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.directions.result import CLASSES, DirectionClass
from app.addressing import Addresses
from app.db.reads import directions as reads
from app.options import BigInt, PageModel
from app.pages.directions.views import CLASS_LABELS
from app.pages.place import Place

Row = TypeVar("Row")


class ClassCount(PageModel):
    """What the stored search of one class found."""

    key: str
    label: str
    url: str
    n_aligned: int = Field(description="Algorithms that pass; of one algorithm 1 or 0.")
    n_searched: int
    n_valid: BigInt
    n_joint: int
    exact: bool = Field(description="Whether no limit and nothing undecided leaves the count open.")


def class_counts(session: Session, addresses: Addresses, place: Place) -> list[ClassCount]:
    """Every class that was searched for an analysis; none where nothing was, or where it was too large."""
    if place.analysis is None:
        return []
    return [
        ClassCount.showing(
            row,
            key=key,
            label=CLASS_LABELS[key],
            url=addresses.directions(place.row.slug, place.scope, **{"class": key}),
        )
        for key, row in _known(reads.direction_searches(session, place.analysis.id))
        if not row.refused
    ]


def _known(found: Mapping[str, Row]) -> list[tuple[DirectionClass, Row]]:
    """The classes that this version knows, in order."""
    return [(key, found[key]) for key in CLASSES if key in found]
