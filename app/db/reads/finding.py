"""Named queries of the search: a few of each kind of thing that a text may name, by index where there are many.

Networks of studies come by the thousand, so they are asked for apart from the others. Explanations are found by masks,
ids or identity texts, never by looking through all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from analysis.networks.circuit import EdgeLayout
from app.db.direction_tables import DirectionRow
from app.db.reads.algorithms import readable
from app.db.reads.analyses import begins_with
from app.db.reads.circuits import StoredCircuit, circuits_at, locate_mask
from app.db.reads.networks import STUDY_ORIGIN, matching
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, NetworkRow, ProtocolRow

_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])
_LOOKED_AT: Final = 400  # rows that an id or formula leads to, before it is asked which networks they belong to


def networks_named(
    session: Session, words: Sequence[str], limit: int, *, of_studies: bool = False
) -> tuple[list[NetworkRow], bool]:
    """Networks that some words name, and whether there are more.

    Args:
        session: open session.
        words: each a part of a name or slug or the beginning of a digest; none for any network.
        limit: most networks; those that have the words in a row come first; in gallery order, those of studies by slug.
        of_studies: whether those of studies are meant, or all others.
    """
    origin = NetworkRow.origin == STUDY_ORIGIN if of_studies else NetworkRow.origin != STUDY_ORIGIN
    ways: list[Sequence[str]] = [[" ".join(words)], words] if len(words) > 1 else [words]
    gallery = NetworkRow.position, NetworkRow.created_at.desc()
    order = (*(() if of_studies else gallery), NetworkRow.slug)
    rows: dict[int, NetworkRow] = {}
    for each in ways:
        if len(rows) <= limit:
            named = [condition for word in each for condition in matching(word)]
            query = select(NetworkRow).where(origin, NetworkRow.deleted_at.is_(None), *named)
            rows |= {row.id: row for row in session.scalars(query.order_by(*order).limit(limit + 1))}
    found = list(rows.values())
    return found[:limit], len(found) > limit


def circuits_beginning(
    session: Session, analysis: AnalysisRow, layout: EdgeLayout, digits: str, limit: int
) -> list[StoredCircuit]:
    """Stored circuits whose mask, written as in addresses, begins with some digits, ascending.

    Args:
        analysis: whose circuits.
        layout: of the edges that masks are over.
        digits: lower-case hex, at most as many as a mask has.
        limit: most circuits.
    """
    n_digits = layout.n_hex_digits
    if len(digits) > n_digits or not analysis.circuits_listed:
        return []
    position, _ = locate_mask(session, analysis.id, digits.ljust(n_digits, "0"))
    following = range(position, min(position + limit, analysis.circuits_listed))
    found = circuits_at(session, analysis, following)
    return [circuit for circuit in found if circuit.mask.startswith(digits)]


@dataclass(frozen=True)
class Found:
    """An algorithm, or an alignment of it, in an analysis of a network.

    Args:
        analysis: with its protocol.
        network: whose analysis.
        algorithm: id of the algorithm.
        formula: of the algorithm.
        alignment: id of the alignment, "" for the algorithm.
        detail: valid alignments of the algorithm, or whether the alignment is valid.
    """

    analysis: AnalysisRow
    network: NetworkRow
    algorithm: str
    formula: str
    alignment: str
    detail: int


def algorithms_called(session: Session, prefix: str, within: Collection[int] | None, limit: int) -> list[Found]:
    """Stored algorithms whose id begins with some hex digits."""
    return _algorithms(session, [begins_with(AlgorithmRow.algorithm_id, prefix)], within, limit)


def algorithms_that_are(session: Session, ids: Collection[str], limit: int) -> list[Found]:
    """Stored algorithms with one of these ids."""
    return _algorithms(session, [AlgorithmRow.algorithm_id.in_(ids)], None, limit)


def aligned_algorithms_holding(session: Session, piece: str, analyses: Collection[int], limit: int) -> list[Found]:
    """Algorithms with a valid alignment that have a piece of text in their formula, of some analyses.

    Args:
        piece: of the formula, with signs as typed.
        analyses: row numbers.
        limit: most algorithms.
    """
    bare = piece.replace(" ", "")
    holds = or_(
        func.replace(AlgorithmRow.formula, " ", "").contains(readable(bare), autoescape=True),
        AlgorithmRow.text.contains(bare, autoescape=True),
    )
    wanted = [AlgorithmRow.analysis_id.in_(analyses), AlgorithmRow.n_valid > 0, holds]
    return _algorithms(session, wanted, None, limit)


def _algorithms(
    session: Session, conditions: Sequence[ColumnElement[bool]], within: Collection[int] | None, limit: int
) -> list[Found]:
    ids = session.scalars(select(AlgorithmRow.id).where(*conditions).limit(_LOOKED_AT)).all()
    query = (
        select(AlgorithmRow, AnalysisRow)
        .join(AnalysisRow, AnalysisRow.id == AlgorithmRow.analysis_id)
        .where(AlgorithmRow.id.in_(ids))
    )
    return [
        Found(analysis, analysis.network, row.algorithm_id, row.formula, "", row.n_valid)
        for row, analysis in session.execute(_shown(query, within).limit(limit))
    ]


def alignments_called(
    session: Session, prefix: str, algorithm: str, within: Collection[int] | None, limit: int
) -> list[Found]:
    """Stored alignments on neuron sets whose id begins with some hex digits.

    Args:
        prefix: of the alignment's id.
        algorithm: beginning of the algorithm's id, "" for any.
        within: row numbers of the networks to look in, None for all.
        limit: most alignments.
    """
    called = begins_with(AlignmentRow.alignment_id, prefix)
    ids = session.scalars(select(AlignmentRow.id).where(called).limit(_LOOKED_AT)).all()
    query = (
        select(AlignmentRow, AlgorithmRow, AnalysisRow)
        .join(AlgorithmRow, AlgorithmRow.id == AlignmentRow.algorithm_row_id)
        .join(AnalysisRow, AnalysisRow.id == AlgorithmRow.analysis_id)
        .where(AlignmentRow.id.in_(ids), AlgorithmRow.algorithm_id.startswith(algorithm))
    )
    return [
        Found(analysis, analysis.network, owner.algorithm_id, owner.formula, row.alignment_id, row.valid)
        for row, owner, analysis in session.execute(_shown(query, within).limit(limit))
    ]


def directions_called(
    session: Session, prefix: str, algorithm: str, within: Collection[int] | None, limit: int
) -> list[Found]:
    """Stored alignments on directions, by the same."""
    query = (
        select(DirectionRow, AnalysisRow)
        .join(AnalysisRow, AnalysisRow.id == DirectionRow.analysis)
        .where(begins_with(DirectionRow.alignment_id, prefix), DirectionRow.algorithm_id.startswith(algorithm))
    )
    return [
        Found(analysis, analysis.network, row.algorithm_id, row.formula, row.alignment_id, row.valid)
        for row, analysis in session.execute(_shown(query, within).limit(limit))
    ]


def _shown(query: _Query, within: Collection[int] | None) -> _Query:
    """Of finished analyses of networks that are not deleted, with these; networks in gallery order."""
    if within is not None:
        query = query.where(NetworkRow.id.in_(within))
    return (
        query.join(AnalysisRow.network)
        .join(AnalysisRow.protocol)
        .where(NetworkRow.deleted_at.is_(None), AnalysisRow.so_far == "")
        .options(contains_eager(AnalysisRow.network), contains_eager(AnalysisRow.protocol))
        .order_by(NetworkRow.position, NetworkRow.slug, AnalysisRow.output, ProtocolRow.name, AnalysisRow.id)
    )
