"""Claims: located without being kept, sent to be kept, listed, renamed, deleted and brought back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, BackgroundTasks, Body, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from analysis.discovery.claims import CLAIM_FORMAT
from analysis.discovery.part_names import names_in
from analysis.errors import AnalysisError, InvalidClaim
from analysis.strict_json import plain_text
from app.addressing import API_PREFIX, Addresses
from app.db.claims import (
    claim_of,
    delete_claim,
    digest_of,
    rename_claim,
    restore_claim,
    unplaced_claims,
)
from app.db.errors import StoreError
from app.db.tables import AnalysisRow
from app.error_answers import api_errors
from app.errors import Conflict
from app.jobs.deletion import purge_beside
from app.limits import undo_days_in
from app.options import Options, PageModel, ScopeOptions
from app.pages.claims.asked import build_claim
from app.pages.claims.keeping import keep_sent
from app.pages.claims.kept import KeptClaimPage, build_kept_claim, open_claim
from app.pages.claims.listing import ClaimsOptions, SentClaimOptions, build_claims
from app.pages.delete import ClaimRemovalPage, build_claim_removal
from app.rendering import render
from app.routes.asking import AnalysisOrder, add_order
from app.routes.bring_in import Sent, SentForm
from app.routes.changes import RawBody, Writing
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page

router = APIRouter()
ALL: Final = "/networks/{network}/claims"
ONE: Final = ALL + "/{claim}"
MOST_TOLD: Final = 200
MOST_SHOWN_AGAIN: Final = 100_000
"""Characters of a refused text that stand in the form again."""
SentOptions = Annotated[SentClaimOptions, Query()]
Declaring = TypeVar("Declaring", bound=Options)
OneOptions = Annotated[ScopeOptions, Query()]
CLAIM_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"description": f"A claim file ({CLAIM_FORMAT}), or a graph file."}},
            "text/plain": {"schema": {"type": "string", "description": "A mask, edges, scores, or a table."}},
        },
    }
}


class KeptItem(PageModel):
    """One claim that was kept."""

    id: str
    name: str
    url: str
    created: bool = Field(description="False if the same was kept already; it keeps its name.")


class KeptPage(PageModel):
    """What was kept of what was sent."""

    url: str = Field(description="The claim's page, of several the list.")
    api_url: str = Field(description="Its twin.")
    form: str = Field(description="In which form it was read.")
    kept: int = Field(description="Different claims in what was sent.")
    created: int = Field(description="Of these, claims that were not kept before.")
    claims: list[KeptItem] = Field(description=f"The first {MOST_TOLD}.")
    jobs: list[str] = Field(description="Work that locates them, one for each stored analysis of the output.")


class ClaimName(BaseModel):
    """What a claim is to be called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(max_length=200)


add_page(
    router,
    Page(
        "/networks/{network}/claim",
        build_claim,
        "claim",
        "circuits",
        "Where a claimed circuit stands",
        """
        One claimed circuit, as a mask, as edges or as scores, located among all valid circuits: validity, size, chance
        at its size, the nearest valid circuit, the backbone, criteria and its story. Nothing is kept.
        """,
        errors=(400, 404),
    ),
    Page(
        ALL,
        build_claims,
        "claims",
        "claims",
        "Claims",
        "The claims that are kept of one output of a network, with the place of each in one analysis.",
        context=lambda *_: NOTHING_SENT,
    ),
    Page(
        ONE,
        build_kept_claim,
        "kept_claim",
        "claims",
        "One claim",
        "What is claimed, and where it stands among all valid circuits, beside largest weights and a random order.",
        errors=(400, 404, 410),
        within="this claim",
    ),
    Page(
        ONE + "/delete",
        build_claim_removal,
        "claim_delete",
        "claims",
        "What deleting a claim does",
        "What would be deleted, or until when a deletion can be undone.",
    ),
)
NOTHING_SENT: Final[dict[str, Any]] = {"refusal": None, "pasted": "", "declared": SentClaimOptions()}
"""What the list's form holds before anything is sent."""


