"""The form by which a network of one's own is imported, and what is declared beside a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, create_model

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError, ExplainedError
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES
from pluriscope.analysis.network_files.formats.registry import FORMATS
from pluriscope.analysis.network_files.intake import take_in
from pluriscope.analysis.questions.protocol import NAMED
from pluriscope.analysis.questions.tasks import MAX_INPUTS
from pluriscope.analysis.subjects import registry
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.db.remote import remote_kinds
from pluriscope.app.options import Options
from pluriscope.app.pages.bring_in.computed import computed
from pluriscope.app.pages.prose import chapters
from pluriscope.app.pages.training.form import SHARED_WORDS, own_network
from pluriscope.page_kit.blocks import Action, Block, Columns, Form, Head, More, Notice, Prose, Section, Table, sentence
from pluriscope.page_kit.templating import may_log_in
from pluriscope.resources import DOCUMENTS

HELP_FILE: Final = DOCUMENTS / "importing.md"


class Declared(Declaration):
    """Declaration beside a file, with the protocols to analyse it under."""

    protocols: list[str] = Field(
        [], max_length=8, description="Protocols to analyse under at once; none: it is only stored."
    )


class DeclaredOptions(Declared, Options):
    """Declaration in an address."""


class Asked(Declared):
    """Declaration in a form."""

    protocols: list[Literal[tuple(NAMED)]] = Field(  # type: ignore[valid-type]
        ["complete"], title="Analyse under", description=f"None: it is only stored. {SHARED_WORDS}"
    )


def fields_of(names: Iterable[str]) -> dict[str, Any]:
    """Select fields of a declaration, as pydantic's ``create_model`` takes them."""
    return {name: (Asked.model_fields[name].annotation, Asked.model_fields[name]) for name in names}


def _formats() -> str:
    """Names of the formats that are read, with their suffixes, as in "ONNX (.onnx), …"."""
    names: dict[str, str] = {}
    for one in FORMATS:
        names.setdefault(one.suffixes[0], f"{one.label} ({', '.join(one.suffixes)})")
    words = ", ".join(names.values())
    return words[:1].upper() + words[1:]


class NetworkForm(BaseModel):
    """A file, or its text."""

    file: str = Field(
        "",
        title="Choose a file, or drop it here",
        description=f"{_formats()}. One network; an ONNX model together with the file of its data where it has one. "
        f"At most {MAX_NETWORK_BYTES // 10**6} MB. No file can run code here.",
        json_schema_extra={"control": "file", "data-most": str(MAX_NETWORK_BYTES)},
    )
    text: str = Field("", title="Or paste its text", json_schema_extra={"control": "textarea"})


def for_a_form(words: str) -> str:
    """Strip the options of commands from the words of an error."""
    return re.sub(r" \(--[^()]*\)", "", words)


def refused(error: ExplainedError, file: str = "") -> Iterator[Block]:
    """Show the errors of a file with their cures, code in a block of its own; several as a table.

    Args:
        file: its name.
    """
    about = f"{file}: " * bool(file)
    if isinstance(error, AnalysisError) and error.parts:
        item = f"{about}{error.item} has {len(error.parts)} errors"
        yield Notice(item, "", "Mend them and send it again.", "refused")
        rows = [(one.item, for_a_form(one.cause), sentence(for_a_form(one.cure))) for one in error.parts]
        yield Table.plain(("Where", "What is wrong", "What to do"), rows)
        return
    cure, *code = re.split("`([^`]*)`", for_a_form(error.cure))
    yield Notice(f"{about}{error.item} {for_a_form(error.cause)}", "", sentence(cure.rstrip(": ")), "refused")
    if code:
        yield Prose("\n".join(f"    {line}" for line in code[::2]).replace("FILE", file or "FILE"), glossary=False)


def network_form(
    links: Addresses, values: Mapping[str, Any], *, errors: Mapping[str, str] | None = None, why: Iterable[Block] = ()
) -> Iterator[Block]:
    """The form for a file, with those fields of a declaration that are filled in or wrong.

    Args:
        values: what is filled in.
        errors: field → what is wrong with it.
        why: why nothing can be read, if so.
    """
    whole = [one.plural for one in registry.SUBJECT_KINDS if one.refuses("formats") and one.key != PERCEPTRON.key]
    others = " or ".join([*whole, *(kind.plural for kind in remote_kinds().values())])
    yield Head(
        "Your network",
        f"Any multilayer perceptron with one to {MAX_INPUTS} Boolean inputs, trained anywhere, or a file of {others}. "
        "You see what it computes before anything is stored.",
        actions=[own_network(links, "From a file")],
    )
    yield from why
    if may_log_in():
        login = Action("Log in", links.login(next=links.bring_in()))
        yield Notice("Bringing in a network needs a login", "This is the form; log in to send it.", actions=[login])
    shown = [name for name in Asked.model_fields if name in {*values, *(errors or ())}]
    model = create_model("NetworkForm", __base__=NetworkForm, **fields_of(shown))
    form = Form(model, links.bring_in(), "See what it computes", values, errors, always=may_log_in())
    export = More(
        "How to export your model",
        _help,
        "from PyTorch, Keras, Flax, scikit-learn and others; what a file says",
        id="export",
    )
    yield Columns([[form, export], [*_example()]])


def _example() -> Iterator[Block]:
    """Show a bundled network as one's own would be seen before any question is answered."""
    file = bundled_networks()[0].file
    intake = take_in(file, Declaration())
    yield Section("An example", f"What you will see of yours, of {intake.name}.")
    yield from chain(*computed(intake, intake.tasks or ()))


def _help() -> Iterator[Block]:
    """The chapters of the document on importing, without what stands before the first."""
    for title, blocks in chapters(HELP_FILE)[1:]:
        yield Section(title)
        yield Prose("\n\n".join(blocks), glossary=False)
