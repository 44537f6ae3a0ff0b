"""The drawing of the very thing that a page is about, and the thumbs of those that it compares."""

from __future__ import annotations

from markupsafe import Markup

from app.figures.numbers import noun
from app.figures.svg import circuit_thumb, gate_tiles
from app.pages.compare.views import ComparePage
from app.pages.overview import Overview
from app.pages.page import Document
from app.pages.sandbox.drawing import drawing_of as sandbox_drawing
from app.pages.sandbox.views import SandboxPage
from app.pages.sharing.targets import SharedPage
from app.pages.studies.views import StudyPage


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
    if isinstance(page, SandboxPage):
        return sandbox_drawing(page, linked=False)
    if isinstance(page, StudyPage):
        drawing: Markup = page.drawings[page.figures[0].name]
        return drawing
    raise ValueError("a comparison has no drawing of its own, but one of each explanation")


def thumbs_of(page: ComparePage) -> list[tuple[str, str, Markup]]:
    """Letter, name and thumb of each explanation of a comparison."""
    if page.network is None:
        return []
    weights, n_inputs = page.network.weights_for(page.output), page.network.sizes[0]
    found = []
    for item in page.explanations:
        tiles = [] if item.kind == "circuit" else gate_tiles(item.tiles, n_inputs)
        name = item.formula or item.name or f"{noun(item.n_edges or 0, 'edge')} kept"
        drawn = circuit_thumb(weights, item.mask, tiles, hues=page.hues, title=name, named=True)
        found.append((item.letter, name, drawn))
    return found
