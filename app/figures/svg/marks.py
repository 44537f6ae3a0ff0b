"""Small marks of the interface: logo, strategies, verdicts, empty states."""

from __future__ import annotations

from typing import Final, Literal

from markupsafe import Markup

from app.figures.svg.elements import esc

Strategy = Literal["circuit", "algorithm", "direction"]
Verdict = Literal["pass", "fail", "na", "untested", "running"]

STRATEGY_WORDS: Final = {
    "circuit": "where, then what",
    "algorithm": "what, then where",
    "direction": "what, then where, on directions",
}
_ARROW = '<path class="m-line" d="M12 6h7m-2.5-2.5L19 6l-2.5 2.5" stroke-width="1"/>'
_STRATEGIES: Final = {
    "circuit": f'<circle class="m-line" cx="6" cy="6" r="4"/>{_ARROW}'
    '<rect class="m-ink" x="21" y="2" width="8" height="8"/>',
    "algorithm": f'<rect class="m-ink" x="2" y="2" width="8" height="8"/>{_ARROW}'
    '<circle class="m-line" cx="25" cy="6" r="4"/>',
    "direction": f'<rect class="m-ink" x="2" y="2" width="8" height="8"/>{_ARROW}'
    '<rect class="m-line" x="22" y="1" width="7" height="10" rx="3.5"/>',
}
_VERDICTS: Final = {
    "pass": '<circle class="m-ink" cx="5.5" cy="5.5" r="5"/><path class="m-on" d="M3 5.7l1.8 1.8L8 3.8"/>',
    "fail": '<circle class="m-line2" cx="5.5" cy="5.5" r="4.8"/>'
    '<path class="m-line2" d="M3.4 3.4l4.2 4.2m0-4.2L3.4 7.6"/>',
    "na": '<path class="m-line3" d="M1.5 5.5h8"/>',
    "untested": '<circle class="m-line3" cx="5.5" cy="5.5" r="4.6" stroke-dasharray="1.8 1.6"/>',
    "running": '<g class="live"><circle class="m-line" cx="5.5" cy="5.5" r="4.6" stroke-width="1.2"/>'
    '<path class="m-ink" d="M5.5 .9a4.6 4.6 0 0 1 0 9.2z"/></g>',
}
_EMPTY: Final = {
    "computing": '<circle class="m-hair" cx="22" cy="22" r="16" stroke-width="5"/>'
    '<path class="m-line live" d="M22 6a16 16 0 0 1 14 24" stroke-width="5"/>',
    "none": '<circle class="m-line" cx="22" cy="22" r="16" stroke-width="2.5"/>'
    '<path class="m-line" d="M10.5 33.5l23-23" stroke-width="2.5"/>',
    "truncated": '<path class="m-line" d="M4 16h24M4 22h24M4 28h24" stroke-width="3"/>'
    '<path class="m-line" d="M33 10v24M38 10v24" stroke-width="2" stroke-dasharray="3 3"/>',
}
_LOGO: Final = (
    '<circle class="m-line" cx="9" cy="10" r="7.6" stroke-width="1.6"/>'
    '<rect class="m-line" x="11.2" y="3" width="14" height="14" stroke-width="1.6"/>'
    '<path class="m-ink m-line" d="M11.2 3.2v13.6A7.6 7.6 0 0 0 11.2 3.2z" stroke-width="1"/>'
)


def logo() -> Markup:
    """Circle and square overlapping: where and what."""
    return Markup(f'<svg width="27" height="20" viewBox="0 0 27 20" aria-hidden="true">{_LOGO}</svg>')  # noqa: S704


def strategy_mark(kind: Strategy) -> Markup:
    """Circle and square in the order of search."""
    words = STRATEGY_WORDS[kind]
    return Markup(  # noqa: S704
        f'<svg class="mark" width="31" height="12" viewBox="0 0 31 12" role="img" aria-label="{esc(words)}">'
        f"<title>{esc(words)}</title>{_STRATEGIES[kind]}</svg>"
    )


def verdict_mark(kind: Verdict) -> Markup:
    """The glyph of a verdict; the word beside it is the caller's duty."""
    return Markup(  # noqa: S704
        f'<svg class="mark" width="11" height="11" viewBox="0 0 11 11" aria-hidden="true">{_VERDICTS[kind]}</svg>'
    )


def empty_mark(kind: str) -> Markup:
    """The icon of one of the three empty states."""
    return Markup(f'<svg class="mark" viewBox="0 0 44 44" aria-hidden="true">{_EMPTY[kind]}</svg>')  # noqa: S704
