"""Learn: all of it on one page, lessons, slides, hand-outs, notes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from pluriscope.app.options import Options
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.story import SCREENS, story
from pluriscope.app.rendering import show
from pluriscope.app.routes.depends import Links, NoOptions, Reading
from pluriscope.app.routes.faces import HTML
from pluriscope.app.routes.story import StoryOptions
from pluriscope.page_kit.blocks import Action
from pluriscope_learn.pages import learn, lesson_called, plan, sheets
from pluriscope_learn.pages import lesson as lesson_blocks

router = APIRouter()
_LEARN = "learn/page.html"


class SlidesOptions(StoryOptions):
    """Options of the slides: which one is shown, and what is chosen on it."""

    screen: int = Field(1, ge=1, le=SCREENS, description="Number of the slide.")


class NotesOptions(Options):
    """Options of the notes: which plan is shown on one sheet instead of them."""

    minutes: Literal["", "20", "45"] = ""


@router.get("/learn/slides", **HTML)
def slides_page(
    request: Request, session: Reading, links: Links, options: Annotated[SlidesOptions, Query()]
) -> Response:
    def slide(number: int, **view: Any) -> str:
        return links.url("learn", "slides", screen=number, **view)

    slides = story(session, links, options.screen, options.guess, slide=slide, out=Action("Learn", links.url("learn")))
    return show(request, [slides], "Slides", around="learn/full.html")


@router.get("/learn", **HTML)
def learn_page(request: Request, session: Reading, links: Links, _options: NoOptions) -> HTMLResponse:
    return show(request, learn(session, links), room="Learn", around=_LEARN)


@router.get("/learn/notes", **HTML)
def notes_page(
    request: Request, session: Reading, links: Links, options: Annotated[NotesOptions, Query()]
) -> HTMLResponse:
    blocks = plan(links, int(options.minutes)) if options.minutes else sheets(session, links, "notes")
    return show(request, blocks, room="Learn", around=_LEARN)


@router.get("/learn/{lesson}", **HTML)
def lesson_page(request: Request, session: Reading, links: Links, lesson: str) -> HTMLResponse:
    if lesson == "hand-outs":
        read_options(Options, request.query_params.multi_items())
        return show(request, sheets(session, links, "handout"), room="Learn", around=_LEARN)
    blocks = lesson_blocks(session, links, lesson, request.query_params.multi_items())
    return show(request, blocks, lesson_called(lesson, links).title, room="Learn", around=_LEARN)
