"""An alignment on directions as a table to take away."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.pages.directions.one import build_direction
from app.pages.directions.views import DirectionOptions
from app.pages.place import locate
from app.pages.sharing.exports import Table, about_place, interchange_table


def direction_interchanges_table(
    session: Session, addresses: Addresses, network: str, algorithm: str, alignment: str, options: DirectionOptions
) -> Table:
    """Every interchange of one alignment on directions: the matrices of its page in numbers."""
    page = build_direction(session, addresses, network, algorithm, alignment, options)
    place = locate(session, addresses, network, options.scope)
    about = (
        *about_place(place, f"Interchanges of {page.algorithm.formula} on directions, alignment {page.id}"),
        f"The alignment: {page.text}",
        "Run base, but with the layer moved along the variable's direction until its read-out is what it is on source.",
        "expected: what the algorithm says; decision: 0, 1, or -1 for neither; tested: whether the protocol counts it.",
    )
    return interchange_table(about, page)
