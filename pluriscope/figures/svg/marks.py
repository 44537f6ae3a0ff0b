"""Small marks of the interface: logo, verdicts, kinds of explanation, and the bar of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

from markupsafe import Markup

from pluriscope.figures.svg.elements import esc, num, rect

Verdict = Literal["pass", "fail", "na", "untested", "running"]

_VERDICTS: Final[dict[Verdict, str]] = {
    "pass": '<circle class="m-ink" cx="5.5" cy="5.5" r="5"/><path class="m-on" d="M3 5.7l1.8 1.8L8 3.8"/>',
    "fail": '<circle class="m-line2" cx="5.5" cy="5.5" r="4.8"/>'
    '<path class="m-line2" d="M3.4 3.4l4.2 4.2m0-4.2L3.4 7.6"/>',
    "na": '<path class="m-line3" d="M1.5 5.5h8"/>',
    "untested": '<circle class="m-line3" cx="5.5" cy="5.5" r="4.6" stroke-dasharray="1.8 1.6"/>',
    "running": '<g class="live"><circle class="m-line" cx="5.5" cy="5.5" r="4.6" stroke-width="1.2"/>'
    '<path class="m-ink" d="M5.5 .9a4.6 4.6 0 0 1 0 9.2z"/></g>',
}
_LOGO: Final = (
    '<circle class="m-line" cx="9" cy="10" r="7.6" stroke-width="1.6"/>'
    '<rect class="m-line" x="11.2" y="3" width="14" height="14" stroke-width="1.6"/>'
    '<path class="m-ink m-line" d="M11.2 3.2v13.6A7.6 7.6 0 0 0 11.2 3.2z" stroke-width="1"/>'
)


LOGO: Final = Markup(f'<svg width="27" height="20" viewBox="0 0 27 20" aria-hidden="true">{_LOGO}</svg>')  # noqa: S704
"""Circle and square overlapping: where and what."""
VERDICT_MARKS: Final = {
    verdict: Markup(f'<svg class="mark" width="11" height="11" viewBox="0 0 11 11" aria-hidden="true">{glyph}</svg>')  # noqa: S704
    for verdict, glyph in _VERDICTS.items()
}
"""The glyph of each verdict; the word beside it is the caller's duty."""


_WIDTH: Final = 1000.0
_HIGH: Final = 18.0
_CLASSES: Final = ("m-bar", "m-ink", "n-open")


def quarters(counts: Sequence[int], *, sentence: str) -> Markup:
    """Bar of two explanations: trials in which both are right, one of them alone, the other alone, neither.

    Grey = both, ink = the first alone, paper = the second alone, hatched = neither. The bar fills its box; its numbers
    stand below it, so that nothing in it becomes small.

    Args:
        counts: of trials in which both are right, the first alone, the second alone, neither.
        sentence: what it shows, in words.
    """
    total, at, body = max(sum(counts), 1), 0.0, ""
    for count, css_class in zip(counts, _CLASSES, strict=False):
        wide = _WIDTH * count / total
        body += rect(at, 0, wide, _HIGH, css_class) if count else ""
        at += wide
    lines = "".join(f"M{num(x)} {num(_HIGH)}l6 -{num(_HIGH)}" for x in range(int(at) + 4, int(_WIDTH) - 6, 9))
    body += f'<path class="m-hair" d="{lines}"/>' if lines else ""
    body += f'<path class="m-hair" d="M0 0H{num(_WIDTH)}V{num(_HIGH)}H0z"/>'
    words = esc(sentence)
    return Markup(  # noqa: S704  # its text went through esc()
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num(_WIDTH)} {num(_HIGH)}" preserveAspectRatio="none" '
        f'role="img" aria-label="{words}" style="width:100%;height:1.125rem"><title>{words}</title>{body}</svg>'
    )


_CIRCLE: Final = '<circle cx="{}" cy="8" r="4.5" fill="none"/>'
_SQUARE: Final = '<rect x="{}" y="4" width="8" height="8" fill="currentColor"/>'
_CAPSULE: Final = '<rect x="{}" y="2" width="6" height="12" rx="3" fill="none"/>'
_OPEN: Final = '<rect x="{}" y="4" width="8" height="8" fill="none"/>'
_JOIN: Final = '<path d="M12.5 8h3"/>'
_MARKS: Final = {
    "circuit": _CIRCLE.format(6),
    "interpretation": _CIRCLE.format(6) + _JOIN + _SQUARE.format(18),
    "algorithm": _SQUARE.format(2),
    "alignment": _SQUARE.format(2) + _JOIN + _CIRCLE.format(22),
    "direction": _SQUARE.format(2) + _JOIN + _CAPSULE.format(19),
}


@cache
def kind_mark(kind: str) -> Markup:
    """The sign of a kind, 28 × 16 px; an open square for kinds that have none of their own."""
    body = _MARKS.get(kind, _OPEN.format(2))
    frame = '<svg class="kindmark" width="28" height="16" viewBox="0 0 28 16" stroke="currentColor" stroke-width="1.2"'
    return Markup(f'{frame} aria-hidden="true">{body}</svg>')  # noqa: S704
