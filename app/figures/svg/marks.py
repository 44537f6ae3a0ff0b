"""Small marks of the interface: logo and verdicts."""

from __future__ import annotations

from typing import Final, Literal

from markupsafe import Markup

Verdict = Literal["pass", "fail", "na", "untested", "running"]

_VERDICTS: Final = {
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


def logo() -> Markup:
    """Circle and square overlapping: where and what."""
    return Markup(f'<svg width="27" height="20" viewBox="0 0 27 20" aria-hidden="true">{_LOGO}</svg>')  # noqa: S704


def verdict_mark(kind: Verdict) -> Markup:
    """The glyph of a verdict; the word beside it is the caller's duty."""
    return Markup(  # noqa: S704
        f'<svg class="mark" width="11" height="11" viewBox="0 0 11 11" aria-hidden="true">{_VERDICTS[kind]}</svg>'
    )
