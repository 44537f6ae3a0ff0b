"""Bringing in a network of one's own: form, preview, confirmation; and the published schema.

The preview keeps nothing: it sends the network back with the form, and whatever comes with the confirmation is read
and checked from the beginning (docs/decisions/0012-networks-of-others.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from analysis.errors import AnalysisError, InvalidNetwork
from analysis.models.registry import kind_of_file
from analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT
from analysis.network_files.formats.draft import Format
from analysis.network_files.formats.reading import format_of
from analysis.network_files.formats.schema import network_file_schema
from analysis.network_files.intake import Intake
from analysis.protocol import Protocol
from app.addressing import API_V2, Addresses
from app.db.errors import StoreError
from app.db.job_tables import JobRow
from app.db.model_tables import ModelRow
from app.db.models import save_model
from app.db.reads.analyses import find_protocol
from app.db.records import save_data_record, save_protocol
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.error_answers import api_errors
from app.jobs import queue
from app.jobs.definitions import analyse_arguments
from app.pages.bring_in.checking import problems_of
from app.pages.bring_in.declaration import CONTENT_TYPES, BringInOptions, BringInRequest, declared_in, taken_in
from app.pages.bring_in.form import BringInPage, build_form
from app.pages.bring_in.preview import PreviewPage, build_preview
from app.pages.place import place_of_model
from app.rendering import render
from app.routes.changes import Changer, RawBody, Writing
from app.routes.depends import Links, Reading
from pluriscope.naming import Scope, protocol_key

router = APIRouter()
NETWORK_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {
                "schema": {"type": "object", "description": f"A network file, {NETWORK_FORMAT}."}
                if kind == "application/json"
                else {"type": "string", "format": "binary"}
            }
            for kind in (*CONTENT_TYPES, "application/octet-stream")
        },
    }
}
"""Of the description of routes that take a network as their body."""

_MAX_FIELDS: Final = 40
Declared = Annotated[BringInOptions, Query()]
Requested = Annotated[BringInRequest, Query()]


async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """The fields of a sent form, among them one file; as large as a network file may be, and not larger."""
    async with request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=MAX_NETWORK_BYTES + 1) as form:
        yield form  # closed behind the request: large uploads are files until then


SentForm = Annotated[FormData, Depends(sent_form)]


class SentFile:
    """What a form brought: the bytes, what they are called, and the text where it was pasted."""

    def __init__(self, raw: bytes, name: str, pasted: str) -> None:
        self.raw, self.name, self.pasted = raw, name, pasted


async def sent_file(form: SentForm) -> SentFile | None:
    """The file of a form: uploaded, else pasted, else the one that a preview carries; None if there is none."""
    upload = form.get("file")
    if isinstance(upload, UploadFile) and upload.filename:
        stem = PurePosixPath(upload.filename.replace("\\", "/")).stem
        return SentFile(await upload.read(), stem, "")
    pasted = str(form.get("text") or "")
    if pasted.strip():
        return SentFile(pasted.encode(errors="surrogatepass"), "", pasted)
    carried = str(form.get("content") or "")
    return SentFile(carried.encode(errors="surrogatepass"), "", "") if carried else None


Sent = Annotated[SentFile | None, Depends(sent_file)]


def known_protocols(session: Session, names: list[str]) -> list[Protocol]:
    """Protocols by name or digest, `complete` if none is named.

    Raises:
        NotFound: one is unknown.
    """
    return [find_protocol(session, name) for name in dict.fromkeys(names or ["complete"])]


@router.get("/networks/new", response_class=HTMLResponse, include_in_schema=False)
def form_page(request: Request, links: Links, options: Declared) -> HTMLResponse:
    return render(request, "pages/bring_in.html", {"page": build_form(links, options)})


@router.get(f"{API_V2}/networks/new", tags=["networks"], summary="How to import a network", responses=api_errors(400))
def form_twin(links: Links, options: Declared) -> BringInPage:
    """What may be imported, in which formats, and what may be declared beside it."""
    return build_form(links, options)


@router.post("/networks/new", response_model=None, include_in_schema=False, dependencies=[Changer])
def preview_from_form(request: Request, session: Reading, links: Links, form: SentForm, sent: Sent) -> Response:
    """What would come of it; nothing is stored but a transformer, whose file says all."""
    if sent is None or kind_of_file(sent.raw) is None:
        return _previewed(request, session, links, form, sent)
    try:
        with request.app.state.store.write() as writing:
            row, _, _ = store_model(writing, links, sent.raw)
            return RedirectResponse(links.network(row.slug), status_code=303)
    except AnalysisError as error:
        page = build_form(links, BringInOptions(), protocols=_ticked(form), problems=[error], pasted=sent.pasted)
        return render(request, "pages/bring_in.html", {"page": page}, status_code=422)


@router.post(
    f"{API_V2}/networks/preview",
    tags=["networks"],
    summary="What bringing in a network would give",
    dependencies=[Changer],
    responses=api_errors(400, 403, 404, 413, 422),
    openapi_extra=NETWORK_BODY,
)
def preview(request: Request, session: Reading, links: Links, raw: RawBody, wanted: Requested) -> PreviewPage:
    """Read a network of any accepted format and tell what storing and analysing it would give; nothing is stored.

    What is wrong with the declarations stands in `refusals`; a file that cannot be read is an error.
    """
    intake = taken_in(raw, wanted, declared=format_sent(request, raw))
    return build_preview(session, links, intake, _options(wanted), known_protocols(session, wanted.protocols))


@router.post("/networks", response_class=HTMLResponse, include_in_schema=False)
def store_from_form(request: Request, session: Writing, links: Links, form: SentForm, sent: Sent) -> Response:
    """The confirmation: stored, its analyses queued, on to its page. What is refused shows the preview again."""
    try:
        options = declared_in(form)
        intake = _read(sent, options, str(form.get("fallback") or ""))
        protocols = known_protocols(session, _ticked(form))
        page = build_preview(session, links, intake, options, protocols)
        if page.refusals:
            return render(request, "pages/bring_in_preview.html", {"page": page, "json_url": ""}, status_code=422)
        row = store_intake(session, intake)
    except (AnalysisError, StoreError):
        return _previewed(request, session, links, form, sent)
    ask_for_analyses(session, row, intake, protocols)
    data = intake.data
    scope = Scope(0, protocol_key(protocols[0]), "" if data.is_clean else data.digest[:12])
    return RedirectResponse(links.network(row.slug, scope), status_code=303)


class SchemaResponse(JSONResponse):
    """A JSON schema."""

    media_type = "application/schema+json"


@router.get(
    f"{API_V2}/schemas/network-file",
    tags=["networks"],
    summary="JSON schema of network files",
    response_class=SchemaResponse,
)
def schema() -> SchemaResponse:
    """JSON Schema 2020-12 of `pluriscope-network/1`."""
    return SchemaResponse(network_file_schema())


def format_sent(request: Request, raw: bytes) -> Format:
    """Which format a body is in: as its content type says, else as its bytes do.

    Raises:
        InvalidNetwork: a format that is never read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return CONTENT_TYPES.get(kind) or format_of(raw)


