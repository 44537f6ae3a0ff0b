"""The form by which a network of one's own is imported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pydantic import Field

from analysis.errors import AnalysisError
from analysis.network_files.declared_tasks import TASK_SOURCES
from analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT
from analysis.network_files.formats.onnx_file import MAX_ONNX_BYTES
from analysis.networks.network import ACTIVATIONS
from analysis.protocol import BUILT_IN
from analysis.tasks import MAX_INPUTS, TASK_NAMES
from app.addressing import Addresses
from app.db.errors import StoreError
from app.options import PageModel
from app.pages.bring_in.checking import FoundProblem
from app.pages.bring_in.declaration import CONTENT_TYPES, SOURCE_WORDS, BringInOptions
from app.pages.plan import RefusalView
from app.pages.prose import chapters
from app.resources import DOCUMENTS

HELP_FILE: Final = DOCUMENTS / "importing.md"


class BringInPage(PageModel):
    """What may be imported, and how; with what went wrong where something was sent."""

    declared: BringInOptions
    protocols: list[str] = Field(description="Those that are ticked.")
    all_protocols: list[str]
    sources: list[tuple[str, str]] = Field(description="Where tasks may come from, each in words.")
    task_names: list[str]
    activations: list[str]
    format: str = Field(description="Of network files.")
    content_types: list[str] = Field(description="Content types that name a format; others are told by the bytes.")
    max_bytes: int
    max_onnx_bytes: int
    max_inputs: int
    problems: list[RefusalView] = Field(description="What was wrong with what was sent; empty if nothing was sent.")
    pasted: str = Field(description="The text that was pasted, to be mended.")
    found: list[FoundProblem] = Field(description="Each thing that is wrong with the file that was sent.")
    help: dict[str, str] = Field(description="How networks are exported: title of each chapter → Markdown.")
    schema_url: str
    url: str


def build_form(
    addresses: Addresses,
    options: BringInOptions,
    *,
    protocols: Sequence[str] = ("complete",),
    problems: Sequence[AnalysisError | StoreError] = (),
    pasted: str = "",
    found: Sequence[FoundProblem] = (),
) -> BringInPage:
    """The form, filled in.

    Args:
        options: what is declared already.
        protocols: those ticked.
        problems: what is wrong with what was sent.
        pasted: the text that was pasted.
        found: each thing that is wrong with the file.
    """
    return BringInPage(
        declared=options,
        protocols=list(protocols),
        all_protocols=list(BUILT_IN),
        sources=[(source, SOURCE_WORDS[source]) for source in TASK_SOURCES],
        task_names=list(TASK_NAMES),
        activations=list(ACTIVATIONS),
        format=NETWORK_FORMAT,
        content_types=list(CONTENT_TYPES),
        max_bytes=MAX_NETWORK_BYTES,
        max_onnx_bytes=MAX_ONNX_BYTES,
        max_inputs=MAX_INPUTS,
        problems=problems,
        pasted=pasted,
        found=found,
        help=_help(),
        schema_url=addresses.network_file_schema(),
        url=addresses.bring_in(),
    )


@lru_cache(maxsize=1)
def _help() -> dict[str, str]:
    """The chapters of the document on importing, without what stands before the first."""
    return {title: "\n\n".join(blocks) for title, blocks in chapters(HELP_FILE)[1:]}
