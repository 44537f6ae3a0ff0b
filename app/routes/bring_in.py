"""A network of one's own: the form for a file, its preview and confirmation; training one; both over HTTP.

The preview keeps nothing: it sends the network back with the form, and whatever comes with the confirmation is read
and checked from the beginning (docs/decisions/0012-networks-of-others.md).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field, ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from pluriscope.addresses.address import API_V2, Addresses
from pluriscope.addresses.naming import Scope, protocol_key
from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT, SMALLER, TOO_LARGE, NetworkFile
from pluriscope.analysis.network_files.formats.onnx_file import is_onnx
from pluriscope.analysis.network_files.intake import Intake, take_in
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.subjects.question import GraphQuestion, QuestionProtocol
from pluriscope.analysis.subjects.registry import kind_of_file, read_subject
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions
from pluriscope.app.db.errors import StoreError
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import clean_key, find_protocol, network_by_digest
from pluriscope.app.db.reads.networks import known_as
from pluriscope.app.db.records import save_data_record
from pluriscope.app.db.remote import refused_pickle, remote_kind_of_file
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import network_row, save_network
from pluriscope.app.error_answers import api_errors
from pluriscope.app.errors import BadQuery, TooLarge
from pluriscope.app.jobs import queue
from pluriscope.app.options import PageModel
from pluriscope.app.pages.bring_in.form import Asked, Declared, DeclaredOptions, network_form, refused
from pluriscope.app.pages.bring_in.preview import (
    CARRIED,
    nothing_learned,
    preview_blocks,
    preview_of,
    remote_preview,
    transformer_preview,
)
from pluriscope.app.pages.bring_in.questions import FIELDS, answered, that_apply
from pluriscope.app.pages.jobs import JobPage
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.training import transformers
from pluriscope.app.pages.training.form import TrainFields, TrainRequest, read_training, start_training, training_page
from pluriscope.app.rendering import is_fragment, show
from pluriscope.app.routes.asking import accepted
from pluriscope.app.routes.changes import Changer, Writing
from pluriscope.app.routes.depends import Links, ListOptions, Reading
from pluriscope.app.routes.faces import HTML
from pluriscope.library.onnx_runs import read_file
from pluriscope.page_kit.blocks import Block, errors_of

router = APIRouter()
_ROOM: Final = "Your network"
NETWORK_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "description": f"A network file, {NETWORK_FORMAT}."}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""Of the description of routes that take a network as their body."""

_MAX_FIELDS: Final = 40
_ONE_NETWORK: Final = "give one network, with its .data file alone beside it, or its text alone"
Wanted = Annotated[DeclaredOptions, Query()]


class ImportedNetwork(PageModel):
    """A network that was imported."""

    url: str = Field(description="Its page.")
    api_url: str = Field(description="Its page's twin.")
    slug: str
    digest: str
    created: bool = Field(description="False if the same network was stored already.")
    known_as: list[str] = Field(
        [], description="Other names that the same weights go by here; the name given leads to them, too."
    )
    data: str = Field("", description="Digest of the data record that its encoding gives; empty for the default.")
    remarks: list[str] = Field([], description="What its file does not say and how it was taken, in sentences.")
    jobs: list[str] = Field([], description="Its analyses that were asked for, as addresses of jobs.")


@dataclass(frozen=True)
class Sent:
    """Content of a submitted form.

    Args:
        others: by name what was sent with it, in which an ONNX file may keep its data.
        asked: the names of those in which it does, as they are read.
        name: what it is called; "" of a pasted text.
        file: the name of the file.
        text: what was pasted, to be mended.
        declared: the other fields.
        fields: every field with all its texts, of a form for training.
    """

    raw: bytes
    others: dict[str, bytes]
    asked: set[str]
    name: str
    file: str
    text: str
    declared: dict[str, Any]
    fields: dict[str, list[str]]

    def beside(self, name: str) -> bytes:
        """Content of another file that was sent with the form."""
        if name not in self.others:
            cure = "choose both files, or save the model whole: torch.onnx.export(…, external_data=False)"
            raise InvalidNetwork(f"data file {name!r}", "was not sent with the model that keeps its data in it", cure)
        self.asked.add(name)
        return self.others[name]


