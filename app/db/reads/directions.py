"""Named queries over what was found on linear directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.directions.alignment import DirectionAlignment
from analysis.directions.result import CLASSES
from app.db.direction_codecs import direction_alignment_of
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow, DirectionSearchRow, DirectionTextRow
from app.db.tables import AnalysisRow

_ORDER: Final[dict[str, int]] = {name: number for number, name in enumerate(CLASSES)}


def direction_searches(session: Session, analysis_id: int) -> Mapping[str, DirectionSearchRow]:
    """The stored searches of an analysis by class, in the order in which classes are shown."""
    rows = session.scalars(select(DirectionSearchRow).where(DirectionSearchRow.analysis_id == analysis_id)).all()
    return {row.direction_class: row for row in sorted(rows, key=lambda row: _ORDER.get(row.direction_class, 99))}


def direction_search(session: Session, analysis: AnalysisRow, direction_class: str) -> DirectionSearchRow | None:
    """The stored search of one class, None if there is none."""
    return session.scalar(
        select(DirectionSearchRow).where(
            DirectionSearchRow.analysis_id == analysis.id, DirectionSearchRow.direction_class == direction_class
        )
    )


def direction_algorithms(
    session: Session,
    search: DirectionSearchRow,
    *,
    algorithm_id: str = "",
    after: int = -1,
    limit: int = 50,
    passing_only: bool = False,
) -> tuple[list[DirectionAlgorithmRow], bool]:
    """One page of a search's algorithms in the order searched, and whether more follow.

    Args:
        search: of one class.
        algorithm_id: only this one.
        after: position of the algorithm before the page.
        limit: most rows.
        passing_only: only those with a valid alignment.
    """
    query = select(DirectionAlgorithmRow).where(
        DirectionAlgorithmRow.search_id == search.id, DirectionAlgorithmRow.position > after
    )
    if algorithm_id:
        query = query.where(DirectionAlgorithmRow.algorithm_id == algorithm_id)
    if passing_only:
        query = query.where(DirectionAlgorithmRow.n_valid > 0)
    rows = list(session.scalars(query.order_by(DirectionAlgorithmRow.position).limit(limit + 1)))
    return rows[:limit], len(rows) > limit


def alignments_of_directions(
    session: Session, algorithms: Sequence[DirectionAlgorithmRow], *, per_algorithm: int = 100
) -> Mapping[int, list[DirectionAlignmentRow]]:
    """The kept alignments of some algorithms of a search, valid ones first, by the algorithm's row number.

    Args:
        algorithms: rows of one search.
        per_algorithm: most alignments of each.
    """
    rows = session.scalars(
        select(DirectionAlignmentRow)
        .where(
            DirectionAlignmentRow.algorithm_row_id.in_([row.id for row in algorithms]),
            DirectionAlignmentRow.position < per_algorithm,
        )
        .order_by(DirectionAlignmentRow.algorithm_row_id, DirectionAlignmentRow.position)
    )
    found: dict[int, list[DirectionAlignmentRow]] = {row.id: [] for row in algorithms}
    for row in rows:
        found[row.algorithm_row_id].append(row)
    return found


def find_directions(
    session: Session, analysis_id: int, algorithm_id: str, alignment_id: str
) -> list[tuple[DirectionAlignmentRow, DirectionSearchRow]]:
    """The rows that keep one alignment on directions, one for each class in which it was found."""
    query = (
        select(DirectionAlignmentRow, DirectionSearchRow)
        .join(DirectionAlgorithmRow, DirectionAlgorithmRow.id == DirectionAlignmentRow.algorithm_row_id)
        .join(DirectionSearchRow, DirectionSearchRow.id == DirectionAlignmentRow.search_id)
        .where(
            DirectionSearchRow.analysis_id == analysis_id,
            DirectionAlgorithmRow.algorithm_id == algorithm_id,
            DirectionAlignmentRow.alignment_id == alignment_id,
        )
    )
    rows = [(alignment, search) for alignment, search in session.execute(query)]
    return sorted(rows, key=lambda pair: _ORDER.get(pair[1].direction_class, 99))


def direction_text(session: Session, algorithm_id: str, alignment_id: str) -> str:
    """The text of an alignment that some search kept under that id, now or before; "" if none ever did."""
    row = session.get(DirectionTextRow, (algorithm_id, alignment_id))
    return "" if row is None else row.text


def resembling_directions(
    session: Session, analysis_id: int, algorithm_id: str, alignment: DirectionAlignment
) -> list[tuple[DirectionAlignmentRow, DirectionSearchRow]]:
    """The rows of the first kept alignment that makes the same interchanges as this one up to rounding, or none.

    An address that was written before directions had the same digits on every machine still finds its row so.
    """
    kept = session.scalars(
        select(DirectionAlignmentRow)
        .join(DirectionAlgorithmRow, DirectionAlgorithmRow.id == DirectionAlignmentRow.algorithm_row_id)
        .join(DirectionSearchRow, DirectionSearchRow.id == DirectionAlignmentRow.search_id)
        .where(DirectionSearchRow.analysis_id == analysis_id, DirectionAlgorithmRow.algorithm_id == algorithm_id)
        .order_by(DirectionAlignmentRow.id)
    )
    for row in kept:
        if direction_alignment_of(row, alignment.algorithm_text).resembles(alignment):
            return find_directions(session, analysis_id, algorithm_id, row.alignment_id)
    return []


def all_direction_alignments(
    session: Session, analysis_id: int, *, valid_only: bool = True, classes: Sequence[str] = ()
) -> list[tuple[DirectionAlignmentRow, DirectionAlgorithmRow, str]]:
    """Every kept alignment on directions of an analysis with its algorithm and class, in order of classes, algorithms
    and ranks. One found in two classes is there twice; drop what repeats an (algorithm id, alignment id).

    Args:
        analysis_id: row number of the analysis.
        valid_only: leave out the best that fail.
        classes: only these; all if empty.
    """
    query = (
        select(DirectionAlignmentRow, DirectionAlgorithmRow, DirectionSearchRow.direction_class)
        .join(DirectionAlgorithmRow, DirectionAlgorithmRow.id == DirectionAlignmentRow.algorithm_row_id)
        .join(DirectionSearchRow, DirectionSearchRow.id == DirectionAlignmentRow.search_id)
        .where(DirectionSearchRow.analysis_id == analysis_id)
    )
    if valid_only:
        query = query.where(DirectionAlignmentRow.valid.is_(True))
    if classes:
        query = query.where(DirectionSearchRow.direction_class.in_(classes))
    rows = [(alignment, algorithm, name) for alignment, algorithm, name in session.execute(query)]
    return sorted(rows, key=lambda found: (_ORDER.get(found[2], 99), found[1].position, found[0].position))


def classes_of_algorithm(session: Session, analysis_id: int, algorithm_id: str) -> Mapping[str, DirectionAlgorithmRow]:
    """What each class's search found for one algorithm, by class; classes that did not search it are not there."""
    query = (
        select(DirectionSearchRow.direction_class, DirectionAlgorithmRow)
        .join(DirectionSearchRow, DirectionSearchRow.id == DirectionAlgorithmRow.search_id)
        .where(DirectionSearchRow.analysis_id == analysis_id, DirectionAlgorithmRow.algorithm_id == algorithm_id)
    )
    rows = [(name, algorithm) for name, algorithm in session.execute(query)]
    return dict(sorted(rows, key=lambda pair: _ORDER.get(pair[0], 99)))
