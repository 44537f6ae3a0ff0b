"""Heat matrices: exact cells with a number in each; the ramp is only a second voice.

The ramp is capped at 38% ink so that numbers keep their contrast. Disagreement is marked by shape: a framed cell with a
struck corner, never by hue. Cells that were not tested are empty and outlined, which differs from a tested 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import drawing, num, part, text, text_width
from app.figures.svg.sentences import counted

_RAMP: Final = 0.38
_HIGH: Final = 32.0


def heat_matrix(
    cells: Sequence[Sequence[str]],
    shades: Any,
    row_names: Sequence[str],
    column_names: Sequence[str],
    *,
    sentence: str,
    missed: Any = None,
    untested: Any = None,
    corner: str = "",
    row_axis: str = "",
    column_axis: str = "",
    names: Sequence[Sequence[str]] | None = None,
) -> Markup:
    """A matrix with a number in every cell.

    Args:
        cells: words of each cell, ``[row][column]``.
        shades: ``[row, column]`` in 0 … 1.
        row_names: names of the rows.
        column_names: names of the columns.
        sentence: what it shows.
        missed: ``[row, column]`` True where the prediction is contradicted.
        untested: ``[row, column]`` True where nothing was tested.
        corner: words in the upper left corner.
        row_axis: what rows are, written above their names.
        column_axis: what columns are, written above their names.
        names: ``[row][column]`` the name of what each cell is about, by which drawings of the network find it.
    """
    shades = np.clip(np.asarray(shades, dtype=np.float64), 0.0, 1.0)
    n_rows, n_columns = shades.shape
    missed = np.zeros((n_rows, n_columns), bool) if missed is None else np.asarray(missed, dtype=bool)
    untested = np.zeros((n_rows, n_columns), bool) if untested is None else np.asarray(untested, dtype=bool)
    longest = max([len(cell) for row in cells for cell in row] + [1])
    wide = max(36.0, 6.6 * longest + 14, 7.0 * max(map(len, column_names)) + 8)
    left = max([text_width(name, 11.5) for name in row_names] + [text_width(corner or row_axis, 11)]) + 12
    top = 20.0 + (16.0 if column_axis else 0.0)
    body = ""
    if column_axis:
        body += text(left, 11, column_axis, "lab s")
    if row_axis or corner:
        body += text(left - 8, top - 7, row_axis or corner, "lab s", anchor="end")
    for c, name in enumerate(column_names):
        body += text(left + wide * (c + 0.5), top - 7, name, "lab code", anchor="middle")
    for r, name in enumerate(row_names):
        y = top + _HIGH * r
        body += text(left - 8, y + _HIGH / 2 + 4, name, "lab code", anchor="end")
        for c in range(n_columns):
            x = left + wide * c
            box = f'x="{num(x + 1)}" y="{num(y + 1)}" width="{num(wide - 2)}" height="{num(_HIGH - 2)}"'
            drawn = f'<rect class="{"h-off" if untested[r, c] else "h-ground"}" {box}/>'
            if not untested[r, c]:
                drawn += f'<rect class="h-ink" {box} fill-opacity="{_RAMP * float(shades[r, c]):.3f}"/>'
            if missed[r, c] and not untested[r, c]:
                inner = f'x="{num(x + 2.5)}" y="{num(y + 2.5)}" width="{num(wide - 5)}" height="{num(_HIGH - 5)}"'
                drawn += f'<rect class="h-miss" {inner}/>'
                drawn += f'<path class="h-strike" d="M{num(x + wide - 11)} {num(y + 5)}l6 6m0 -6l-6 6"/>'
            if cells[r][c] or not untested[r, c]:
                number_class = "lab hn off" if untested[r, c] else "lab hn"
                drawn += text(x + wide / 2, y + _HIGH / 2 + 4, cells[r][c], number_class, anchor="middle")
            body += part(names[r][c], drawn) if names else drawn
    return drawing(
        left + wide * n_columns + 2,
        top + _HIGH * n_rows + 2,
        body,
        sentence=sentence,
        css_class="heatmap",
        sizing="exact",
    )


def interchange_heat(
    outputs: Any,
    agreed: Any,
    tested: Any,
    input_names: Sequence[str],
    *,
    title: str = "",
) -> Markup:
    """The interchange matrix of one variable: source × base, the network's output in each cell.

    Args:
        outputs: ``[source, base]`` raw outputs of the network under the interchange.
        agreed: ``[source, base]`` True where the network decides what the algorithm says.
        tested: ``[source, base]`` True where the protocol tests the pair.
        input_names: names of the rows of inputs, e.g. "00".
        title: the variable and its place.
    """
    values = np.asarray(outputs, dtype=np.float64)
    agreed, tested = np.asarray(agreed, dtype=bool), np.asarray(tested, dtype=bool)
    n_tested, n_agreed = int(tested.sum()), int((agreed & tested).sum())
    cells = [[decimal(float(v)) for v in row] for row in values]
    said = f"{n_agreed} of {counted(n_tested, 'interchange')} agree"
    misses = [f"source {input_names[s]}, base {input_names[b]}" for s, b in np.argwhere(tested & ~agreed).tolist()]
    if misses:
        said += "; not " + "; not ".join(misses[:8]) + (f"; and {len(misses) - 8} more" if len(misses) > 8 else "")
    return heat_matrix(
        cells,
        values,
        list(input_names),
        list(input_names),
        sentence=f"{title + ': ' if title else ''}{said}",
        missed=tested & ~agreed,
        untested=~tested,
        row_axis="source",
        column_axis="base →",
    )
