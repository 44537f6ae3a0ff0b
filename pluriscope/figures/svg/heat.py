"""Heat maps: a number in each cell, darker the larger it is, outlined where it is below 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import Step, drawing, rect, text, text_width

_HEIGHT: Final = 26.0
_NARROW, _WIDE, _TEXT = 22.0, 46.0, 78.0  # of columns without numbers, with numbers, with texts
_MOST_WIDE: Final = 26  # columns in which numbers fit
_DARK: Final = 0.55  # share of the darkest from which what is written on it is light


def heat_map(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    texts: Sequence[Sequence[str]] = (),
    links: Sequence[Sequence[Step | None]] = (),
    most: float = 0.0,
    thumb: bool = False,
) -> Markup:
    """A heat map.

    Args:
        values: ``[rows][columns]``, None where there is none.
        rows: their names.
        columns: likewise.
        title: of it.
        texts: what stands in the cells; their numbers if it is empty.
        links: where a click on each cell leads; nowhere if it is empty.
        most: the size that is darkest; 0 for the largest that occurs.
        thumb: whether it fills a small box, without numbers.
    """
    largest = most or max((abs(value) for row in values for value in row if value is not None), default=0.0)
    numbers = len(columns) <= _MOST_WIDE and not thumb
    wide = _TEXT if texts else _WIDE if numbers else _NARROW
    wide = wide if thumb else max(wide, *(text_width(name, 12) + 6 for name in columns))
    left = max(text_width(name, 13) for name in rows) + 12  # wider letters
    body = "".join(
        text(left + wide * (at + 0.5), 14, name, "lab s", anchor="middle") for at, name in enumerate(columns)
    )
    for number, (name, row) in enumerate(zip(rows, values, strict=True)):
        y = 20 + _HEIGHT * number
        body += text(left - 8, y + 17, name, "lab code", anchor="end")
        for at, value in enumerate(row):
            if value is None:
                continue
            share = min(1.0, abs(value) / largest) if largest else 0.0
            cell = _cell(left + wide * at, y, wide, share, below=value < 0)
            told = texts[number][at] if texts else decimal(value) if numbers else ""
            if told:
                light = " on" if share > _DARK and value >= 0 else ""
                cell += text(left + wide * (at + 0.5), y + 17, told, f"lab n{light}", anchor="middle")
            step = links[number][at] if links else None
            body += cell if step is None else step.around(cell)
    return drawing(
        left + wide * len(columns) + 4,
        24 + _HEIGHT * len(rows),
        body,
        sentence=_in_words(values, rows, columns, title),
        css_class="heat" if thumb else "heat wide",
        sizing="capped" if thumb else "exact",
    )


def _cell(x: float, y: float, wide: float, share: float, *, below: bool) -> str:
    """Paper, and ink over it as dark as the share; a number below 0 has an outline as well."""
    paint = f'fill-opacity="{share * (0.5 if below else 1.0):.2f}"'
    return rect(x + 1, y + 1, wide - 2, _HEIGHT - 2, "ground") + rect(
        x + 1, y + 1, wide - 2, _HEIGHT - 2, "ink down" if below and share > 0.01 else "ink", paint
    )


def _in_words(values: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str], title: str) -> str:
    cells = [
        (abs(value), f"{row} at {column} {decimal(value)}")
        for row, some in zip(rows, values, strict=True)
        for column, value in zip(columns, some, strict=True)
        if value is not None
    ]
    largest = [told for _, told in sorted(cells, key=lambda cell: -cell[0])[:4]]
    return f"{title}. Largest of {len(cells)}: {'; '.join(largest)}"
