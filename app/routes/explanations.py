"""Explanations of a network, of any kind and stored or not: their list, one of them, and what a circuit is read as."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Final, get_type_hints

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from pluriscope.addresses.address import API_V2
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text
from pluriscope.app.computing import room
from pluriscope.app.error_answers import api_errors
from pluriscope.app.errors import NotFound
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.explanation_list import OF_SCOPE, RECORD, ViewOptions, about, asked, blocks, record, table
from pluriscope.app.pages.explanations import find_explanation, read_ref
from pluriscope.app.pages.kinds import ON_SITES, PAGES, find_document
from pluriscope.app.pages.page import EXPLANATION
from pluriscope.app.pages.place import FORMULAS, check_boolean, locate
from pluriscope.app.pages.sharing.about import about_place
from pluriscope.app.pages.verdicts.judge import CriterionVerdict, verdicts_on
from pluriscope.app.rendering import base_url, network_row, show
from pluriscope.app.routes.depends import Links, ListOptions, Reading, options_of
from pluriscope.app.routes.faces import Faces, both, options_schema, passed_on
from pluriscope.app.routes.streaming import CSV_RESPONSE, table_file
from pluriscope.kinds.listing import COLUMNS
from pluriscope.objects.graphs import explanation_graph
from pluriscope.page_kit.blocks import Table, find
from pluriscope.page_kit.templating import PART
from pluriscope.tables.table import parameters

router = APIRouter()
LIST: Final = "/networks/{network}/explanations"
_OF_SCOPE: Final = [one for one in options_schema(ScopeOptions) if one["name"] in OF_SCOPE]
_OPTIONS: Final = [*_OF_SCOPE, *options_schema(ViewOptions), *parameters(COLUMNS)]


# --- the list


@both(router, LIST, "explanations", "All explanations", RECORD, options=_OPTIONS)
def explanations(session: Reading, links: Links, network: str, options: ListOptions) -> Faces:
    """Explanations of every kind of one analysis, filtered and sorted, with exact counts of every facet."""
    found = asked(session, links, network, options)

    def page(request: Request) -> Response:
        place, name = found.place, found.place.row.name
        return show(
            request,
            blocks(found),
            f"Explanations of {name}",
            room="Explore",
            network=network_row(links, place.slug, name, place.question.kind, "Sheet", place.scope),
        )

    return Faces(page, lambda: record(found))


@router.get(
    LIST + ".csv",
    tags=["explanations"],
    summary="All explanations as a file",
    response_class=Response,
    responses={**api_errors(400, 404, 409), **CSV_RESPONSE},
    openapi_extra={"parameters": _OPTIONS},
)
def explanations_file(request: Request, links: Links, network: str) -> Response:
    """The whole list, a column for each figure."""

    def made(session: Session) -> tuple[tuple[str, ...], Table]:
        found = asked(session, links, network, options_of(request))
        return about(found), table(found)

    return table_file(request, f"{network}-explanations", made)


# --- one of them


def _is_computed(request: Request) -> bool:
    """Whether an answer is computed: what a page has folded, what directions do, and placements that no row stores."""
    ref = request.path_params["ref"]
    return PART in request.query_params or ref.startswith("d-") or (ref.startswith("a-") and ":" in ref)


@both(
    router,
    EXPLANATION,
    "explanations",
    "One explanation",
    reduce(or_, dict.fromkeys(get_type_hints(page.record)["return"] for page in (*PAGES.values(), *ON_SITES.values()))),
    errors=(400, 404, 422),
    options=options_schema(ScopeOptions),
    costly=_is_computed,
)
def explanation(request: Request, session: Reading, links: Links, network: str, ref: str) -> Faces:
    """An explanation of any kind, stored or not, computed from the weights."""
    found = find_document(session, links, network, ref, request.query_params.multi_items())

    def page(request: Request) -> Response:
        if found.one.ref.kind == "circuit" and str(found.one.ref) != ref:  # what carries nothing is left out
            options = {key: value for key, value in request.query_params.items() if key != "protocol"}
            return RedirectResponse(found.one.url(**options), 301)
        if request.query_params.keys() & {"place", "at"}:
            return RedirectResponse(found.url, 302)  # to what these options name, by its own reference
        return passed_on(request, session, links, found, "Sheet")

    return Faces(page, lambda: found.page.record(found.one))


@router.get(
    EXPLANATION + "/{table}.csv",
    tags=["explanations"],
    summary="A table of an explanation",
    response_class=Response,
    responses={**api_errors(400, 404), **CSV_RESPONSE},
)
def rows(request: Request, links: Links, network: str, ref: str, table: str) -> Response:
    """Rows of one table of the page as CSV, after lines that name the network and the question."""

    def made(session: Session) -> tuple[tuple[str, ...], Table]:
        found = find_document(session, links, network, ref, request.query_params.multi_items())
        block = find(found.blocks, table)
        if not isinstance(block, Table):
            item = f"table {table[:40]!r}"
            raise NotFound(item, "is not on this page", "choose one of the page", "table", found.url, "the page")
        noun = found.one.record.noun
        return about_place(found.one.place, f"Table {table} of {noun} {found.one.ref}"), block

    with room("this table"):
        return table_file(request, f"{network}-{table}", made)


@router.get(
    EXPLANATION + "/graphs/{key}",
    tags=["explanations"],
    summary="An explanation as a graph",
    response_class=Response,
    responses=api_errors(400, 404, 422),
    openapi_extra={"parameters": options_schema(ScopeOptions)},
)
def graph(request: Request, session: Reading, links: Links, network: str, ref: str, key: str) -> Response:
    """The whole network with what the explanation says of its edges and nodes, in a format that other tools open."""
    with room("this graph"):
        one = find_document(session, links, network, ref, request.query_params.multi_items()).one
        about = {"name": one.place.row.name, "address": base_url(request) + one.url()}
        text = file_text(explanation_graph(key, one.place.question, one.ref, one.item, **about))
    name = f"{one.place.slug}-{one.ref}{GRAPH_FORMATS[key].ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(
        text, media_type="application/json" if name.endswith("json") else "application/xml", headers=headers
    )


@router.get(
    f"{API_V2}{EXPLANATION}/criteria",
    tags=["explanations"],
    summary="Every criterion on one explanation",
    responses=api_errors(400, 404, 422),
)
def verdicts(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[ScopeOptions, Query()]
) -> list[CriterionVerdict]:
    """Verdicts of every criterion that applies to an explanation, with its usual settings: the stored ones, else
    computed now.
    """
    place = locate(session, links, network, options.scope)
    if not place.question.kind.refuses(FORMULAS):
        check_boolean(place, links)
    with room("these verdicts"):
        return verdicts_on(find_explanation(session, links, place, read_ref(ref, 1)))
