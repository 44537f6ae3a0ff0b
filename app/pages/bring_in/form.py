"""The form by which a network of one's own is imported, and what is declared beside a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from analysis.errors import AnalysisError
from analysis.network_files.files import MAX_NETWORK_BYTES
from analysis.network_files.formats.onnx_file import MAX_ONNX_BYTES
from analysis.network_files.intake import Declaration, take_in
from analysis.protocol import NAMED
from analysis.subjects import registry
from analysis.tasks import MAX_INPUTS
from app.bundled import bundled_networks
from app.db.errors import StoreError
from app.options import Options
from app.pages.bring_in.computed import computed
from app.pages.prose import chapters
from app.pages.training.form import SHARED_WORDS, own_network
from pluriscope.address import Addresses
from pluriscope.blocks import Action, Block, Columns, Form, Head, More, Notice, Prose, Section
from pluriscope.resources import DOCUMENTS
from pluriscope.templating import may_log_in

HELP_FILE: Final = DOCUMENTS / "importing.md"


class Declared(Declaration):
    """What is declared beside a file, and what is to be done with it."""

    protocols: list[str] = Field(
        [], max_length=8, description="Protocols to analyse under at once; none: it is only stored."
    )


class DeclaredOptions(Declared, Options):
    """The same in an address."""


class Asked(Declared):
    """The same in a form."""

    protocols: list[Literal[tuple(NAMED)]] = Field(  # type: ignore[valid-type]
        ["complete"], title="Analyse under", description=f"None: it is only stored. {SHARED_WORDS}"
    )


class Kept(Asked):
    """The form behind a preview, with the network that it is about."""

    content: str = Field("", json_schema_extra={"control": "hidden"})
    fallback: str = Field("", json_schema_extra={"control": "hidden"})


class _File(BaseModel):
    file: str = Field(
        "",
        title="A file",
        description=f"Network file of any kind (JSON), safetensors, at most {MAX_NETWORK_BYTES // 10**6} MB; ONNX, "
        f"at most {MAX_ONNX_BYTES // 10**6} MB, together with the file of its data where it has one. Never pickle: a "
        ".pt file can run code.",
        json_schema_extra={"control": "file"},
    )
    text: str = Field(
        "",
        title="Or the text of a network file",
        description="JSON with format, weights, biases and activation; name, sizes and tasks may be left out here.",
        json_schema_extra={"control": "textarea"},
    )


class NetworkForm(Asked, _File):
    """A file, and what is declared beside it."""


def network_form(
    links: Addresses,
    values: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    refusal: AnalysisError | StoreError | None = None,
) -> Iterator[Block]:
    """The form, filled in.

    Args:
        values: what is filled in.
        errors: field → what is wrong with it.
        refusal: why what was sent cannot be stored.
    """
    others = " or ".join(kind.plural for kind in registry.SUBJECT_KINDS if kind.refuses("formats"))
    yield Head(
        "Your network",
        f"Any multilayer perceptron with one to {MAX_INPUTS} Boolean inputs, trained anywhere, or a file of {others}. "
        "You see what it computes and how it would be analysed before anything is stored. No file can "
        "run code here.",
        actions=[own_network(links, "From a file")],
    )
    if refusal is not None:
        yield Notice.refused(refusal)
    elif errors:
        yield Notice("Nothing was stored", "A field has an error.", "Mend it and send it again.", "refused")
    if may_log_in():
        login = Action("Log in", links.login(next=links.bring_in()))
        yield Notice("Bringing in a network needs a login", "This is the form; log in to send it.", actions=[login])
    folded = NetworkForm.model_fields.keys() - {"file"}
    form = Form(NetworkForm, links.bring_in(), "Preview", values, errors, always=may_log_in(), folded=folded)
    export = More("How to export your model", _help, "from PyTorch, scikit-learn, ONNX; what a file says", id="export")
    yield Columns([[form, export], [*_example()]])


def _example() -> Iterator[Block]:
    """What is seen of a network before anything is asked, of one that comes with Pluriscope."""
    file = bundled_networks()[0].file
    intake = take_in(file, Declaration())
    yield Section("An example", f"What you will see of yours, of {intake.name}.")
    yield from computed(intake, intake.tasks or (), 1)


def _help() -> Iterator[Block]:
    """The chapters of the document on importing, without what stands before the first."""
    for title, blocks in chapters(HELP_FILE)[1:]:
        yield Section(title)
        yield Prose("\n\n".join(blocks), glossary=False)
