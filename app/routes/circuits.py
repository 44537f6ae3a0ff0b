"""Circuits and what can be read off them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_PREFIX
from app.errors import api_errors
from app.pages.circuit import (
    CircuitOptions,
    CircuitPage,
    InterpretationOptions,
    InterpretationPage,
    JumpOptions,
    build_circuit,
    build_interpretation,
)
from app.pages.circuits import CircuitsOptions, CircuitsPage, build_circuits
from app.rendering import is_fragment, render
from app.routes.depends import Links, Reading

router = APIRouter()
LIST = "/networks/{network}/circuits"
ONE = LIST + "/{mask}"
INTERPRETATIONS = ONE + "/interpretations"
INTERPRETATION = INTERPRETATIONS + "/{index}"
ListOptions = Annotated[CircuitsOptions, Query()]
OneOptions = Annotated[CircuitOptions, Query()]
JumpOption = Annotated[JumpOptions, Query()]
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
    return render(request, "pages/circuit.html", {"page": page}, block="excerpt")


@router.get(API_PREFIX + ONE, tags=["circuits"], summary="One circuit", responses=api_errors(400, 404))
def circuit_twin(session: Reading, links: Links, network: str, mask: str, options: OneOptions) -> CircuitPage:
    """Any structurally possible circuit, stored or not, computed from the weights."""
    return build_circuit(session, links, network, mask, options)


@router.get(INTERPRETATIONS, include_in_schema=False)
def jump(links: Links, network: str, mask: str, options: JumpOption) -> RedirectResponse:
    """From a form's index to the address of that interpretation; without one, to the circuit's own list."""
    if options.index:
        return RedirectResponse(links.interpretation(network, mask, int(options.index), options.scope), 303)
    return RedirectResponse(links.circuit(network, mask, options.scope) + "#interpretations", 303)


@router.get(INTERPRETATION, response_class=HTMLResponse, include_in_schema=False)
def interpretation_page(
    request: Request, session: Reading, links: Links, network: str, mask: str, index: str, options: IndexOptions
) -> HTMLResponse:
    page = build_interpretation(session, links, network, mask, index, options)
    return render(request, "pages/interpretation.html", {"page": page})


@router.get(
    API_PREFIX + INTERPRETATION, tags=["circuits"], summary="One interpretation", responses=api_errors(400, 404)
)
def interpretation_twin(
    session: Reading, links: Links, network: str, mask: str, index: str, options: IndexOptions
) -> InterpretationPage:
    """One interpretation of a circuit by its index, computed from the weights: a gate on each neuron."""
    return build_interpretation(session, links, network, mask, index, options)
