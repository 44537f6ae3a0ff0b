"""What lists filter and sort algorithms and alignments by, as columns beside their rows.

Value k of a column is that of the k-th algorithm by position, or the k-th alignment by row. The columns follow from the
rows; they are made when an analysis is saved, and later for those that an earlier version saved
(:mod:`app.jobs.backfill`). Reading the rows of some ten thousand alignments takes a page's whole time, these columns a
millisecond.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from app.db.frames import write_columns
from app.db.shelf_tables import ShelfColumnRow
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow

ShelfKind = Literal["algorithm", "alignment"]
ShelfColumns = Mapping[str, NDArray[Any]]
FLAGS: Final = ("irredundant_gates", "irredundant_functions", "irredundant_literals")
MAX_NEURONS: Final = 64  # hidden neurons of networks whose neurons can be filtered by
COLUMNS: Final[dict[ShelfKind, dict[str, np.dtype[Any]]]] = {
    "algorithm": {
        "row": np.dtype("<i8"),
        "id": np.dtype("<u8"),  # public id as a number
        "gates": np.dtype("<i4"),
        "variables": np.dtype("<i4"),
        "iia": np.dtype("<f8"),  # the best one, NaN where nothing is kept
        "placements": np.dtype("<i8"),  # rank of the number of valid alignments
        "valid": np.dtype("?"),
        **dict.fromkeys(FLAGS, np.dtype("?")),
    },
    "alignment": {
        "row": np.dtype("<i8"),
        "algorithm": np.dtype("<i8"),  # place of its algorithm
        "member": np.dtype("<u8"),  # public id as a number
        "iia": np.dtype("<f8"),
        "valid": np.dtype("?"),
        "minimal": np.dtype("?"),
        "neurons": np.dtype("<i4"),
        "margin": np.dtype("<f8"),
        "used": np.dtype("<u8"),  # hidden neurons that carry a variable, as bits
    },
}
PLACEMENTS: Final = "placements.values"  # the distinct numbers of valid alignments, which may be of any size
_READ_AT_ONCE: Final = 20_000


def save_shelves(session: Session, analysis: AnalysisRow) -> None:
    """Keep the columns of an analysis whose rows are all there, in place of earlier ones."""
    algorithms, valid = algorithm_columns(session, analysis.id)
    alignments = alignment_columns(session, analysis.id, algorithms, analysis.network.sizes)
    numbers = {PLACEMENTS: ",".join(map(str, valid)).encode()}
    kinds: dict[ShelfKind, tuple[ShelfColumns, dict[str, bytes]]] = {
        "algorithm": (algorithms, numbers),
        "alignment": (alignments, {}),
    }
    for kind, (columns, more) in kinds.items():
        data = {name: _bytes(kind, name, column) for name, column in columns.items()} | more
        write_columns(session, ShelfColumnRow, {"analysis_id": analysis.id, "kind": kind}, data)


def stored_shelves(session: Session, analysis_id: int) -> tuple[ShelfColumns, Sequence[int], ShelfColumns] | None:
    """Columns of algorithms, their distinct numbers of alignments, columns of alignments; None if none are kept."""
    query = select(ShelfColumnRow.kind, ShelfColumnRow.name, ShelfColumnRow.data)
    found = {
        (kind, name): data
        for kind, name, data in session.execute(
            query.where(ShelfColumnRow.analysis_id == analysis_id, ShelfColumnRow.kind.in_(COLUMNS))
        )
    }
    if not all((kind, name) in found for kind, names in COLUMNS.items() for name in names):
        return None  # none, or those of a version that knew fewer
    algorithms, alignments = (
        {name: np.frombuffer(found[kind, name], dtype) for name, dtype in COLUMNS[kind].items()} for kind in COLUMNS
    )
    valid = found["algorithm", PLACEMENTS]
    return algorithms, [int(number) for number in valid.split(b",")] if valid else [], alignments


def algorithm_columns(session: Session, analysis_id: int) -> tuple[ShelfColumns, list[int]]:
    """Columns of an analysis's algorithms from their rows, and the distinct numbers of valid alignments ascending."""
    names = ("id", "algorithm_id", "n_gates", "n_variables", "n_valid", "best_agreed", "best_of", *FLAGS)
    query = (
        select(*(getattr(AlgorithmRow, name) for name in names))
        .where(AlgorithmRow.analysis_id == analysis_id)
        .order_by(AlgorithmRow.position)
    )
    rows = session.execute(query).all()
    by_name = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    valid = sorted(set(by_name["n_valid"]))
    rank = {value: place for place, value in enumerate(valid)}
    shares = [
        np.nan if not of else agreed / of for agreed, of in zip(by_name["best_agreed"], by_name["best_of"], strict=True)
    ]
    columns: dict[str, Sequence[Any]] = {
        "row": by_name["id"],
        "id": [int(text, 16) for text in by_name["algorithm_id"]],
        "gates": by_name["n_gates"],
        "variables": by_name["n_variables"],
        "iia": shares,
        "placements": [rank[value] for value in by_name["n_valid"]],
        "valid": [value > 0 for value in by_name["n_valid"]],
        **{flag: [bool(value) for value in by_name[flag]] for flag in FLAGS},
    }
    return {name: np.array(column, COLUMNS["algorithm"][name]) for name, column in columns.items()}, valid


