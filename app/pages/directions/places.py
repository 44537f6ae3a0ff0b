"""Alignments on directions as pages show them: places, readings, families, rows of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.oblique import ObliqueFamily
from analysis.fixed_order import inner
from analysis.networks.mlp import activations
from app.addressing import Addresses
from app.db.direction_codecs import direction_alignment_of
from app.db.direction_tables import DirectionAlignmentRow
from app.figures.svg import Direction
from app.figures.svg.directions import linear_words, site_words
from app.pages.directions.views import (
    DirectionItem,
    DirectionPlaceView,
    FamilyView,
    Passing,
    RowView,
)
from app.pages.formulas import FractionView, fraction
from app.pages.place import Place
from app.pages.placed import directions_text
from app.pages.shared import truth_rows
from pluriscope.naming import ExplanationRef


def clean_layers(place: Place) -> tuple[NDArray[np.float64], ...]:
    """The network's own activations ``[rows, n_l]`` on the inputs, layer by layer."""
    return tuple(activations(place.question.cut, place.question.data.clean_rows))


def direction_ref(algorithm_id: str, alignment: DirectionAlignment, *, stored: bool) -> ExplanationRef:
    """How addresses name it: by id where a row keeps it, else by its text."""
    second = alignment.id if stored or not alignment.text else directions_text(alignment.text)
    return ExplanationRef("direction", algorithm_id, second)


def kept_direction_url(addresses: Addresses, place: Place, algorithm_id: str, alignment: DirectionAlignment) -> str:
    """The page of one that a row keeps."""
    ref = direction_ref(algorithm_id, alignment, stored=True)
    return addresses.explanation(place.slug, ref, place.scope)


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


def family_view(family: ObliqueFamily | None) -> FamilyView | None:
    if family is None:
        return None
    return FamilyView(dimension=family.dimension, answer=family.answer, method=family.method)


def direction_item(
    row: DirectionAlignmentRow,
    algorithm: HighLevelModel,
    clean: Sequence[NDArray[np.float64]],
    place: Place,
    addresses: Addresses,
) -> DirectionItem:
    """A stored alignment as lists show it."""
    alignment = direction_alignment_of(row, algorithm.text)
    joint = None
    if row.joint_agreed is not None and row.joint_of is not None:
        joint = fraction(IIA(row.joint_agreed, row.joint_of))
    return DirectionItem.showing(
        row,
        id=row.alignment_id,
        url=kept_direction_url(addresses, place, algorithm.id, alignment),
        ref=str(direction_ref(algorithm.id, alignment, stored=True)),
        places=place_views(algorithm, alignment, clean, place),
        iia=FractionView(agreed=row.agreed, of=row.of),
        joint=joint,
        joint_valid=None if joint is None else joint.agreed == joint.of,
        fragile=row.margin is not None and row.margin < FRAGILE_MARGIN,
        family_answer=cast("Passing | None", row.family_answer),
    )


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
