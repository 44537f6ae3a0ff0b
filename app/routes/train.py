"""Training from the browser and over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_V2
from app.error_answers import api_errors
from app.errors import BadQuery
from app.pages.jobs import JobPage
from app.pages.training.options import TrainOptions, TrainRequest, form_options, problems_of_form, request_of
from app.pages.training.page import TrainPage, build_train, start_training
from app.rendering import is_fragment, render
from app.routes.asking import accepted
from app.routes.changes import Writing
from app.routes.depends import Form, Links, Reading

router = APIRouter()
Filled = Annotated[TrainOptions, Query()]


@router.get("/train", response_class=HTMLResponse, include_in_schema=False)
def train_page(request: Request, session: Reading, links: Links, options: Filled) -> HTMLResponse:
    page = build_train(session, links, options)
    # a form that is still being filled in is no wrong request: its part says what is wrong so far
    status = 400 if page.problems and not is_fragment(request) else 200
    return render(request, "pages/train.html", {"page": page}, block="plan", status_code=status)


@router.get(f"{API_V2}/train", tags=["networks"], summary="The training form", responses=api_errors(400, 404))
def train_twin(session: Reading, links: Links, options: Filled) -> TrainPage:
    """The options of training, and what training with them would take, the analyses behind it included.

    Raises:
        BadQuery: options that could not be trained with.
    """
    page = build_train(session, links, options)
    if page.problems:
        raise BadQuery("training options", "; ".join(page.problems), "correct them; the defaults are good")
    return page


@router.post("/train", response_class=HTMLResponse, include_in_schema=False)
def train(request: Request, session: Writing, links: Links, form: Form) -> Response:
    options = form_options(form, [str(name) for name in form.getlist("protocols")])
    if problems_of_form(options):
        page = build_train(session, links, options)
        return render(request, "pages/train.html", {"page": page}, status_code=422)
    job = start_training(session, request_of(options))
    return RedirectResponse(links.job(job.id), status_code=303)


@router.post(
    f"{API_V2}/train",
    tags=["networks"],
    summary="Train networks",
    status_code=202,
    responses=api_errors(403, 422),
)
def train_over_http(session: Writing, links: Links, order: TrainRequest, response: Response) -> JobPage:
    """Train one or many networks in the background; those that converge are stored and analysed.

    The job tells under `learning` how far each network is: its loss by epoch, its outputs, how it ended.
    """
    return accepted(session, links, start_training(session, order), response)
