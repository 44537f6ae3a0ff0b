"""Alignments on directions as pages show them: places, readings, families, rows of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.oblique import WORST_FIRST, ObliqueFamily
from analysis.directions.readouts import ReadOut
from analysis.directions.rowspace import RowspaceSplit
from analysis.fixed_order import inner
from analysis.networks.mlp import activations
from app.addressing import Addresses
from app.db.direction_tables import DirectionRow
from app.db.directions import alignment_of
from app.figures.svg import Direction
from app.figures.svg.directions import linear_words, site_words
from app.pages.directions.views import (
    MAX_AT,
    DirectionItem,
    DirectionPlaceView,
    FamilyView,
    Passing,
    ReadingView,
    RowspaceView,
    RowView,
)
from app.pages.formulas import FractionView, fraction
from app.pages.place import Place
from app.pages.shared import truth_rows
from pluriscope.naming import ExplanationRef


def clean_layers(place: Place) -> tuple[NDArray[np.float64], ...]:
    """The network's own activations ``[rows, n_l]`` on the inputs, layer by layer."""
    return tuple(activations(place.question.cut, place.question.data.clean_rows))


def direction_url(addresses: Addresses, place: Place, algorithm_id: str, alignment: DirectionAlignment) -> str:
    """An alignment's permalink: with its text, which says all that it is; a text too long for addresses stays out."""
    at = alignment.text if len(alignment.text) <= MAX_AT else ""
    return addresses.direction(place.row.slug, algorithm_id, alignment.id, place.scope, at=at)


def direction_ref(algorithm_id: str, alignment: DirectionAlignment, *, stored: bool) -> ExplanationRef:
    """How a comparison's address names it: by id where a row keeps it, else by its text, ``@`` written ``:``."""
    second = alignment.id if stored else alignment.text.replace("@", ":")
    return ExplanationRef("direction", algorithm_id, second)


def place_views(
    algorithm: HighLevelModel, alignment: DirectionAlignment, clean: Sequence[NDArray[np.float64]], place: Place
) -> list[DirectionPlaceView]:
    """An alignment's places in the order of paths."""
    variables = {variable.path: variable for variable in algorithm.variables}
    return [
        DirectionPlaceView.showing(
            linear,
            path=path,
            formula=variables[path].formula,
            shown=variables[path].shown,
            truth_table=truth_rows(variables[path].function, 1 << algorithm.n_inputs),
            site=site_words(linear, place.question.cut.sizes),
            rows=[
                RowView(
                    weights=list(row),
                    words=linear_words(linear.layer, row, place.question.cut.sizes),
                    projections=inner(clean[linear.layer], np.array([row]))[:, 0].tolist(),
                )
                for row in linear.reads
            ],
            swaps=[list(row) for row in linear.swaps],
        )
        for path, linear in alignment.places
    ]


def reading_view(read: ReadOut, projections: Sequence[float], truth_table: Sequence[int]) -> ReadingView:
    """How one direction reads its variable on every input."""
    values = [read.gain * value + read.constant for value in projections]
    on = [value for value, bit in zip(values, truth_table, strict=True) if bit]
    off = [value for value, bit in zip(values, truth_table, strict=True) if not bit]
    separated = bool(read.gain) and all(v > 0.5 for v in on) and all(v < 0.5 for v in off)
    return ReadingView(
        gain=read.gain, constant=read.constant, residual=read.residual, values=values, separated=separated
    )


def family_view(family: ObliqueFamily | None) -> FamilyView | None:
    if family is None:
        return None
    return FamilyView(dimension=family.dimension, answer=family.answer, method=family.method)


def rowspace_view(split: RowspaceSplit | None) -> RowspaceView | None:
    if split is None:
        return None
    return RowspaceView(
        rank=split.rank,
        share=split.share,
        whole=FractionView(agreed=split.whole, of=split.of),
        seen=FractionView(agreed=split.seen, of=split.of),
        illusory=split.is_illusory,
    )


def direction_item(
    row: DirectionRow,
    algorithm: HighLevelModel,
    clean: Sequence[NDArray[np.float64]],
    place: Place,
    addresses: Addresses,
) -> DirectionItem:
    """A stored alignment as lists show it."""
    alignment = alignment_of(row)
    dimension, answer = family_of_all(row.families)
    joint = None
    if row.joint_agreed is not None and row.joint_of is not None:
        joint = fraction(IIA(row.joint_agreed, row.joint_of))
    return DirectionItem.showing(
        row,
        id=row.alignment_id,
        url=direction_url(addresses, place, algorithm.id, alignment),
        ref=str(direction_ref(algorithm.id, alignment, stored=True)),
        places=place_views(algorithm, alignment, clean, place),
        iia=FractionView(agreed=row.agreed, of=row.of),
        joint=joint,
        joint_valid=None if joint is None else joint.agreed == joint.of,
        fragile=row.margin is not None and row.margin < FRAGILE_MARGIN,
        family_dimension=dimension,
        family_answer=answer,
    )


def family_of_all(families: Sequence[Sequence[Any] | None]) -> tuple[int | None, Passing | None]:
    """All oblique swaps of an alignment's read-outs: their dimension, and the least that any place's family says."""
    known = [one for one in families if one is not None]
    if not known or len(known) < len(families):
        return None, None
    return sum(one[0] for one in known), min((one[1] for one in known), key=WORST_FIRST.index)


def comb_rows(places: Sequence[DirectionPlaceView]) -> list[Direction]:
    """The combs of a drawing: each read-out, and below it the direction that its swap moves along where it has one."""
    rows = []
    for one in places:
        table = tuple(one.truth_table)
        for number, row in enumerate(one.rows):
            rows.append(Direction(one.layer, tuple(row.weights), table, one.shown))
            if one.swaps:
                rows.append(Direction(one.layer, tuple(one.swaps[number]), table, one.shown, "moves"))
    return rows
