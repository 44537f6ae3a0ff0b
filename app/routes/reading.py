"""What is read and looked for: findings and their chapters, lessons, collections, the search."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from app.addressing import API_V2
from app.bundled.model_studies import SLUGS
from app.error_answers import api_errors
from app.options import Options
from app.pages.collection import CollectionOptions, CollectionRecord, collection_blocks, collection_record
from app.pages.findings import (
    ChapterRecord,
    FindingsRecord,
    chapter_record,
    findings,
    findings_chapter,
    findings_record,
)
from app.pages.lessons import LessonsRecord, lesson_blocks, lessons_record
from app.pages.search import SearchOptions, SearchRecord, build_search, search_blocks
from app.rendering import show
from app.routes.depends import Links, Reading

router = APIRouter()
_HTML: Final[dict[str, Any]] = {"response_class": HTMLResponse, "response_model": None, "include_in_schema": False}


class FindingsOptions(Options):
    """Options of the findings."""

    chapter: str = Field("", max_length=100, description="As addresses from before name a chapter.")


@router.get("/findings", **_HTML)
def findings_page(request: Request, links: Links, options: Annotated[FindingsOptions, Query()]) -> Response:
    if options.chapter:
        return RedirectResponse(links.findings(options.chapter), status_code=301)
    return show(request, findings(links), room="Findings", json_url=links.twin(links.findings()))


@router.get(f"{API_V2}/findings", tags=["studies"], summary="Findings", responses=api_errors(400))
def findings_twin(links: Links, _options: Annotated[Options, Query()]) -> FindingsRecord:
    """What the studies that come with Pluriscope found, in short."""
    return findings_record(links)


@router.get("/findings/{chapter}", **_HTML)
def chapter_page(request: Request, links: Links, chapter: str, _options: Annotated[Options, Query()]) -> Response:
    if chapter in SLUGS:  # a study, which stood here
        return RedirectResponse(links.study(chapter), status_code=301)
    blocks = findings_chapter(links, chapter)
    return show(request, blocks, room="Findings", json_url=links.twin(links.findings(chapter)))


@router.get(f"{API_V2}/findings/{{chapter}}", tags=["studies"], summary="A chapter", responses=api_errors(400, 404))
def chapter_twin(links: Links, chapter: str, _options: Annotated[Options, Query()]) -> ChapterRecord:
    """One chapter of findings with its tables and intervals."""
    return chapter_record(links, chapter)


@router.get("/learn", **_HTML)
def lessons_page(
    request: Request, session: Reading, links: Links, _options: Annotated[Options, Query()]
) -> HTMLResponse:
    found = lessons_record(session, links)
    words = "Exercises on explanations of a small network: predict what it does, then see."
    return show(request, lesson_blocks(found, links), room="Learn", description=words, json_url=links.twin(found.url))


@router.get(f"{API_V2}/learn", tags=["service"], summary="Lessons", responses=api_errors(400, 404))
def lessons_twin(session: Reading, links: Links, _options: Annotated[Options, Query()]) -> LessonsRecord:
    """Exercises with an address of Play each, and their answers."""
    return lessons_record(session, links)


@router.get("/collections", **_HTML)
def collection_page(
    request: Request, session: Reading, links: Links, options: Annotated[CollectionOptions, Query()]
) -> Response:
    if options.lines:  # what the form sends
        return RedirectResponse(links.collection(options.title.strip(), options.entries), status_code=303)
    found = collection_record(session, links, options)
    noindex = {"x-robots-tag": "noindex"}
    blocks = collection_blocks(found, links)
    return show(request, blocks, json_url=links.twin(found.url), headers=noindex)


@router.get(f"{API_V2}/collections", tags=["sharing"], summary="A collection", responses=api_errors(400))
def collection_twin(session: Reading, links: Links, options: Annotated[CollectionOptions, Query()]) -> CollectionRecord:
    """Pages in an order with notes, all of them in the address; what each shows on its card, or why it is gone."""
    return collection_record(session, links, options)


@router.get("/search", **_HTML)
def search_page(
    request: Request, session: Reading, links: Links, options: Annotated[SearchOptions, Query()]
) -> HTMLResponse:
    found = build_search(session, links, options)
    noindex = {"x-robots-tag": "noindex"}
    return show(request, search_blocks(found, links), json_url=links.twin(found.url), headers=noindex)


@router.get(f"{API_V2}/search", tags=["service"], summary="Find anything", responses=api_errors(400))
def search(session: Reading, links: Links, options: Annotated[SearchOptions, Query()]) -> SearchRecord:
    """What a text names, by group: networks, explanations by mask, reference or formula, studies, terms, actions; best
    first. Groups without a result are left out.
    """
    return build_search(session, links, options)
