"""Circuits and what can be read off them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.circuit import CircuitOptions, CircuitPage, build_circuit
from app.pages.circuits import CircuitsOptions, CircuitsPage, build_circuits
from app.pages.interpretation import InterpretationOptions, InterpretationPage, build_interpretation
from app.pages.interpretations import (
    InterpretationsOptions,
    InterpretationsPage,
    address_of_draw,
    build_interpretations,
)
from app.rendering import NO_TABLE, is_fragment, render
from app.routes.depends import Links, Reading

router = APIRouter()
LIST = "/networks/{network}/circuits"
ONE = LIST + "/{mask}"
INTERPRETATIONS = ONE + "/interpretations"
INTERPRETATION = INTERPRETATIONS + "/{index}"
ListOptions = Annotated[CircuitsOptions, Query()]
OneOptions = Annotated[CircuitOptions, Query()]
ReadingsOptions = Annotated[InterpretationsOptions, Query()]
IndexOptions = Annotated[InterpretationOptions, Query()]


@router.get(LIST, response_class=HTMLResponse, include_in_schema=False)
def circuits_page(request: Request, session: Reading, links: Links, network: str, options: ListOptions) -> HTMLResponse:
    page = build_circuits(session, links, network, options)
    # the filters' form would leave its empty fields in the address bar
    headers = {"HX-Push-Url": page.url} if is_fragment(request) else {}
    return render(request, "pages/circuits.html", {"page": page, "options": options}, block="results", headers=headers)


@router.get(API_PREFIX + LIST, tags=["circuits"], summary="Valid circuits", responses=api_errors(400, 404))
def circuits_twin(session: Reading, links: Links, network: str, options: ListOptions) -> CircuitsPage:
    """The valid circuits of one analysis, filtered and sorted; `next_url` leads on."""
    return build_circuits(session, links, network, options)


@router.get(ONE, response_class=HTMLResponse, include_in_schema=False)
def circuit_page(
    request: Request, session: Reading, links: Links, network: str, mask: str, options: OneOptions
) -> HTMLResponse:
    page = build_circuit(session, links, network, mask, options)
    table = NO_TABLE if page.excerpt is None else {}
    return render(request, "pages/circuit.html", {"page": page, "scope": options.scope, **table}, block="excerpt")


@router.get(API_PREFIX + ONE, tags=["circuits"], summary="One circuit", responses=api_errors(400, 404))
def circuit_twin(session: Reading, links: Links, network: str, mask: str, options: OneOptions) -> CircuitPage:
    """Any structurally possible circuit, stored or not, computed from the weights."""
    return build_circuit(session, links, network, mask, options)


@router.get(INTERPRETATIONS, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def interpretations_page(
    request: Request, session: Reading, links: Links, network: str, mask: str, options: ReadingsOptions
) -> HTMLResponse | RedirectResponse:
    if options.index:  # what the form of an interpretation's page sends
        return RedirectResponse(links.interpretation(network, mask, int(options.index), options.scope), 303)
    if options.draw:
        return RedirectResponse(address_of_draw(session, links, network, mask, options), 303)
    page = build_interpretations(session, links, network, mask, options)
    return render(
        request, "pages/interpretations.html", {"page": page, **(NO_TABLE if page.why_not else {})}, block="readings"
    )


@router.get(
    API_PREFIX + INTERPRETATIONS,
    tags=["circuits"],
    summary="Interpretations of a circuit by gate",
    responses=api_errors(400, 404),
)
def interpretations_twin(
    session: Reading, links: Links, network: str, mask: str, options: ReadingsOptions
) -> InterpretationsPage:
    """The interpretations whose neurons are given gates: how many, exactly, and some of them; none is listed to count.

    `index` and `draw` lead somewhere in HTML only.
    """
    return build_interpretations(session, links, network, mask, options)


@router.get(INTERPRETATION, response_class=HTMLResponse, include_in_schema=False)
def interpretation_page(
    request: Request, session: Reading, links: Links, network: str, mask: str, index: str, options: IndexOptions
) -> HTMLResponse:
    page = build_interpretation(session, links, network, mask, index, options)
    return render(request, "pages/interpretation.html", {"page": page, "scope": options.scope})


@router.get(
    API_PREFIX + INTERPRETATION, tags=["circuits"], summary="One interpretation", responses=api_errors(400, 404)
)
def interpretation_twin(
    session: Reading, links: Links, network: str, mask: str, index: str, options: IndexOptions
) -> InterpretationPage:
    """One interpretation of a circuit by its index, computed from the weights: a gate on each neuron."""
    return build_interpretation(session, links, network, mask, index, options)
