"""What happens inside a model: where a node looks on one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import drawing, num, text, text_width

_NUMBERED: Final = 8
"""Positions up to which every cell has room for its number."""
_CELL: Final = 31.0
_SMALL_CELL: Final = 15.0
_RAMP: Final = 0.38  # as of other heat matrices, so that numbers keep their contrast
_SMALL_RAMP: Final = 0.9  # where there are no numbers
_TOP: Final = 34.0


def attention_heat(shares: Sequence[Sequence[float | None]], positions: Sequence[str], *, title: str) -> Markup:
    """How much of what each position reads comes from each, as a heat matrix with the tokens on both axes.

    Args:
        shares: ``[reading][read]`` in 0 … 1; None where a position cannot look.
        positions: what stands at each.
        title: whose attention it is.
    """
    numbered = len(positions) <= _NUMBERED
    cell, ramp = (_CELL, _RAMP) if numbered else (_SMALL_CELL, _SMALL_RAMP)
    fits = int(cell / 6.6)
    left = max(text_width("reads", 10), *(text_width(_cut(one, 8), 12) for one in positions)) + 10
    body = text(left, 11, "from", "lab s") + text(left - 7, _TOP - 6, "reads", "lab s", anchor="end")
    for number, token in enumerate(positions):
        middle = cell * (number + 0.5)
        body += text(left + middle, _TOP - 6, _cut(token, fits), "lab code", anchor="middle")
        body += text(left - 7, _TOP + middle + 4, _cut(token, 8), "lab code", anchor="end")
    seen = [
        (left + cell * read, _TOP + cell * reading, share)
        for reading, some in enumerate(shares)
        for read, share in enumerate(some)
        if share is not None
    ]
    body += _cells(seen, cell, ramp)
    if numbered:
        body += "".join(_number(x + cell / 2, y + cell / 2 + 4, share) for x, y, share in seen)
    size = cell * len(positions)
    words = [_most(some, positions, reading) for reading, some in enumerate(shares)]
    return drawing(
        left + size + 2,
        _TOP + size + 2,
        body,
        sentence=f"{title}: {words[-1]}",
        details="; ".join(words) + ".",
        css_class="heatmap wide",
        sizing="exact",
    )


def _cells(seen: Sequence[tuple[float, float, float]], cell: float, ramp: float) -> str:
    """The squares of shares, each with its left and upper end; one path for all of a shade, as there are hundreds."""
    square = f"h{num(cell - 1)}v{num(cell - 1)}h{num(1 - cell)}z"
    ground, by_shade = "", dict[str, str]()
    for x, y, share in seen:
        path = f"M{num(x + 0.5)} {num(y + 0.5)}{square}"
        ground += path
        shade = f"{ramp * share:.2f}"
        if shade != "0.00":  # which is not seen
            by_shade[shade] = by_shade.get(shade, "") + path
    inks = (f'<path class="h-ink" d="{path}" fill-opacity="{shade}"/>' for shade, path in by_shade.items())
    return f'<path class="h-ground" d="{ground}"/>' + "".join(inks)


def _number(x: float, y: float, share: float) -> str:
    words = "1" if share >= 0.995 else decimal(share).removeprefix("0")
    return text(x, y, words, "lab hn", anchor="middle")


def _most(some: Sequence[float | None], positions: Sequence[str], reading: int) -> str:
    """Where a position looks most, in words."""
    known = [share for share in some if share is not None]
    most = max(range(len(known)), key=known.__getitem__)
    return (
        f"{positions[reading]} at position {reading + 1} looks most at {positions[most]} at position {most + 1}, "
        f"{decimal(known[most])}"
    )


def _cut(label: str, letters: int) -> str:
    return label if len(label) <= letters else label[: max(1, letters - 1)].rstrip() + "…"
