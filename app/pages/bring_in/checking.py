"""Each thing that is wrong with a file: where it is, what was found there, what is expected."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from analysis.errors import AnalysisError
from analysis.network_files.files import examine_network_document, read_document
from analysis.network_files.formats.draft import Format
from analysis.network_files.formats.reading import format_of, read_draft
from analysis.network_files.formats.schema import expected_at, found_at, json_path
from app.options import PageModel

OPTIONAL: Final = ("name", "sizes", "tasks")


class FoundProblem(PageModel):
    """One thing that is wrong."""

    path: str = Field(description="JSONPath of the place, $ for the whole file.")
    problem: str = Field(description="What is wrong: item and cause.")
    found: str = Field(description="What stands there.")
    expected: str = Field(description="What the schema says should.")
    mend: str = Field(description="What to do.")


def problems_of(raw: bytes) -> list[FoundProblem]:
    """What is wrong with a file of any accepted format, in the order of the file; nothing if it is sound.

    Of a network file that is everything, of other formats the first thing. ``name``, ``sizes`` and ``tasks`` may be
    missing, for they may be declared.
    """
    kind: Format | None = None
    try:
        kind = format_of(raw)
        if kind == "json":
            return _examined(raw)
        read_draft(raw, declared=kind)
    except AnalysisError as error:
        return [
            FoundProblem(
                path="$",
                problem=f"{error.item} {error.cause}",
                found=_beginning(raw),
                expected=_expected(kind),
                mend=error.cure,
            )
        ]
    return []


def _examined(raw: bytes) -> list[FoundProblem]:
    """Everything that is wrong with a network file."""
    document = read_document(raw)
    return [
        FoundProblem(
            path=json_path(problem.path),
            problem=f"{problem.error.item} {problem.error.cause}",
            found=found_at(document, problem.path),
            expected=expected_at(problem.path),
            mend=problem.error.cure,
        )
        for problem in examine_network_document(document, optional=OPTIONAL).problems
    ]


def _expected(kind: Format | None) -> str:
    if kind in (None, "json"):
        return expected_at(())
    return {"safetensors": "LAYER.weight and LAYER.bias of each layer, and metadata with the activation"}.get(
        str(kind), "a chain of dense layers and activations"
    )


def _beginning(raw: bytes) -> str:
    shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in raw[:40])
    return f"{len(raw):,} bytes that begin {shown!r}" if raw else "nothing"
