"""Training from the browser and over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from analysis.errors import AnalysisError
from app.addressing import API_PREFIX
from app.errors import BadQuery, api_errors
from app.pages.jobs import JobPage, build_job
from app.pages.train import (
    TrainOptions,
    TrainPage,
    TrainRequest,
    build_train,
    filled_in_problems,
    form_options,
    problems_of,
    request_from_form,
    start_training,
)
from app.rendering import render
from app.routes.changes import Writing
from app.routes.depends import Form, Links, now

router = APIRouter()
Filled = Annotated[TrainOptions, Query()]


@router.get("/train", response_class=HTMLResponse, include_in_schema=False)
def train_page(request: Request, links: Links, options: Filled) -> HTMLResponse:
    problems = filled_in_problems(options)
    page = build_train(links, options, problems)
    return render(request, "pages/train.html", {"page": page}, status_code=400 if problems else 200)


@router.get(f"{API_PREFIX}/train", tags=["networks"], summary="The training form", responses=api_errors(400))
def train_twin(links: Links, options: Filled) -> TrainPage:
    """The options of training with their defaults, and what may be chosen.

    Raises:
        BadQuery: options that could not be trained with.
    """
    problems = filled_in_problems(options)
    if problems:
        raise BadQuery("training options", "; ".join(problems), "correct them; the defaults are good")
    return build_train(links, options)


@router.post("/train", response_class=HTMLResponse, include_in_schema=False)
def train(request: Request, session: Writing, links: Links, form: Form) -> Response:
    options = form_options(form)
    protocols = [str(name) for name in form.getlist("protocols")]
    try:
        job = start_training(session, request_from_form(options, protocols))
    except AnalysisError as error:
        page = build_train(links, options, problems_of(error), protocols)
        return render(request, "pages/train.html", {"page": page}, status_code=422)
    return RedirectResponse(links.job(job.id), status_code=303)


@router.post(
    f"{API_PREFIX}/train",
    tags=["networks"],
    summary="Train networks",
    status_code=202,
    responses=api_errors(403, 422),
)
def train_over_http(session: Writing, links: Links, order: TrainRequest, response: Response) -> JobPage:
    """Train one or many networks in the background; those that converge are stored and analysed."""
    job = start_training(session, order)
    session.flush()
    response.headers["Location"] = links.twin(links.job(job.id))
    return build_job(session, links, job.id, now())
