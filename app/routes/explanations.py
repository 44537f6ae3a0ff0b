"""Explanations of a network, of any kind and stored or not: their list, one of them, and what a circuit is read as."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Annotated, Final, Literal, get_type_hints

from fastapi import APIRouter, Query, Request
from fastapi import Form as Sent
from fastapi.responses import RedirectResponse, Response
from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import API_V2, Addresses
from pluriscope.analysis.explanations.registry import BY_KEY
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text
from pluriscope.app.computing import room
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import analysed_question
from pluriscope.app.error_answers import api_errors
from pluriscope.app.errors import Conflict, NotFound
from pluriscope.app.jobs import queue
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.compare.options import ComparedOptions
from pluriscope.app.pages.explanation_list import OF_SCOPE, RECORD, ViewOptions, about, asked, blocks, record, table
from pluriscope.app.pages.explanations import find_explanation, read_ref
from pluriscope.app.pages.interpretation_list import FormerOptions, leads_to
from pluriscope.app.pages.jobs import JobPage
from pluriscope.app.pages.kinds import ON_SITES, PAGES, find_document
from pluriscope.app.pages.page import EXPLANATION
from pluriscope.app.pages.place import FORMULAS, check_boolean, locate
from pluriscope.app.pages.sharing.about import about_place
from pluriscope.app.pages.verdicts.judge import CriterionVerdict, verdicts_on
from pluriscope.app.rendering import base_url, network_row, show
from pluriscope.app.routes.asking import AnalysisOrder, accepted, analysis_ordered
from pluriscope.app.routes.changes import Writing
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


class ExplanationsRequest(AnalysisOrder):
    """Choice of a kind of explanation to search."""

    kind: Literal[tuple(BY_KEY)] = Field(description="A kind stored as columns.")  # type: ignore[valid-type]


@router.post(
    API_V2 + LIST,
    tags=["explanations"],
    summary="Run a search of one kind",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def search(session: Writing, links: Links, network: str, order: ExplanationsRequest, response: Response) -> JobPage:
    """Search explanations of one kind beside a stored analysis in the background. Asking twice is asking once."""
    return accepted(session, links, _searched(session, links, network, order), response)


@router.post(LIST, include_in_schema=False)
def search_from_page(
    session: Writing, links: Links, network: str, order: Annotated[ExplanationsRequest, Sent()]
) -> RedirectResponse:
    """Queue the search for a kind of explanation from a page's button."""
    return RedirectResponse(links.job(_searched(session, links, network, order).id), status_code=303)


def _searched(session: Session, links: Addresses, network: str, order: ExplanationsRequest) -> JobRow:
    """Queue the search for a kind of explanation."""
    analysis = analysis_ordered(session, links, network, order, "nothing to search beside")
    refusal = BY_KEY[order.kind].refuses(analysed_question(session, analysis))
    if refusal:
        raise Conflict(f"kind {order.kind}", f"{analysis.network.slug} {refusal}", "choose another kind", "kind")
    return queue.enqueue_about(session, analysis, "explanations", requested=True, again=True, kind=order.kind)


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


@router.get(f"{EXPLANATION}/interpretations", include_in_schema=False)
def interpretations(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[FormerOptions, Query()]
) -> RedirectResponse:
    """Redirect to the list of a circuit's interpretations, or to one of them by its index."""
    one = find_document(session, links, network, ref, list(options.scope.query().items())).one
    return RedirectResponse(leads_to(one, options), 303 if options.index else 301)


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


@router.get("/networks/{network}/verdicts", include_in_schema=False)
def former_verdicts(links: Links, network: str, options: Annotated[ComparedOptions, Query()]) -> RedirectResponse:
    """Redirect from a page that had verdicts alone: to the page of the explanation, or to the comparison of several."""
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if len(texts) != 1:
        to = links.compare(network, texts, options.scope, part=texts and "criteria", theme=options.theme)
        return RedirectResponse(to, 301)
    ref, scope = read_ref(texts[0], 1), options.scope
    scope = replace(scope, protocol=ref.protocol or scope.protocol)
    to = links.explanation(network, replace(ref, protocol=""), scope, part="criteria", theme=options.theme)
    return RedirectResponse(f"{to}#criteria", 301)
