"""What becomes of explanations from one network to another: two bars, and between them what both have."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import bounded_text, exact
from pluriscope.figures.svg.elements import drawing, rect, text

_WIDTH: Final = 330.0
_HIGH: Final = 120.0
_TOP: Final = 36.0
_BAR: Final = 16.0
_LEFT: Final = 12.0
_RIGHT: Final = 302.0


def flow(kept: int, lost: int, gained: int, changed: int = 0, *, noun: str) -> Markup:
    """The drawing. Heights of both bars are on one scale.

    Args:
        kept: in both.
        lost: in the first alone.
        gained: in the second alone.
        changed: of those kept, which stand apart.
        noun: what they are, in the plural.
    """
    most = max(kept + lost, kept + gained, 1)

    def high(number: int) -> float:
        return max(1.0, _HIGH * number / most) if number else 0.0

    same, y = kept - changed, _TOP
    body = text(_LEFT, 13, "before", "lab s") + text(_LEFT, 29, bounded_text(kept + lost), "lab")
    body += text(_RIGHT + _BAR, 13, "after", "lab s", anchor="end")
    body += text(_RIGHT + _BAR, 29, bounded_text(kept + gained), "lab", anchor="end")
    for number, words, share in ((same, "kept", 0.16), (changed, "changed", 0.4)):
        tall = high(number)
        body += rect(_LEFT, y, _RIGHT + _BAR - _LEFT, tall, "m-ink", f'fill-opacity="{share}"')
        for x in (_LEFT, _RIGHT):
            body += rect(x, y, _BAR, tall, "m-ink", f'fill-opacity="{share + 0.3}"')
        if tall > 13:
            middle = (_LEFT + _RIGHT + _BAR) / 2
            body += text(middle, y + tall / 2 + 4, f"{bounded_text(number)} {words}", "lab", anchor="middle")
        y += tall
    body += rect(_LEFT + 0.5, y, _BAR - 1, high(lost), "n-open")
    body += rect(_RIGHT, y, _BAR, high(gained), "m-ink")
    below = y + 15
    body += text(_LEFT + _BAR + 6, below, f"{bounded_text(lost)} lost", "lab")
    body += text(_RIGHT - 6, below, f"{bounded_text(gained)} gained", "lab", anchor="end")
    told = f", {exact(changed)} of them changed" if changed else ""
    sentence = f"{noun.capitalize()}: {exact(kept)} kept{told}, {exact(lost)} lost, {exact(gained)} gained"
    return drawing(_WIDTH, max(y + max(high(lost), high(gained), 18), below) + 6, body, sentence=sentence)
