"""Studies: the list, one study with its figures and networks, its data, and what changes it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from fastapi import Form as Sent
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from pluriscope.addresses.address import API_V2
from pluriscope.addresses.naming import protocol_key
from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.computing import room
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.error_answers import api_errors
from pluriscope.app.jobs import deletion
from pluriscope.app.limits import undo_days_in
from pluriscope.app.rendering import show
from pluriscope.app.routes.changes import Changer, Writing
from pluriscope.app.routes.depends import Form, Links, ListOptions, NoOptions, Reading
from pluriscope.app.routes.faces import HTML, Faces, both, passed_on
from pluriscope.app.routes.streaming import Streamed
from pluriscope.views.records import RowsRecord, rows_record
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.jobs import queue as study_queue
from pluriscope_studies.pages.form import (
    NewStudyOptions,
    StudyOrder,
    new_study,
    sent_design,
    sent_values,
    study_form,
    study_ready,
)
from pluriscope_studies.pages.listing import StudiesRecord, study_lines
from pluriscope_studies.pages.outcomes import (
    MEDIA,
    DataForm,
    OfStudyOptions,
    outcome_blocks,
    outcomes_table,
    write_data,
)
from pluriscope_studies.pages.page import MoreSeeds, StudyOptions, StudyRecord, build_study
from pluriscope_studies.pages.study import StudyProgress, find_study_of, open_study, progress_of
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import design_of, open_network, outcome_of_network, study_of_design

router = APIRouter()
_API: Final = f"{API_V2}/studies"
_TAGS: Final[dict[str, Any]] = {"tags": ["studies"]}
_AT_ONCE: Final = 1 << 20  # bytes
NETWORK: Final = "/studies/{study}/networks/{digest}"


# --- the list, and a new one


@router.get(_API, summary="All studies", **_TAGS)
def studies(session: Reading, links: Links, _options: NoOptions) -> StudiesRecord:
    """Studies with their question, their answer and how far each is."""
    return StudiesRecord(items=study_lines(session, links))


@router.get("/studies/new", **HTML)
def new_page(
    request: Request, session: Reading, links: Links, options: Annotated[NewStudyOptions, Query()]
) -> HTMLResponse:
    return show(request, new_study(session, links, options), room="Findings")


@router.post("/studies/new", dependencies=[Changer], response_class=HTMLResponse, include_in_schema=False)
def sent_study(request: Request, form: Form, session: Reading, links: Links) -> Response:
    """Shows what a study would train; starts it once that was seen."""
    values = sent_values(form)
    try:
        if form.get("design"):
            design = sent_design({"file": str(form["design"])})
            with request.app.state.store.write() as writing:
                return RedirectResponse(links.url("studies", study_queue.start(writing, design).slug), status_code=303)
        design = sent_design(values)
    except AnalysisError as error:
        return show(request, study_form(links, values, error), room="Findings", status_code=422)
    return show(request, study_ready(links, design, study_of_design(session, design)), room="Findings")


@router.get(f"{_API}/schema", summary="JSON schema of study files", responses=api_errors(400), **_TAGS)
def schema() -> dict[str, Any]:
    """JSON schema of study files."""
    return StudyDesign.model_json_schema()


@router.post(
    _API, summary="Start a study", status_code=202, responses=api_errors(403, 409, 422), dependencies=[Changer], **_TAGS
)
def start(request: Request, links: Links, order: StudyOrder, response: Response) -> StudyProgress:
    """Let a study run in the background; one that is stored is resumed, and extended if the file has more seeds."""
    design = design_from_mapping(order.design)
    with request.app.state.store.write() as session:
        row = study_queue.start(session, design)
        session.flush()
        response.headers["Location"] = links.twin(links.url("studies", row.slug))
        return progress_of(session, row)


# --- one study


@both(router, "/studies/{study}", "studies", "One study", StudyRecord)
def one_study(session: Reading, links: Links, study: str, options: Annotated[StudyOptions, Query()]) -> Faces:
    """Question, design, progress, the numbers of every measure by groups, tests, and published values."""
    found = build_study(session, links, study, options)
    return Faces(lambda request: passed_on(request, session, links, found), found.record)


@both(router, "/studies/{study}/outcomes", "studies", "Its networks", RowsRecord)
def outcomes(session: Reading, links: Links, study: str, options: ListOptions) -> Faces:
    """A row for each network and output under one protocol, failed ones too, in the order of cells and seeds or of any
    column. Every measure is a column and an option, such as `circuits-valid_min`.
    """
    found = find_study_of(session, links, study)
    table = outcomes_table(found, options)

    def record() -> RowsRecord:
        rows = table.listing.select(table.query)
        return rows_record(rows, table.query, lambda start: links.twin(table.page_at(start)))

    return Faces(lambda request: show(request, outcome_blocks(found, table), room="Findings"), record)


@router.get(f"{_API}/{{study}}/design", summary="The study file", responses=api_errors(404), **_TAGS)
def design(session: Reading, links: Links, study: str) -> JSONResponse:
    """The design as a file that `pluriscope study run` takes."""
    row = open_study(session, links, study)
    name = {"content-disposition": f'attachment; filename="{row.slug}.json"'}
    return JSONResponse(row.design, headers=name)


@router.get(
    f"{_API}/{{study}}/data.{{form}}",
    summary="All outcomes as a file",
    responses=api_errors(400, 404),
    response_class=Response,
    **_TAGS,
)
def data(request: Request, session: Reading, links: Links, study: str, form: DataForm, _options: NoOptions) -> Response:
    """Stream one row for each network, protocol and output; a failed network has one as well.

    Parquet is the table itself, with weights, which another store takes in.
    """
    row = open_study(session, links, study)
    name = {"content-disposition": f'attachment; filename="{row.slug}.{form}"'}

    def parts() -> Generator[bytes, None, None]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"data.{form}"
            with request.app.state.store.read() as own:  # the request's is over when the answer begins
                write_data(own, own.get_one(StudyRow, row.id), form, path)
            with path.open("rb") as file:
                while some := file.read(_AT_ONCE):
                    yield some

    with room("this file"):
        return Streamed(parts(), media_type=MEDIA[form], headers=name)


@router.get(NETWORK, include_in_schema=False)
@router.get(f"{API_V2}{NETWORK}", include_in_schema=False)
def network_of_study(
    request: Request,
    session: Reading,
    links: Links,
    study: str,
    digest: str,
    options: Annotated[OfStudyOptions, Query()],
) -> RedirectResponse:
    """Redirect to a network of a study if it is stored, else to its rows, where it can be."""
    row, network = open_study(session, links, study), network_by_digest(session, digest)
    if network is not None:
        page = links.network(network.slug, options.of(network))
    else:
        outcome_of_network(session, row, digest)
        known = {protocol_key(one): one.name for one in design_of(row).protocols}  # rows name it as addresses do
        page = links.url(
            "studies", row.slug, "outcomes", network=digest, protocol=known.get(options.protocol, options.protocol)
        )
    return _led_to(links.twin(page) if request.url.path.startswith(links.twin(links.url("studies"))) else page)


@router.post(NETWORK, include_in_schema=False)
def store_network_of_study(
    session: Writing, links: Links, study: str, digest: str, options: Annotated[OfStudyOptions, Query()]
) -> RedirectResponse:
    """Store a network of a study, unless it is stored already, and lead to its page."""
    network = open_network(session, open_study(session, links, study), digest)
    return _led_to(links.network(network.slug, options.of(network)))


def _led_to(page: str) -> RedirectResponse:
    return RedirectResponse(page, status_code=303, headers={"x-robots-tag": "noindex, nofollow"})


# --- what changes one: sent by the buttons and forms of its pages, or by a script with a token


@router.post("/studies/{study}/delete", include_in_schema=False)
def delete(request: Request, session: Writing, links: Links, study: str, later: BackgroundTasks) -> RedirectResponse:
    """Deletes a study with its outcomes and cancels its work; on to its address, which offers to undo it."""
    row = open_study(session, links, study, deleted=True)
    deletion.delete(session, row)
    later.add_task(deletion.purge_deleted, request.app.state.store, undo_days_in(session))
    return RedirectResponse(links.url("studies", row.slug), status_code=303)


@router.post("/studies/{study}/extend", include_in_schema=False)
def extend(session: Writing, links: Links, study: str, more: Annotated[MoreSeeds, Sent()]) -> RedirectResponse:
    """Adds seeds to every cell and lets the study run."""
    row = study_queue.extend(session, open_study(session, links, study), more.seeds)
    return RedirectResponse(links.url("studies", row.slug), status_code=303)


@router.post("/studies/{study}/{action}", include_in_schema=False)
def change(
    session: Writing, links: Links, study: str, action: Literal["pause", "cancel", "resume", "restore"]
) -> RedirectResponse:
    """Pause: take back the chunks that wait. Cancel: stop at once. Resume: go on. Finished networks are kept. Restore:
    bring a deleted study back, which goes on if it was running.
    """
    row = open_study(session, links, study, deleted=action == "restore")
    if action == "restore":
        study_queue.restore(session, row)
    elif action == "resume":
        study_queue.resume(session, row)
    else:
        study_queue.pause(session, row, cancel=action == "cancel")
    return RedirectResponse(links.url("studies", row.slug), status_code=303)
