"""The figures of a page as drawings that can be taken away, each by its name.

They are drawn by the very functions that draw the page, from the same model, so that a file shows what the page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from app.addressing import Addresses
from app.errors import NotFound
from app.figures.svg import loss_figure
from app.pages.compare.compared import Compared
from app.pages.network_page import NetworkPage
from app.pages.overview import Overview
from app.pages.page import DRAWING, Document
from app.pages.place import Place
from app.pages.play.played import Played
from app.pages.sharing.drawings import drawing_of
from app.pages.sharing.targets import SharedPage
from app.pages.studies.page import StudyPage

Draw = Callable[[], Markup]


def _figures_of(page: Any) -> Mapping[str, Draw]:
    """What can be drawn of a page: name → a function that draws it."""
    if isinstance(page, Overview):
        return {DRAWING: partial(drawing_of, page), **(_of_network(page.data) if isinstance(page.place, Place) else {})}
    if isinstance(page, Played | StudyPage):
        return {DRAWING: partial(drawing_of, page)}
    return {}


def draw_figure(page: SharedPage, name: str, addresses: Addresses) -> Markup:
    """One figure of a page.

    Raises:
        NotFound: the page has no figure of that name.
    """
    if isinstance(page, Document | Compared):
        drawn = page.figure(name)
        figures: Mapping[str, Draw] = {name: partial(Markup, str(drawn.drawing))} if drawn else {}
    else:
        figures = _figures_of(page)
    if name not in figures:
        known = f"; it has {', '.join(figures)}" if figures else ""
        raise NotFound(
            f"figure {name[:40]!r}", f"does not belong to this page{known}", "choose one of the page", "name",
            getattr(page, "url", "") or addresses.gallery(), "the page",
        )  # fmt: skip
    return figures[name]()


def _of_network(page: NetworkPage) -> dict[str, Draw]:
    figures: dict[str, Draw] = {}
    if page.learning is not None:
        figures["loss"] = partial(loss_figure, page.learning.curves, page.learning.loss_target)
    return figures
