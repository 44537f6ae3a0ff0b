"""A sign for each kind of explanation: a circle for the network, a square for a function, in the order they are met."""

from __future__ import annotations

from functools import cache
from typing import Final

from markupsafe import Markup

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
