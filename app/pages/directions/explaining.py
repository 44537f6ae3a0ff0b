"""An alignment on directions as a comparison's address names it, stored or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.directions.alignment import DirectionAlignment, parse_directions
from analysis.directions.scoring import score_directions
from app.addressing import Addresses
from app.db.direction_codecs import direction_alignment_of
from app.db.direction_tables import DirectionAlignmentRow, DirectionSearchRow
from app.db.reads import directions as reads
from app.errors import NotFound
from app.pages.candidates import algorithm_of, find_algorithm_row, verdicts_of
from app.pages.directions.places import direction_ref, direction_url
from app.pages.formulas import VerdictView
from app.pages.place import Place

MAX_RUNS: Final = 1 << 16  # joint interchanges that are run for a comparison


@dataclass(frozen=True)
class NamedDirections:
    """What a reference names.

    Args:
        algorithm: what.
        alignment: where.
        second: the second part of its canonical reference: an id where it is stored, else a text.
        url: its own page.
        verdicts: what is known of it.
    """

    algorithm: HighLevelModel
    alignment: DirectionAlignment
    second: str
    url: str
    verdicts: tuple[VerdictView, ...]


Stored = Sequence[tuple[DirectionAlignmentRow, DirectionSearchRow]]


def find_direction(
    session: Session,
    addresses: Addresses,
    place: Place,
    algorithm: HighLevelModel,
    alignment_id: str,
    at: str,
) -> tuple[Stored, DirectionAlignment]:
    """The rows that keep the alignment that an address names, and the alignment.

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
    stored: Stored = []
    if place.analysis is not None:
        stored = reads.find_directions(session, place.analysis.id, algorithm.id, alignment_id)
    if not stored and not at and (at := reads.direction_text(session, algorithm.id, alignment_id)):
        alignment = parse_directions(algorithm.text, at)
    if at and place.analysis is not None and not stored:
        # from before directions had the same digits on every machine, or from an engine that rounded otherwise
        near = reads.resembling_directions(session, place.analysis.id, algorithm.id, alignment)
        if near:
            return near, direction_alignment_of(near[0][0], algorithm.text)
    if at:
        return stored, alignment
    if not stored:
        empty = parse_directions(algorithm.text, "")
        if not algorithm.responses and empty.id == alignment_id:
            return [], empty
        raise NotFound(
            f"alignment {alignment_id[:40]!r}",
            "is none of the alignments on directions kept for this algorithm",
            "choose a kept one, or say what it is, PATH@LAYER=w1,w2,… for each variable joined by ;, with ?at= in its "
            "own address, or instead of its id in a comparison's, d-ALGORITHM.0:1=1,0,-1;1:1=0,1,-1",
            field="alignment",
            parent=parent,
            parent_label=f"directions of {algorithm.formula}",
        )
    return stored, direction_alignment_of(stored[0][0], algorithm.text)


def named_directions(
    session: Session, addresses: Addresses, place: Place, algorithm_id: str, second: str
) -> NamedDirections:
    """The alignment on directions of that id, or of that text with ``:`` for ``@``.

    Raises:
        NotFound: no such algorithm, or an id that no row keeps.
        InvalidAlignment: a text that no alignment has, or that does not fit the algorithm or the network.
    """
    row = find_algorithm_row(session, addresses, place, algorithm_id)
    algorithm = algorithm_of(row, place)
    at = second.replace(":", "@") if "=" in second else ""
    alignment_id = parse_directions(algorithm.text, at).id if at else second
    stored, alignment = find_direction(session, addresses, place, algorithm, alignment_id, at)
    scored = score_directions(place.question, algorithm, alignment, max_runs=MAX_RUNS)
    verdicts = [
        VerdictView(
            criterion="both-directions" if place.question.protocol.interchange_pairs == "ordered" else "one-direction",
            label=f"IIA {scored.iia.agreed} / {scored.iia.of}",
            verdict="passed" if scored.valid else "failed",
        )
    ]
    if scored.joint is not None:
        verdicts.append(
            VerdictView(
                criterion="joint-interchange",
                label=f"jointly {scored.joint.agreed} / {scored.joint.of}",
                verdict="passed" if scored.joint_valid else "failed",
            )
        )
    verdicts.append(
        VerdictView(
            criterion="causal-order",
            label="in causal order" if scored.causal_order else "not in causal order",
            verdict="passed" if scored.causal_order else "failed",
        )
    )
    ref = direction_ref(algorithm.id, alignment, stored=bool(stored))
    return NamedDirections(
        algorithm,
        alignment,
        ref.partition(".")[2],
        direction_url(addresses, place, algorithm.id, alignment),
        (*verdicts, *verdicts_of(row)),
    )
