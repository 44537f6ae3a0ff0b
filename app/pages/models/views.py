"""How an address is read to circuits of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from analysis.explanations.explanation import NAME, REF, Record
from analysis.models.circuits import (
    ModelCircuit,
    judge_circuit,
    mask_bits,
    read_mask,
)
from analysis.models.judging import circuit_record, roles_told
from analysis.models.model import Masks
from app.addressing import Addresses
from app.db.models import CircuitSearch, searches_of, stored_circuits
from app.errors import NotFound
from app.pages.place import ModelPlace
from app.pages.recorded import FigureView, figures_of


def search_of(session: Session, place: ModelPlace) -> CircuitSearch | None:
    """What was searched under these rules."""
    return searches_of(session, [place.row.id]).get((place.row.id, place.text))


@dataclass(frozen=True)
class OpenCircuit:
    """A circuit that an address names.

    Args:
        mask: as it is written.
        bits: which of the mask's bits are set.
        figures: by column; stored ones where the search found it, else computed.
        stored: whether the search found it.
        valid: whether it is right on enough rows.
        record: of its columns.
    """

    mask: str
    bits: Masks
    figures: dict[str, bool | int | float | str]
    stored: bool
    valid: bool
    record: Record[ModelCircuit]

    def views(self) -> list[FigureView]:
        """Its figures as pages show them."""
        return figures_of(self.record, self.figures)


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


def open_circuits(session: Session, addresses: Addresses, place: ModelPlace, masks: Sequence[str]) -> list[OpenCircuit]:
    """The circuits that masks mean.

    Args:
        addresses: for the page to go to instead.
        place: the model and its rules.
        masks: as they came in.

    Raises:
        NotFound: one is no mask, or nothing is left of it.
    """
    frame, record = stored_circuits(session, place.row.id, place.text, place.kind), circuit_record(place.kind)
    found = []
    for text in masks:
        mask = mask_meant(place, text, addresses)
        bits = mask_bits(place.space, mask)
        if frame is not None and mask in frame[REF]:
            at = np.flatnonzero(frame[REF] == mask)
            stored = {column.name: frame[column.name][at[0]].item() for column in record.columns}
            found.append(OpenCircuit(str(frame[NAME][at[0]]), bits, stored, True, True, record))
            continue
        judged = judge_circuit(place.model, place.settings, mask)
        [told] = roles_told(place.kind, place.space, bits[None])
        figures = recomputed_figures(place, replace(judged, told=told))
        found.append(OpenCircuit(mask, bits, figures, False, judged.valid, record))
    return found


def recomputed_figures(place: ModelPlace, circuit: ModelCircuit) -> dict[str, bool | int | float | str]:
    """A circuit's figures by column."""
    return {column.name: column.value(circuit) for column in circuit_record(place.kind).columns}
