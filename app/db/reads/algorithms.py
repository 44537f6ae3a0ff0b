"""Named queries over the candidate algorithms of one analysis and their kept alignments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, contains_eager

from pluriscope.app.db.rows import column_of
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, NetworkRow, ProtocolRow


def placements_untried(session: Session, analysis: AnalysisRow) -> bool:
    """Whether some candidate's placements were not searched at all, there being too many of them."""
    if analysis.exhaustive:
        return False
    untried = select(AlgorithmRow.id).where(AlgorithmRow.analysis_id == analysis.id, AlgorithmRow.truncated_at == 0)
    return session.scalar(untried.limit(1)) is not None


def n_algorithms(session: Session, analysis: AnalysisRow) -> int:
    """Number of stored algorithms of an analysis."""
    return session.scalar(select(func.count()).where(AlgorithmRow.analysis_id == analysis.id)) or 0


def find_algorithm(session: Session, analysis_id: int, algorithm_id: str) -> AlgorithmRow | None:
    """The algorithm of an analysis with this public id; None if there is none."""
    return session.scalar(
        select(AlgorithmRow).where(AlgorithmRow.analysis_id == analysis_id, AlgorithmRow.algorithm_id == algorithm_id)
    )


def find_neuron_placement(session: Session, algorithm: AlgorithmRow, alignment_id: str) -> AlignmentRow | None:
    """The kept alignment of an algorithm with this public id; None if there is none."""
    return session.scalar(_kept(algorithm).where(AlignmentRow.alignment_id == alignment_id))


def _kept(algorithm: AlgorithmRow) -> Select[AlignmentRow]:
    return select(AlignmentRow).where(AlignmentRow.algorithm_row_id == algorithm.id)


def placements_on(
    session: Session, analysis: AnalysisRow, neurons: Collection[tuple[int, int]]
) -> Sequence[AlignmentRow]:
    """A valid alignment, a minimal one if there is one, of each algorithm some of whose variables are on just these
    neurons, (layer, neuron) each, in the order of algorithms.
    """
    every = (
        select(AlignmentRow.id, AlignmentRow.algorithm_row_id, AlignmentRow.places)
        .join(AlignmentRow.algorithm)
        .where(AlignmentRow.analysis_id == analysis.id, AlignmentRow.valid)
        .order_by(AlgorithmRow.position, AlignmentRow.minimal.desc(), AlignmentRow.id)
    )
    wanted, first = {*neurons}, dict[int, int]()
    for id_, owner, places in session.execute(every):
        sites = ([(layer, neuron) for neuron in some] for _, layer, some in places)
        if {one for site in sites if wanted.issuperset(site) for one in site} == wanted:
            first.setdefault(owner, id_)
    known = select(AlignmentRow).where(AlignmentRow.id.in_(first.values())).join(AlignmentRow.algorithm)
    known = known.options(contains_eager(AlignmentRow.algorithm)).order_by(AlgorithmRow.position)
    return session.scalars(known).all() if first else []


def is_listed(session: Session, analysis: AnalysisRow | None, algorithm_id: str) -> bool:
    """Whether an algorithm is one of those that an analysis lists."""
    return analysis is not None and find_algorithm(session, analysis.id, algorithm_id) is not None


def places_of_owners(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    """Positions of the algorithms of all kept alignments of an analysis: ``[alignments]``, each an index into the
    stored algorithms.
    """
    ids = np.asarray(column_of(session, analysis, "algorithm", "id"))
    order = np.argsort(ids)
    owners = np.asarray(column_of(session, analysis, "alignment", "algorithm_row_id"))
    places: NDArray[np.int64] = order[np.searchsorted(ids, owners, sorter=order)]
    return places


def algorithms_that_are(
    session: Session, ids: Collection[str], limit: int
) -> Sequence[tuple[AlgorithmRow, AnalysisRow]]:
    """Stored algorithms with one of these ids, in finished analyses of networks that are not deleted."""
    query = (
        select(AlgorithmRow, AnalysisRow)
        .join(AnalysisRow, AnalysisRow.id == AlgorithmRow.analysis_id)
        .join(AnalysisRow.network)
        .join(AnalysisRow.protocol)
        .where(AlgorithmRow.algorithm_id.in_(ids), NetworkRow.deleted_at.is_(None))
        .options(contains_eager(AnalysisRow.network), contains_eager(AnalysisRow.protocol))
        .order_by(NetworkRow.position, NetworkRow.slug, AnalysisRow.output, ProtocolRow.name, AnalysisRow.id)
        .limit(limit)
    )
    return [(algorithm, analysis) for algorithm, analysis in session.execute(query)]
