"""Where explanations stand on the common ground: the cloud in sum, and its points as columns or one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.db.common_ground_columns import BLOCK, INTERPRETATION, texts_of, unpacked
from app.db.reads.circuits import locate_mask
from app.db.tables import (
    AlgorithmRow,
    AlignmentRow,
    AnalysisRow,
    CommonGroundBlockRow,
    CommonGroundRow,
)

SortKey = Literal["accuracy", "coverage", "best", "worst"]
NUMBERS: Final = ("kind", "owner", "member", "predicted", "right", "best", "worst")


@dataclass(frozen=True)
class CloudPoint:
    """Explanations of one kind that stand at the same place.

    Args:
        kind: see :mod:`app.db.common_ground_columns`.
        predicted: interventions that each predicts.
        right: of those, how many each predicts right.
        count: points that coincide here.
        first: position of the first of them.
        interpretations: members of the classes among them.
    """

    kind: int
    predicted: int
    right: int
    count: int
    first: int
    interpretations: int

    @property
    def accuracy(self) -> float:
        return self.right / self.predicted


@dataclass(frozen=True)
class StoredPoint:
    """One point.

    Args:
        position: in the store's order, from 0.
        owner: mask of the circuit, or position of the algorithm.
        member: the alignment's id as a number.
        index: of a class's representative, None for alignments.
        size: interpretations in the class, None for alignments.
        best: the most that a member of the class predicts right, None where not known.
        worst: the fewest, likewise.
    """

    position: int
    kind: int
    owner: int
    member: int
    predicted: int
    right: int
    best: int | None
    worst: int | None
    index: int | None
    size: int | None


@dataclass(frozen=True)
class ExtremeInterpretation:
    """An interpretation that no other predicts more right than, or none fewer.

    Args:
        mask: hex mask of its circuit.
        index: None where its observed class is known but it was not singled out.
        right: interventions that it predicts right.
    """

    mask: str
    index: int | None
    right: int


def extreme_interpretation(row: CommonGroundRow, name: Literal["best", "worst"]) -> ExtremeInterpretation | None:
    """The best or the worst of all interpretations of the classes that were looked at, every completion included.

    Every page that says which interpretation is best asks this. None where it is not known for some class.
    """
    stored = row.facts[name]
    if stored is None:
        return None
    return ExtremeInterpretation(
        stored["mask"], None if stored["index"] is None else int(stored["index"]), stored["right"]
    )


def common_ground_of(session: Session, analysis: AnalysisRow) -> CommonGroundRow | None:
    """What is stored of an analysis's common ground, None if it has not been surveyed."""
    return session.get(CommonGroundRow, analysis.id)


def cloud_of(row: CommonGroundRow) -> list[CloudPoint]:
    """The cloud: points that coincide as one, by kind, predicted and right."""
    return [
        CloudPoint(kind, predicted, right, count, first, int(interpretations))
        for kind, predicted, right, count, first, interpretations in row.facts["cloud"]
    ]


def point_columns(
    session: Session, row: CommonGroundRow, sort: SortKey = "accuracy", *, descending: bool = True
) -> dict[str, NDArray[Any]]:
    """The points of a survey; "order" is what they are sorted by, the first lowest; equal ones keep their places."""
    columns = {name: point_column(session, row.analysis_id, name) for name in NUMBERS}
    predicted = columns["predicted"]
    columns["accuracy"] = columns["right"] / predicted
    columns["coverage"] = predicted / row.n_interventions
    values = columns[sort] if sort in ("accuracy", "coverage") else columns[sort] / predicted
    return {**columns, "order": -values if descending else values}


