"""What happens inside a model: where a node looks on one row, and one row's number among those of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import circle, drawing, line, num, text, text_width

_NUMBERED: Final = 8
"""Positions up to which every cell has room for its number."""
_CELL: Final = 31.0
_SMALL_CELL: Final = 15.0
_RAMP: Final = 0.38  # as of other heat matrices, so that numbers keep their contrast
_SMALL_RAMP: Final = 0.9  # where there are no numbers
_TOP: Final = 34.0
_ROW: Final = 24.0
_PLOT: Final = 150.0
_LONGEST: Final = 14
"""Letters of a label beside a line."""


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
        css_class="heatmap",
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


def row_spreads(
    labels: Sequence[str],
    spreads: Sequence[tuple[float, float, float, float | None] | None],
    *,
    title: str,
) -> Markup:
    """Numbers on every row of a task: the least, mean and largest of each as a line, one row's as a dot.

    Args:
        labels: of what the numbers are.
        spreads: least, mean, most, and the number on the row that is looked at or None; None where there are none.
        title: what the numbers are.
    """
    known = [one for one in spreads if one is not None]
    low, high = (min([0.0, *(one[0] for one in known)]), max([0.0, *(one[2] for one in known)]))
    left = max(text_width(_cut(label, _LONGEST), 11) for label in labels) + 12
    scale = _PLOT / (high - low) if high > low else 0.0

    def x(value: float) -> float:
        return left + (value - low) * scale

    bottom = _ROW * len(labels)
    body = line(x(0.0), 2, x(0.0), bottom, "e-bg")
    words = []
    for number, (label, one) in enumerate(zip(labels, spreads, strict=True)):
        y = _ROW * number + _ROW / 2
        body += text(left - 8, y + 4, _cut(label, _LONGEST), "lab", anchor="end")
        if one is None:
            words.append(f"{label} none")
            continue
        least, mean, most, here = one
        body += line(x(least), y, x(most), y, "e-pos", width=1.2)
        body += line(x(mean), y - 5, x(mean), y + 5, "e-pos", width=1.6)
        if here is not None:
            body += circle(x(here), y, 3.6, "n-on")
        body += text(left + _PLOT + 10, y + 4, decimal(mean if here is None else here), "lab hn")
        on_row = "" if here is None else f", {decimal(here)} on this row"
        words.append(f"{label} {decimal(least)} to {decimal(most)}, mean {decimal(mean)}{on_row}")
    return drawing(
        left + _PLOT + 56,
        bottom + 4,
        body,
        sentence=f"{title}, over all rows. {'; '.join(words[:12])}{'; …' if len(words) > 12 else ''}",
        css_class="heatmap",
        sizing="exact",
    )
