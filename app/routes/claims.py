"""Circuits that somebody claims: pasted, sent or linked to, and located without being kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from analysis.discovery.claims import CLAIM_FORMAT
from analysis.errors import InvalidClaim
from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.options import Options, ScopeOptions
from app.pages.claims.asked import ClaimOptions, SentClaims, build_claim, kept_before, read_claims
from app.routes.bring_in import Sent, SentForm
from app.routes.changes import RawBody
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page

router = APIRouter()
ALL: Final = "/networks/{network}/claims"
ClaimQuery = Annotated[ClaimOptions, Query()]
Declaring = TypeVar("Declaring", bound=Options)
CLAIM_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"description": f"A claim file ({CLAIM_FORMAT}), or a graph file."}},
            "text/plain": {"schema": {"type": "string", "description": "A mask, edges or scores."}},
        },
    }
}

add_page(
    router,
    Page(
        ALL,
        build_claim,
        "claim",
        "circuits",
        "Where a claimed circuit stands",
        """
        One claimed circuit, as a mask, as edges or as scores, located among all valid circuits: validity, size, chance
        at its size, the nearest valid circuit, the backbone, criteria and its story. Nothing is kept: the address
        holds the claim.
        """,
        errors=(400, 404),
    ),
)


@router.post(
    API_PREFIX + ALL,
    tags=["circuits"],
    summary="Read claims about a network",
    responses=api_errors(400, 403, 404, 413, 422),
    openapi_extra=CLAIM_BODY,
)
def send_claims(session: Reading, links: Links, network: str, raw: RawBody, options: ClaimQuery) -> SentClaims:
    """Read circuits that somebody claims in any form, each at the address that locates it. Nothing is kept."""
    return read_claims(session, links, network, raw, options)


@router.post(ALL, include_in_schema=False)
def send_from_form(session: Reading, links: Links, network: str, form: SentForm, sent: Sent) -> RedirectResponse:
    options = declared(ClaimOptions, form)
    return to_the_one(read_claims(session, links, network, b"" if sent is None else sent.raw, options))


def declared(options: type[Declaring], form: Mapping[str, Any]) -> Declaring:
    """What a form says beside a claim.

    Raises:
        RequestValidationError: a value that is not allowed.
    """
    try:
        return options.model_validate(
            {key: form.get(key) for key in options.model_fields if form.get(key) not in (None, "")}
        )
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None


def to_the_one(found: SentClaims) -> RedirectResponse:
    """On to the page of the one circuit that a form brought.

    Raises:
        InvalidClaim: it brought several, or none.
    """
    if len(found.claims) != 1:
        cure = "send one, or hold them all against it with pluriscope audit --claims"
        raise InvalidClaim("claim", f"holds {len(found.claims)} circuits, and a page locates one", cure)
    return RedirectResponse(found.claims[0].url, status_code=303)


# --- claims that earlier versions kept, each at an address of its own


def former_address(
    session: Reading, links: Links, network: str, claim: str, options: Annotated[ScopeOptions, Query()]
) -> RedirectResponse:
    return RedirectResponse(kept_before(session, links, network, claim, options), 301)


def former_twin(
    session: Reading, links: Links, network: str, claim: str, options: Annotated[ScopeOptions, Query()]
) -> RedirectResponse:
    return RedirectResponse(links.twin(kept_before(session, links, network, claim, options)), 301)


for _path in (ALL + "/{claim}", ALL + "/{claim}/verify", ALL + "/{claim}/delete", f"/embed{ALL}/{{claim}}"):
    router.add_api_route(_path, former_address, include_in_schema=False, response_model=None)
for _path in (ALL + "/{claim}", ALL + "/{claim}/verify", ALL + "/{claim}/file"):
    router.add_api_route(API_PREFIX + _path, former_twin, include_in_schema=False, response_model=None)
