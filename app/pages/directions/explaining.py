"""An alignment on directions as an address names it, stored or not."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.directions.alignment import DirectionAlignment, parse_directions
from app.addressing import Addresses
from app.db.direction_tables import DirectionRow
from app.db.directions import alignment_of, direction_text, find_direction_row, resembling_direction
from app.errors import NotFound
from app.pages.directions.places import direction_url
from app.pages.place import Place


def find_direction(
    session: Session,
    addresses: Addresses,
    place: Place,
    algorithm: HighLevelModel,
    alignment_id: str,
    at: str,
) -> tuple[DirectionRow | None, DirectionAlignment]:
    """The row that keeps the alignment that an address names, None if none does, and the alignment.

    Where no row keeps just these directions, but one keeps them up to rounding, it is that one.

    Args:
        place: output, protocol and data record.
        algorithm: the one that is placed.
        alignment_id: as the address has it.
        at: the alignment's text, "" if the address has none.

    Raises:
        NotFound: no row keeps that id and no text says what it is, or the text has another id.
        InvalidAlignment: a text that no alignment has.
    """
    parent = addresses.directions(place.row.slug, place.scope, algorithm=algorithm.id)
    if at:
        alignment = parse_directions(algorithm.text, at)
        if alignment.id != alignment_id:
            raise NotFound(
                f"alignment {alignment_id[:40]!r}",
                f"is not the id of the directions in the address, which is {alignment.id}",
                "follow the link to its own page",
                field="alignment",
                parent=direction_url(addresses, place, algorithm.id, alignment),
                parent_label=f"alignment {alignment.id}",
            )
    stored = None
    if place.analysis is not None:
        stored = find_direction_row(session, place.analysis.id, algorithm.id, alignment_id)
    if stored is None and not at and (at := direction_text(session, algorithm.id, alignment_id)):
        alignment = parse_directions(algorithm.text, at)
    if at and place.analysis is not None and stored is None:
        # from before directions had the same digits on every machine, or from an engine that rounded otherwise
        near = resembling_direction(session, place.analysis.id, algorithm.id, alignment)
        if near is not None:
            return near, alignment_of(near)
    if at:
        return stored, alignment
    if stored is None:
        empty = parse_directions(algorithm.text, "")
        if not algorithm.responses and empty.id == alignment_id:
            return None, empty
        raise NotFound(
            f"alignment {alignment_id[:40]!r}",
            "is not one of the alignments on directions kept for this algorithm",
            "choose a kept one, or say what it is, PATH@LAYER=w1,w2,… for each variable joined by ;, with ?at= in its "
            "own address, or instead of its id in a comparison's, d-ALGORITHM.0:1=1,0,-1;1:1=0,1,-1",
            field="alignment",
            parent=parent,
            parent_label=f"directions of {algorithm.formula}",
        )
    return stored, alignment_of(stored)
