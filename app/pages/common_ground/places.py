"""Every place of the cloud exactly, page after page: what the marks take together where places are too many."""

from __future__ import annotations

from bisect import bisect_right

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads import common_ground as reads
from app.listing.page import read_cursor, write_cursor
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.common_ground.points import surveyed
from app.pages.common_ground.views import KIND_OF, PointKind
from app.pages.formulas import FractionView

_ORDER = "common-ground places"


class PlacesOptions(ScopeOptions):
    """Options of the exact places."""

    after: str = Field("", max_length=400, description="Cursor: where the page before ended.")
    limit: int = Field(500, ge=1, le=2_000, description="Places on a page.")


class PlaceView(PageModel):
    """Explanations of one kind that stand at the same place."""

    kind: PointKind
    coverage: FractionView
    accuracy: FractionView
    count: int = Field(description="Points here: observed classes, or alignments.")
    interpretations: BigInt = Field(description="Members of those classes; 0 for alignments.")


class PlacesPage(PageModel):
    """Places by kind, interventions predicted and predicted right, ascending."""

    total: int
    items: list[PlaceView]
    next: str | None
    next_url: str | None


def build_places(session: Session, addresses: Addresses, network: str, options: PlacesOptions) -> PlacesPage:
    """One page of places.

    Raises:
        NotFound: the network or scope does not exist, or nothing is surveyed yet.
        BadQuery: a cursor that no page gave out.
    """
    place, row = surveyed(session, addresses, network, options)
    points = sorted(reads.cloud_of(row), key=lambda one: (one.kind, one.predicted, one.right))
    start = 0
    if options.after:
        ended = read_cursor(options.after, _ORDER, (int, int, int))
        start = bisect_right(points, ended, key=lambda one: (one.kind, one.predicted, one.right))
    shown = points[start : start + options.limit]
    following = None
    if start + len(shown) < len(points):
        following = write_cursor(_ORDER, [shown[-1].kind, shown[-1].predicted, shown[-1].right])
    return PlacesPage(
        total=len(points),
        items=[
            PlaceView(
                kind=KIND_OF[one.kind],
                coverage=FractionView(agreed=one.predicted, of=row.n_interventions),
                accuracy=FractionView(agreed=one.right, of=one.predicted),
                count=one.count,
                interpretations=one.interpretations,
            )
            for one in shown
        ],
        next=following,
        next_url=None
        if following is None
        else addresses.common_ground_places(
            place.row.slug, place.scope, after=following, limit=options.limit if options.limit != 500 else None
        ),
    )
