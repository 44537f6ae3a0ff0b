"""Bars with labels across the whole width of a page: one number for each of some names, on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import drawing, esc, num, text

_ROW: Final = 34.0
_HIGH: Final = 10.0
_LONGEST: Final = 40  # letters of a label and of the words behind it that fit a phone side by side
_TOLD: Final = 12  # bars named in the sentence


@dataclass(frozen=True)
class Bar:
    """One number with its name.

    Args:
        label: its name.
        value: any finite number; below 0 its bar goes to the left.
        words: what stands at its end; the number itself if not given.
    """

    label: str
    value: float
    words: str = ""

    @property
    def told(self) -> str:
        """What stands at its end."""
        return self.words or decimal(self.value)


def bar_chart(bars: Sequence[Bar], *, title: str, most: float | None = None) -> Markup:
    """Bars below each other, each under its label; as wide as where it stands, with letters of one size everywhere.

    Args:
        bars: from the first to the last.
        title: what the numbers are.
        most: the number at which a bar is full; the largest if not given.
    """
    low = min(0.0, *(bar.value for bar in bars), 0.0)
    span = max(0.0 if most is None else most, *(bar.value for bar in bars), 0.0) - low or 1.0
    zero, body = -low / span, ""
    for number, bar in enumerate(bars):
        y, room = _ROW * number, _LONGEST - len(bar.told)
        label = bar.label if len(bar.label) <= room else f"{bar.label[: room - 1]}…"
        body += text(0, y + 13, label, "lab")
        body += f'<text class="lab n" x="100%" y="{num(y + 13)}" text-anchor="end">{esc(bar.told)}</text>'
        body += _span(0.0, 1.0, y + 18, "lost")
        end = (bar.value - low) / span
        body += _span(min(zero, end), max(zero, end), y + 18, "b" if bar.value > 0 else "b down") if bar.value else ""
    said = "; ".join(f"{bar.label} {bar.told}" for bar in bars[:_TOLD])
    more = f"; and {len(bars) - _TOLD} more" if len(bars) > _TOLD else ""
    sentence = f"{title}. {said}{more}"
    return drawing(0, _ROW * len(bars), body, sentence=sentence, css_class="bars", sizing="stretched")


def _span(start: float, end: float, y: float, css_class: str) -> str:
    """A bar between two shares of the whole width."""
    place = f'x="{100 * start:.2f}%" y="{num(y)}" width="{100 * (end - start):.2f}%" height="{num(_HIGH)}"'
    return f'<rect class="{css_class}" {place}/>'
