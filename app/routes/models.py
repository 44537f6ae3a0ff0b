"""Models of other kinds than the networks: imported, listed, searched for circuits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import API_PREFIX, API_V2, Addresses
from app.db.job_tables import JobRow
from app.db.model_tables import ModelRow
from app.db.models import save_model
from app.error_answers import api_errors
from app.errors import Conflict
from app.jobs import queue
from app.options import PageModel
from app.pages.jobs import JobPage
from app.pages.models.circuit import ModelCircuitOptions, build_model_circuit
from app.pages.models.circuits import blocks, model_list, record, table
from app.pages.models.models import build_model, build_models
from app.pages.models.sandbox import (
    ModelSandboxPageOptions,
    build_model_sandbox,
    drawn_patterns,
    has_all_links,
    sandbox_drawing,
    sites_by_kind,
)
from app.pages.models.views import locate_model, mask_meant, open_model, too_large
from app.rendering import is_fragment, render, show
from app.routes.asking import RulesOrder, accepted
from app.routes.bring_in import Sent, SentForm
from app.routes.changes import RawBody, Writing
from app.routes.computing import room
from app.routes.depends import Form, Links, ListOptions, Reading, options_of
from app.routes.page import Page, add_page, add_twin
from pluriscope.old_options import translated
from pluriscope.records import ListRecord

router = APIRouter()
ALL = "/models"
ONE = ALL + "/{model}"
CIRCUITS = ONE + "/circuits"
CIRCUIT = CIRCUITS + "/{mask}"
MODEL_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "description": "A model file."}}},
    }
}
OneOptions = Annotated[ModelCircuitOptions, Query()]


class ImportedModel(PageModel):
    """A model that was imported."""

    url: str = Field(description="Its page.")
    api_url: str = Field(description="Its page's twin.")
    slug: str
    digest: str
    created: bool = Field(description="False if the same model was stored already.")
    job: str = Field(description="The search for its circuits under the usual rules; empty where it is too large.")


add_page(
    router,
    Page(
        ALL,
        build_models,
        "models",
        "models",
        "All models",
        "Every stored model of another kind than the networks.",
        (400,),
    ),
    Page(
        ONE,
        build_model,
        "model",
        "models",
        "One model",
        "A model, by its slug or the first digits of its digest: its graph, its task, and what was searched.",
    ),
)
SANDBOX = Page(
    ONE + "/sandbox",
    build_model_sandbox,
    "model_sandbox",
    "models",
    "The sandbox of a model",
    """
    One row of a model's task while nodes, single positions of what they give, or edges are changed by hand: what each
    node gives, where it looks and what the model returns, before and after.
    """,
    errors=(400, 404, 409, 422),
    within="this run",
)
add_twin(router, SANDBOX)
ONE_CIRCUIT = Page(
    CIRCUIT,
    build_model_circuit,
    "model_circuit",
    "models",
    "One circuit of a model",
    "The circuit that a mask means, valid or not, computed from the weights.",
    errors=(400, 404, 422),
    within="this circuit",
)
add_twin(router, ONE_CIRCUIT)


@router.post(
    API_PREFIX + ALL,
    tags=["models"],
    summary="Import a model",
    status_code=201,
    responses={
        200: {"model": ImportedModel, "description": "It was here already."},
        **api_errors(400, 403, 413, 422),
    },
    openapi_extra=MODEL_BODY,
)
def bring_in(session: Writing, links: Links, raw: RawBody, response: Response) -> ImportedModel:
    """Store a model file and ask for its circuits under the usual rules."""
    row, created, job = store_model(session, links, raw)
    url = links.model(row.slug)
    response.headers["Location"] = url
    response.status_code = 201 if created else 200
    return ImportedModel(
        url=url,
        api_url=links.twin(url),
        slug=row.slug,
        digest=row.digest,
        created=created,
        job="" if job is None else links.twin(links.job(job.id)),
    )


@router.post(ALL, include_in_schema=False)
def bring_in_from_page(session: Writing, links: Links, _form: SentForm, sent: Sent) -> RedirectResponse:
    row, _, _ = store_model(session, links, b"" if sent is None else sent.raw)
    return RedirectResponse(links.model(row.slug), status_code=303)


def store_model(session: Session, links: Addresses, raw: bytes) -> tuple[ModelRow, bool, JobRow | None]:
    """Store a model and ask for its circuits; whether it is new, and no job where the search would be too large."""
    row, created = save_model(session, raw)
    place = locate_model(session, links, row.slug, "")
    if too_large(place.model, place.space):
        return row, created, None
    return row, created, queue.enqueue_of_model(session, "model-circuits", row, "", asked=True)


@router.get(
    f"{API_PREFIX}{ONE}/file",
    tags=["models"],
    summary="The file of a model",
    response_class=Response,
    responses={**api_errors(404), 200: {"content": {"application/json": {}}}},
)
def model_file(session: Reading, links: Links, model: str) -> Response:
    """The file as it was imported."""
    row, _, _ = open_model(session, links, model)
    headers = {"Content-Disposition": f'attachment; filename="{row.slug}.json"'}
    return Response(row.document, media_type="application/json", headers=headers)


@router.post(
    f"{API_PREFIX}{ONE}/searches",
    tags=["models"],
    summary="Ask for a model's circuits",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def search(session: Writing, links: Links, model: str, order: RulesOrder, response: Response) -> JobPage:
    """Search every valid circuit under some rules in the background. Asking twice is asking once."""
    return accepted(session, links, _asked(session, links, model, order), response)


@router.post(f"{ONE}/searches", include_in_schema=False)
def search_from_page(session: Writing, links: Links, model: str, form: Form) -> RedirectResponse:
    order = RulesOrder.model_validate(dict(form.items()))
    return RedirectResponse(links.job(_asked(session, links, model, order).id), status_code=303)


def _asked(session: Session, links: Addresses, model: str, order: RulesOrder) -> JobRow:
    place = locate_model(session, links, model, order.rules)
    refusal = too_large(place.model, place.space)
    if refusal:
        raise Conflict(
            f"circuits of {place.row.slug}", refusal, "use coarser rules", "rules", links.model(place.row.slug)
        )
    return queue.enqueue_of_model(session, "model-circuits", place.row, place.text, asked=True, again=True)


@router.get(CIRCUITS, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def circuits_page(request: Request, session: Reading, links: Links, model: str, options: ListOptions) -> Response:
    """The list of a model's circuits; a link from earlier leads to the same list as it is written now."""
    found = model_list(session, links, model, options)
    if translated(found.options) != found.options:
        return RedirectResponse(found.url(found.query), 301)
    place = found.place
    url = found.url(found.query)
    name = f"Circuits of {place.row.name}"
    return show(request, blocks(found), name, room="Explore", json_url=links.twin(url))


