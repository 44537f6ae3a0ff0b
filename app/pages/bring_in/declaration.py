"""What is said beside a file that is imported, as forms and addresses write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from analysis.errors import InvalidNetwork
from analysis.input_encoding import MAX_TEXT as MAX_ENCODING
from analysis.network_files.declared_tasks import MAX_TEXT as MAX_TASKS
from analysis.network_files.declared_tasks import TASK_SOURCES, TaskSource
from analysis.network_files.formats.draft import Format
from analysis.network_files.formats.reading import read_draft
from analysis.network_files.intake import Declaration, Intake, take_in
from analysis.strict_json import MAX_TEXT
from app.options import Options

CONTENT_TYPES: Final[Mapping[str, Format]] = {
    "application/json": "json",
    "application/vnd.safetensors": "safetensors",
    "application/x-safetensors": "safetensors",
    "application/vnd.onnx": "onnx",
    "application/onnx": "onnx",
    "application/x-onnx": "onnx",
}
"""Content type → format; any other is told by the bytes."""

SOURCE_WORDS: Final[dict[TaskSource, str]] = {
    "file": "as the file says; where it says nothing, what the network decides",
    "name": "by name",
    "table": "by truth table",
    "formula": "by formula",
    "decisions": "whatever it computes: what the network itself decides",
}


class BringInOptions(Options):
    """What is declared beside a file."""

    name: str = Field("", max_length=MAX_TEXT, description="What to call it; empty: as the file does.")
    task: TaskSource = Field("file", description="Where the tasks come from.")
    tasks: str = Field(
        "",
        max_length=MAX_TASKS,
        description="Names, truth tables or formulas, one for each output with semicolons between; one stands for all.",
    )
    encoding: str = Field(
        "",
        max_length=MAX_ENCODING,
        description="Numbers that stand for 0 and 1, such as -1, 1; one pair for each input with semicolons between.",
    )

    @property
    def declaration(self) -> Declaration:
        return Declaration(self.name, self.task, self.tasks, self.encoding)


class BringInRequest(BringInOptions):
    """The same with what is to be done."""

    protocols: list[str] = Field(
        [], max_length=8, description="Protocols to analyse under at once; none: it is only stored."
    )


def declared_in(form: Mapping[str, Any]) -> BringInOptions:
    """What the fields of a sent form declare; too long or unknown values are refused by what reads them.

    Raises:
        InvalidNetwork: a task source that the form does not offer.
    """
    source = str(form.get("task") or "file")
    if source not in TASK_SOURCES:
        raise InvalidNetwork(f"task {source[:40]!r}", "is no source of tasks", f"use one of {', '.join(TASK_SOURCES)}")
    texts = {field: str(form.get(field) or "").strip() for field in ("name", "tasks", "encoding")}
    return BringInOptions().model_copy(update={**texts, "task": source})


def taken_in(raw: bytes, options: BringInOptions, *, declared: Format | None = None, fallback_name: str = "") -> Intake:
    """Read a file with what is declared beside it.

    Raises:
        AnalysisError: the file cannot be read; what is wrong with the declarations is noted in the intake.
    """
    return take_in(read_draft(raw, declared=declared), options.declaration, fallback_name=fallback_name)
