"""What lenses say as drawings: scores as bars above and below an axis for each input, counts as bars, and fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Protocol

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import drawing, line, num, rect, text, text_width

_BAND: Final = 64.0
_HALF: Final = 18.0  # of the longest bar
_WIDEST: Final = 46.0
_PLOT: Final = 560.0
_NUMBERED: Final = 34.0  # width of a column from which numbers fit
_ROW: Final = 22.0
_BAR: Final = 220.0
_SQUARE: Final = 104.0
_SQUARES: Final = 4  # in a line
_BANDS: Final = 6
_INK: Final = 0.75  # of the highest band


def score_bars(
    scores: Sequence[Sequence[float]], row_names: Sequence[str], input_names: Sequence[str], *, title: str
) -> Markup:
    """Scores of inputs, a band for each input and a bar for each row, all on one scale.

    Args:
        scores: ``[row][input]``.
        row_names: names of the rows.
        input_names: names of the inputs.
        title: of what lens.
    """
    largest = max((abs(score) for row in scores for score in row), default=0.0)
    wide = min(_WIDEST, _PLOT / max(1, len(scores)))
    left = max(text_width(name, 12) for name in input_names) + 16
    every = max(1, -(-int(text_width(row_names[0], 12) + 4) // int(max(1, wide))))
    body = ""
    for axis in range(len(input_names)):
        base = _BAND * axis + _BAND / 2
        body += text(left - 8, base + 4, input_names[axis], "lab code", anchor="end")
        body += line(left, base, left + wide * len(scores), base, "ax")
        for number, row in enumerate(scores):
            size = _HALF * abs(row[axis]) / largest if largest else 0.0
            x, y = left + wide * number, base - size if row[axis] > 0 else base
            if size:
                body += rect(x + wide * 0.2, y, wide * 0.6, size, "b" if row[axis] > 0 else "b down")
            if wide >= _NUMBERED:
                below = row[axis] < 0
                y = base + (size + 10 if below else -size - 3)
                body += text(x + wide / 2, y, decimal(row[axis]), "lab n", anchor="middle")
    bottom = _BAND * len(input_names) + 12
    for number in range(0, len(scores), every):
        body += text(left + wide * (number + 0.5), bottom, row_names[number], "lab s", anchor="middle")
    return drawing(
        left + wide * len(scores) + 4,
        bottom + 6,
        body,
        sentence=_scores_in_words(scores, row_names, input_names, title),
        css_class="scores wide",
        sizing="exact",
    )


def _scores_in_words(
    scores: Sequence[Sequence[float]], row_names: Sequence[str], input_names: Sequence[str], title: str
) -> str:
    rows = [
        f"{name}: {', '.join(f'{at} {decimal(score)}' for at, score in zip(input_names, row, strict=True))}"
        for name, row in zip(row_names[:8], scores, strict=False)
    ]
    more = f"; and {len(scores) - 8} more rows" if len(scores) > 8 else ""
    return f"{title}, scores by row. {'; '.join(rows)}{more}"


def share_bars(labels: Sequence[str], counts: Sequence[int], of: Sequence[int], *, title: str) -> Markup:
    """Counts as bars of their share.

    Args:
        labels: what is counted over.
        counts: how many, for each label.
        of: of how many.
        title: what is counted.
    """
    left = max(text_width(label, 12) for label in labels) + 14
    told = [f"{n:,} of {most:,}" for n, most in zip(counts, of, strict=True)]
    body = ""
    for number, (label, n, most) in enumerate(zip(labels, counts, of, strict=True)):
        y = _ROW * number
        body += text(left - 8, y + 15, label, "lab code", anchor="end")
        body += rect(left, y + 5, _BAR, 12, "lost")
        if n:
            body += rect(left, y + 5, _BAR * n / most, 12, "b")
        body += text(left + _BAR + 8, y + 15, told[number], "lab")
    words = "; ".join(f"{label} {said}" for label, said in zip(labels[:12], told, strict=False))
    more = f"; and {len(labels) - 12} more" if len(labels) > 12 else ""
    return drawing(
        left + _BAR + 8 + max(text_width(said, 12) for said in told),
        _ROW * len(labels) + 2,
        body,
        sentence=f"{title}. {words}{more}",
        css_class="shares wide",
        sizing="exact",
    )


class Field(Protocol):
    """See :class:`analysis.lenses.lens.LensField`."""

    @property
    def name(self) -> str: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...

    @property
    def pieces(self) -> Sequence[tuple[int, Sequence[tuple[float, float]]]]: ...

    @property
    def grid(self) -> Sequence[str]: ...


def field_squares(fields: Sequence[Field], *, title: str) -> Markup:
    """Numbers over the square of two inputs, a small square for each, all of its bands in steps of ink.

    Args:
        fields: what is drawn, each on its own scale from its lowest number to its highest.
        title: of what lens.
    """
    columns = min(_SQUARES, len(fields))
    wide, high = _SQUARE + 18, _SQUARE + 44
    body = ""
    for number, field in enumerate(fields):
        left, top = wide * (number % columns) + 4, high * (number // columns) + 16
        body += text(left, top - 5, field.name, "lab code") + rect(left, top, _SQUARE, _SQUARE, "ground")
        pieces = [(str(band), corners) for band, corners in field.pieces]
        for band, outline in _outlines(pieces, field.grid, left, top, _SQUARE):
            shade = f' fill-opacity="{_INK * int(band) / (_BANDS - 1):.2f}"'
            body += f'<path class="ink{" cells" if field.grid else ""}" d="{outline}"{shade}/>'
        body += rect(left, top, _SQUARE, _SQUARE, "frame")
        body += text(left, top + _SQUARE + 14, f"{decimal(field.low)} to {decimal(field.high)}", "lab")
    told = "; ".join(f"{field.name} from {decimal(field.low)} to {decimal(field.high)}" for field in fields[:12])
    n_lines = -(-len(fields) // columns)
    return drawing(
        wide * columns, high * n_lines, body, sentence=f"{title}. {told}", css_class="fields wide", sizing="exact"
    )


def _outlines(
    pieces: Iterable[tuple[str, Sequence[tuple[float, float]]]],
    rows: Sequence[str],
    left: float,
    top: float,
    side: float,
) -> list[tuple[str, str]]:
    """Signs with the outline of all that has them, in one path; the second input runs upwards.

    Args:
        pieces: signs and corners of convex polygons.
        rows: of a grid, a sign for each square, rows from below.
        left: where the square begins.
        top: likewise.
        side: of the square.
    """
    found: dict[str, str] = {}
    for sign, corners in pieces:
        points = (f"{num(left + side * x)} {num(top + side * (1 - y))}" for x, y in corners)
        found[sign] = f"{found.get(sign, '')}M{'L'.join(points)}z"
    for number, signs in enumerate(rows):
        bottom, high, first = top + side * (1 - number / len(rows)), side / len(rows), 0.0
        for sign, run in groupby(signs):
            wide = side * len(list(run)) / len(signs)
            start = f"M{num(left + first)} {num(bottom)}"
            found[sign] = f"{found.get(sign, '')}{start}h{num(wide)}v{num(-high)}h{num(-wide)}z"
            first += wide
    return sorted(found.items())
