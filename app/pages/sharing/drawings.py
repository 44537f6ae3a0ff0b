"""The drawings of a page that can be taken away, each by its name, drawn by the very functions that draw the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from markupsafe import Markup

from app.errors import NotFound
from app.figures.svg.learning import loss_figure
from app.pages.compare.compared import Compared
from app.pages.network_page import NetworkPage
from app.pages.overview import Overview
from app.pages.page import DRAWING, Document
from app.pages.place import Place
from app.pages.play.played import Played
from app.pages.sharing.targets import SharedPage

Draw = Callable[[], Markup]


def drawing_of(page: SharedPage, name: str = DRAWING) -> Markup:
    """One drawing of a page: that of the very thing that it is about, or another by its name.

    Raises:
        NotFound: the page has none of that name, as a comparison has none of its own.
    """
    figures: Mapping[str, Draw] = {}
    if isinstance(page, Document | Compared):
        drawn = page.figure(name)
        figures = {name: lambda: Markup(drawn.drawing)} if drawn else {}  # noqa: S704  # it is one
    elif isinstance(page, Overview):
        whole = page.told.figure
        figures = {DRAWING: lambda: Markup(whole.drawing)}  # noqa: S704  # it is one
        figures |= _of_network(page.data) if isinstance(page.place, Place) else {}
    elif isinstance(page, Played):
        figures = {DRAWING: lambda: page.drawing(linked=False)}
    else:
        figures = {DRAWING: lambda: page.figures[0].drawing(page.line.name)}
    if name not in figures:
        known = f"; it has {', '.join(figures)}" if figures else ""
        raise NotFound(
            f"figure {name[:40]!r}",
            f"does not belong to this page{known}",
            "choose one of the page",
            "name",
            page.url() if isinstance(page, Compared) else page.url,
            "the page",
        )
    return figures[name]()


def _of_network(page: NetworkPage) -> dict[str, Draw]:
    figures: dict[str, Draw] = {}
    learning = page.learning
    if learning is not None:
        figures["loss"] = lambda: loss_figure(learning.curves, learning.loss_target)
    return figures


def thumbs_of(page: Compared) -> list[tuple[str, str, Markup]]:
    """Letter, name and drawing of each explanation of a comparison."""
    return [(one.letter, one.name, drawn) for one, drawn in zip(page.ones, page.drawings, strict=True)]
