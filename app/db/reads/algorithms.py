"""Named queries over the candidate algorithms of one analysis and their kept alignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db.rows import columns_of
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow

IRREDUNDANT_COLUMNS: Final[Mapping[str, InstrumentedAttribute[bool | None]]] = MappingProxyType(
    {
        "irredundant-gates": AlgorithmRow.irredundant_gates,
        "irredundant-functions": AlgorithmRow.irredundant_functions,
        "irredundant-literals": AlgorithmRow.irredundant_literals,
    }
)

SORTS: Final[Mapping[str, tuple[ColumnElement[Any], bool]]] = MappingProxyType(
    {  # key: (what to sort by, whether largest first); ties in the protocol's order
        "order": (AlgorithmRow.position.expression, False),
        "valid": (AlgorithmRow.n_valid.expression, True),
        "minimal": (AlgorithmRow.n_minimal.expression, True),
        "iia": (AlgorithmRow.best_iia.expression, True),
        "gates": (AlgorithmRow.n_gates.expression, False),
        "variables": (AlgorithmRow.n_variables.expression, False),
        "depth": (AlgorithmRow.depth.expression, False),
    }
)


@dataclass(frozen=True)
class AlgorithmFilter:
    """Which algorithms of an analysis to list.

    Args:
        aligned: only algorithms with at least one valid alignment.
        minimal: only those with at least one minimal alignment.
        irredundant: keys of the redundancy classes they must all belong to.
        variables: exact number of variables, or None for any.
        text: a piece of the formula or of the identity text; spaces do not matter.
    """

    aligned: bool = False
    minimal: bool = False
    irredundant: tuple[str, ...] = ()
    variables: int | None = None
    text: str = ""

    def clauses(self) -> list[ColumnElement[bool]]:
        clauses: list[ColumnElement[bool]] = []
        if self.aligned:
            clauses.append(AlgorithmRow.n_valid > 0)
        if self.minimal:
            clauses.append(AlgorithmRow.n_minimal > 0)
        clauses += [IRREDUNDANT_COLUMNS[key].is_(True) for key in self.irredundant]
        if self.variables is not None:
            clauses.append(AlgorithmRow.n_variables == self.variables)
        if self.text:
            bare = self.text.replace(" ", "")
            formula = func.replace(AlgorithmRow.formula, " ", "")
            clauses.append(
                or_(
                    formula.contains(readable(bare), autoescape=True), AlgorithmRow.text.contains(bare, autoescape=True)
                )
            )
        return clauses


EVERY: Final = AlgorithmFilter()


def placements_untried(session: Session, analysis: AnalysisRow) -> bool:
    """Whether some candidate's placements were not searched at all, there being too many of them."""
    if analysis.exhaustive:
        return False
    untried = select(AlgorithmRow.id).where(AlgorithmRow.analysis_id == analysis.id, AlgorithmRow.truncated_at == 0)
    return session.scalar(untried.limit(1)) is not None


def readable(text: str) -> str:
    """Signs as they are typed turned into those of readable formulas."""
    return text.translate(str.maketrans("&*|+!~", "∧∧∨∨¬¬"))


def algorithms_after(
    session: Session,
    analysis_id: int,
    wanted: AlgorithmFilter,
    *,
    sort: str = "order",
    after: tuple[int, int] | None = None,
    limit: int = 50,
) -> tuple[list[AlgorithmRow], tuple[int, int] | None]:
    """One page of algorithms and the keyset cursor of its last row, None on the last page.

    Args:
        analysis_id: row number of the analysis.
        wanted: which algorithms.
        sort: a key of :data:`SORTS`.
        after: (sort value, position) of the row before the page.
        limit: most rows.
    """
    by, descending = SORTS[sort]
    query = select(AlgorithmRow, by).where(AlgorithmRow.analysis_id == analysis_id, *wanted.clauses())
    if after is not None:
        value, position = after
        # written so that the index of the order begins where the page does
        within = by <= value if descending else by >= value
        query = query.where(within, or_(by != value, AlgorithmRow.position > position))
    order: tuple[ColumnElement[Any], ...] = (AlgorithmRow.position.expression,)
    if sort != "order":
        order = (by.desc(), AlgorithmRow.minus_position.desc()) if descending else (by, *order)
    query = query.order_by(*order).limit(limit + 1)
    found = session.execute(query).all()
    rows = [row for row, _ in found[:limit]]
    more = len(found) > limit
    return rows, (int(found[limit - 1][1]), rows[-1].position) if more else None


