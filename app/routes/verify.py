"""Re-verify now: one explanation computed anew from the weights, beside what is stored."""

# ruff: noqa: ARG001  # path and query are read from the address as a whole; named here for the API description

from __future__ import annotations

from typing import Annotated, cast, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from app.addressing import API_PREFIX, Addresses
from app.error_answers import api_errors
from app.errors import BadQuery
from app.pages.alignment import AlignmentOptions
from app.pages.compare.options import CompareOptions
from app.pages.directions.views import DirectionOptions
from app.pages.options import ScopeOptions
from app.pages.sharing.verifying import AT_ONCE_SECONDS, Counting, VerifyPage, build_verification
from app.rendering import render
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.shared_targets import PATTERNS, target_of

router = APIRouter()
NETWORK, CIRCUIT, INTERPRETATION, ALGORITHM, ALIGNMENT, DIRECTION, EXPLANATION, COMPARE = (
    f"{API_PREFIX}{pattern}/verify" for pattern in PATTERNS
)


class NetworkVerifyOptions(ScopeOptions):
    """Options of a network's re-verification."""

    counts: Counting = Field(
        "",
        description="Whether how many explanations there are is recomputed: yes, no, or by default where that takes no "
        f"more than about {AT_ONCE_SECONDS:g} s.",
    )


Scoped = Annotated[ScopeOptions, Query()]
Counted = Annotated[NetworkVerifyOptions, Query()]
Placed = Annotated[AlignmentOptions, Query()]
Directed = Annotated[DirectionOptions, Query()]
Compared = Annotated[CompareOptions, Query()]
ERRORS = api_errors(400, 404, 422, 503)


def _verified(request: Request, session: Reading, links: Addresses) -> VerifyPage:
    target = target_of(request, links, "counts")
    counting = request.query_params.get("counts", "")
    if counting not in get_args(Counting) or (counting and target.kind != "network"):
        cause = "is neither yes nor no" if target.kind == "network" else "is an option of networks alone"
        raise BadQuery(f"option 'counts' {counting[:60]!r}", cause, "correct it or leave it out", "counts")
    with room(f"re-verification of {target.path}"):
        return build_verification(session, links, target, counting=cast(Counting, counting))


def verify_page(request: Request, session: Reading, links: Links) -> HTMLResponse:
    page = _verified(request, session, links)
    # what was found a moment ago is not what was asked for now
    return render(request, "pages/verify.html", {"page": page}, headers={"cache-control": "no-store"})


for _pattern in PATTERNS:
    router.add_api_route(f"{_pattern}/verify", verify_page, response_class=HTMLResponse, include_in_schema=False)


@router.get(NETWORK, tags=["verify"], summary="Re-verify a network", responses=ERRORS)
def verify_network(request: Request, session: Reading, links: Links, network: str, options: Counted) -> VerifyPage:
    """The digests hashed again, what its outputs decide, and how many explanations there are where that takes seconds.

    Its explanations have addresses of their own.
    """
    return _verified(request, session, links)


@router.get(CIRCUIT, tags=["verify"], summary="Re-verify a circuit", responses=ERRORS)
def verify_circuit(
    request: Request, session: Reading, links: Links, network: str, mask: str, options: Scoped
) -> VerifyPage:
    """Every figure of a circuit computed from the weights, beside the stored one."""
    return _verified(request, session, links)


@router.get(INTERPRETATION, tags=["verify"], summary="Re-verify an interpretation", responses=ERRORS)
def verify_interpretation(
    request: Request, session: Reading, links: Links, network: str, mask: str, index: str, options: Scoped
) -> VerifyPage:
    """Its circuit's figures, and whether its gates agree with the activations and lead back to the index."""
    return _verified(request, session, links)


@router.get(ALGORITHM, tags=["verify"], summary="Re-verify an algorithm", responses=ERRORS)
def verify_algorithm(
    request: Request, session: Reading, links: Links, network: str, algorithm: str, options: Scoped
) -> VerifyPage:
    """What an algorithm is, apart from its alignments, beside what is stored."""
    return _verified(request, session, links)


@router.get(ALIGNMENT, tags=["verify"], summary="Re-verify an alignment", responses=ERRORS)
def verify_alignment(
    request: Request,
    session: Reading,
    links: Links,
    network: str,
    algorithm: str,
    alignment: str,
    options: Placed,
) -> VerifyPage:
    """Every interchange made again: fraction, validity, minimality and margin beside the stored ones."""
    return _verified(request, session, links)


@router.get(DIRECTION, tags=["verify"], summary="Re-verify an alignment on directions", responses=ERRORS)
def verify_direction(
    request: Request,
    session: Reading,
    links: Links,
    network: str,
    algorithm: str,
    alignment: str,
    options: Directed,
) -> VerifyPage:
    """Every interchange along its directions made again, one by one and jointly, beside the stored ones."""
    return _verified(request, session, links)


@router.get(EXPLANATION, tags=["verify"], summary="Re-verify an explanation of another kind", responses=ERRORS)
def verify_explanation(
    request: Request, session: Reading, links: Links, network: str, ref: str, options: Scoped
) -> VerifyPage:
    """Every figure of an explanation of a kind that has a record, beside the stored one."""
    return _verified(request, session, links)


@router.get(COMPARE, tags=["verify"], summary="Re-verify every explanation of a comparison", responses=ERRORS)
def verify_comparison(request: Request, session: Reading, links: Links, options: Compared) -> VerifyPage:
    """Each explanation of a comparison computed anew, beside what is stored."""
    return _verified(request, session, links)
