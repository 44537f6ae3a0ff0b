"""Named queries over the candidate algorithms of one analysis and their kept alignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db.tables import AlgorithmRow, AlignmentRow

IRREDUNDANT_COLUMNS: Final[Mapping[str, InstrumentedAttribute[bool | None]]] = MappingProxyType(
    {
        "irredundant-gates": AlgorithmRow.irredundant_gates,
        "irredundant-functions": AlgorithmRow.irredundant_functions,
        "irredundant-literals": AlgorithmRow.irredundant_literals,
    }
)

# best IIA as an integer that sorts: −1 without any kept alignment, 10^9 at 1; exact enough to tell any two fractions of
# fewer than 31,623 pairs apart
_BEST_IIA: Final[ColumnElement[int]] = case(
    (AlgorithmRow.best_agreed.is_(None), -1),
    (AlgorithmRow.best_of == 0, 1_000_000_000),
    else_=AlgorithmRow.best_agreed * 1_000_000_000 // AlgorithmRow.best_of,
)

SORTS: Final[Mapping[str, tuple[ColumnElement[Any], bool]]] = MappingProxyType(
    {  # key: (what to sort by, whether largest first); ties in the protocol's order
        "order": (AlgorithmRow.position.expression, False),
        "valid": (AlgorithmRow.n_valid.expression, True),
        "minimal": (AlgorithmRow.n_minimal.expression, True),
        "iia": (_BEST_IIA, True),
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
        session: open session.
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
        beyond = by < value if descending else by > value
        query = query.where(or_(beyond, and_(by == value, AlgorithmRow.position > position)))
    query = query.order_by(by.desc() if descending else by, AlgorithmRow.position).limit(limit + 1)
    found = session.execute(query).all()
    rows = [row for row, _ in found[:limit]]
    more = len(found) > limit
    return rows, (int(found[limit - 1][1]), rows[-1].position) if more else None


@dataclass(frozen=True)
class AlgorithmTotals:
    """Sums over a list of algorithms, exact.

    Args:
        algorithms: how many.
        aligned: those with a valid alignment.
        valid: their valid alignments.
        minimal: their minimal alignments.
    """

    algorithms: int
    aligned: int
    valid: int
    minimal: int


def algorithm_totals(session: Session, analysis_id: int, wanted: AlgorithmFilter) -> AlgorithmTotals:
    """Totals of the algorithms that a filter lets through; counts beyond 2^63 stay exact."""
    query = select(AlgorithmRow.n_valid, AlgorithmRow.n_minimal)
    counts = session.execute(query.where(AlgorithmRow.analysis_id == analysis_id, *wanted.clauses())).all()
    return AlgorithmTotals(
        len(counts),
        sum(1 for n_valid, _ in counts if n_valid),
        sum(n_valid for n_valid, _ in counts),
        sum(n_minimal for _, n_minimal in counts),
    )


@dataclass(frozen=True)
class AlgorithmFacets:
    """What can be filtered by: key → number of algorithms in the analysis."""

    total: int
    aligned: int
    minimal: int
    irredundant: Mapping[str, int]
    variables: Mapping[int, int]


def algorithm_facets(session: Session, analysis_id: int) -> AlgorithmFacets:
    """Counts of each filter alone over all algorithms of the analysis."""
    here = AlgorithmRow.analysis_id == analysis_id

    def count(clause: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).select_from(AlgorithmRow).where(here, clause)) or 0

    variables = session.execute(
        select(AlgorithmRow.n_variables, func.count()).where(here).group_by(AlgorithmRow.n_variables)
    ).all()
    return AlgorithmFacets(
        sum(n for _, n in variables),
        count(AlgorithmRow.n_valid > 0),
        count(AlgorithmRow.n_minimal > 0),
        {key: count(column.is_(True)) for key, column in IRREDUNDANT_COLUMNS.items()},
        dict(sorted((number, n) for number, n in variables)),
    )


def find_algorithm(session: Session, analysis_id: int, algorithm_id: str) -> AlgorithmRow | None:
    """One algorithm of an analysis by its public id."""
    return session.scalar(
        select(AlgorithmRow).where(AlgorithmRow.analysis_id == analysis_id, AlgorithmRow.algorithm_id == algorithm_id)
    )


def find_alignment(session: Session, algorithm: AlgorithmRow, alignment_id: str) -> AlignmentRow | None:
    """One kept alignment of an algorithm by its public id."""
    return session.scalar(_alignments_of(algorithm).where(AlignmentRow.alignment_id == alignment_id))


def alignments_after(
    session: Session,
    algorithm: AlgorithmRow,
    *,
    after: AlignmentRow | None = None,
    limit: int = 50,
    minimal_only: bool = False,
) -> tuple[list[AlignmentRow], bool]:
    """One page of kept alignments: minimal ones, other valid ones, then the best that fail; and whether more follow.

    Args:
        session: open session.
        algorithm: whose alignments.
        after: the row before the page.
        limit: most rows.
        minimal_only: only minimal ones.
    """
    query = _alignments_of(algorithm)
    if minimal_only:
        query = query.where(AlignmentRow.minimal.is_(True))
    if after is not None:
        valid, minimal, row = AlignmentRow.valid, AlignmentRow.minimal, AlignmentRow.id
        later = [row > after.id, minimal.is_(after.minimal), valid.is_(after.valid)]
        beyond = [and_(*later)]
        if after.minimal:
            beyond.append(and_(minimal.is_(False), valid.is_(after.valid)))
        if after.valid:
            beyond.append(valid.is_(False))
        query = query.where(or_(*beyond))
    order = (AlignmentRow.valid.desc(), AlignmentRow.minimal.desc(), AlignmentRow.id)
    rows = list(session.scalars(query.order_by(*order).limit(limit + 1)))
    return rows[:limit], len(rows) > limit


def first_alignments(session: Session, algorithm_rows: Sequence[int]) -> Mapping[int, AlignmentRow]:
    """For each of some algorithms' row numbers, its first kept alignment: the best, as they are stored best first."""
    first = (
        select(func.min(AlignmentRow.id))
        .where(AlignmentRow.algorithm_row_id.in_(algorithm_rows))
        .group_by(AlignmentRow.algorithm_row_id)
    )
    rows = session.scalars(select(AlignmentRow).where(AlignmentRow.id.in_(first)))
    return {row.algorithm_row_id: row for row in rows}


