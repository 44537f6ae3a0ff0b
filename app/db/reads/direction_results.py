"""Stored searches of directions as the engine's values, for result files."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.algorithms.parsing import parse_algorithm
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import IIA
from analysis.alignments.joint import JointScore
from analysis.directions.oblique import Answer, Method, ObliqueFamily
from analysis.directions.result import AlgorithmDirections, DirectionClass, DirectionSearch, PlaceEvidence
from analysis.directions.scoring import ScoredDirections
from app.db.direction_codecs import (
    choices_of,
    direction_alignment_of,
    families_of,
    read_outs_of,
    rowspace_of,
    unread_of,
)
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow, DirectionSearchRow
from app.db.reads.directions import direction_searches
from app.db.tables import AnalysisRow


def load_directions(session: Session, analysis: AnalysisRow) -> list[DirectionSearch]:
    """Every stored search of directions of an analysis, in the order of classes; margins of joint interchange and
    witnesses of oblique families are not kept.
    """
    n_inputs = analysis.network.sizes[0]
    return [_search(session, row, n_inputs) for row in direction_searches(session, analysis.id).values()]


def _search(session: Session, row: DirectionSearchRow, n_inputs: int) -> DirectionSearch:
    algorithms = session.scalars(
        select(DirectionAlgorithmRow)
        .where(DirectionAlgorithmRow.search_id == row.id)
        .order_by(DirectionAlgorithmRow.position)
    ).all()
    kept: dict[int, list[DirectionAlignmentRow]] = {one.id: [] for one in algorithms}
    for one in session.scalars(
        select(DirectionAlignmentRow)
        .where(DirectionAlignmentRow.search_id == row.id)
        .order_by(DirectionAlignmentRow.position)
    ):
        kept[one.algorithm_row_id].append(one)
    direction_class = cast(DirectionClass, row.direction_class)
    found = tuple(_algorithm(one, kept[one.id], direction_class, n_inputs) for one in algorithms)
    return DirectionSearch(
        direction_class,
        found,
        row.n_candidates,
        row.irredundant_only,
        row.all_listed,
        settings=row.settings,
        refused=row.refused,
        seconds=row.seconds,
    )


def _algorithm(
    row: DirectionAlgorithmRow, kept: list[DirectionAlignmentRow], direction_class: DirectionClass, n_inputs: int
) -> AlgorithmDirections:
    algorithm = parse_algorithm(row.text, cast(Form, row.form), n_inputs)
    return AlgorithmDirections(
        algorithm,
        direction_class,
        tuple(_scored(one, row.text) for one in kept),
        row.n_placements,
        row.n_valid,
        row.n_joint,
        row.truncated_at,
        unread_of(row),
        families_of(row),
        row.n_undecided,
        irredundancy(algorithm),
        choices_of(row),
        tuple(_evidence(one, row.text) for one in kept),
    )


def _scored(row: DirectionAlignmentRow, algorithm_text: str) -> ScoredDirections:
    margin = float("inf") if row.margin is None else row.margin
    joint = None
    if row.joint_agreed is not None and row.joint_of is not None:
        joint = JointScore(row.joint_agreed, row.joint_of, float("nan"), None)
    alignment = direction_alignment_of(row, algorithm_text)
    return ScoredDirections(alignment, IIA(row.agreed, row.of), margin, read_outs_of(row), row.causal_order, joint)


def _evidence(row: DirectionAlignmentRow, algorithm_text: str) -> tuple[PlaceEvidence, ...]:
    places = direction_alignment_of(row, algorithm_text).places
    families = [
        None if told is None else ObliqueFamily(place.layer, told[0], cast(Answer, told[1]), cast(Method, told[2]))
        for (_, place), told in zip(places, row.swaps, strict=True)
    ]
    return tuple(PlaceEvidence(split, family) for split, family in zip(rowspace_of(row), families, strict=True))
