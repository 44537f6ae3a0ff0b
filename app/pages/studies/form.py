"""The form for a new study: what most designs say as fields, all others as a study file; and what it would start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from analysis.errors import InvalidStudy
from analysis.network_files.files import slug_of
from analysis.protocol import NAMED
from analysis.studies.cells import cells_of
from analysis.studies.chunks import possible_circuits
from analysis.studies.design import MAX_DESIGN_BYTES, MAX_SEEDS, GridFactor, StudyDesign
from analysis.studies.measures.registry import GROUPS, MEASURES, measures_of
from analysis.studies.reading import REFUSED, design_from_mapping, read_design, runnable, words_of
from analysis.tasks import MAX_INPUTS
from app.addressing import API_V2, Addresses
from app.db.studies import design_of, free_study_slug
from app.db.study_tables import StudyRow
from app.figures.numbers import duration, exact, noun
from app.options import Options
from app.pages.studies.study import open_study
from pluriscope.blocks import Action, Block, Form, Head, Notice, Prose, Section, Table

_USUAL: Final = ("circuits-valid", "interpretations-total", "interpretations-observed", "alignments-minimal")
_COMMON: Final = (*_USUAL, "algorithms-aligned", "one-minimal-alignment")
_RARE: Final = {title: [key for key in keys if key not in _COMMON] for title, keys in GROUPS.items()}
_SHOWN_CELLS: Final = 40
_LEVELS: Final[tuple[GridFactor, ...]] = ("tasks", "hidden", "loss_target")
LISTS: Final = ("protocols", "measures")
"""Fields of which several may be ticked."""


class NewStudyOptions(Options):
    """Options of the form."""

    study: str = Field("", max_length=80, description="Begin with the design of this study; empty: with an empty form.")


def _help(name: str) -> str:
    return StudyDesign.model_fields[name].description or ""


class StudyFields(BaseModel):
    """The fields of the form: several levels of a factor stand between semicolons."""

    name: str = Field(max_length=200)
    question: str = Field(max_length=1000, description=_help("question"))
    n_inputs: int = Field(2, ge=1, le=MAX_INPUTS, title="Inputs", description=_help("n_inputs"))
    tasks: str = Field("XOR", description="Levels between semicolons; tasks learned at once with + between them.")
    hidden: str = Field("2-2; 3-3", title="Hidden layers", description="Levels between semicolons: layer sizes.")
    loss_target: str = Field("0.01", description="Levels: training stops below this mean squared error.")
    count: int = Field(30, ge=1, le=MAX_SEEDS, title="Seeds of each cell")
    protocols: list[Literal[tuple(NAMED)]] = ["complete"]  # type: ignore[valid-type]
    measures: list[Literal[tuple(MEASURES)]] = Field(  # type: ignore[valid-type]
        list(_USUAL),
        json_schema_extra={
            "words": {key: f"{one.label}: {one.definition}" for key, one in MEASURES.items()},
            "groups": dict[str, Any](_RARE),
        },
    )


class StudyFile(BaseModel):
    """A study file as text."""

    file: str = Field(
        "",
        title="Study file",
        max_length=MAX_DESIGN_BYTES,
        description="It can say more than the fields: other sources, factors, criteria, tests, published values.",
        json_schema_extra={"control": "textarea"},
    )


class StudyOrder(BaseModel):
    """What starts a study over HTTP."""

    design: dict[str, Any] = Field(description="A study file.")


def new_study(session: Session, links: Addresses, options: NewStudyOptions) -> Iterator[Block]:
    """The form, empty or with a file: of a stored study under another name.

    Raises:
        NotFound: no such study.
    """
    file = ""
    if options.study:
        row = open_study(session, links, options.study)
        copied = {"slug": free_study_slug(session, row.slug), "name": f"Copy of {row.name}"[:200]}
        design = design_of(row)
        values = _values(design.model_copy(update=copied))
        try:
            if read_fields(values, {name: values[name] for name in LISTS}).digest == design.digest:
                return study_form(links, values=values)
        except InvalidStudy:
            pass  # the fields cannot say it
        file = json.dumps({**row.design, **copied}, indent=1, ensure_ascii=False)
    return study_form(links, file=file)


def _values(design: StudyDesign) -> dict[str, Any]:
    """The fields of the form as far as they say a design."""
    levels: dict[str, Any] = {name: "; ".join(design.labels(name)) for name in _LEVELS}
    texts = {"name": design.name, "question": design.question, "n_inputs": design.n_inputs, "count": design.seeds.count}
    return {**levels, **texts, "protocols": list(design.labels("protocol")), "measures": list(design.measures)}


def study_form(
    links: Addresses,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    file: str = "",
    problems: Sequence[str] = (),
) -> Iterator[Block]:
    """The form as it stands.

    Args:
        values: what was filled in.
        errors: field → what is wrong with it.
        file: a study file that was sent or is begun with; it stands first then.
        problems: what is wrong with the whole.
    """
    yield Head("New study", "What would be trained is said before anything starts.")
    if problems:
        yield Notice("Nothing was started", "; ".join(problems) + ".", "Mend that and send it again.", "refused")
    fields = Form(StudyFields, links.new_study(), "See what it would train", values, errors, primary=not file)
    schema = Action("Its schema", f"{links.prefix}{API_V2}/studies/schema")
    words = "See what this would train"
    from_file = Form(StudyFile, links.new_study(), words, {"file": file}, primary=bool(file), id="file")
    parts: list[Block] = [Section("As fields"), fields]
    other: list[Block] = [Section("As a study file", "", schema, id="file-head"), from_file]
    yield from [*other, *parts] if file else [*parts, *other]


def study_ready(
    links: Addresses, design: StudyDesign, known: StudyRow | None, sent: Mapping[str, str | Sequence[str]]
) -> Iterator[Block]:
    """What a design would train, and the buttons that start it and lead back to the form.

    Args:
        design: what was declared.
        known: the study that has this design already, which starting it continues.
        sent: the form as it was filled in.
    """
    cells = cells_of(design)
    start = Action("Start", links.new_study(), True, True, {"design": design.model_dump_json()})
    words = f"{noun(len(cells), 'cell')}, {noun(design.n_networks, 'network')}. {design.question}"
    change = Action("Change", links.new_study(), changes=True, fields={**sent, "change": "yes"})
    yield Head(design.name, words, actions=[start, change])
    facts = {
        "Measures": ", ".join(
            one.label for one in measures_of(design.measures, design.criteria, design.methods).values()
        )
    }
    facts["Protocols"] = ", ".join(design.labels("protocol"))
    if known is not None and known.n_finished:
        seconds = (design.n_networks - known.n_finished) * known.seconds / known.n_finished
        facts["Takes"] = f"about {duration(max(0, seconds))} on one core"
    yield Table.plain(("What", "Value"), [*facts.items()])
    if known is not None:
        see = Action(f"See {known.name}", links.study(known.slug))
        yield Notice(
            "This design is stored",
            "Starting it lets that study go on, with the larger number of seeds.",
            actions=[see],
        )
    rows = [(cell.name, exact(cell.design.seeds.count), _possible(possible_circuits(cell))) for cell in cells]
    yield Table.plain(("Cell", "Networks", "Possible circuits of each"), rows[:_SHOWN_CELLS])
    if len(rows) > _SHOWN_CELLS:
        yield Prose(f"And {noun(len(rows) - _SHOWN_CELLS, 'cell')} more.", glossary=False)


def _possible(circuits: int | None) -> str:
    return "not searched" if circuits is None else exact(circuits)


def read_fields(form: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> StudyDesign:
    """The fields of a sent form as a design; tests are declared in a study file alone.

    Raises:
        InvalidStudy: fields that are wrong by themselves, texts that are no numbers, contradictions; all named at once.
    """
    sent = {name: form[name] for name in StudyFields.model_fields if form.get(name, "") != ""} | dict(lists)
    try:
        return _design_of(StudyFields.model_validate(sent))
    except ValidationError as error:
        # the other fields are looked at with something right in the wrong ones' place
        wrong = {str(one["loc"][0]): words_of(one) for one in error.errors()}
        right = {name: value for name, value in sent.items() if name not in wrong}
        problems = [f"{name}: {words}" for name, words in wrong.items()]
        try:
            _design_of(StudyFields.model_validate({"name": "name", "question": "question", **right}))
        except InvalidStudy as other:
            problems.append(other.cause)
        raise InvalidStudy(REFUSED, "; ".join(problems), "correct it; nothing was started") from None


def _design_of(fields: StudyFields) -> StudyDesign:
    settings = {
        "slug": slug_of(fields.name)[:60].strip("-") or "study",
        "name": fields.name.strip(),
        "question": fields.question.strip(),
        "n_inputs": fields.n_inputs,
        "tasks": [[part.strip() for part in level.split("+")] for level in _levels(fields.tasks)],
        "hidden": [level.replace(",", "-").split("-") for level in _levels(fields.hidden)],
        "loss_target": _levels(fields.loss_target),
        "seeds": {"count": fields.count},
        "protocols": fields.protocols,
        "measures": fields.measures,
    }
    return design_from_mapping(settings)


def design_of_text(text: str) -> StudyDesign:
    """A study file that was sent.

    Raises:
        InvalidStudy: it cannot be read, contradicts itself, or has a measure that is unknown.
    """
    return runnable(read_design(text.encode()))


def problems_of(error: Exception) -> tuple[dict[str, str], list[str]]:
    """What is wrong with each field, and with the whole."""
    if not isinstance(error, InvalidStudy) or error.item != REFUSED:
        return {}, [str(error).rstrip(".")]
    fields, problems, at = dict[str, str](), list[str](), ""
    for part in error.cause.split("; "):
        item, colon, words = part.partition(": ")
        name = re.split(r"[. ]", item.replace("seeds.count", "count"))[0]
        if colon and name in StudyFields.model_fields:
            at, info = name, StudyFields.model_fields[name]
            fields[at] = f"{fields[at]}; {words}" if at in fields else words
            problems.append(f"{info.title or name.replace('_', ' ').capitalize()}: {words}")
        elif at and not colon:
            fields[at], problems[-1] = f"{fields[at]}; {part}", f"{problems[-1]}; {part}"
        else:
            at = ""
            problems.append(part)
    helps = {name: StudyFields.model_fields[name].description or "" for name in fields}
    return {name: f"{words[:1].upper()}{words[1:]}. {helps[name]}".strip() for name, words in fields.items()}, problems


def _levels(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ";").split(";") if part.strip()]