def _too_large(request: Request, error: HTTPException) -> HTTPException | TooLarge:
    """Error for a body that was too large to be read to its end; other errors are passed on."""
    if error.status_code != 413:
        return error
    form = request.app.state.addresses.bring_in()
    return TooLarge("network file", TOO_LARGE, SMALLER, parent=form, parent_label="the form")


async def network_body(request: Request) -> bytes:
    """A network as the request's body."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        cure = "send the file itself: curl --data-binary @FILE"
        raise InvalidNetwork("request body", "is a form with fields, where a file is read", cure)
    try:
        return await request.body()
    except HTTPException as error:
        raise _too_large(request, error) from None


NetworkBody = Annotated[bytes, Depends(network_body)]


async def sent_network(request: Request) -> AsyncIterator[Sent]:
    """A form: the file uploaded, an ONNX file with its data, else pasted, else the one that a preview carries."""
    read = request.form(max_files=8, max_fields=_MAX_FIELDS, max_part_size=2 * MAX_NETWORK_BYTES)
    try:
        await read
    except HTTPException as error:
        raise _too_large(request, error) from None
    async with request.form() as form:
        uploads = [one for one in form.getlist("file") if isinstance(one, UploadFile) and one.filename]
        name, file, others = str(form.get("fallback") or ""), "", dict[str, bytes]()
        pasted = str(form.get("text") or "")
        content = str(form.get("content") or "")
        raw = (pasted if pasted.strip() else content).encode(errors="surrogatepass")
        text = raw.decode(errors="replace")
        if content.startswith(CARRIED) and not pasted.strip():
            with suppress(ValueError):  # what is no such text is no file either
                raw, text = b64decode(content.removeprefix(CARRIED), validate=True), ""
        for upload in uploads:
            others[PurePosixPath(str(upload.filename).replace("\\", "/")).name] = await upload.read()
        mains = [one for one in others if len(uploads) == 1 or is_onnx(others[one])]
        if len(mains) == 1 and len(others) == len(uploads) and not pasted.strip():
            (file,) = mains
            raw, name = others.pop(file), PurePosixPath(file).stem
        elif others:
            raw = b""
        declared: dict[str, Any] = {key: str(form[key]) for key in Declared.model_fields.keys() & form.keys()}
        ticked = [str(value) for value in form.getlist("protocols") if value]
        fields = {key: [str(value) for value in form.getlist(key)] for key in form}
        declared |= {"protocols": ticked} if "protocols" in form else {}
        yield Sent(raw, others, set(), name, file, text, declared, fields)


SentForm = Annotated[Sent, Depends(sent_network)]


def known_protocols(session: Session, names: list[str]) -> list[Protocol]:
    """Protocols by name or digest.

    Raises:
        NotFound: one is unknown.
    """
    return [find_protocol(session, name) for name in dict.fromkeys(names)]


@router.get("/networks/new", **HTML)
def form_page(request: Request, session: Reading, links: Links, options: ListOptions) -> HTMLResponse:
    """The form for a file, or with ``way`` the one by which networks are trained."""
    if options.get("way") != ["train"]:
        declared = read_options(DeclaredOptions, request.query_params.multi_items())
        return show(request, network_form(links, declared.model_dump(exclude_defaults=True)), room=_ROOM)
    for name in options.keys() - TrainFields.model_fields.keys():
        raise BadQuery(f"option {name[:40]!r}", "is no option of training", "leave it out", "option")
    # a form that is still being filled in is no wrong request: its part says what is wrong so far
    status = 400 if read_training(options)[1] and not is_fragment(request) else 200
    return show(request, training_page(session, links, options), room=_ROOM, status_code=status)


@router.post("/networks/new", dependencies=[Changer], **HTML)
def preview_page(request: Request, sent: SentForm, session: Reading, links: Links) -> Response:
    """Preview of a file, of which nothing is stored; or the start of a training."""
    if sent.fields.get("way") != ["train"]:
        return _answer(request, session, links, sent, store=False)
    order, _ = read_training(sent.fields)
    if order is None:
        blocks = training_page(session, links, sent.fields, refused=True)
        return show(request, blocks, room=_ROOM, url=links.train(), status_code=422)
    with request.app.state.store.write() as writing:
        return RedirectResponse(links.job(start_training(writing, order).id), status_code=303)


_TRAINING: Final[dict[str, Any]] = {"tags": ["networks"], "status_code": 202, "responses": api_errors(403, 422)}


@router.post(f"{API_V2}/train", summary="Train networks", **_TRAINING)
def train_over_http(session: Writing, links: Links, order: TrainRequest, response: Response) -> JobPage:
    """Train one or many networks in the background; those that converge are stored and analysed.

    The job has under `learning` how far each network is: its loss by epoch, its outputs, how it ended.
    """
    return accepted(session, links, start_training(session, order), response)


@router.post(f"{API_V2}/train/transformer", summary="Train a transformer", **_TRAINING)
def train_transformer(session: Writing, links: Links, order: TransformerOptions, response: Response) -> JobPage:
    """Train a transformer in the background; if it converges, it is stored and its circuits are searched.

    The job has its losses so far under `losses_so_far`.
    """
    return accepted(session, links, transformers.start_training(session, order), response)


@router.post("/networks", dependencies=[Changer], **HTML)
def store_from_form(request: Request, sent: SentForm, session: Reading, links: Links) -> Response:
    """The confirmation: stored, its analyses queued, on to its page. What is refused shows the preview again."""
    return _answer(request, session, links, sent, store=True)


def _read(sent: Sent, wanted: Asked) -> tuple[Asked, NetworkFile, dict[str, AnalysisError]]:
    """A file with the answers that apply, and the one that is wrong: it is read without it then.

    Raises:
        AnalysisError: it cannot be read whatever is answered.
    """
    wanted = that_apply(wanted)
    try:
        return wanted, read_file(sent.raw, sent.beside, wanted), {}
    except AnalysisError as problem:
        for field in FIELDS:
            if getattr(wanted, field):
                without = wanted.model_copy(update={field: ""})
                with suppress(AnalysisError):
                    return without, read_file(sent.raw, sent.beside, without), {field: problem}
        raise refused_pickle(sent.raw, problem) from None


def _answer(request: Request, session: Session, links: Addresses, sent: Sent, *, store: bool) -> Response:
    """The preview, the form with what is wrong, or the way to the page of what was stored."""
    errors, why = dict[str, str](), list[Block]()
    remote = remote_kind_of_file(sent.raw)
    model = remote is not None or kind_of_file(sent.raw) is not None
    try:
        wanted = Asked.model_validate(sent.declared)
        if not sent.raw and sent.others:
            cause = "come beside a text" if sent.text else "are several, and not one ONNX model with its data"
            raise InvalidNetwork("files", cause, _ONE_NETWORK)
        if not sent.raw:
            raise InvalidNetwork("file", "was not given", "choose a file, or paste its text")
        if model and store:
            whole = read_whole(sent.raw)
            with request.app.state.store.write() as writing:
                return RedirectResponse(links.network(store_whole(writing, *whole)[0].slug), status_code=303)
        if remote is not None:
            return show(request, remote_preview(session, links, remote, sent.raw), room=_ROOM, url=links.bring_in())
        if model:
            return show(request, transformer_preview(session, links, sent.raw), room=_ROOM, url=links.bring_in())
        wanted, file, wrong = _read(sent, wanted)
        for other in sent.others.keys() - sent.asked:
            raise InvalidNetwork(f"file {other[:60]!r}", "is no data file of the ONNX model beside it", _ONE_NETWORK)
        answers = answered(sent.raw, sent.beside, file, wanted)
        if store:
            wrong = {one.field: one.refusal for one in answers.unanswered if one.refusal} | wrong
        intake = take_in(file, answers.declared, fallback_name=sent.name)
        protocols = known_protocols(session, wanted.protocols)
        page = preview_of(session, intake, protocols, wrong)
    except ValidationError as error:
        errors = errors_of(error)
    except (AnalysisError, StoreError) as error:
        errors, why = {"text" if sent.text else "file": "Refused, as said above."}, [*refused(error, sent.file)]
    else:
        if store and not page.refusals:
            with request.app.state.store.write() as writing:
                row = store_intake(writing, intake)
                queue.enqueue_analyses(writing, row, protocols, data=intake.data, requested=True)
            data = clean_key(row) if intake.data.is_clean else intake.data.digest[:12]
            rules = protocol_key(protocols[0]) if protocols else COMPLETE.name
            return RedirectResponse(links.network(row.slug, Scope(0, rules, data)), status_code=303)
        values = answers.declared.model_dump() | {one.field: "" for one in answers.unanswered}
        values |= {name: sent.declared.get(name, "") for name in wrong}
        blocks = preview_blocks(session, links, page, answers, values | {"protocols": wanted.protocols})
        title, status = f"Preview: {intake.name}", 422 if page.refusals else 200
        return show(request, blocks, title, room=_ROOM, url=links.bring_in(), status_code=status)
    blocks = network_form(links, {**sent.declared, "text": sent.text}, errors=errors, why=why)
    return show(request, blocks, room=_ROOM, url=links.bring_in(), status_code=422)


@router.post(
    f"{API_V2}/networks",
    tags=["networks"],
    summary="Import a network",
    status_code=201,
    responses={
        200: {"model": ImportedNetwork, "description": "It was here already."},
        **api_errors(400, 403, 404, 409, 413, 422),
    },
    dependencies=[Changer],
    openapi_extra=NETWORK_BODY,
)
def bring_in(request: Request, links: Links, raw: NetworkBody, wanted: Wanted, response: Response) -> ImportedNetwork:
    """Store a network: a file of any format that is read, or a transformer's, recognised by its bytes.

    Unless `protocols` names some, nothing is analysed yet: ask for that with POST to its `analyses`. Name, sizes and
    tasks may be missing in a network file: the tasks are then those declared, or what the network answers.
    """
    also, data, remarks, store = list[str](), "", list[str](), request.app.state.store
    if remote_kind_of_file(raw) or kind_of_file(raw) is not None:
        whole = read_whole(raw)
        with store.write() as session:
            row, created, jobs = store_whole(session, *whole)
    else:
        try:
            intake = take_in(read_file(raw, declared=wanted), wanted)
        except AnalysisError as problem:
            raise refused_pickle(raw, problem) from None
        remarks = [*intake.chosen, *intake.draft.remarks]
        with store.write() as session:
            known = network_by_digest(session, intake.network.digest)
            row = store_intake(session, intake)
            created = row is not known
            protocols = known_protocols(session, wanted.protocols)
            jobs = queue.enqueue_analyses(session, row, protocols, data=intake.data, requested=True)
            remarks += [] if protocols else ["Nobody asked for its analysis: add protocols=complete."]
            remarks += (
                [". ".join(words) for words in nothing_learned(intake)]
                if not (intake.draft.tasks or wanted.tasks)
                else []
            )
            also, data = known_as(session, row, intake.name), "" if intake.data.is_clean else intake.data.digest
    url = links.network(row.slug, Scope(data=data[:12]))
    response.headers["Location"] = url
    response.status_code = 201 if created else 200
    return ImportedNetwork(
        url=url,
        api_url=links.twin(url),
        slug=row.slug,
        digest=row.digest,
        created=created,
        known_as=also,
        data=data,
        remarks=remarks,
        jobs=[links.twin(links.job(job.id)) for job in jobs],
    )


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


def read_whole(raw: bytes) -> tuple[NetworkRow, list[QuestionProtocol]]:
    """A network whose file says all of it, in no session yet, and the rules under which its circuits are searched: none
    where there are too many.

    Raises:
        AnalysisError: it cannot be read.
    """
    if remote := remote_kind_of_file(raw):
        return remote.row(raw), []
    kind, subject = read_subject(raw)
    question = GraphQuestion(kind, subject, kind.default_rules)
    return network_row(raw, "", "uploaded"), [] if question.obstacle else [question.protocol]


def store_whole(
    session: Session, fresh: NetworkRow, protocols: list[QuestionProtocol]
) -> tuple[NetworkRow, bool, list[JobRow]]:
    """Store what :func:`read_whole` has read, and ask for its circuits.

    Returns:
        Its row, whether it is new, and the jobs.

    Raises:
        Conflict: it is stored already for another task.
    """
    created = network_by_digest(session, fresh.digest) is None
    row = save_network(session, fresh)
    return row, created, queue.enqueue_analyses(session, row, protocols, requested=True)
