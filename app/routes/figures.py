"""Each figure of a page as a file of its own: SVG, PNG or PDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from app.figures.standalone import FONT_FAMILY, standalone_svg
from app.pages.sharing.figures import draw_figure
from app.routes.cards import pdf_answer, png_answer, svg_answer, theme_of, width_of
from app.routes.depends import Links, Reading
from app.routes.shared_targets import PATTERNS, page_of

router = APIRouter()
OWN: Final = ("width",)
Form = Literal["svg", "png", "pdf"]


def figure(request: Request, session: Reading, links: Links, name: str, form: Form) -> Response:
    """A figure of a network, explanation or comparison."""
    page = page_of(request, session, links, *(OWN if form == "png" else ()))
    return _answer(request, draw_figure(page, name, links), form)


def _answer(request: Request, markup: Markup, form: Form) -> Response:
    if form == "pdf":
        return pdf_answer(markup)
    theme = theme_of(request)
    if form == "svg":
        return svg_answer(standalone_svg(markup, theme))
    return png_answer(request, standalone_svg(markup, theme, font=FONT_FAMILY), width_of(request, markup))


_ENDPOINTS: Final[Mapping[str, Callable[..., Response]]] = {
    **dict.fromkeys(PATTERNS, figure),
}
for _pattern, _endpoint in _ENDPOINTS.items():
    router.add_api_route(f"{_pattern}/figures/{{name}}.{{form}}", _endpoint, include_in_schema=False)