@dataclass(frozen=True)
class _Kind:
    """Algorithms that no filter but the text tells apart, as they were counted when the analysis was saved."""

    aligned: bool
    minimal: bool
    irredundant: Mapping[str, bool | None]
    variables: int
    algorithms: int
    valid: int
    n_minimal: int

    def passes(self, wanted: AlgorithmFilter) -> bool:
        return (
            (self.aligned or not wanted.aligned)
            and (self.minimal or not wanted.minimal)
            and all(self.irredundant[key] for key in wanted.irredundant)
            and wanted.variables in (None, self.variables)
        )


def _kinds(analysis: AnalysisRow) -> list[_Kind]:
    kinds: list[list[Any]] = analysis.distributions["algorithm_kinds"]
    return [
        _Kind(kind[0], kind[1], dict(zip(IRREDUNDANT_COLUMNS, kind[2:5], strict=True)), *kind[5:]) for kind in kinds
    ]


def n_algorithms(analysis: AnalysisRow, wanted: AlgorithmFilter = EVERY) -> int:
    """How many algorithms of the analysis a filter without text lets through."""
    return sum(kind.algorithms for kind in _kinds(analysis) if kind.passes(wanted))


def find_algorithm(session: Session, analysis_id: int, algorithm_id: str) -> AlgorithmRow | None:
    """One algorithm of an analysis by its public id."""
    return session.scalar(
        select(AlgorithmRow).where(AlgorithmRow.analysis_id == analysis_id, AlgorithmRow.algorithm_id == algorithm_id)
    )


def find_alignment(session: Session, algorithm: AlgorithmRow, alignment_id: str) -> AlignmentRow | None:
    """One kept alignment of an algorithm by its public id."""
    return session.scalar(_kept(algorithm).where(AlignmentRow.alignment_id == alignment_id))


def minimal_alignments(session: Session, analysis_id: int, limit: int) -> list[tuple[str, str]]:
    """Algorithm and alignment ids of minimal alignments with variables, one for each algorithm, simplest first.

    An algorithm's first alignment has the fewest neurons of its valid ones, so it is minimal if any is.
    """
    query = (
        select(AlgorithmRow.algorithm_id, AlgorithmRow.first_alignment)
        .where(AlgorithmRow.analysis_id == analysis_id, AlgorithmRow.n_minimal > 0, AlgorithmRow.n_variables > 0)
        .order_by(AlgorithmRow.n_variables, AlgorithmRow.position)
        .limit(limit)
    )
    return [(algorithm, alignment) for algorithm, alignment in session.execute(query) if alignment is not None]


def near_misses(session: Session, algorithm: AlgorithmRow) -> Sequence[AlignmentRow]:
    """The first hundred kept alignments of an algorithm that fail, best first."""
    query = _kept(algorithm).where(AlignmentRow.valid.is_(False)).order_by(AlignmentRow.id)
    return session.scalars(query.limit(100)).all()


def _kept(algorithm: AlgorithmRow) -> Select[AlignmentRow]:
    return select(AlignmentRow).where(AlignmentRow.algorithm_row_id == algorithm.id)


def searched_algorithms(*, every: bool) -> tuple[ColumnElement[bool], ...]:
    """Conditions on the algorithms that are placed on directions; where redundancy was not stored, the search looks."""
    irredundant = AlgorithmRow.irredundant_literals
    return () if every else (or_(irredundant.is_(True), irredundant.is_(None)),)


def places_of_owners(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    """For each kept alignment of an analysis, by row, the place of its algorithm among the stored ones."""
    ids = np.asarray(columns_of(session, analysis, "algorithm")["id"])
    order = np.argsort(ids)
    owners = np.asarray(columns_of(session, analysis, "alignment")["algorithm_row_id"])
    places: NDArray[np.int64] = order[np.searchsorted(ids, owners, sorter=order)]
    return places
