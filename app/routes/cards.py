"""Pictures of what an address names: its card, and its drawing as SVG and PNG."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.addressing import Addresses
from app.errors import BadQuery, NotFound
from app.figures.cards import card_svg
from app.figures.paper import pdf_of
from app.figures.standalone import FONT_FAMILY, Theme, png_of, size_of, standalone_svg
from app.pages.compare.compared import Compared
from app.pages.sharing.drawings import drawing_of, thumbs_of
from app.pages.sharing.facts import facts_of
from app.pages.sharing.targets import SharedPage
from app.pages.studies.page import StudyPage
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.shared_targets import SHOWN, page_of

router = APIRouter()
MAX_WIDTH: Final = 2_400
FRESH: Final = "public, max-age=3600"


def card_image(request: Request, session: Reading, links: Links) -> Response:
    """The card as PNG."""
    page = page_of(request, session, links)
    return png_answer(request, card_of(page, theme_of(request)), None)


def card_document(request: Request, session: Reading, links: Links) -> Response:
    """The card as SVG."""
    return svg_answer(card_of(page_of(request, session, links), theme_of(request)))


def drawing_document(request: Request, session: Reading, links: Links) -> Response:
    """The drawing as SVG, with its styles inside."""
    return svg_answer(standalone_svg(_drawing(request, session, links), theme_of(request)))


def drawing_image(request: Request, session: Reading, links: Links) -> Response:
    """The drawing as PNG."""
    markup = _drawing(request, session, links, "width")
    return png_answer(request, standalone_svg(markup, theme_of(request), font=FONT_FAMILY), width_of(request, markup))


def drawing_page(request: Request, session: Reading, links: Links) -> Response:
    """The drawing as PDF, in the size and the type of a paper."""
    return pdf_answer(_drawing(request, session, links))


for _pattern in SHOWN:
    for _name, _endpoint in (("card.png", card_image), ("card.svg", card_document)):
        router.add_api_route(f"{_pattern}/{_name}", _endpoint, include_in_schema=False)
    for _name, _endpoint in (
        ("drawing.svg", drawing_document),
        ("drawing.png", drawing_image),
        ("drawing.pdf", drawing_page),
    ):
        router.add_api_route(f"{_pattern}/{_name}", _endpoint, include_in_schema=False)


def _drawing(request: Request, session: Reading, links: Addresses, *own: str) -> str:
    page = page_of(request, session, links, *own)
    if isinstance(page, Compared):
        raise NotFound(
            "drawing of a comparison",
            "there is one of each explanation, and a card of all",
            "take the card",
            "",
            page.url(),
            "the comparison",
        )
    return str(drawing_of(page))


def theme_of(request: Request) -> Theme:
    """The colours asked for, light ones if none are."""
    asked = request.query_params.get("theme", "light")
    if asked not in ("light", "dark"):
        raise BadQuery(f"theme {asked[:20]!r}", "is unknown", "use light or dark", "theme")
    return "dark" if asked == "dark" else "light"


def twice(markup: str) -> int:
    """The width in pixels of a drawing at twice its size, which is sharp on screens and slides."""
    return min(round(2 * size_of(markup)[0]), MAX_WIDTH)


def width_of(request: Request, markup: str) -> int:
    """The width asked for in pixels, else twice the drawing's own."""
    text = request.query_params.get("width", str(twice(markup)))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 16 <= int(text) <= MAX_WIDTH):
        raise BadQuery(
            f"width {text[:20]!r}", f"is no number of pixels from 16 to {MAX_WIDTH:,}", "correct it", "width"
        )
    return int(text)


def svg_answer(markup: str) -> Response:
    """A drawing as a file."""
    return Response(markup, media_type="image/svg+xml", headers={"cache-control": FRESH, **_policy()})


def pdf_answer(markup: str) -> Response:
    """A drawing as a file for a paper, which takes a hundredth of a second."""
    headers = {"cache-control": FRESH, "cross-origin-resource-policy": "cross-origin"}
    return Response(pdf_of(markup), media_type="application/pdf", headers=headers)


def png_answer(request: Request, svg: str, width: int | None) -> Response:
    """A rendered drawing; a client that has it already is told so."""
    key = sha256(f"{width}\n{svg}".encode()).hexdigest()
    tag = f'"{key[:32]}"'
    headers = {"cache-control": FRESH, "etag": tag, "cross-origin-resource-policy": "cross-origin"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    with room("this picture"):
        picture = png_of(svg, width=width)
    return Response(picture, media_type="image/png", headers=headers)


def _policy() -> dict[str, str]:
    """A picture may be shown anywhere; opened as a page it may style itself and nothing else."""
    return {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "cross-origin-resource-policy": "cross-origin",
    }


def card_of(page: SharedPage, theme: Theme) -> str:
    """The card of a network, an explanation or a comparison."""
    facts = facts_of(page)
    if isinstance(page, Compared):
        drawings = [(letter, str(drawn)) for letter, _, drawn in thumbs_of(page)]
    else:
        drawings = [("", str(drawing_of(page)))]
    if isinstance(page, StudyPage):
        digest = page.line.digest[:12]
    else:
        digest = "" if page.network is None else page.network.digest[:12]
    return card_svg(facts.title, drawings, f"{digest} · protocol {facts.protocol.split(' ')[0]}", theme)
