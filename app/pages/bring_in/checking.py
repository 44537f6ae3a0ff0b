"""The validator: each thing that is wrong with a file, where it is, what was found there, what is expected."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from analysis.errors import AnalysisError
from analysis.network_files.files import examine_network_document, read_document
from analysis.network_files.formats.draft import FORMAT_WORDS, Format
from analysis.network_files.formats.reading import format_of, read_draft
from analysis.network_files.formats.schema import expected_at, found_at, json_path
from app.addressing import Addresses
from app.options import PageModel

OPTIONAL: Final = ("name", "sizes", "tasks")


class FoundProblem(PageModel):
    """One thing that is wrong."""

    path: str = Field(description="JSONPath of the place, $ for the whole file.")
    problem: str = Field(description="What is wrong: item and cause.")
    found: str = Field(description="What stands there.")
    expected: str = Field(description="What the schema says should.")
    mend: str = Field(description="What to do.")


class CheckPage(PageModel):
    """A file under the validator."""

    asked: bool = Field(description="Whether a file was sent; without one this is the form alone.")
    format_words: str = Field(description="Which format it is in; empty if that is none.")
    problems: list[FoundProblem] = Field(description="In the order of the file; empty if it is sound.")
    missing: list[str] = Field(description="What a network file needs and this one leaves to be declared.")
    shape: str = Field(description="Sizes of its layers, if it could be read.")
    pasted: str
    schema_url: str
    bring_in_url: str
    help_url: str
    url: str

    @property
    def sound(self) -> bool:
        return self.asked and not self.problems


def build_check(addresses: Addresses, raw: bytes | None = None, *, pasted: str = "") -> CheckPage:
    """The validator's page.

    Args:
        raw: the file; None where none was sent.
        pasted: the text that was pasted, to be mended.
    """
    kind: Format | None = None
    problems: list[FoundProblem] = []
    missing: list[str] = []
    shape = ""
    if raw is not None:
        try:
            kind = format_of(raw)
            if kind == "json":
                problems, missing, shape = _examined(raw)
            else:
                network = read_draft(raw, declared=kind).network
                shape, missing = "–".join(map(str, network.sizes)), ["tasks"]
        except AnalysisError as error:
            problems = [
                FoundProblem(
                    path="$",
                    problem=f"{error.item} {error.cause}",
                    found=_beginning(raw),
                    expected=_expected(kind),
                    mend=error.cure,
                )
            ]
    return CheckPage(
        asked=raw is not None,
        format_words="" if kind is None else FORMAT_WORDS[kind],
        problems=problems,
        missing=missing,
        shape=shape,
        pasted=pasted,
        schema_url=addresses.network_file_schema(),
        bring_in_url=addresses.bring_in(),
        help_url=addresses.bring_in_help(),
        url=addresses.check_network_file(),
    )


def _examined(raw: bytes) -> tuple[list[FoundProblem], list[str], str]:
    """Everything that is wrong with a network file, what it leaves out, and its shape."""
    document = read_document(raw)
    examination = examine_network_document(document, optional=OPTIONAL)
    problems = [
        FoundProblem(
            path=json_path(problem.path),
            problem=f"{problem.error.item} {problem.error.cause}",
            found=found_at(document, problem.path),
            expected=expected_at(problem.path),
            mend=problem.error.cure,
        )
        for problem in examination.problems
    ]
    network = examination.network
    shape = "" if network is None else "–".join(map(str, network.sizes))
    return problems, [key for key in OPTIONAL if key not in document], shape


def _expected(kind: Format | None) -> str:
    if kind in (None, "json"):
        return expected_at(())
    return {"safetensors": "LAYER.weight and LAYER.bias of each layer, and metadata with the activation"}.get(
        str(kind), "a chain of dense layers and activations"
    )


def _beginning(raw: bytes) -> str:
    shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in raw[:40])
    return f"{len(raw):,} bytes that begin {shown!r}" if raw else "nothing"
