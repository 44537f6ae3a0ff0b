"""Training from the browser and over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_V2
from app.error_answers import api_errors
from app.errors import BadQuery
from app.pages.jobs import JobPage
from app.pages.training.form import (
    TrainFields,
    TrainRequest,
    read_training,
    start_training,
    training_page,
)
from app.rendering import is_fragment, show
from app.routes.asking import accepted
from app.routes.changes import Writing
from app.routes.depends import Form, Links, ListOptions, Reading

router = APIRouter()
_ROOM = "Your network"


@router.get("/train", response_class=HTMLResponse, include_in_schema=False)
def train_page(request: Request, session: Reading, links: Links, options: ListOptions) -> HTMLResponse:
    # a form that is still being filled in is no wrong request: its part says what is wrong so far
    status = 400 if _read(options)[1] and not is_fragment(request) else 200
    return show(request, training_page(session, links, options), room=_ROOM, status_code=status)


@router.post("/train", response_class=HTMLResponse, include_in_schema=False)
def train(request: Request, session: Writing, links: Links, form: Form) -> Response:
    sent = {name: [str(value) for value in form.getlist(name)] for name in form}
    order, _ = read_training(sent)
    if order is None:
        blocks = training_page(session, links, sent, refused=True)
        return show(request, blocks, room=_ROOM, url=links.train(), status_code=422)
    return RedirectResponse(links.job(start_training(session, order).id), status_code=303)


@router.post(
    f"{API_V2}/train", tags=["networks"], summary="Train networks", status_code=202, responses=api_errors(403, 422)
)
def train_over_http(session: Writing, links: Links, order: TrainRequest, response: Response) -> JobPage:
    """Train one or many networks in the background; those that converge are stored and analysed.

    The job tells under `learning` how far each network is: its loss by epoch, its outputs, how it ended.
    """
    return accepted(session, links, start_training(session, order), response)


def _read(options: ListOptions) -> tuple[TrainRequest | None, dict[str, str]]:
    """The options of an address, and what is wrong with them.

    Raises:
        BadQuery: options that the form does not have.
    """
    for name in options.keys() - TrainFields.model_fields.keys():
        raise BadQuery(f"option {name[:40]!r}", "is no option of training", "leave it out", "option")
    return read_training(options)
