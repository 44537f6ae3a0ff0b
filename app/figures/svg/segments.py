"""One bar of two explanations: both right, one of them alone, the other alone, neither.

Grey = both, ink = the first alone, paper = the second alone, hatched = neither. The bar fills its box; its numbers
stand below it, so that nothing in it becomes small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import esc, num

_WIDTH: Final = 1000.0
_HIGH: Final = 18.0
_CLASSES: Final = ("m-bar", "m-ink", "n-open")


def quarters(counts: Sequence[int], *, sentence: str) -> Markup:
    """The bar.

    Args:
        counts: of trials in which both are right, the first alone, the second alone, neither.
        sentence: what it shows, in words.
    """
    total, at, body = max(sum(counts), 1), 0.0, ""
    for count, css_class in zip(counts, _CLASSES, strict=False):
        wide = _WIDTH * count / total
        body += f'<rect class="{css_class}" x="{num(at)}" y="0" width="{num(wide)}" height="{num(_HIGH)}"/>' * (
            count > 0
        )
        at += wide
    lines = "".join(f"M{num(x)} {num(_HIGH)}l6 -{num(_HIGH)}" for x in range(int(at) + 4, int(_WIDTH) - 6, 9))
    body += f'<path class="m-hair" d="{lines}"/>' if lines else ""
    body += f'<path class="m-hair" d="M0 0H{num(_WIDTH)}V{num(_HIGH)}H0z"/>'
    words = esc(sentence)
    return Markup(  # noqa: S704  # its text went through esc()
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num(_WIDTH)} {num(_HIGH)}" preserveAspectRatio="none" '
        f'role="img" aria-label="{words}" style="width:100%;height:1.125rem"><title>{words}</title>{body}</svg>'
    )