@router.post(
    API_PREFIX + ALL,
    tags=["claims"],
    summary="Keep claims",
    status_code=201,
    responses={
        200: {"model": KeptPage, "description": "All of it was kept already."},
        **api_errors(400, 403, 404, 413, 422),
    },
    openapi_extra=CLAIM_BODY,
)
def keep(
    session: Writing, links: Links, network: str, raw: RawBody, options: SentOptions, response: Response
) -> KeptPage:
    """Read circuits that somebody claims, keep each once under its digest, and ask for their places.

    A claim file, a mask, edges or scores, a table, or the graph file of a usual tool; `/networks/{network}/claims`
    describes them.
    """
    found = keep_sent(session, links, network, raw, options)
    slug, scope, kept = found.place.row.slug, found.place.scope, found.kept
    response.headers["Location"] = found.url
    response.status_code = 201 if kept.new else 200
    return KeptPage(
        url=found.url,
        api_url=links.twin(found.url),
        form=found.form,
        kept=len(kept.rows),
        created=len(kept.new),
        claims=[
            KeptItem(
                id=row.ref,
                name=row.name,
                url=links.kept_claim(slug, row.ref, scope),
                created=row.id in kept.new,
            )
            for row in kept.rows[:MOST_TOLD]
        ],
        jobs=[links.twin(links.job(job.id)) for job in found.jobs],
    )


@router.post(ALL, include_in_schema=False)
def keep_from_form(
    request: Request, session: Writing, links: Links, network: str, form: SentForm, sent: Sent
) -> Response:
    """On to the claim, of several to the list; what is refused shows the form again, with what was sent."""
    options = _options(form)
    raw = b"" if sent is None else sent.raw
    if sent is not None and sent.name and not options.name:
        options = options.model_copy(update={"name": sent.name[:200]})
    try:
        return RedirectResponse(keep_sent(session, links, network, raw, options).url, status_code=303)
    except (AnalysisError, StoreError) as problem:
        scope = {"output": options.output or 0, "protocol": options.protocol, "data": options.data}
        page = build_claims(session, links, network, ClaimsOptions.model_validate(scope))
        pasted = "" if sent is None else sent.pasted[:MOST_SHOWN_AGAIN]
        context: dict[str, Any] = {"refusal": problem, "pasted": pasted, "declared": options}
        context |= {"page": page, "options": ClaimsOptions.model_validate(scope), "scope": None, "json_url": ""}
        return render(request, "pages/claims.html", context, status_code=422)


def _options(form: SentForm) -> SentClaimOptions:
    """What a form declares.

    Raises:
        RequestValidationError: a value that is not allowed.
    """
    given = {key: form.get(key) for key in SentClaimOptions.model_fields if form.get(key) not in (None, "")}
    return validated(SentClaimOptions, given)


def validated(options: type[Declaring], given: Mapping[str, Any]) -> Declaring:
    """Options that a form gives.

    Raises:
        RequestValidationError: a value that is not allowed.
    """
    try:
        return options.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None


def _waiting(session: Session, analysis: AnalysisRow, _order: AnalysisOrder) -> dict[str, str]:
    """Which claims are to be located.

    Raises:
        Conflict: all are located.
    """
    waiting = unplaced_claims(session, analysis)
    if not waiting:
        raise Conflict("claims", "are all located in this analysis", "look at the list")
    return {"claims": digest_of(waiting)}


add_order(
    router,
    ALL + "/locate",
    "claims",
    AnalysisOrder,
    "no circuit to locate claims among",
    _waiting,
    tag="claims",
    summary="Locate claims",
    about="Locate every kept claim whose place in an analysis is not stored, in the background. Sending a claim does "
    "so by itself.",
    name="locate_claims",
)