@router.get(
    API_V2 + CIRCUITS,
    tags=["models"],
    summary="Circuits of a model",
    response_model=ListRecord,
    responses=api_errors(400, 404),
)
def circuits_record(request: Request, session: Reading, links: Links, model: str) -> Any:
    """The valid circuits of a model under one set of rules, filtered and sorted, with exact counts of every facet."""
    return JSONResponse(record(model_list(session, links, model, options_of(request))).model_dump(mode="json"))


@router.get(
    CIRCUITS + ".csv",
    tags=["models"],
    summary="Circuits of a model as CSV",
    response_class=Response,
    responses={**api_errors(400, 404, 409), 200: {"content": {"text/csv": {}}}},
)
def circuits_csv(session: Reading, request: Request, links: Links, model: str) -> Response:
    """All of the list as CSV."""
    text = "".join(table(model_list(session, links, model, options_of(request))).csv())
    headers = {"Content-Disposition": f'attachment; filename="{model}-circuits.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get(ONE + "/sandbox", response_class=HTMLResponse, response_model=None, include_in_schema=False)
def sandbox_page(
    request: Request, session: Reading, links: Links, model: str, options: Annotated[ModelSandboxPageOptions, Query()]
) -> Response:
    with room(SANDBOX.within):
        page = build_model_sandbox(session, links, model, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) else {}
    context = {
        "page": page,
        "drawing": sandbox_drawing(page),
        "all_links": has_all_links(page),
        "patterns": drawn_patterns(page),
        "sites": sites_by_kind(page),
    }
    return render(request, "pages/model_sandbox.html", context, block="sandbox", headers=headers)


@router.get(CIRCUIT, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def circuit_page(
    request: Request, session: Reading, links: Links, model: str, mask: str, options: OneOptions
) -> HTMLResponse | RedirectResponse:
    with room(ONE_CIRCUIT.within):
        place = locate_model(session, links, model, options.rules)
        meant = mask_meant(place, mask, links)
        if meant != mask:  # edges that carry nothing are left out
            url = links.circuit(place.slug, meant, place.scope, row=options.row)
            return RedirectResponse(url, status_code=301)
        page = build_model_circuit(session, links, model, mask, options)
    return render(request, "pages/model_circuit.html", {"page": page})
