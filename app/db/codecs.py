"""Values ↔ columns: big integers that sort, times that know their zone; networks, protocols,
data records and alignments ↔ rows.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from analysis.alignments.alignment import IIA, Alignment, NeuronSet, ScoredAlignment
from analysis.data import DataRecord, data_file_json, parse_data_file
from analysis.digest import canonical_json
from analysis.networks.files import task_json
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.tasks import Task

if TYPE_CHECKING:
    from app.db.tables import AlignmentRow, DataRow, NetworkRow, ProtocolRow


def sortable(value: int) -> str:
    """A non-negative integer of any size as text that sorts like the number: three digits of length, then the digits.

    Raises:
        ValueError: a negative number, or one of 1,000 digits or more.
    """
    digits = str(int(value))
    if value < 0 or len(digits) > 999:
        raise ValueError(f"{digits[:20]}… cannot be stored: counts are non-negative and below 10^999")
    return f"{len(digits):03d}{digits}"


class SortableInteger(TypeDecorator[int]):
    """A non-negative integer of any size as text that sorts like the number (see :func:`sortable`)."""

    impl = String(1003)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else sortable(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value[3:])


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored; use datetime.now(UTC)")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def parameters_to_bytes(network: Network) -> bytes:
    """W1, b1, W2, b2, … as little-endian float64, each matrix row by row."""
    pairs = zip(network.weights, network.biases, strict=True)
    return b"".join((array + 0.0).astype("<f8").tobytes() for pair in pairs for array in pair)


def network_of(row: NetworkRow) -> Network:
    """The network of a row, checked again on its way out."""
    values = np.frombuffer(row.parameters, dtype="<f8")
    weights, biases, start = [], [], 0
    for n_in, n_out in zip(row.sizes, row.sizes[1:], strict=False):
        middle, end = start + n_in * n_out, start + n_in * n_out + n_out
        weights.append(values[start:middle].reshape(n_out, n_in))
        biases.append(values[middle:end])
        start = end
    return Network.from_arrays(
        weights,
        biases,
        activation=row.activation,
        output_activation=row.output_activation,
        negative_slope=row.negative_slope,
    )


def tasks_to_json(tasks: tuple[Task, ...]) -> list[dict[str, Any]]:
    """Tasks as a network file writes them."""
    return [task_json(task) for task in tasks]


def tasks_of(row: NetworkRow) -> tuple[Task, ...]:
    """The tasks of a network's outputs, in order."""
    return tuple(Task(tuple(task["truth_table"]), task["name"]) for task in row.tasks)


def protocol_of(row: ProtocolRow) -> Protocol:
    """The protocol of a row, under the name it was first stored with."""
    return Protocol.model_validate({**row.settings, "name": row.name})


def data_to_bytes(record: DataRecord) -> bytes:
    """A data record as a data file in canonical JSON; every float64 comes back exactly."""
    return canonical_json(data_file_json(record))


def data_of(row: DataRow) -> DataRecord:
    """The data record of a row."""
    document = json.loads(row.record)
    labels = document["validation_labels"]
    n_outputs = 1 if labels is None else _columns(labels)
    return parse_data_file(row.record, _columns(document["representatives"]), n_outputs)


def _columns(array: Any) -> int:
    """Columns of a data file's array, written as lists or packed."""
    return int(array["shape"][1]) if isinstance(array, dict) else len(array[0])


def places_to_json(alignment: Alignment) -> list[list[Any]]:
    """An alignment's places as [[path, layer, [neurons]], …]."""
    return [[path, site.layer, list(site.neurons)] for path, site in alignment.places]


def alignment_of(row: AlignmentRow, algorithm_text: str) -> ScoredAlignment:
    """The scored alignment of a row.

    Args:
        row: a stored alignment.
        algorithm_text: identity text of its algorithm.
    """
    places = tuple((path, NeuronSet(layer, tuple(neurons))) for path, layer, neurons in row.places)
    margin = math.inf if row.margin is None else row.margin
    return ScoredAlignment(Alignment(algorithm_text, places), IIA(row.agreed, row.of), row.minimal, margin)
