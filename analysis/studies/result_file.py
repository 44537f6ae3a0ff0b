"""A study's results as a file, `pluriscope-study-result/1`: one JSON object a line, usually compressed with gzip.

The first line holds the design and by what it was computed, then one line for each network in the order of cells and
seeds, whatever became of it. Fewer lines than the design has networks: the study is not finished. Weights are in it, so
that a store that takes the file in knows every network itself.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from analysis import ENGINE_VERSION
from analysis.digest import canonical_json, sha256_hex
from analysis.errors import InvalidStudy
from analysis.studies.cells import cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.outcome import StudyOutcome
from analysis.studies.reading import design_from_mapping

RESULT_FORMAT: Final = "pluriscope-study-result/1"
MAX_RESULT_BYTES: Final = 256 << 20  # compressed
MAX_TEXT_BYTES: Final = 2 << 30  # of all lines together
_MAX_LINE: Final = 4 << 20
_PART: Final = 1 << 16
_CURE: Final = "hand in what `pluriscope study run` or `study export` wrote"


@dataclass(frozen=True, eq=False)
class StudyResults:
    """A study and what came of its networks so far.

    Args:
        design: with as many seeds as were asked for.
        outcomes: in the order of cells and seeds, each once.
        engine: version that computed them.
        provenance: JSON values about machine and time, for people.
    """

    design: StudyDesign
    outcomes: tuple[StudyOutcome, ...]
    engine: str = ENGINE_VERSION
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every network of the grid has its outcome."""
        return len(self.outcomes) == self.design.n_networks

    @property
    def content(self) -> str:
        """SHA-256 of all outcomes, timings apart: equal results are equal here."""
        parts = []
        for outcome in self.outcomes:
            line = outcome.as_json()
            del line["seconds"]
            parts.append(canonical_json(line))
        return sha256_hex(b"\n".join(parts))


def header_json(design: StudyDesign, engine: str, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The first line."""
    return {
        "format": RESULT_FORMAT,
        "engine": engine,
        "digest": design.digest,
        "provenance": dict(provenance),
        "design": design.model_dump(mode="json"),
    }


def line_of(value: Mapping[str, Any]) -> str:
    """One line with its line feed."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def result_bytes(results: StudyResults) -> bytes:
    """The whole file, compressed; the same results give the same bytes."""
    header = header_json(results.design, results.engine, results.provenance)
    return b"".join(result_parts(header, in_order(results.design, results.outcomes)))


def result_parts(header: Mapping[str, Any], outcomes: Iterable[StudyOutcome]) -> Iterator[bytes]:
    """The same some thousand bytes at a time.

    Args:
        header: see :func:`header_json`.
        outcomes: in the order of cells and seeds; asked for one by one.
    """
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as packed:
        for line in chain([header], (outcome.as_json() for outcome in outcomes)):
            packed.write(line_of(line).encode())
            if buffer.tell() >= _PART:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue()


def in_order(design: StudyDesign, outcomes: Iterable[StudyOutcome]) -> list[StudyOutcome]:
    """Outcomes in the order of cells and seeds, each network once (the last one told)."""
    place = {cell.key: position for position, cell in enumerate(cells_of(design))}
    known = {(outcome.cell, outcome.seed): outcome for outcome in outcomes}
    return [known[key] for key in sorted(known, key=lambda key: (place.get(key[0], len(place)), key[1]))]


def read_results(raw: bytes) -> StudyResults:
    """Read a result file, compressed or not. A last line that was cut off is left out: such a file is continued.

    Raises:
        InvalidStudy: it is no result file, too large, or holds networks that its design does not have.
    """
    if len(raw) > MAX_RESULT_BYTES:
        raise _refuse(f"is larger than the limit of {MAX_RESULT_BYTES:,} bytes")
    lines = _lines(raw)
    try:
        header = json.loads(next(lines))
    except (StopIteration, ValueError, RecursionError):
        raise _refuse("does not begin with a line of JSON") from None
    if not isinstance(header, dict) or header.get("format") != RESULT_FORMAT:
        raise _refuse(f"is not of the format {RESULT_FORMAT}")
    if not isinstance(header.get("design"), dict):
        raise _refuse("has no design in its first line")
    design = design_from_mapping(header["design"])
    if header.get("digest") != design.digest:
        raise _refuse(f"states the digest {str(header.get('digest'))[:12]!r}, but its design has {design.digest[:12]}")
    provenance = header.get("provenance")
    return StudyResults(
        design,
        tuple(in_order(design, _outcomes(design, lines))),
        str(header.get("engine", ""))[:32],
        provenance if isinstance(provenance, dict) else {},
    )


def _outcomes(design: StudyDesign, lines: Iterator[bytes]) -> Iterator[StudyOutcome]:
    cells = {cell.key for cell in cells_of(design)}
    names = {protocol.name for protocol in design.protocols}
    seeds = design.seeds.numbers
    number = 1
    for number, line in enumerate(lines, start=2):
        if not line.endswith(b"\n"):
            return  # the writer was stopped within this line
        try:
            outcome = StudyOutcome.from_json(json.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise _refuse(f"line {number} is no outcome of a network") from None
        if outcome.cell not in cells or not set(outcome.figures) <= names:
            raise _refuse(f"line {number} is about a network that the design does not have")
        if outcome.seed not in seeds:
            raise _refuse(f"line {number} has seed {outcome.seed}, which the design does not have")
        yield outcome


def _lines(raw: bytes) -> Iterator[bytes]:
    """Lines of the text, however it is packed, with a bound on each and on all together."""
    packed = raw.startswith(b"\x1f\x8b")
    source: Any = gzip.GzipFile(fileobj=io.BytesIO(raw)) if packed else io.BytesIO(raw)
    total = 0
    while True:
        try:
            line: bytes = source.readline(_MAX_LINE)
        except EOFError:
            return  # compressed, and stopped within a block
        except (OSError, zlib.error):
            raise _refuse("is damaged: it cannot be uncompressed") from None
        if not line:
            return
        total += len(line)
        if len(line) == _MAX_LINE or total > MAX_TEXT_BYTES:
            raise _refuse("is too large once uncompressed")
        yield line


def _refuse(cause: str) -> InvalidStudy:
    return InvalidStudy("study result file", cause, _CURE)
