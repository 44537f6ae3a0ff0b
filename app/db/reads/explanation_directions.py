"""Alignments on linear directions as a shelf of the list of all explanations, each once, whatever classes found it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.algorithms.parsing import parse_algorithm
from analysis.algorithms.redundancy import irredundancy
from analysis.criteria.direction_verdicts import outcome_of_kept
from analysis.directions.result import CLASSES
from app.db.codecs import protocol_of
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow, DirectionSearchRow
from app.db.reads.directions import all_direction_alignments, direction_searches
from app.db.reads.explanation_shelves import RowShelf
from app.db.rows import MAX_KEPT, key_of
from app.db.tables import AnalysisRow
from app.recent import Recent

PASSING: Final = {
    "both-directions": "both ways",
    "one-direction": "one way",
    "joint-interchange": "joint",
    "causal-order": "in order",
}
"""For criteria whose settings change nothing the column of a shelf that says which alignments are known to pass."""
_FLAGS: Final = ("irredundant-gates", "irredundant-functions", "irredundant-literals")
_SHELVES: Final = Recent[RowShelf](MAX_KEPT // 4, lambda shelf: shelf.n_bytes)
_AT_ONCE: Final = 500


def map_column(name: str) -> str:
    """The column of a shelf that says whether a class of maps found an alignment."""
    return f"map {name}"


def layer_column(layer: int) -> str:
    """The column that says whether some variable lives on a layer."""
    return f"layer {layer}"


def direction_shelf(session: Session, analysis: AnalysisRow, algorithms: RowShelf, n_layers: int) -> RowShelf | None:
    """The kept alignments on directions of an analysis; None where no class was searched.

    Args:
        algorithms: its shelf of algorithms.
        n_layers: hidden layers of its network.
    """
    searches = direction_searches(session, analysis.id)
    if not searches:
        return None
    key = (*key_of(session, analysis), *(search.content for search in searches.values()))
    return _SHELVES.of(key, lambda: _read(session, analysis, algorithms, n_layers))


def direction_rows(
    session: Session, analysis_id: int, ids: Sequence[int]
) -> dict[int, tuple[DirectionAlignmentRow, DirectionAlgorithmRow, list[str]]]:
    """Alignments on directions by row number, each with its algorithm and the classes of maps that found it."""
    found: dict[int, tuple[DirectionAlignmentRow, DirectionAlgorithmRow, list[str]]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = (
            select(DirectionAlignmentRow, DirectionAlgorithmRow)
            .join(DirectionAlgorithmRow, DirectionAlignmentRow.algorithm_row_id == DirectionAlgorithmRow.id)
            .where(DirectionAlignmentRow.id.in_(ids[start : start + _AT_ONCE]))
        )
        found |= {row.id: (row, owner, []) for row, owner in session.execute(query)}
    by_name = {(owner.algorithm_id, row.alignment_id): classes for row, owner, classes in found.values()}
    names = sorted({alignment for _, alignment in by_name})
    for start in range(0, len(names), _AT_ONCE):
        same = (
            select(
                DirectionAlgorithmRow.algorithm_id,
                DirectionAlignmentRow.alignment_id,
                DirectionSearchRow.direction_class,
            )
            .join(DirectionAlgorithmRow, DirectionAlignmentRow.algorithm_row_id == DirectionAlgorithmRow.id)
            .join(DirectionSearchRow, DirectionSearchRow.id == DirectionAlignmentRow.search_id)
            .where(
                DirectionSearchRow.analysis_id == analysis_id,
                DirectionAlignmentRow.alignment_id.in_(names[start : start + _AT_ONCE]),
            )
        )
        for algorithm, alignment, name in session.execute(same):
            if (algorithm, alignment) in by_name:
                by_name[algorithm, alignment].append(name)
    order = [str(name) for name in CLASSES]
    for _, _, classes in found.values():
        classes.sort(key=order.index)
    return found


def _read(session: Session, analysis: AnalysisRow, algorithms: RowShelf, n_layers: int) -> RowShelf:
    rows: dict[str, tuple[DirectionAlignmentRow, DirectionAlgorithmRow, set[str]]] = {}
    for row, owner, name in all_direction_alignments(session, analysis.id, valid_only=False):
        identity = f"{owner.algorithm_id}.{row.alignment_id}"
        rows.setdefault(identity, (row, owner, set()))[2].add(name)
    place_of = {f"{name:016x}": place for place, name in enumerate(algorithms.columns["owner"].tolist())}
    trees = {
        owner.algorithm_id: parse_algorithm(owner.text, _form(owner), analysis.network.sizes[0])
        for _, owner, _ in rows.values()
    }
    redundancy = {name: irredundancy(tree) for name, tree in trees.items()}
    every = [(row, owner, classes) for row, owner, classes in rows.values()]
    on_layers = [
        {int(part.partition("@")[2].partition("=")[0]) for part in row.text.split(";") if part} for row, _, _ in every
    ]

    def column(values: Sequence[Any], kind: Any) -> Any:
        return np.array(values, dtype=kind)

    columns = {
        "row": column([row.id for row, _, _ in every], np.int64),
        "member": column([int(row.alignment_id, 16) for row, _, _ in every], np.uint64),
        # an algorithm that is not among those listed stands behind them
        "algorithm": column([place_of.get(owner.algorithm_id, algorithms.n) for _, owner, _ in every], np.int64),
        "iia": column([row.agreed / row.of if row.of else 1.0 for row, _, _ in every], np.float64),
        "valid": column([row.valid for row, _, _ in every], np.bool_),
        "margin": column([row.margin for row, _, _ in every], np.float64),
        "gates": column([trees[owner.algorithm_id].n_gates for _, owner, _ in every], np.int32),
        "variables": column([owner.n_variables for _, owner, _ in every], np.int32),
    }
    pairs = protocol_of(analysis.protocol).interchange_pairs
    for key, name in PASSING.items():
        columns[name] = column([outcome_of_kept(key, row, pairs, {}) == "passed" for row, _, _ in every], np.bool_)
    for flag in _FLAGS:
        values = [redundancy[owner.algorithm_id][flag] for _, owner, _ in every]
        columns[flag.replace("-", "_")] = column(values, np.bool_)
    for name in CLASSES:
        columns[map_column(name)] = column([name in classes for _, _, classes in every], np.bool_)
    for layer in range(1, n_layers + 1):
        columns[layer_column(layer)] = column([layer in layers for layers in on_layers], np.bool_)
    owners = column([int(owner.algorithm_id, 16) for _, owner, _ in every], np.uint64)
    return RowShelf("direction", {"owner": owners, **columns})


def _form(owner: DirectionAlgorithmRow) -> Form:
    return cast(Form, owner.form)
