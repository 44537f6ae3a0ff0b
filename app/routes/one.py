"""One explanation, of any kind and stored or not, at its own address, and what a circuit is read as."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext
from functools import reduce
from operator import or_
from typing import Annotated, get_type_hints

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import escape
from sqlalchemy.orm import Session

from app.addressing import API_V2, Addresses
from app.error_answers import api_errors
from app.errors import NotFound
from app.options import ScopeOptions
from app.pages.interpretation_list import RECORD as INTERPRETATIONS
from app.pages.interpretation_list import CircuitOptions, FormerOptions, leads_to
from app.pages.interpretation_list import record as list_record
from app.pages.kinds import PAGES, find_document
from app.pages.page import EXPLANATION
from app.pages.sharing.about import about_place
from app.pages.sharing.passing_on import passed_on
from app.pages.sharing.share import share_of
from app.rendering import base_url, network_row, show
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.streaming import Streamed
from pluriscope.blocks import Table, find
from pluriscope.records import ExplanationRecord, ListRecord
from pluriscope.templating import PART

router = APIRouter()


@router.get(EXPLANATION, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def explanation(request: Request, session: Reading, links: Links, network: str, ref: str) -> Response:
    """The page; what it has folded, and what directions do, is computed when it is asked for, a few at once."""
    with room("this page") if PART in request.query_params or ref.startswith("d-") else nullcontext():
        return _page(request, session, links, network, ref)


def _page(request: Request, session: Session, links: Addresses, network: str, ref: str) -> Response:
    found = find_document(session, links, network, ref, request.query_params.multi_items())
    if found.one.known is None and str(found.one.ref) != ref:  # what carries nothing is left out
        options = {key: value for key, value in request.query_params.items() if key != "protocol"}
        return RedirectResponse(found.one.url(**options), 301)
    if request.query_params.keys() & {"place", "at"}:
        return RedirectResponse(found.url, 302)  # to what these options name, by its own reference
    share, row = share_of(found, links, base_url(request)), found.network
    return show(
        request,
        [*found.blocks, *passed_on(session, share)],
        f"{escape(found.head.title).striptags()} of {row.name}",
        room="Explore",
        network=network_row(links, row.slug, row.name, "Explanations", found.one.whole.scope),
        description=escape(found.head.sentence).striptags(),
        json_url=links.twin(found.url),
        share=share,
    )


@router.get(
    EXPLANATION + "/{table}.csv",
    tags=["explanations"],
    summary="A table of an explanation",
    response_class=Response,
    responses={**api_errors(400, 404), 200: {"content": {"text/csv": {}}}},
)
def rows(request: Request, links: Links, network: str, ref: str, table: str) -> Response:
    """Every row of one table of the page, after lines that say what it is of."""
    store = request.app.state.store

    def parts() -> Generator[str, None, None]:
        with store.read() as session:
            found = find_document(session, links, network, ref, request.query_params.multi_items())
            block = find(found.blocks, table)
            if not isinstance(block, Table):
                item = f"table {table[:40]!r}"
                raise NotFound(item, "is not on this page", "choose one of the page", "table", found.url, "the page")
            noun = found.one.explanation.record.noun
            told = about_place(found.one.place, f"Table {table} of {noun} {found.one.ref}")
            yield "".join(f"# {' '.join(line.split())}\n" for line in told)
            yield from block.csv()

    answer = Streamed(parts(), media_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{network}-{table}.csv"'
    return answer


@router.get(
    API_V2 + EXPLANATION,
    tags=["explanations"],
    summary="One explanation",
    response_model=reduce(or_, dict.fromkeys(get_type_hints(page.record)["return"] for page in PAGES.values())),
    responses=api_errors(400, 404, 422),
)
def record(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[ScopeOptions, Query()]
) -> ExplanationRecord:
    """An explanation of any kind, stored or not, computed from the weights."""
    with room("this record") if ref.startswith("d-") else nullcontext():
        found = find_document(session, links, network, ref, list(options.scope.query().items()))
        return found.page.record(found.one)


@router.get(f"{EXPLANATION}/interpretations", include_in_schema=False)
def interpretations(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[FormerOptions, Query()]
) -> RedirectResponse:
    """To the list of a circuit's interpretations, or to one of them by its index."""
    one = find_document(session, links, network, ref, list(options.scope.query().items())).one
    return RedirectResponse(leads_to(one, options), 303 if options.index else 301)


@router.get(
    f"{API_V2}{EXPLANATION}/interpretations",
    tags=["explanations"],
    summary="Interpretations of a circuit by gate",
    response_model=INTERPRETATIONS,
    responses=api_errors(400, 404, 422),
)
def interpretations_record(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[CircuitOptions, Query()]
) -> ListRecord:
    """Those whose neurons are given gates: how many, exactly, and some of them; none is listed to count."""
    one = find_document(session, links, network, ref, list(options.scope.query().items())).one
    return list_record(one, options)
