"""What the funnel of one analysis is made from: all tallies, the outcomes of the chosen steps, and numbers of circuits.

Each function sends a few statements, however many steps are asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from analysis.criteria.criterion import Kind
from analysis.criteria.steps import CriterionStep
from app.db.reads.algorithms import places_of_owners
from app.db.reads.circuits import values_at, whole_counts
from app.db.rows import Values, columns_of
from app.db.tables import AnalysisRow, VerdictBlockRow, VerdictRow
from app.db.verdict_columns import COUNTS, counted, unpacked

Wanted = tuple[Kind, CriterionStep]


@dataclass(frozen=True)
class StoredColumns:
    """What is stored about one step on one kind.

    Args:
        blocks: the blocks of each column, in order.
        circuits: numbers of interpretations and observed classes, which counts may refer to.
    """

    blocks: Mapping[str, Sequence[bytes]]
    circuits: Callable[[str], Sequence[int]]

    @cached_property
    def outcomes(self) -> NDArray[np.uint8]:
        """``[explanations]`` positions in :data:`analysis.criteria.verdict.OUTCOMES`; of interpretations by circuit."""
        return self._numbers("outcomes")

    @cached_property
    def totals(self) -> list[int]:
        """Interpretations of each circuit; this and what follows only for interpretations."""
        return self._counts("totals")

    @cached_property
    def passed(self) -> list[int]:
        return self._counts("passed")

    @cached_property
    def undecided(self) -> list[int]:
        return self._counts("undecided")

    @cached_property
    def representatives(self) -> list[int]:
        return self._counts("representatives")

    @cached_property
    def representatives_undecided(self) -> list[int]:
        return self._counts("representatives_undecided")

    def _numbers(self, name: str) -> NDArray[Any]:
        parts = [unpacked(name, data) for data in self.blocks.get(name, ())]
        return np.concatenate([np.empty(0, dtype=np.uint8), *parts])

    def _counts(self, name: str) -> list[int]:
        return counted(self.blocks.get(name, ()), self.circuits)


def columns_of_steps(session: Session, analysis: AnalysisRow, wanted: Iterable[Wanted]) -> dict[Wanted, StoredColumns]:
    """The outcomes of some steps, with their numbers of interpretations; those that are not stored are left out.

    Args:
        wanted: kind of explanation and step.
    """
    steps: dict[tuple[str, str, str], Wanted] = {
        (kind, step.key, step.settings_digest): (kind, step) for kind, step in wanted
    }
    if not steps:
        return {}
    one_of = [
        and_(VerdictRow.kind == kind, VerdictRow.criterion == key, VerdictRow.settings_digest == digest)
        for kind, key, digest in steps
    ]
    names = ("outcomes", *COUNTS)
    query = (
        select(
            VerdictRow.kind,
            VerdictRow.criterion,
            VerdictRow.settings_digest,
            VerdictBlockRow.name,
            VerdictBlockRow.data,
        )
        .outerjoin(VerdictBlockRow, and_(VerdictBlockRow.verdict_id == VerdictRow.id, VerdictBlockRow.name.in_(names)))
        .where(VerdictRow.analysis_id == analysis.id, or_(*one_of))
        .order_by(VerdictBlockRow.block)
    )
    found: dict[Wanted, dict[str, list[bytes]]] = {}
    for kind, key, digest, name, data in session.execute(query):
        columns = found.setdefault(steps[kind, key, digest], defaultdict(list))
        if name is not None:  # there is none where there are no explanations
            columns[name].append(data)
    of_each = cache(partial(whole_counts, session, analysis))
    return {one: StoredColumns(columns, of_each) for one, columns in found.items()}


@dataclass(frozen=True, eq=False)
class CircuitNumbers:
    """How many interpretations and observed classes each stored circuit has.

    Args:
        columns: of the circuits.
    """

    columns: Mapping[str, Values]

    def total(self, name: str, places: NDArray[np.int64]) -> int:
        """Exact sum of "interpretations" or "observed" over the circuits at these places."""
        return sum(values_at(self.columns[name], places.tolist()))

    def of_each(self, name: str) -> list[int]:
        """The number of each circuit."""
        return list(map(int, self.columns[name]))


def circuit_numbers(session: Session, analysis: AnalysisRow) -> CircuitNumbers:
    """Of all stored circuits, in the order of masks."""
    return CircuitNumbers(columns_of(session, analysis, "circuit", ("interpretations", "observed")))


def algorithms_of_alignments(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    """``[valid alignments]`` in the order of verdicts: the position of each one's algorithm among the stored ones."""
    valid = np.asarray(columns_of(session, analysis, "alignment", ("algorithm_row_id", "valid"))["valid"])
    positions = np.asarray(columns_of(session, analysis, "algorithm", ("id", "position"))["position"])
    found: NDArray[np.int64] = positions[places_of_owners(session, analysis)[valid]]
    return found


def algorithm_positions(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    """``[algorithms]`` in the order of verdicts: positions, which leave gaps where not every candidate is stored."""
    return np.asarray(columns_of(session, analysis, "algorithm")["position"])


def verdict_contents(session: Session, analysis: AnalysisRow) -> tuple[tuple[int, str], ...]:
    """What all stored verdicts about an analysis say, as digests: equal ones give equal funnels."""
    query = select(VerdictRow.id, VerdictRow.content).where(VerdictRow.analysis_id == analysis.id)
    return tuple((number, content) for number, content in session.execute(query.order_by(VerdictRow.id)))
