"""The form for a new study: what most designs say as fields, all others as a study file; and what it would start."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from pluriscope.addresses.address import API_V2, Addresses
from pluriscope.analysis.network_files.files import slug_of
from pluriscope.analysis.questions.protocol import NAMED
from pluriscope.app.options import Options
from pluriscope.figures.numbers import noun
from pluriscope.page_kit.blocks import Action, Block, Form, Head, Notice, Section, Table
from pluriscope_studies.analysis.design import MAX_DESIGN_BYTES, MAX_SEEDS, StudyDesign
from pluriscope_studies.analysis.measures.registry import GROUPS, MEASURES
from pluriscope_studies.analysis.reading import design_from_mapping, read_design, runnable
from pluriscope_studies.pages.study import open_study
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import free_study_slug

_LISTS: Final = ("protocols", "measures")  # fields of which several may be ticked
_USUAL: Final = ("circuits-valid", "interpretations-observed", "alignments-minimal", "one-minimal-alignment")
_LEVELS: Final = "Levels between semicolons"


class NewStudyOptions(Options):
    """Options of the form."""

    study: str = Field("", max_length=80, description="Begin with the design of this study; empty: with an empty form.")


class StudyFields(BaseModel):
    """The fields of the form: several levels of a factor stand between semicolons."""

    name: str = Field(max_length=200)
    question: str = Field(max_length=1000, description="What is asked, in one or two sentences.")
    tasks: str = Field("XOR", description=f"{_LEVELS}; tasks learned at once with + between them.")
    hidden: str = Field("2-2; 3-3", title="Hidden layers", description=f"{_LEVELS}: layer sizes.")
    count: int = Field(30, ge=1, le=MAX_SEEDS, title="Seeds of each cell")
    protocols: list[Literal[tuple(NAMED)]] = ["complete"]  # type: ignore[valid-type]
    measures: list[Literal[tuple(MEASURES)]] = Field(  # type: ignore[valid-type]
        list(_USUAL),
        json_schema_extra={
            "words": {key: one.label for key, one in MEASURES.items()},
            "groups": {title: [key for key in keys if key not in _USUAL] for title, keys in GROUPS.items()},
        },
    )


class StudyFile(BaseModel):
    """A study file as text."""

    file: str = Field(
        "",
        title="Study file",
        max_length=MAX_DESIGN_BYTES,
        description="It can say more than the fields: other sources, factors, tests, published values.",
        json_schema_extra={"control": "textarea"},
    )


class StudyOrder(BaseModel):
    """Request that starts a study over HTTP."""

    design: dict[str, Any] = Field(description="A study file.")


def new_study(session: Session, links: Addresses, options: NewStudyOptions) -> Iterator[Block]:
    """The form, empty or with the file of a stored study under another name; raises as :func:`open_study`."""
    if not options.study:
        return study_form(links, {})
    row = open_study(session, links, options.study)
    copied = {"slug": free_study_slug(session, row.slug), "name": f"Copy of {row.name}"[:200]}
    return study_form(links, {"file": json.dumps({**row.design, **copied}, indent=1, ensure_ascii=False)})


def study_form(links: Addresses, values: Mapping[str, Any], error: Exception | None = None) -> Iterator[Block]:
    """The form as it stands.

    Args:
        values: what was filled in; where a study file is, it stands first.
        error: why that was refused.
    """
    yield Head("New study", "What would be trained is said before anything starts.")
    if error is not None:
        yield Notice("Nothing was started", f"{str(error).rstrip('.')}.", "Mend that and send it again.", "refused")
    file, url = bool(values.get("file")), links.url("studies", "new")
    schema = Action("Its schema", f"{links.prefix}{API_V2}/studies/schema")
    fields = [Section("As fields"), Form(StudyFields, url, "See what it would train", values, primary=not file)]
    text = Form(StudyFile, url, "See what this would train", values, primary=file, id="file")
    other = [Section("As a study file", "", schema, id="file-head"), text]
    yield from [*other, *fields] if file else [*fields, *other]


def study_ready(links: Addresses, design: StudyDesign, known: StudyRow | None) -> Iterator[Block]:
    """Show what a design would train, and the button that starts it.

    Args:
        design: what was declared.
        known: the study that has this design already, which starting it continues.
    """
    words = f"{noun(design.n_cells, 'cell')}, {noun(design.n_networks, 'network')}. {design.question}"
    start = Action("Start", links.url("studies", "new"), True, True, {"design": design.model_dump_json()})
    yield Head(design.name, words, actions=[start])
    facts = {"Measures": ", ".join(MEASURES[key].label for key in design.measures)}
    facts |= {factor.capitalize(): "; ".join(design.labels(factor)) for factor in design.factors}
    yield Table.plain(("What", "Value"), [*facts.items()])
    if known is not None:
        cure = "Starting it lets that study go on, with the larger number of seeds."
        see = Action(f"See {known.name}", links.url("studies", known.slug))
        yield Notice("This design is stored", cure, actions=[see])


def sent_values(form: FormData) -> dict[str, Any]:
    """Values that were filled in, as they stand in the form again."""
    lists = {name: [str(value) for value in form.getlist(name) if value] for name in _LISTS if name in form}
    return {name: str(value) for name, value in form.items()} | lists


def sent_design(values: Mapping[str, Any]) -> StudyDesign:
    """A design of a study file, or of fields.

    Raises:
        InvalidStudy: it cannot be read, contradicts itself, or has a measure that is unknown; all named at once.
    """
    if values.get("file", "").strip():
        return runnable(read_design(values["file"].encode()))

    def levels(name: str) -> list[str]:
        return [part.strip() for part in values.get(name, "").split(";") if part.strip()]

    settings = {name: values[name] for name in ("name", "question", *_LISTS) if values.get(name)} | {
        "slug": slug_of(values.get("name", ""))[:60].strip("-") or "study",
        "tasks": [[one.strip() for one in level.split("+")] for level in levels("tasks")],
        "hidden": [level.replace(",", "-").split("-") for level in levels("hidden")],
        "seeds": {"count": values.get("count", "")},
    }
    return runnable(design_from_mapping(settings))