@router.get(
    API_PREFIX + ONE + "/file",
    tags=["claims"],
    summary="A claim as a claim file",
    response_class=Response,
    responses={**api_errors(404, 410), 200: {"content": {"application/json": {}}}},
)
def claim_file(session: Reading, links: Links, network: str, claim: str, options: OneOptions) -> Response:
    """The claim in a file that can be sent again, here or elsewhere."""
    place, row = open_claim(session, links, network, claim, options)
    said = claim_of(row, place.question.layout).document(names_in(place.question.layout))
    document = {"format": CLAIM_FORMAT, "network": place.row.digest, "output": place.scope.output, "claims": [said]}
    name = f"{place.row.slug}-{row.ref}.claim.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(json.dumps(document, ensure_ascii=False) + "\n", media_type="application/json", headers=headers)


# --- changes


@router.post(ONE + "/rename", include_in_schema=False)
def rename_from_form(
    session: Writing, links: Links, network: str, claim: str, options: OneOptions, form: SentForm
) -> RedirectResponse:
    place, row = open_claim(session, links, network, claim, options)
    rename_claim(row, plain_text(str(form.get("name") or ""), "name", InvalidClaim))
    return RedirectResponse(links.kept_claim(place.row.slug, row.ref, place.scope), status_code=303)


@router.post(
    API_PREFIX + ONE + "/rename", tags=["claims"], summary="Rename a claim", responses=api_errors(403, 404, 422)
)
def rename(
    session: Writing, links: Links, network: str, claim: str, options: OneOptions, sent: Annotated[ClaimName, Body()]
) -> KeptClaimPage:
    """Give a claim another name; its address stays. Renaming it back undoes this."""
    _, row = open_claim(session, links, network, claim, options)
    rename_claim(row, plain_text(sent.name, "name", InvalidClaim))
    return build_kept_claim(session, links, network, claim, options)


@router.post(ONE + "/delete", include_in_schema=False)
def delete_from_form(
    request: Request,
    session: Writing,
    links: Links,
    network: str,
    claim: str,
    options: OneOptions,
    later: BackgroundTasks,
) -> RedirectResponse:
    """The confirmation: on to the page that offers to undo it."""
    page = _deleted(request, session, links, network, claim, options, later)
    return RedirectResponse(page.url, status_code=303)


@router.delete(API_PREFIX + ONE, tags=["claims"], summary="Delete a claim", responses=api_errors(403, 404))
def delete(
    request: Request,
    session: Writing,
    links: Links,
    network: str,
    claim: str,
    options: OneOptions,
    later: BackgroundTasks,
) -> ClaimRemovalPage:
    """Delete a claim; for some days that can be undone."""
    return _deleted(request, session, links, network, claim, options, later)


def _deleted(
    request: Request,
    session: Session,
    links: Addresses,
    network: str,
    claim: str,
    options: ScopeOptions,
    later: BackgroundTasks,
) -> ClaimRemovalPage:
    _, row = open_claim(session, links, network, claim, options, deleted=True)
    delete_claim(row)
    later.add_task(purge_beside, request.app.state.store, undo_days_in(session))
    return build_claim_removal(session, links, network, claim, options)


@router.post(ONE + "/restore", include_in_schema=False)
def restore_from_form(
    session: Writing, links: Links, network: str, claim: str, options: OneOptions
) -> RedirectResponse:
    place, row = open_claim(session, links, network, claim, options, deleted=True)
    restore_claim(row)
    return RedirectResponse(links.kept_claim(place.row.slug, row.ref, place.scope), status_code=303)


@router.post(
    API_PREFIX + ONE + "/restore", tags=["claims"], summary="Undo a claim's deletion", responses=api_errors(403, 404)
)
def restore(session: Writing, links: Links, network: str, claim: str, options: OneOptions) -> KeptClaimPage:
    """Bring a deleted claim back."""
    _, row = open_claim(session, links, network, claim, options, deleted=True)
    restore_claim(row)
    session.flush()
    return build_kept_claim(session, links, network, claim, options)
