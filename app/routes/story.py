"""The opening story: the front page and its further screens, with their figures as files."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field

from pluriscope.app.errors import NotFound
from pluriscope.app.options import Options
from pluriscope.app.pages.story import SCREENS, figure_of, has_story, story, without_network
from pluriscope.app.rendering import show
from pluriscope.app.routes.depends import Links, NoOptions, Reading
from pluriscope.app.routes.faces import HTML
from pluriscope.app.routes.pictures import Form, drawing_file

router = APIRouter()
_SCREEN: Final = "/story/{screen}"
Guess = Literal["", "P", "Q"]


class StoryOptions(Options):
    """The reader's choice on a screen."""

    guess: Guess = Field("", description="The explanation that the reader takes to be right.")


@router.get("/", **HTML)
def front_page(request: Request, session: Reading, links: Links, _options: NoOptions) -> Response:
    if not has_story(session):
        return show(request, without_network(links), url=links.front())
    return _shown(request, session, links, 1)


@router.get(_SCREEN, **HTML)
def screen_page(
    request: Request, session: Reading, links: Links, screen: str, options: Annotated[StoryOptions, Query()]
) -> Response:
    number = _number(screen, links)
    return (
        RedirectResponse(links.story(1), 301) if number == 1 else _shown(request, session, links, number, options.guess)
    )


@router.get(f"{_SCREEN}/{{figure}}.{{form}}", include_in_schema=False)
def screen_figure(
    request: Request, session: Reading, links: Links, screen: str, figure: str, form: Form, guess: Guess = ""
) -> Response:
    number = _number(screen, links)
    drawn = figure_of(session, links, number, figure, guess)
    if drawn is None:
        cause, cure = "does not belong to this screen", "use drawing"
        raise NotFound(f"figure {figure[:40]!r}", cause, cure, "figure", links.story(number), "the screen")
    return drawing_file(request, drawn, form)


def _number(screen: str, links: Links) -> int:
    """Number of a screen."""
    if screen in map(str, range(1, SCREENS + 1)):
        return int(screen)
    cause, cure = "does not exist", f"use one of {', '.join(map(str, range(1, SCREENS + 1)))}"
    raise NotFound(f"screen {screen[:40]!r} of the story", cause, cure, "screen", links.story(1), "the first screen")


def _shown(request: Request, session: Reading, links: Links, number: int, guess: str = "") -> Response:
    answer = story(session, links, number, guess)
    return show(request, [answer], answer.screens[number - 1].tab, url=links.story(number))
