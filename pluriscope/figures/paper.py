"""Drawings as PDF for papers: vectors, in the size and the type of a paper.

Labels are as large as those of a caption (8 points) and nothing is wider than the text of a page of ICLR or NeurIPS
(5.5 inches); the type is STIX, which goes with Times. The ground is left out, since paper is white. It is done by
typst, one wheel without dependencies, which embeds the type and reads SVG as resvg does, by which PNG are made.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING, Final

from pluriscope.analysis.errors import needing
from pluriscope.figures.standalone import FONT, FONT_FAMILY, size_of, standalone_svg

if TYPE_CHECKING:
    import typst

LABEL_POINTS: Final = 8.0
LABEL_PIXELS: Final = 11.0
"""Size of the labels in drawings (``.lab`` in the style sheet)."""
WIDEST_POINTS: Final = 396.0
_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_PAGE: Final = b"""#set document(date: none)
#set page(width: float(sys.inputs.width) * 1pt, height: float(sys.inputs.height) * 1pt, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%, alt: sys.inputs.alt)
"""


def paper_size(width: float, height: float) -> tuple[float, float]:
    """Width and height in points of a drawing of so many pixels."""
    scale = min(LABEL_POINTS / LABEL_PIXELS, WIDEST_POINTS / width)
    return width * scale, height * scale


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The font that comes with us, and no other."""
    import typst  # 7 MB that most servers are never asked for

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONT.parent])


def pdf_of(markup: str) -> bytes:
    """A drawing as a PDF of one page that it fills; the same bytes for the same drawing.

    Args:
        markup: one drawing, as :func:`pluriscope.figures.svg.elements.drawing` makes it.

    Raises:
        MissingLibrary: typst is not installed.
        ValueError: the markup is no drawing.
    """
    with needing("typst", "a drawing as PDF", "pluriscope[pdf]"):
        import typst

    svg = standalone_svg(markup, font=FONT_FAMILY, ground=False)
    width, height = paper_size(*size_of(markup))
    title = _TITLE.search(svg)
    words = unescape(title[1]) if title else ""
    inputs = {"svg": svg, "width": f"{width:.3f}", "height": f"{height:.3f}", "alt": words}
    pdf = typst.compile(_PAGE, sys_inputs=inputs, font_paths=_fonts())
    if not isinstance(pdf, bytes):
        raise ValueError("this drawing fills more than a page")
    return pdf
