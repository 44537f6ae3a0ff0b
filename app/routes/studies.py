"""Studies: the list, one study with its figures and networks, and what changes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.datastructures import UploadFile

from analysis.errors import AnalysisError, InvalidStudy
from analysis.studies.design import MAX_DESIGN_BYTES, design_schema
from analysis.studies.reading import design_from_mapping
from app.addressing import API_PREFIX
from app.db.studies import study_of_design
from app.db.study_tables import StudyRow
from app.error_answers import api_errors
from app.errors import NotFound
from app.figures.standalone import FONT_FAMILY, standalone_svg
from app.jobs import study_queue
from app.pages.studies.figures import study_drawing
from app.pages.studies.form import (
    LISTS,
    MoreSeeds,
    StudyOrder,
    build_new_study,
    design_of_fields,
    design_of_text,
    fields_from,
    form_page,
    problems_of_study,
)
from app.pages.studies.listing import build_studies, progress_of
from app.pages.studies.of_models import build_model_study, model_drawings
from app.pages.studies.options import StudyFigureOptions
from app.pages.studies.outcomes import build_outcomes
from app.pages.studies.page import FIGURE_FORMS, build_study
from app.pages.studies.stored import open_study
from app.pages.studies.views import StudyProgress
from app.rendering import render
from app.routes.cards import pdf_answer, png_answer, svg_answer, theme_of, twice
from app.routes.changes import Writing
from app.routes.depends import Form, Links, Reading
from app.routes.page import Page, add_html, add_page

router = APIRouter()
_API: Final = f"{API_PREFIX}/studies"
_TAG: Final = "studies"


add_page(
    router,
    Page(
        "/studies",
        build_studies,
        "studies",
        _TAG,
        "All studies",
        "Studies with their question and how far each is.",
        errors=(400,),
        block="studies",
    ),
    Page(
        "/studies/new",
        build_new_study,
        "study_new",
        _TAG,
        "The form for a study",
        "What may be chosen: tasks, activations, protocols, measures.",
        name="new_study_twin",
    ),
    Page(
        "/findings/{study}",
        build_model_study,
        "model_study",
        _TAG,
        "One study of models of another kind",
        "Question, answer, the numbers of every figure, what was expected and found, and design.",
        context=lambda page, _: {"drawings": model_drawings(page)},
    ),
)


@router.post("/studies/new", response_class=HTMLResponse, include_in_schema=False)
def sent_study(request: Request, session: Writing, links: Links, form: Form) -> Response:
    """Shows what a study would train; starts it once that was seen."""
    lists = {name: [str(value) for value in form.getlist(name)] for name in LISTS}
    fields = fields_from(form, lists)
    sent = _uploaded(form.get("upload"))
    text = str(form.get("file") or "")
    agreed = str(form.get("design") or "")
    try:
        if agreed:
            row = study_queue.start(session, design_of_text(agreed))
            return RedirectResponse(links.study(row.slug), status_code=303)
        design = design_of_text(sent or text) if sent or text.strip() else design_of_fields(fields)
    except AnalysisError as error:
        page = form_page(links, fields, file=text, problems=problems_of_study(error))
        return render(request, "pages/study_new.html", {"page": page}, status_code=422)
    page = form_page(
        links,
        fields,
        file=text,
        design=design,
        stored=study_of_design(session, design),
    )
    return render(request, "pages/study_new.html", {"page": page})


def _uploaded(upload: object) -> bytes:
    """The content of a file that came with a form, b"" without one."""
    if not isinstance(upload, UploadFile):
        return b""
    with upload.file as file:
        return file.read(MAX_DESIGN_BYTES + 1)


@router.get(f"{_API}/schema", tags=[_TAG], summary="JSON schema of study files", responses=api_errors(400))
def schema() -> dict[str, Any]:
    """What a study file may say."""
    return design_schema()


@router.post(_API, tags=[_TAG], summary="Start a study", status_code=202, responses=api_errors(403, 409, 422))
def start(session: Writing, links: Links, order: StudyOrder, response: Response) -> StudyProgress:
    """Let a study run in the background; one that is stored is resumed, and extended if the file has more seeds."""
    row = study_queue.start(session, design_from_mapping(order.design))
    session.flush()
    response.headers["Location"] = links.twin(links.study(row.slug))
    return progress_of(session, links, row)


STUDY = Page(
    "/studies/{study}",
    build_study,
    "study",
    _TAG,
    "One study",
    "Question, design, progress, the numbers of every measure group by group, tests, and published values.",
)
add_page(router, STUDY)
add_html(router, replace(STUDY, path="/studies/{study}/progress"))


@router.get(f"{_API}/{{study}}/progress", tags=[_TAG], summary="How far a study is", responses=api_errors(404))
def progress_twin(session: Reading, links: Links, study: str) -> StudyProgress:
    """Networks finished, converged and failed, and the jobs that work on it."""
    return progress_of(session, links, open_study(session, links, study))


@router.get(f"{_API}/{{study}}/design", tags=[_TAG], summary="The study file", responses=api_errors(404))
def design(session: Reading, links: Links, study: str) -> JSONResponse:
    """The design as a file that `pluriscope study run` takes."""
    row = open_study(session, links, study)
    name = {"content-disposition": f'attachment; filename="{row.slug}.json"'}
    return JSONResponse(row.design, headers=name)


add_page(
    router,
    Page(
        "/studies/{study}/outcomes",
        build_outcomes,
        "study_outcomes",
        _TAG,
        "Its networks",
        "The outcome of each network, failed ones too, in the order of cells and seeds.",
        block="results",
        name="outcomes_twin",
    ),
)


@router.get("/studies/{study}/figures/{name}.{form}", include_in_schema=False)
def figure(
    request: Request,
    session: Reading,
    links: Links,
    study: str,
    name: str,
    form: str,
    options: Annotated[StudyFigureOptions, Query()],
) -> Response:
    """A figure as svg, png or pdf; where a name with a dot has no such ending, its former page is asked for."""
    if form not in FIGURE_FORMS:
        return RedirectResponse(links.study(study, protocol=options.protocol, by=options.by), status_code=301)
    markup = study_drawing(session, links, study, name, options)
    if form == "pdf":
        return pdf_answer(markup)
    theme = theme_of(request)
    if form == "svg":
        return svg_answer(standalone_svg(markup, theme))
    return png_answer(request, standalone_svg(markup, theme, font=FONT_FAMILY), options.width or twice(markup))


@router.post("/studies/{study}/{action}", include_in_schema=False)
def change(session: Writing, links: Links, study: str, action: str, form: Form) -> RedirectResponse:
    more = str(form.get("seeds") or "")
    if action == "extend" and not (more.isascii() and more.isdigit() and 0 < len(more) < 7 and int(more) > 0):
        raise InvalidStudy(f"seeds {more[:40]!r}", "is not a whole number from 1", "say how many more")
    row = _changed(session, links, study, action, int(more or 0))
    return RedirectResponse(links.study(row.slug), status_code=303)


def _changed(session: Writing, links: Links, study: str, action: str, more: int) -> StudyRow:
    row = open_study(session, links, study)
    if action == "extend":
        return study_queue.extend(session, row, more)
    if action == "resume":
        return study_queue.resume(session, row)
    if action in ("pause", "cancel"):
        return study_queue.pause(session, row, cancel=action == "cancel")
    raise NotFound(f"change {action[:40]!r}", "is unknown", "use pause, cancel, resume or extend")


@router.post(f"{_API}/{{study}}/extend", tags=[_TAG], summary="More seeds", responses=api_errors(403, 404, 422))
def extend(session: Writing, links: Links, study: str, more: MoreSeeds) -> StudyProgress:
    """Add seeds to every cell and let the study run."""
    row = _changed(session, links, study, "extend", more.seeds)
    session.flush()
    return progress_of(session, links, row)


@router.post(f"{_API}/{{study}}/pause", tags=[_TAG], summary="Pause", responses=api_errors(403, 404, 409))
def pause(session: Writing, links: Links, study: str) -> StudyProgress:
    """Take back the chunks that wait; those that run finish. Finished networks are kept."""
    return _told(session, links, _changed(session, links, study, "pause", 0))


@router.post(f"{_API}/{{study}}/cancel", tags=[_TAG], summary="Cancel", responses=api_errors(403, 404, 409))
def cancel(session: Writing, links: Links, study: str) -> StudyProgress:
    """Stop at once; finished networks are kept, and the study can be resumed."""
    return _told(session, links, _changed(session, links, study, "cancel", 0))


@router.post(f"{_API}/{{study}}/resume", tags=[_TAG], summary="Resume", responses=api_errors(403, 404))
def resume(session: Writing, links: Links, study: str) -> StudyProgress:
    """Go on; chunks that failed are tried again."""
    return _told(session, links, _changed(session, links, study, "resume", 0))


def _told(session: Writing, links: Links, row: StudyRow) -> StudyProgress:
    session.flush()
    return progress_of(session, links, row)
