"""The drawing of the very thing that a page is about, and the thumbs of those that it compares."""

from __future__ import annotations

from markupsafe import Markup

from app.pages.compare.compared import Compared
from app.pages.overview import Overview
from app.pages.page import Document
from app.pages.play.played import Played
from app.pages.sharing.targets import SharedPage
from app.pages.studies.page import StudyPage


def drawing_of(page: SharedPage) -> Markup:
    """The drawing of the very thing that a page is about.

    Raises:
        ValueError: a comparison has no drawing of its own.
    """
    if isinstance(page, Overview):
        return Markup(page.told.figure.drawing)  # noqa: S704  # it is one
    if isinstance(page, Document):
        drawn = page.figure()
        return Markup(drawn.drawing) if drawn else Markup()  # noqa: S704  # it is one
    if isinstance(page, Played):
        return page.drawing(linked=False)
    if isinstance(page, StudyPage):
        return page.figures[0].drawing(page.line.name)
    raise ValueError("a comparison has no drawing of its own, but one of each explanation")


def thumbs_of(page: Compared) -> list[tuple[str, str, Markup]]:
    """Letter, name and drawing of each explanation of a comparison."""
    return [(one.letter, one.name, drawn) for one, drawn in zip(page.ones, page.drawings, strict=True)]