def points_at(session: Session, row: CommonGroundRow, positions: Sequence[int]) -> list[StoredPoint]:
    """The points at these positions; only the blocks that hold them are read."""
    query = select(CommonGroundBlockRow.name, CommonGroundBlockRow.block, CommonGroundBlockRow.data).where(
        CommonGroundBlockRow.analysis_id == row.analysis_id,
        CommonGroundBlockRow.name.in_(NUMBERS),
        CommonGroundBlockRow.block.in_(sorted({place // BLOCK for place in positions})),
    )
    blocks: dict[str, dict[int, NDArray[Any]]] = {name: {} for name in NUMBERS}
    for name, block, data in session.execute(query):
        blocks[name][block] = unpacked(name, data)
    columns = {name: _SomeBlocks(found) for name, found in blocks.items()}
    return _points(session, row.analysis_id, columns, positions)


class _ByPosition(Protocol):
    """Values of a column by the position of the point."""

    def __getitem__(self, place: int, /) -> Any: ...


@dataclass(frozen=True)
class _SomeBlocks:
    """A column of which some blocks were read, by their number."""

    blocks: Mapping[int, NDArray[Any]]

    def __getitem__(self, place: int, /) -> Any:
        return self.blocks[place // BLOCK][place % BLOCK]


def circuit_range(session: Session, row: CommonGroundRow, mask: str) -> tuple[int, int] | None:
    """Fewest and most interventions that an interpretation of a listed circuit predicts right, None if not known."""
    if row.drawn:
        return None
    position, listed = locate_mask(session, row.analysis_id, mask)
    if not listed:
        return None
    block, place = divmod(position, BLOCK)
    found = []
    for name in ("circuit.worst", "circuit.best"):
        data = session.scalar(_blocks(row.analysis_id, name).where(CommonGroundBlockRow.block == block))
        if data is None:
            return None
        found.append(int(unpacked(name, data)[place]))
    return None if -1 in found else (found[0], found[1])


def algorithms_at(session: Session, analysis_id: int, positions: Iterable[int]) -> dict[int, AlgorithmRow]:
    """Algorithms of an analysis by their position."""
    wanted = AlgorithmRow.position.in_(sorted(set(positions)))
    rows = session.scalars(select(AlgorithmRow).where(AlgorithmRow.analysis_id == analysis_id, wanted))
    return {row.position: row for row in rows}


def alignments_with(session: Session, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], AlignmentRow]:
    """Kept alignments by the row number of their algorithm and their id."""
    wanted = tuple_(AlignmentRow.algorithm_row_id, AlignmentRow.alignment_id).in_(sorted(set(keys)))
    return {
        (row.algorithm_row_id, row.alignment_id): row for row in session.scalars(select(AlignmentRow).where(wanted))
    }


def _blocks(analysis_id: int, name: str) -> Any:
    return select(CommonGroundBlockRow.data).where(
        CommonGroundBlockRow.analysis_id == analysis_id, CommonGroundBlockRow.name == name
    )


def point_column(session: Session, analysis_id: int, name: str) -> NDArray[Any]:
    """All values of a column of numbers, in the order of points."""
    parts = session.scalars(_blocks(analysis_id, name).order_by(CommonGroundBlockRow.block))
    found = [unpacked(name, data) for data in parts]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _points(
    session: Session, analysis_id: int, columns: Mapping[str, _ByPosition], positions: Sequence[int]
) -> list[StoredPoint]:
    texts: dict[tuple[str, int], list[int]] = {}
    needed = sorted({place // BLOCK for place in positions if columns["kind"][place] == INTERPRETATION})
    if needed:
        query = select(CommonGroundBlockRow.name, CommonGroundBlockRow.block, CommonGroundBlockRow.data).where(
            CommonGroundBlockRow.analysis_id == analysis_id,
            CommonGroundBlockRow.name.in_(("index", "size")),
            CommonGroundBlockRow.block.in_(needed),
        )
        texts = {(name, block): texts_of(data) for name, block, data in session.execute(query)}

    def text(name: str, place: int) -> int | None:
        is_class = columns["kind"][place] == INTERPRETATION
        return texts[name, place // BLOCK][place % BLOCK] if is_class else None

    return [
        StoredPoint(
            position=place,
            kind=int(columns["kind"][place]),
            owner=int(columns["owner"][place]),
            member=int(columns["member"][place]),
            predicted=int(columns["predicted"][place]),
            right=int(columns["right"][place]),
            best=_known(columns["best"][place]),
            worst=_known(columns["worst"][place]),
            index=text("index", place),
            size=text("size", place),
        )
        for place in positions
    ]


def _known(value: Any) -> int | None:
    return None if value < 0 else int(value)
