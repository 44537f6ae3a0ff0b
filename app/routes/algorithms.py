"""Candidate algorithms and where they are placed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.algorithm import AlgorithmOptions, AlgorithmPage, build_algorithm
from app.pages.algorithms import AlgorithmsOptions, AlgorithmsPage, build_algorithms
from app.pages.alignment import AlignmentOptions, AlignmentPage, alignment_address, build_alignment
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
LIST = "/networks/{network}/algorithms"
ONE = LIST + "/{algorithm}"
ALIGNMENT = ONE + "/alignments/{alignment}"
ListOptions = Annotated[AlgorithmsOptions, Query()]
OneOptions = Annotated[AlgorithmOptions, Query()]
PlacedOptions = Annotated[AlignmentOptions, Query()]


@router.get(LIST, response_class=HTMLResponse, include_in_schema=False)
def algorithms_page(
    request: Request, session: Reading, links: Links, network: str, options: ListOptions
) -> HTMLResponse:
    page = build_algorithms(session, links, network, options)
    return render(request, "pages/algorithms.html", {"page": page, "options": options}, block="results")


@router.get(API_PREFIX + LIST, tags=["algorithms"], summary="Candidate algorithms", responses=api_errors(400, 404))
def algorithms_twin(session: Reading, links: Links, network: str, options: ListOptions) -> AlgorithmsPage:
    """The algorithms that compute an output's task, aligned or not, filtered and sorted; `next_url` leads on."""
    return build_algorithms(session, links, network, options)


@router.get(ONE, response_class=HTMLResponse, include_in_schema=False)
def algorithm_page(
    request: Request, session: Reading, links: Links, network: str, algorithm: str, options: OneOptions
) -> Response:
    if options.place:
        return RedirectResponse(alignment_address(session, links, network, algorithm, options), 302)
    page = build_algorithm(session, links, network, algorithm, options)
    return render(request, "pages/algorithm.html", {"page": page, "scope": options.scope}, block="alignments")


@router.get(
    API_PREFIX + ONE,
    tags=["algorithms"],
    summary="One algorithm",
    response_model=AlgorithmPage,
    responses={**api_errors(400, 404), 302: {"description": "To the alignment that the option `place` names."}},
)
def algorithm_twin(
    session: Reading, links: Links, network: str, algorithm: str, options: OneOptions
) -> AlgorithmPage | Response:
    """An algorithm with its kept alignments, valid ones first.

    With `place=PATH:LAYER.NEURON+NEURON` for each variable it leads on to that alignment, stored or not.
    """
    if options.place:
        page = alignment_address(session, links, network, algorithm, options)
        return RedirectResponse(links.twin(page), 302)
    return build_algorithm(session, links, network, algorithm, options)


@router.get(ALIGNMENT, response_class=HTMLResponse, include_in_schema=False)
def alignment_page(
    request: Request,
    session: Reading,
    links: Links,
    network: str,
    algorithm: str,
    alignment: str,
    options: PlacedOptions,
) -> HTMLResponse:
    page = build_alignment(session, links, network, algorithm, alignment, options)
    return render(request, "pages/alignment.html", {"page": page, "scope": options.scope})


@router.get(API_PREFIX + ALIGNMENT, tags=["algorithms"], summary="One alignment", responses=api_errors(400, 404))
def alignment_twin(
    session: Reading, links: Links, network: str, algorithm: str, alignment: str, options: PlacedOptions
) -> AlignmentPage:
    """An alignment with every interchange intervention, computed from the weights.

    One that is not stored needs its placement as well: `place=PATH:LAYER.NEURON+NEURON` for each variable.
    """
    return build_alignment(session, links, network, algorithm, alignment, options)