def minimal_alignments(session: Session, analysis_id: int, limit: int) -> list[tuple[str, str]]:
    """Algorithm and alignment ids of minimal alignments with variables, one for each algorithm, simplest first."""
    first = (
        select(func.min(AlignmentRow.id))
        .where(AlignmentRow.analysis_id == analysis_id, AlignmentRow.minimal.is_(True), AlignmentRow.of > 0)
        .group_by(AlignmentRow.algorithm_row_id)
    )
    query = (
        select(AlgorithmRow.algorithm_id, AlignmentRow.alignment_id)
        .join(AlgorithmRow, AlgorithmRow.id == AlignmentRow.algorithm_row_id)
        .where(AlignmentRow.id.in_(first))
        .order_by(AlgorithmRow.n_variables, AlgorithmRow.position)
        .limit(limit)
    )
    return [(algorithm, alignment) for algorithm, alignment in session.execute(query)]


def near_misses(session: Session, algorithm: AlgorithmRow, limit: int = 100) -> Sequence[AlignmentRow]:
    """The kept alignments of an algorithm that fail, best first."""
    query = _alignments_of(algorithm).where(AlignmentRow.valid.is_(False)).order_by(AlignmentRow.id)
    return session.scalars(query.limit(limit)).all()


def _alignments_of(algorithm: AlgorithmRow) -> Select[AlignmentRow]:
    return select(AlignmentRow).where(AlignmentRow.algorithm_row_id == algorithm.id)
