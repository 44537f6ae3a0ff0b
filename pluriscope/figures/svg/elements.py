"""The few pieces every drawing is assembled from: numbers, escaping, and the root element with its sentence.

A drawing is a pure function from data to markup. Coordinates are rounded to 0.1 and nothing is random, so the same data
give the same bytes, and a drawing can be cached or compared by its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markupsafe import Markup, escape

Sizing = Literal["capped", "fluid", "exact", "stretched"]


def num(value: float) -> str:
    """A coordinate rounded to 0.1, without a trailing zero or a negative zero."""
    text = f"{value + 0.0:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def esc(text: object) -> str:
    """Text made safe for element content and quoted attributes."""
    return str(escape(str(text)))


def text_width(text: str, size: float) -> float:
    """A generous estimate of how wide a text is drawn, in the unit of ``size``."""
    return 0.56 * size * len(text)


def text(x: float, y: float, content: object, css_class: str, *, anchor: str = "", italic: bool = False) -> str:
    """A text element."""
    extra = (f' text-anchor="{anchor}"' if anchor else "") + (' font-style="italic"' if italic else "")
    return f'<text class="{css_class}" x="{num(x)}" y="{num(y)}"{extra}>{esc(content)}</text>'


def straight(ends: tuple[float, float, float, float]) -> str:
    """The way from a point to another."""
    x1, y1, x2, y2 = map(num, ends)
    return f"M{x1} {y1}L{x2} {y2}"


@lru_cache(maxsize=8_192)  # the hundreds of thumbs on a list share their edges' places
def line(x1: float, y1: float, x2: float, y2: float, css_class: str, *, width: float | None = None) -> str:
    """A straight path."""
    return stroke(straight((x1, y1, x2, y2)), css_class, "" if width is None else f'stroke-width="{width:g}"')


@lru_cache(maxsize=8_192)
def circle(x: float, y: float, radius: float, css_class: str) -> str:
    """A circle."""
    return f'<circle class="{css_class}" cx="{num(x)}" cy="{num(y)}" r="{num(radius)}"/>'


def rect(x: float, y: float, width: float, height: float, css_class: str = "", more: str = "") -> str:
    """A rectangle.

    Args:
        x: of its left side.
        y: of its upper side.
        width: of it.
        height: of it.
        css_class: "" for none.
        more: further attributes, such as its paint.
    """
    named = f'class="{css_class}" ' if css_class else ""
    attributes = f'x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"'
    return f"<rect {named}{attributes}{' ' if more else ''}{more}/>"


def part(names: str, body: str) -> str:
    """A part of a drawing that lights up with everything on the page that has one of its names.

    Args:
        names: names of neurons and edges, separated by spaces, as :func:`pluriscope.figures.svg.layout.node_name`
            and :class:`pluriscope.figures.svg.layout.DrawnEdge` write them.
        body: inner markup, already escaped.
    """
    return f'<g data-el="{esc(names)}">{body}</g>'


@dataclass(frozen=True)
class Step:
    """Link of a part of a drawing.

    Args:
        url: the address.
        words: what the click does, for those who cannot see the drawing.
        id: of the element, so that the focus stays when a part of the page is exchanged.
    """

    url: str
    words: str
    id: str

    def around(self, inner: str) -> str:
        """A link around a part that is drawn, already escaped."""
        return f'<a id="{esc(self.id)}" href="{esc(self.url)}" aria-label="{esc(self.words)}">{inner}</a>'


def hued(hue: str, body: str) -> str:
    """Markup in the hue of a variable."""
    return f'<g class="v-{hue}">{body}</g>'


def stroke(way: str, css_class: str = "hit", more: str = "") -> str:
    """A path element; by default an invisible wide one, by which a thin line or a small circle can be pointed at.

    Args:
        way: its commands.
        css_class: its class.
        more: further attributes, such as the width of its stroke.
    """
    return f'<path class="{css_class}" d="{way}"{" " if more else ""}{more}/>'


def drawing(
    width: float,
    height: float,
    body: str,
    *,
    sentence: str,
    details: str = "",
    css_class: str = "",
    sizing: Sizing = "capped",
    most: float | None = None,
    margins: tuple[float, float] = (0.0, 0.0),
) -> Markup:
    """Root element of a drawing, with its sentence as title.

    Args:
        width: width of the view box.
        height: height of the view box.
        body: inner markup, already escaped.
        sentence: what the drawing shows, in words made from its data; becomes title and accessible name.
        details: what a sentence is too short for; becomes the accessible description.
        css_class: classes of the root.
        sizing: "capped" fills its box up to its own width, "fluid" fills it whatever its width, "exact" keeps its size,
            "stretched" is as wide as its box without being scaled: its body has shares of the width.
        most: up to which width it fills its box instead of its own.
        margins: of a "stretched" one, in pixels to the left and to the right, in which labels stand.
    """
    words, role = esc(sentence), "group" if "<a " in body else "img"  # what is inside an image is not there for all
    size = {
        "capped": f' style="width:100%;height:auto;max-width:{num(most or width)}px"',
        "fluid": "",
        "exact": f' width="{num(width)}" height="{num(height)}"',
        "stretched": f' width="100%" height="{num(height)}"'
        + (f' style="padding:0 {num(margins[1])}px 0 {num(margins[0])}px"' if any(margins) else ""),
    }[sizing]
    names = f' class="{css_class}"' if css_class else ""
    box = "" if sizing == "stretched" else f' viewBox="0 0 {num(width)} {num(height)}"'
    title = f"<title>{words}</title>" if role == "img" else ""
    more = f"<desc>{esc(details)}</desc>" if details else ""
    return Markup(  # noqa: S704  # every text in body went through esc()
        f'<svg xmlns="http://www.w3.org/2000/svg"{names}{box} role="{role}" '
        f'aria-label="{words}"{size}>{title}{more}{body}</svg>'
    )


def twice(wide: Markup, narrow: Markup) -> Markup:
    """A drawing for wide pages, and the same for phones, where it would else be too small to be read."""
    return Markup('<div class="only-wide">{}</div><div class="only-phone">{}</div>').format(wide, narrow)
