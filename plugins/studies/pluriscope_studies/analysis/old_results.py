"""Results in the form of before, `pluriscope-study-result/1`, as rows: one JSON object a line, usually behind gzip.

The first line holds the design and by what it was computed, then one line for each network. Nothing writes it any more.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.errors import AnalysisError, InvalidStudy
from pluriscope.analysis.planted.record import read_planted
from pluriscope.analysis.questions.data import parse_data_file
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.values.digest import canonical_json
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.measures.measure import Measured
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.rows import NAMES, Row, columns_of, holds, rows_of
from pluriscope_studies.analysis.sources import RowNetwork

OLD_FORMAT: Final = "pluriscope-study-result/1"
MAX_OLD_BYTES: Final = 256 << 20  # compressed
_MAX_TEXT: Final = 2 << 30  # of all lines together
_MAX_LINE: Final = 4 << 20


class _Line(BaseModel):
    """A network's line, as far as its form goes."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    cell: str
    seed: int
    state: str
    message: str
    epochs: int | None = Field(ge=0, lt=2**31)
    loss: float | None
    accuracy: float | None
    seconds: float
    values: dict[str, list[dict[str, Any]]]
    sizes: list[int]
    tables: list[str]
    weights: str | None
    data: dict[str, Any] | None = None
    planted: dict[str, Any] | None = None


_FACTS: Final = {"seed", "state", "message", "epochs", "loss", "accuracy", "seconds"}


@dataclass(frozen=True, eq=False)
class OldResults:
    """A study and what came of its networks.

    Args:
        design: with as many seeds as were asked for; its measures may be unknown here.
        engine: version that computed them.
        provenance: JSON values about machine and time, for people.
        rows: in the order of cells and seeds, each network once (the last one that was written).
        columns: name → type as DuckDB calls it.
    """

    design: StudyDesign
    engine: str
    provenance: Mapping[str, Any]
    rows: list[Row]
    columns: dict[str, str]


def read_old_results(raw: bytes) -> OldResults:
    """Read a result file, compressed or not. A last line that was cut off is left out.

    Raises:
        InvalidStudy: it is no result file, too large, or holds networks that its design does not have.
    """
    if len(raw) > MAX_OLD_BYTES:
        raise _refusal(f"is larger than the limit of {MAX_OLD_BYTES:,} bytes")
    lines = _lines(raw)
    try:
        head = json.loads(next(lines))
    except (StopIteration, ValueError, RecursionError):
        raise _refusal("does not begin with a line of JSON") from None
    if not isinstance(head, dict) or head.get("format") != OLD_FORMAT:
        raise _refusal(f"is not of the format {OLD_FORMAT}")
    if not isinstance(head.get("design"), dict):
        raise _refusal("has no design in its first line")
    design = design_from_mapping(head["design"])
    if head.get("digest") != design.digest:
        raise _refusal(f"states the digest {str(head.get('digest'))[:12]!r}, but its design has {design.digest[:12]}")
    found = dict(_networks(design, lines))
    rows = [row for key in sorted(found) for row in found[key]]
    columns = columns_of(design, rows)
    for row in rows:
        for name in row.keys() - NAMES:
            if not holds(columns[name], row[name]):
                raise _refusal(f"has {str(row[name])[:40]!r} for {name!r}, where others have {columns[name]}")
    provenance, engine = head.get("provenance"), str(head.get("engine", ""))[:32]
    provenance = provenance if isinstance(provenance, dict) else {}
    return OldResults(design, engine, provenance, rows, columns)


def _networks(design: StudyDesign, lines: Iterator[bytes]) -> Iterator[tuple[tuple[int, int], list[Row]]]:
    """The rows of each network behind its cell's position and its seed."""
    cells = {cell.key: (position, cell) for position, cell in enumerate(cells_of(design))}
    protocols = {protocol.name for protocol in design.protocols}
    for number, line in enumerate(lines, start=2):
        if not line.endswith(b"\n"):
            return  # the writer was stopped within this line
        try:
            network = _Line.model_validate(json.loads(line))
            position, cell = cells.get(network.cell, (0, None))
            rows = [] if cell is None else _rows(cell, network)
        except (AnalysisError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
            raise _refusal(f"line {number} is no outcome of a network") from None
        if cell is None or not network.values.keys() <= protocols:
            raise _refusal(f"line {number} is about a network that the design does not have")
        if network.seed not in design.seeds.numbers:
            raise _refusal(f"line {number} has seed {network.seed}, which the design does not have")
        yield (position, network.seed), rows


def _rows(cell: Cell, line: _Line) -> list[Row]:
    of, sizes = RowNetwork(None), tuple(line.sizes)
    if line.weights is not None:
        network = Network.from_flat(
            _weights(line.weights),
            sizes,
            activation=cell.levels["activation"],
            output_activation=cell.levels["output_activation"],
            negative_slope=cell.design.training.negative_slope,
        )
        of = RowNetwork(
            network,
            tuple(Task(tuple(map(int, table))) for table in line.tables),
            None if line.data is None else parse_data_file(canonical_json(line.data), sizes[0], sizes[-1]),
            None if line.planted is None else read_planted(line.planted, sizes),
        )
    values = {
        protocol: [{key: _measured_of(one) for key, one in output.items()} for output in outputs]
        for protocol, outputs in line.values.items()
    }
    measured = [entry for outputs in values.values() for output in outputs for entry in output.items()]
    if not all(key not in NAMES and _is_stated(one) for key, one in measured):
        raise ValueError(line.values)
    return rows_of(cell, line.model_dump(include=_FACTS), of, values)


def _measured_of(entry: Any) -> Measured:
    """The bare value where it was exact and needed no words, else an object."""
    entry = entry if isinstance(entry, dict) else {"value": entry}
    value, low, high, truncated_at = (entry.get(name) for name in ("value", "low", "high", "truncated_at"))
    return Measured(tuple(value) if isinstance(value, list) else value, low, high, truncated_at, entry.get("note", ""))


def _is_stated(one: Measured) -> bool:
    """Whether what is said of a value has the types that it should have."""
    numbers = all(one is None or type(one) in (int, float) for one in (one.low, one.high, one.truncated_at))
    return numbers and isinstance(one.note, str)


def _weights(text: str) -> NDArray[np.float64]:
    """Parameters in base64, little-endian behind "f4:" or "f8:"."""
    form, _, body = text.partition(":")
    if form not in ("f4", "f8"):
        raise ValueError(form)
    return np.frombuffer(base64.b64decode(body, validate=True), dtype=f"<{form}").astype(np.float64)


def _lines(raw: bytes) -> Iterator[bytes]:
    """Lines of the text, however it is packed, with a bound on each and on all together."""
    source: Any = gzip.GzipFile(fileobj=io.BytesIO(raw)) if raw.startswith(b"\x1f\x8b") else io.BytesIO(raw)
    total = 0
    while True:
        try:
            line: bytes = source.readline(_MAX_LINE)
        except EOFError:
            return  # compressed, and stopped within a block
        except (OSError, zlib.error):
            raise _refusal("is damaged: it cannot be uncompressed") from None
        if not line:
            return
        total += len(line)
        if len(line) == _MAX_LINE or total > _MAX_TEXT:
            raise _refusal("is too large once uncompressed")
        yield line


def _refusal(cause: str) -> InvalidStudy:
    return InvalidStudy("study result file", cause, "hand in a result file of an earlier version as it was written")