def store_intake(session: Session, intake: Intake) -> NetworkRow:
    """Store a network that was imported, and the data record that follows from its encoding.

    Raises:
        AnalysisError: what was declared is wrong.
        Conflict: it is stored already for other tasks.
    """
    file = intake.file()
    row = save_network(session, file, slug=file.slug, origin="uploaded")
    data = intake.data
    if not data.is_clean:
        save_data_record(session, data)
        row.input_data = data.digest
    return row


def store_model(session: Session, links: Addresses, raw: bytes) -> tuple[ModelRow, bool, JobRow | None]:
    """Store a transformer and ask for its circuits; whether it is new, and no job where the search would be too large.

    Raises:
        AnalysisError: it cannot be read.
    """
    row, created = save_model(session, raw)
    if place_of_model(links, row, Scope()).too_large:
        return row, created, None
    return row, created, queue.enqueue_of_model(session, "model-circuits", row, "", asked=True)


def ask_for_analyses(session: Session, row: NetworkRow, intake: Intake, protocols: list[Protocol]) -> list[JobRow]:
    """Queue every output under every protocol on the network's own rows; somebody waits for them."""
    jobs = []
    for output in range(row.sizes[-1]):
        for protocol in protocols:
            known_as = save_protocol(session, protocol).name
            which = f", output {output}" if row.sizes[-1] > 1 else ""
            arguments = analyse_arguments(row.digest, output, protocol, intake.data)
            title = f"{row.name}{which}: {known_as}"
            jobs.append(queue.enqueue(session, "analyse", arguments, title, asked=True, again=True))
    return jobs


def _previewed(
    request: Request, session: Session, links: Addresses, form: FormData, sent: SentFile | None
) -> HTMLResponse:
    """The preview, or the form with what is wrong."""
    options, ticked = BringInOptions(), _ticked(form)
    try:
        options = declared_in(form)
        intake = _read(sent, options, str(form.get("fallback") or ""))
        page: Any = build_preview(session, links, intake, options, known_protocols(session, ticked))
    except (AnalysisError, StoreError) as error:
        pasted = "" if sent is None else sent.pasted
        found = [] if sent is None else problems_of(sent.raw)
        page = build_form(links, options, protocols=ticked, problems=[error], pasted=pasted, found=found)
        return render(request, "pages/bring_in.html", {"page": page}, status_code=422)
    return render(
        request, "pages/bring_in_preview.html", {"page": page, "json_url": ""}, status_code=200 if page.ready else 422
    )


def _read(sent: SentFile | None, options: BringInOptions, fallback: str) -> Intake:
    if sent is None:
        raise InvalidNetwork("file", "was not given", "choose a file, or paste its text")
    return taken_in(sent.raw, options, fallback_name=sent.name or fallback)


def _ticked(form: FormData) -> list[str]:
    return [str(name) for name in form.getlist("protocols")][:8] or ["complete"]


def _options(wanted: BringInRequest) -> BringInOptions:
    return BringInOptions().model_copy(update=wanted.model_dump(include=set(BringInOptions.model_fields)))
