"""From an address to an alignment, stored or not: by id, by the place of each variable, or by its directions."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.alignments.id_search import MAX_TRIED, alignment_with_id
from analysis.alignments.iia import check_alignment
from analysis.directions.alignment import DirectionAlignment, parse_directions
from app.db import directions
from app.db.codecs import alignment_of
from app.db.reads import algorithms
from app.db.tables import AlgorithmRow, AlignmentRow, DirectionRow
from app.errors import NotFound
from app.options import ScopeOptions
from app.pages.place import Place
from app.pages.placements import BETWEEN, SHAPE, is_placement, placement_text, read_placement_text, read_places
from pluriscope.address import Addresses
from pluriscope.naming import ExplanationRef

MAX_AT: Final = 5_000
"""Characters of an alignment's text in an address."""


def meant(ref: ExplanationRef, options: ScopeOptions) -> ExplanationRef:
    """What a reference means with the options ``place`` and ``at`` beside it, which say where variables stand.

    A form sends them behind the address of an algorithm; earlier addresses of alignments had them behind an id.

    Raises:
        BadQuery: a malformed place.
    """
    places, at = getattr(options, "place", ()), getattr(options, "at", "")
    if places:
        pieces = [piece for text in places for piece in text.split(BETWEEN)]
        return ExplanationRef("alignment", ref.first, placement_text(read_places(pieces)))
    return ExplanationRef("direction", ref.first, directions_text(at)) if at else ref


def directions_text(text: str) -> str:
    """Directions as references write them: without the signs that end a reference or a segment of a path."""
    return text.replace("@", ":").replace("/", "~")


def direction_ref(algorithm_id: str, alignment: DirectionAlignment, *, stored: bool) -> ExplanationRef:
    """How addresses name it: by id where a row keeps it, else by its text."""
    second = alignment.id if stored or not alignment.text else directions_text(alignment.text)
    return ExplanationRef("direction", algorithm_id, second)


def find_placed(
    session: Session, links: Addresses, place: Place, row: AlgorithmRow, algorithm: HighLevelModel, named: str
) -> tuple[AlignmentRow | None, Alignment]:
    """The alignment of that id or placement, and its row if one keeps it.

    Args:
        place: what it is an alignment with.
        row: of the algorithm.
        algorithm: the one that is placed.
        named: an id, or the place of each variable.

    Raises:
        NotFound: neither a row nor the first placements have that id.
        BadQuery: a malformed placement.
        InvalidAlignment: places that do not fit the algorithm or the network.
    """
    question = place.question
    if is_placement(named):
        alignment = Alignment.of(algorithm.text, read_placement_text(named))
        check_alignment(question.cut, algorithm, alignment, question.protocol)
        return algorithms.find_alignment(session, row, alignment.id), alignment
    stored = algorithms.find_alignment(session, row, named)
    if stored is not None:
        return stored, alignment_of(stored, algorithm.text).alignment
    found = alignment_with_id(question.cut, algorithm, named, question.protocol.alignment_sites)
    if found is not None:
        return None, found
    raise NotFound(
        f"alignment {named[:40]!r}",
        f"is not one of the {row.n_kept:,} alignments kept for this algorithm, nor of the first {MAX_TRIED:,} "
        "placements of its variables",
        f"choose a kept one on the algorithm's page, or name any placement there with ?place={SHAPE}, or instead of "
        "its id: a-ALGORITHM.0:1.0+2_1:2.1",
        "alignment",
        links.algorithm(place.slug, algorithm.id, place.scope),
        f"algorithm {algorithm.formula}",
    )


def find_direction(
    session: Session, links: Addresses, place: Place, algorithm: HighLevelModel, named: str
) -> tuple[DirectionRow | None, DirectionAlignment]:
    """The row that keeps the alignment on directions of that id or text, None if none does, and the alignment.

    Where no row keeps just these directions, but one keeps them up to rounding, it is that one.

    Args:
        place: what it is an alignment with.
        algorithm: the one that is placed.
        named: an id, or a text as references have it.

    Raises:
        NotFound: no row keeps that id.
        InvalidAlignment: a text that no alignment has, or places that do not fit the algorithm or the network.
    """
    analysis, empty = place.analysis, parse_directions(algorithm.text, "")
    text = named.replace(":", "@").replace("~", "/") if "=" in named else ""
    alignment = parse_directions(algorithm.text, text) if text else None
    wanted = named if alignment is None else alignment.id
    named_by = algorithm.id, wanted
    stored = None if analysis is None else directions.find_direction_row(session, analysis.id, *named_by)
    if not stored and alignment is None and (text := directions.direction_text(session, *named_by)):
        alignment = parse_directions(algorithm.text, text)
    if stored:
        alignment = directions.alignment_of(stored)
    elif alignment is None and not algorithm.responses and empty.id == wanted:
        alignment = empty
    if alignment is None:
        raise NotFound(
            f"alignment {named[:40]!r}",
            "is not one of the alignments on directions kept for this algorithm",
            "choose a kept one, or say what it is, PATH@LAYER=w1,w2,… for each variable joined by ;, with ?at= behind "
            "the algorithm's address, or instead of its id: d-ALGORITHM.0:1=1,0,-1;1:1=0,1,-1",
            "alignment",
            links.algorithm(place.slug, algorithm.id, place.scope),
            f"algorithm {algorithm.formula}",
        )
    check_alignment(place.question.cut, algorithm, alignment, place.question.protocol)
    return stored, alignment
