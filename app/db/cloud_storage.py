"""What pages show of a survey at a glance, kept beside its points: the marks of its cloud, and shares by alignment.

All of it follows from the points, and is made when a survey is saved.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.db.cloud_marks import Cell, Grid, Marks, Span, marks_of
from app.db.common_ground_columns import INTERPRETATION
from app.db.reads.algorithms import places_of_owners
from app.db.reads.common_ground import CloudPoint, algorithms_at, cloud_of, point_column, points_at
from app.db.rows import columns_of
from app.db.tables import AnalysisRow, CommonGroundBlockRow, CommonGroundRow

MARKS: Final = "marks"
SHARES: Final = ("coverage", "accuracy")
_SHARE: Final = np.dtype("<f8")


@dataclass(frozen=True)
class PointName:
    """What addresses call a point.

    Args:
        kind: see :mod:`app.db.common_ground_columns`.
        mask: of a class's circuit, as a number.
        index: of a class's representative.
        algorithm: public id of an alignment's algorithm.
        member: public id of an alignment, as a number.
    """

    kind: int
    mask: int = 0
    index: int = 0
    algorithm: str = ""
    member: int = 0


@dataclass(frozen=True)
class StoredCloud:
    """A cloud as it is drawn and told about.

    Args:
        marks: of the figure.
        names: for each mark the first explanation there.
        counts: points of each kind.
        telling: the places that speak everywhere, and those of alignments that are right wherever they speak.
    """

    marks: Marks
    names: tuple[PointName, ...]
    counts: dict[int, int]
    telling: tuple[CloudPoint, ...]


def save_cloud(session: Session, row: CommonGroundRow) -> None:
    """Keep the marks and shares of a survey whose points are all there, in place of earlier ones."""
    cloud = made_cloud(session, row)
    told = {
        "cells": [astuple(cell) for cell in cloud.marks.cells],
        "grid": None if cloud.marks.grid is None else astuple(cloud.marks.grid),
        "places": cloud.marks.places,
        "names": [astuple(name) for name in cloud.names],
        "counts": list(cloud.counts.items()),
        "telling": [astuple(one) for one in cloud.telling],
    }
    blocks = {MARKS: zlib.compress(json.dumps(told, separators=(",", ":")).encode())}
    shares = made_shares(session, row, *_algorithm_and_member(session, row.analysis_id))
    blocks |= {share_name(name): np.ascontiguousarray(shares[name], _SHARE).tobytes() for name in SHARES}
    session.execute(
        delete(CommonGroundBlockRow).where(
            CommonGroundBlockRow.analysis_id == row.analysis_id, CommonGroundBlockRow.name.in_(blocks)
        )
    )
    rows = [{"analysis_id": row.analysis_id, "name": name, "block": 0, "data": data} for name, data in blocks.items()]
    session.connection().execute(insert(CommonGroundBlockRow), rows)


def cloud_as_drawn(session: Session, row: CommonGroundRow) -> StoredCloud:
    """The cloud that is kept; made from the points where none is."""
    data = _block(session, row.analysis_id, MARKS)
    if data is None:
        return made_cloud(session, row)
    told = json.loads(zlib.decompress(data))
    return StoredCloud(
        Marks(
            tuple(_cell(*values) for values in told["cells"]),
            None if told["grid"] is None else Grid(*told["grid"]),
            told["places"],
        ),
        tuple(PointName(*values) for values in told["names"]),
        dict(told["counts"]),
        tuple(CloudPoint(*values) for values in told["telling"]),
    )


def made_cloud(session: Session, row: CommonGroundRow) -> StoredCloud:
    """The cloud from the points."""
    points = cloud_of(row)
    marks = marks_of(points, row.n_interventions)
    first = {one.position: one for one in points_at(session, row, [cell.place.first for cell in marks.cells])}
    owners = {one.owner for one in first.values() if one.kind != INTERPRETATION}
    algorithms = algorithms_at(session, row.analysis_id, owners) if owners else {}
    names = []
    for cell in marks.cells:
        point = first[cell.place.first]
        if point.kind == INTERPRETATION:
            names.append(PointName(point.kind, mask=point.owner, index=point.index or 0))
        else:
            owner = algorithms[point.owner].algorithm_id
            names.append(PointName(point.kind, algorithm=owner, member=point.member))
    counts: Counter[int] = Counter()
    for one in points:
        counts[one.kind] += one.count
    telling = tuple(
        one
        for one in points
        if one.predicted == row.n_interventions or (one.kind != INTERPRETATION and one.right == one.predicted)
    )
    return StoredCloud(marks, tuple(names), dict(counts), telling)


def share_name(name: str) -> str:
    """Where a share of all kept alignments is kept."""
    return f"alignment.{name}"


def stored_shares(session: Session, row: CommonGroundRow, n: int) -> dict[str, NDArray[np.float64]] | None:
    """Coverage and accuracy of each of n kept alignments; None where they are not kept."""
    found = {name: _block(session, row.analysis_id, share_name(name)) for name in SHARES}
    columns = {name: np.frombuffer(data, _SHARE) for name, data in found.items() if data is not None}
    return columns if len(columns) == len(SHARES) and all(len(column) == n for column in columns.values()) else None


def made_shares(
    session: Session, row: CommonGroundRow, algorithm: NDArray[np.int64], member: NDArray[np.uint64]
) -> dict[str, NDArray[np.float64]]:
    """The same from the points.

    An alignment that predicts nothing covers nothing, and has no accuracy (NaN).

    Args:
        row: the survey.
        algorithm: ``[alignments]`` place of each one's algorithm.
        member: ``[alignments]`` public ids as numbers.
    """
    points = {
        name: point_column(session, row.analysis_id, name) for name in ("kind", "owner", "member", "predicted", "right")
    }
    of_alignments = points["kind"] != INTERPRETATION
    owner, members, predicted, right = (points[name][of_alignments] for name in list(points)[1:])
    silent = 0.0 if row.alignments_kept == row.n_alignments else np.nan  # where some were left out, it is not known
    coverage, accuracy = np.full(len(member), silent), np.full(len(member), np.nan)
    places, points_of = _joined((algorithm, member), (owner, members))
    coverage[places] = predicted[points_of] / row.n_interventions
    speak = predicted[points_of] > 0
    accuracy[places[speak]] = right[points_of][speak] / predicted[points_of][speak]
    return {"coverage": coverage, "accuracy": accuracy}


def _joined(
    these: tuple[NDArray[Any], NDArray[Any]], those: tuple[NDArray[Any], NDArray[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of equal pairs (algorithm, alignment) in two lists, neither of which has a pair twice."""
    n = len(these[0])
    algorithm = np.concatenate([np.asarray(one[0], dtype=np.int64) for one in (these, those)])
    member = np.concatenate([np.asarray(one[1], dtype=np.uint64) for one in (these, those)])
    order = np.lexsort((member, algorithm))  # stable: of a pair the place in these comes first
    same = (np.diff(algorithm[order]) == 0) & (member[order][1:] == member[order][:-1])
    first = np.flatnonzero(same)
    return order[first], order[first + 1] - n


def _algorithm_and_member(session: Session, analysis_id: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    analysis = session.get_one(AnalysisRow, analysis_id)
    names = columns_of(session, analysis, "alignment")["alignment_id"]
    return places_of_owners(session, analysis), np.array([int(name, 16) for name in names], np.uint64)


def _cell(
    place: Sequence[int],
    places: int,
    count: int,
    interpretations: int,
    accuracy: Sequence[Any] | None,
    coverage: Sequence[Any] | None,
    right: Sequence[float],
    predicted: Sequence[int],
    besides: Sequence[Sequence[int]],
) -> Cell:
    return Cell(
        CloudPoint(*place),
        places,
        count,
        interpretations,
        None if accuracy is None else Span(*accuracy),
        None if coverage is None else Span(*coverage),
        (right[0], right[1]),
        (predicted[0], predicted[1]),
        tuple((one, other) for one, other in besides),
    )


def _block(session: Session, analysis_id: int, name: str) -> bytes | None:
    query = select(CommonGroundBlockRow.data).where(
        CommonGroundBlockRow.analysis_id == analysis_id,
        CommonGroundBlockRow.name == name,
        CommonGroundBlockRow.block == 0,
    )
    return session.scalar(query)
