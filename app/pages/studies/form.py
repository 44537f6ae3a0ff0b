"""The form for a new study: what most designs say as fields, all others as a study file; and its start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError, InvalidStudy
from analysis.network_files.files import slug_of
from analysis.protocol import BUILT_IN
from analysis.studies.cells import cells_of
from analysis.studies.chunks import possible_circuits
from analysis.studies.design import MAX_DESIGN_BYTES, StudyDesign
from analysis.studies.measures.registry import MEASURES
from analysis.studies.reading import design_from_mapping, read_design
from analysis.tasks import TASK_NAMES
from app.addressing import Addresses
from app.db.studies import free_study_slug
from app.db.study_tables import StudyRow
from app.figures.numbers import noun
from app.options import BigInt, Options, PageModel
from app.pages.studies.figures import measure_view
from app.pages.studies.stored import open_study
from app.pages.studies.views import MeasureView

_USUAL: Final = ("circuits-valid", "interpretations-total", "interpretations-observed", "alignments-minimal")
LISTS: Final = ("protocols", "measures")
"""Fields of which several may be ticked."""


class NewStudyOptions(Options):
    """Options of the form."""

    study: str = Field("", max_length=80, description="Begin with the design of this study; empty: with an empty form.")


class StudyFields(PageModel):
    """The texts of the form's fields."""

    name: str = ""
    question: str = ""
    n_inputs: str = "2"
    tasks: str = "XOR"
    hidden: str = "2-2; 3-3"
    loss_target: str = "0.01"
    count: str = "30"
    protocols: list[str] = Field(default_factory=lambda: ["complete"])
    measures: list[str] = Field(default_factory=lambda: list(_USUAL))


class CellSize(PageModel):
    """One cell of a design that is about to start."""

    name: str
    networks: int
    possible: BigInt | None = Field(description="Circuits of the largest space; None where none are searched.")


class NewStudyPage(PageModel):
    """The form, what is wrong with it, or what it would start."""

    fields: StudyFields
    helps: dict[str, str] = Field(description="What each field of a study file says.")
    design: str = Field(description="The study file as text; empty while the form is filled in.")
    file: str = Field(description="A study file that was sent or begun with.")
    problems: list[str]
    cells: list[CellSize] = Field(description="What it would train; empty while the form is filled in.")
    words: str = Field(description="The same in short.")
    stored_url: str = Field("", description="The study that has this design already, which starting it continues.")
    stored_name: str = ""
    name: str
    question: str
    task_names: list[str]
    all_protocols: list[str]
    all_measures: list[MeasureView]
    url: str


class StudyOrder(PageModel):
    """What ``POST /api/v1/studies`` takes."""

    design: dict[str, Any] = Field(description="A study file.")


class MoreSeeds(PageModel):
    """What ``POST /api/v1/studies/{study}/extend`` takes."""

    seeds: int = Field(100, ge=1, le=100_000, description="How many more of each cell.")


def build_new_study(session: Session, addresses: Addresses, options: NewStudyOptions) -> NewStudyPage:
    """The form, empty or with a file: of a stored study under another name.

    Raises:
        NotFound: no such study.
    """
    file = ""
    if options.study:
        row = open_study(session, addresses, options.study)
        copied = {"slug": free_study_slug(session, row.slug), "name": f"Copy of {row.name}"[:200]}
        file = json.dumps({**row.design, **copied}, indent=1, ensure_ascii=False)
    return form_page(addresses, StudyFields(), file=file)


def form_page(
    addresses: Addresses,
    fields: StudyFields,
    *,
    file: str = "",
    problems: Sequence[str] = (),
    design: StudyDesign | None = None,
    stored: StudyRow | None = None,
) -> NewStudyPage:
    """The form as it stands; ``stored`` is the study that has the design already."""
    cells = () if design is None else cells_of(design)
    return NewStudyPage(
        fields=fields,
        helps={name: field.description or "" for name, field in StudyDesign.model_fields.items()},
        design="" if design is None else design.model_dump_json(),
        file=file,
        problems=list(problems),
        cells=[
            CellSize(name=cell.name, networks=cell.design.seeds.count, possible=possible_circuits(cell))
            for cell in cells
        ],
        words="" if design is None else f"{noun(len(cells), 'cell')}, {noun(design.n_networks, 'network')}",
        stored_url="" if stored is None else addresses.study(stored.slug),
        stored_name="" if stored is None else stored.name,
        name="" if design is None else design.name,
        question="" if design is None else design.question,
        task_names=list(TASK_NAMES),
        all_protocols=list(BUILT_IN),
        all_measures=[measure_view(measure) for measure in MEASURES.values()],
        url=addresses.new_study(),
    )


