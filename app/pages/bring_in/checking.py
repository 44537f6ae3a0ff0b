"""Each thing that is wrong with a file: where it is, what was found there, what is expected."""

from __future__ import annotations

from typing import Final, NamedTuple

from analysis.errors import AnalysisError
from analysis.network_files.files import examine_network_document, read_document
from analysis.network_files.formats.draft import Format
from analysis.network_files.formats.reading import format_of, read_draft
from analysis.network_files.formats.schema import expected_at, found_at, json_path

OPTIONAL: Final = ("name", "sizes", "tasks")
_EXPECTED: Final[dict[Format, str]] = {
    "safetensors": "LAYER.weight and LAYER.bias of each layer, and metadata with the activation",
    "onnx": "a chain of dense layers and activations",
}


class FoundProblem(NamedTuple):
    """One thing that is wrong.

    Args:
        path: JSONPath of the place, $ for the whole file.
        problem: item and cause.
        found: what stands there.
        expected: what the schema says should.
        mend: what to do.
    """

    path: str
    problem: str
    found: str
    expected: str
    mend: str


def problems_of(raw: bytes) -> list[FoundProblem]:
    """What is wrong with a file of any accepted format, in the order of the file; nothing if it is sound.

    Of a network file that is everything, of other formats the first thing. ``name``, ``sizes`` and ``tasks`` may be
    missing, for they may be declared.
    """
    kind: Format = "json"
    try:
        kind = format_of(raw)
        if kind != "json":
            read_draft(raw, declared=kind)
            return []
        document = read_document(raw)
    except AnalysisError as error:
        expected = _EXPECTED.get(kind) or expected_at(())
        return [FoundProblem("$", f"{error.item} {error.cause}", _beginning(raw), expected, error.cure)]
    return [
        FoundProblem(
            json_path(problem.path),
            f"{problem.error.item} {problem.error.cause}",
            found_at(document, problem.path),
            expected_at(problem.path),
            problem.error.cure,
        )
        for problem in examine_network_document(document, optional=OPTIONAL).problems
    ]


def _beginning(raw: bytes) -> str:
    shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in raw[:40])
    return f"{len(raw):,} bytes that begin {shown!r}" if raw else "nothing"
