"""The work of a "directions" job: alignments on linear directions for the algorithms of a stored analysis."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.algorithms.candidates import Candidates
from analysis.algorithms.high_level_model import Form, HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.directions.findings import find_directions
from analysis.directions.result import DirectionClass, DirectionSearch, Learning
from analysis.directions.table import DirectionTable
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.direction_codecs import PreparedDirections, prepare_directions
from app.db.direction_tables import DirectionSearchRow
from app.db.directions import save_directions
from app.db.reads.algorithms import searched_algorithms
from app.db.reads.analyses import analysed_question, scope_of
from app.db.tables import AlgorithmRow
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant

MAX_ALGORITHMS: Final = 100_000  # of one search, as many as an analysis lists


@dataclass(frozen=True)
class DirectionInputs:
    """What to search, and how."""

    question: Question
    algorithms: tuple[HighLevelModel, ...]
    n_candidates: int
    all_listed: bool
    classes: tuple[DirectionClass, ...]
    every: bool
    learning: Learning


def load_direction_inputs(session: Session, arguments: Mapping[str, Any]) -> DirectionInputs:
    """Read the network and the algorithms that are to be aligned.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    row = analysis_meant(session, arguments)
    question = analysed_question(session, row)
    rows = session.scalars(
        select(AlgorithmRow)
        .where(AlgorithmRow.analysis_id == row.id, *searched_algorithms(every=bool(arguments["every"])))
        .order_by(AlgorithmRow.position)
        .limit(MAX_ALGORITHMS)
    ).all()
    n_listed = session.scalar(select(func.count()).where(AlgorithmRow.analysis_id == row.id)) or 0
    return DirectionInputs(
        question=question,
        algorithms=tuple(parse_algorithm(one.text, cast(Form, one.form), question.cut.n_inputs) for one in rows),
        n_candidates=row.algorithms_candidates,
        all_listed=n_listed == row.algorithms_candidates,
        classes=tuple(arguments["classes"]),
        every=bool(arguments["every"]),
        learning=Learning(
            int(arguments.get("seeds", 0)), int(arguments.get("steps", 0)), arguments.get("max_dimension")
        ),
    )


def compute_directions(inputs: DirectionInputs, work: Work = DEFAULT_WORK) -> tuple[PreparedDirections, ...]:
    """Search each class and make what was found ready for the store; only learned subspaces load torch."""
    table = DirectionTable(inputs.question)
    return tuple(prepare_directions(_found(inputs, one, table, work)) for one in inputs.classes)


def _found(
    inputs: DirectionInputs, direction_class: DirectionClass, table: DirectionTable, work: Work
) -> DirectionSearch:
    began = time.perf_counter()
    found = find_directions(
        inputs.question,
        Candidates(inputs.algorithms, inputs.n_candidates),
        direction_class,
        work,
        irredundant_only=not inputs.every,
        table=table,
        learning=inputs.learning,
    )
    # the algorithms given are those meant; whether every candidate was listed is the analysis's to say
    return replace(found, all_listed=inputs.all_listed, seconds=time.perf_counter() - began)


def save_found_directions(
    session: Session, arguments: Mapping[str, Any], outcome: tuple[PreparedDirections, ...]
) -> Saved:
    """Store the searches beside their analysis."""
    row = analysis_meant(session, arguments)
    searches = save_directions(session, row, outcome)
    url = Addresses().directions(row.network.slug, scope_of(row, row.network.sizes[0]))
    result = {
        "url": url,
        "network": arguments["network"],
        "searches": {search.direction_class: search.content for search in searches},
    }
    found = "; ".join(search_words(search) for search in searches)
    return Saved(result, found, truncated=any(search.truncated or search.refused for search in searches))


_NAMES: Final[Mapping[str, str]] = {
    "integer": "small integers that read the variable",
    "integer-any": "small integers",
    "orthogonal": "read-outs swapped orthogonally",
    "oblique": "read-outs swapped obliquely",
    "learned": "learned subspaces",
}


def search_words(search: DirectionSearchRow) -> str:
    """What one search found, claiming no more than was searched."""
    name = _NAMES[search.direction_class]
    if search.refused:
        return f"{name}: not searched"
    at_least = "" if search.exact else "at least "
    return f"{name}: {at_least}{search.n_aligned:,} of {search.n_searched:,} algorithms"


DIRECTIONS: Handler[DirectionInputs, tuple[PreparedDirections, ...]] = Handler(
    load_direction_inputs, compute_directions, save_found_directions
)