def fields_from(form: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> StudyFields:
    """The fields of a sent form; unknown ones are left out, since buttons and browsers add their own."""
    known = {name: str(form[name])[:4000] for name in StudyFields.model_fields if name in form and name not in LISTS}
    return StudyFields(**known, **{name: list(lists.get(name, ()))[:100] for name in LISTS})


def design_of_fields(fields: StudyFields) -> StudyDesign:
    """The texts of the form as a design, with the usual tests.

    Raises:
        InvalidStudy: texts that are no numbers, values out of range, contradictions; all named at once.
    """
    problems: list[str] = []
    grid: dict[str, Any] = {
        "tasks": [[part.strip() for part in level.split("+")] for level in _levels(fields.tasks)],
        "hidden": [
            [_number("hidden", part, int, problems) for part in level.replace(",", "-").split("-")]
            for level in _levels(fields.hidden)
        ],
        "loss_target": [_number("loss_target", level, float, problems) for level in _levels(fields.loss_target)],
        "n_inputs": _number("n_inputs", fields.n_inputs, int, problems),
        "seeds": {"count": _number("count", fields.count, int, problems)},
    }
    if problems:
        raise InvalidStudy("study design", "; ".join(problems), "correct it; nothing was started")
    settings = grid | {
        "slug": slug_of(fields.name)[:60].strip("-") or "study",
        "name": fields.name.strip(),
        "question": fields.question.strip(),
        "protocols": fields.protocols,
        "measures": fields.measures,
    }
    design = design_from_mapping(settings)
    return design_from_mapping({**settings, "comparisons": usual_comparisons(design)})


def usual_comparisons(design: StudyDesign) -> list[dict[str, str]]:
    """A test of every measure along every factor that varies: by ranks for numbers, of shares for the others.

    Seeds are the same in every cell. Networks of equal seed start from equal weights where their shape is equal, so
    they are compared with each other there, and only by shape as if they had nothing in common.
    """
    tests = []
    for factor in design.varying:
        pair, paired = len(design.levels(factor)) == 2, factor != "hidden"
        for key in design.measures:
            kind, numeric = MEASURES[key].kind, MEASURES[key].numeric
            if paired and pair and numeric:
                test = "wilcoxon"
            elif paired and not pair and (numeric or kind == "yes-no") and factor != "protocol":
                test = "friedman"
            elif factor == "protocol":
                test = "wilcoxon" if numeric else ""
            elif numeric:
                test = "mann-whitney" if pair else "kruskal-wallis"
            else:
                test = ("fisher" if pair else "chi-squared") if kind in ("yes-no", "category") else ""
            if test:
                tests.append({"measure": key, "factor": factor, "test": test})
    return tests[:100]


def design_of_text(text: str | bytes) -> StudyDesign:
    """A study file that was sent.

    Raises:
        InvalidStudy: it cannot be read, or contradicts itself.
    """
    raw = text if isinstance(text, bytes) else text.encode()
    if len(raw) > MAX_DESIGN_BYTES:
        raise InvalidStudy("study file", f"is larger than {MAX_DESIGN_BYTES:,} bytes", "hand in a smaller one")
    return read_design(raw)


def problems_of_study(error: AnalysisError) -> list[str]:
    """The separate problems that one error names."""
    if not isinstance(error, InvalidStudy):
        return [str(error)]
    return [part.strip() for part in error.cause.split("; ") if part.strip()] or [str(error)]


def _levels(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ";").split(";") if part.strip()]


def _number(field: str, text: str, kind: type, problems: list[str]) -> Any:
    try:
        return kind(text.strip())
    except (ValueError, OverflowError):
        problems.append(f"{field} {text[:40]!r}: is not {'a whole number' if kind is int else 'a number'}")
        return None
