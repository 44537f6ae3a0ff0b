"""Pages that transformers still have to themselves: the sandbox, circuits side by side, a claimed circuit's place."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.claims.asked import SentClaims
from app.pages.models.claim import ModelClaimOptions, build_model_claim, read_model_claims
from app.pages.models.compare import build_model_compare
from app.pages.models.sandbox import (
    ModelSandboxPageOptions,
    build_model_sandbox,
    drawn_patterns,
    has_all_links,
    sandbox_drawing,
    sites_by_kind,
)
from app.rendering import is_fragment, render
from app.routes.bring_in import Sent, SentForm
from app.routes.changes import RawBody
from app.routes.claims import CLAIM_BODY, declared, to_the_one
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page, add_twin

router = APIRouter()
ONE = "/models/{model}"
CLAIM = ONE + "/claims"
ClaimQuery = Annotated[ModelClaimOptions, Query()]

add_page(
    router,
    Page(
        ONE + "/compare",
        build_model_compare,
        "model_compare",
        "models",
        "Circuits of a model side by side",
        "Two to six circuits of one model: what they share, where they differ, and the rows on which they do.",
        errors=(400, 404, 422),
        within="these circuits",
    ),
    Page(
        CLAIM,
        build_model_claim,
        "claim",
        "models",
        "Where a claimed circuit of a model stands",
        """
        One claimed circuit, as a mask, as edges or nodes, or as scores, located among the valid circuits under one set
        of rules. Nothing is kept: the address holds the claim.
        """,
        errors=(400, 404),
        within="this claim",
    ),
)
SANDBOX = Page(
    ONE + "/sandbox",
    build_model_sandbox,
    "model_sandbox",
    "models",
    "The sandbox of a model",
    """
    One row of a model's task while nodes, single positions of what they give, or edges are changed by hand: what each
    node gives, where it looks and what the model returns, before and after.
    """,
    errors=(400, 404, 409, 422),
    within="this run",
)
add_twin(router, SANDBOX)


@router.post(
    API_PREFIX + CLAIM,
    tags=["models"],
    summary="Read claims about a model",
    responses=api_errors(400, 403, 404, 413, 422),
    openapi_extra=CLAIM_BODY,
)
def send_model_claims(session: Reading, links: Links, model: str, raw: RawBody, options: ClaimQuery) -> SentClaims:
    """Read circuits that somebody claims in any form, each at the address that locates it. Nothing is kept."""
    return read_model_claims(session, links, model, raw, options)


@router.post(CLAIM, include_in_schema=False)
def send_from_page(session: Reading, links: Links, model: str, form: SentForm, sent: Sent) -> RedirectResponse:
    options = declared(ModelClaimOptions, form)
    return to_the_one(read_model_claims(session, links, model, b"" if sent is None else sent.raw, options))


@router.get(ONE + "/sandbox", response_model=None, include_in_schema=False)
def sandbox_page(
    request: Request, session: Reading, links: Links, model: str, options: Annotated[ModelSandboxPageOptions, Query()]
) -> Response:
    with room(SANDBOX.within):
        page = build_model_sandbox(session, links, model, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) else {}
    context = {
        "page": page,
        "drawing": sandbox_drawing(page),
        "all_links": has_all_links(page),
        "patterns": drawn_patterns(page),
        "sites": sites_by_kind(page),
    }
    return render(request, "pages/model_sandbox.html", context, block="sandbox", headers=headers)