def alignment_columns(
    session: Session, analysis_id: int, algorithms: ShelfColumns, sizes: Sequence[int]
) -> ShelfColumns:
    """Columns of an analysis's kept alignments from their rows.

    Args:
        analysis_id: row number of the analysis.
        algorithms: columns of its algorithms.
        sizes: layer sizes of its network, of which the hidden ones count.
    """
    query = (
        select(
            AlignmentRow.id,
            AlignmentRow.algorithm_row_id,
            AlignmentRow.alignment_id,
            AlignmentRow.agreed,
            AlignmentRow.of,
            AlignmentRow.valid,
            AlignmentRow.minimal,
            AlignmentRow.n_neurons,
            AlignmentRow.margin,
            cast(AlignmentRow.places, Text),
        )
        .where(AlignmentRow.analysis_id == analysis_id)
        .order_by(AlignmentRow.id)
    )
    place_of = {row: place for place, row in enumerate(algorithms["row"].tolist())}
    used: dict[str, int] = {}  # the same places recur under many algorithms, so each text is read once
    parts: dict[str, list[Any]] = {name: [] for name in COLUMNS["alignment"]}
    for rows in session.execute(query).partitions(_READ_AT_ONCE):
        numbers, owners, names, agreed, of, valid, minimal, n_neurons, margins, texts = zip(*rows, strict=True)
        used |= {text: _neurons_used(text, sizes) for text in set(texts) - used.keys()}
        some: dict[str, Sequence[Any]] = {
            "row": numbers,
            "algorithm": [place_of[row] for row in owners],
            "member": [int(name, 16) for name in names],
            # an algorithm without variables says nothing wrong
            "iia": [some / every if every else 1.0 for some, every in zip(agreed, of, strict=True)],
            "valid": valid,
            "minimal": minimal,
            "neurons": n_neurons,
            "margin": [np.nan if margin is None else margin for margin in margins],
            "used": [used[text] for text in texts],
        }
        for name, column in some.items():
            parts[name].extend(column)
    return {name: np.array(parts[name], dtype) for name, dtype in COLUMNS["alignment"].items()}


def _neurons_used(places: str, sizes: Sequence[int]) -> int:
    """The hidden neurons that carry a variable as bits, in the order of layers; 0 where there are too many neurons."""
    if sum(sizes[1:-1]) > MAX_NEURONS:
        return 0
    bits = 0
    for _, layer, neurons in json.loads(places):
        for neuron in neurons:
            bits |= 1 << (sum(sizes[1:layer]) + neuron)
    return bits


def _bytes(kind: ShelfKind, name: str, column: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(column, COLUMNS[kind][name]).tobytes()
