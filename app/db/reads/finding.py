"""Named queries of the search: networks by their words, and algorithms by what they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from app.db.reads.networks import STUDY_ORIGIN, matching
from app.db.tables import AlgorithmRow, AnalysisRow, NetworkRow, ProtocolRow


def networks_named(session: Session, words: Sequence[str], limit: int) -> Sequence[NetworkRow]:
    """Networks that some words name, those of studies last.

    Args:
        words: each a part of a name or slug or the beginning of a digest; none for any network of no study.
        limit: most networks.
    """
    conditions = [condition for word in words or [""] for condition in matching(word)]
    order = NetworkRow.origin == STUDY_ORIGIN, NetworkRow.position, NetworkRow.created_at.desc(), NetworkRow.slug
    return session.scalars(select(NetworkRow).where(*conditions).order_by(*order).limit(limit)).all()


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
