"""Small drawings of lessons: values on a line with marks, a change, the parts of a formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from pluriscope.figures.svg.elements import circle, drawing, line, rect, text, text_width
from pluriscope.figures.svg.tiles import PLAIN_HUES, Bits, tile_group
from pluriscope.figures.svg.vessels import in_words, level

LEFT, RIGHT, WIDTH = 20.0, 380.0, 400.0
"""Where the line of values begins and ends, of the whole width; a slider over it begins and ends there too."""
_NEAR: Final = 24.0  # names of inputs that stand so near stand on two rows


def value_line(
    values: Sequence[float],
    rows: Sequence[str],
    full: float,
    marks: Sequence[tuple[float, Bits, str]] = (),
    *,
    sentence: str,
    thumb: bool = False,
) -> Markup:
    """A neuron's values, with marks above which it says yes.

    Args:
        values: on each input.
        rows: the inputs.
        full: the end of the line, which begins at 0.
        marks: where each is, what the neuron then says, and a letter or "".
        sentence: what it shows.
        thumb: whether it has no words, for a list.
    """
    step = 34.0
    y = 30.0 + step * len(marks)

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max(value / full, 0.0), 1.0)

    body = line(LEFT, y, RIGHT, y, "ax")
    for number, (mark, table, letter) in enumerate(marks):
        at, top, hue = x(mark), 24.0 + step * number, PLAIN_HUES.of(table)
        body += f'<g class="v-{hue}">{rect(at, top - 3, max(RIGHT - at, 0), 6, "ll-yes")}</g>'
        moves = line(at, top - 9, at, y + 9, "ll-mark", width=2)
        if not thumb:
            words = f"{letter + ': ' if letter else ''}{in_words(table)}"
            wide = 32 + text_width(words, 15)  # as large as on a phone
            crossed = any(at - wide < x(earlier) < at for earlier, _, _ in marks[:number])
            left = at + wide > WIDTH or (at > 0.55 * WIDTH and not crossed)
            moves += tile_group(at - 14 if left else at + 14, top - 14, 16, table, hue)
            moves += text(at - 28 if left else at + 28, top - 9, words, "ll-words", anchor="end" if left else "start")
        body += f'<g class="ll-moves">{moves}</g>'
    before = -WIDTH
    for value, row in sorted(zip(values, rows, strict=True)):
        body += circle(x(value), y, 7 if thumb else 5, "n-on")
        close = x(value) - before < _NEAR
        before = x(value) + (_NEAR if close else 0)
        if not thumb:
            body += text(x(value), y + (38 if close else 22), row, "ll-row", anchor="middle")
    return drawing(WIDTH, y + (30 if thumb else 44), body, sentence=sentence, css_class="lesson-line", most=680)


def changed(share: float, letters: Sequence[tuple[str, int]], *, sentence: str) -> Markup:
    """A neuron that is forced, as full as it is then, and what two explanations say of the answer."""
    body = circle(34, 36, 20, "n-open") + f'<path class="h-ink" d="{level(34, 36, 18, share)}"/>'
    body += circle(34, 36, 25, "vs-ring")
    for number, (letter, says) in enumerate(letters):
        y = 12 + 28 * number
        body += text(72, y + 15, letter, "ll-letter", anchor="middle")
        body += rect(84, y, 20, 20, "h-ink" if says else "n-open")
    return drawing(120, 72, body, sentence=sentence, css_class="thumb", sizing="fluid")


def parts(whole: Bits, pieces: Sequence[Bits], *, sentence: str) -> Markup:
    """A formula as truth tables: the whole above what it is made of."""
    body, tiles = "", tile_group(60, 18, 20, whole, PLAIN_HUES.of(whole))
    for number, table in enumerate(pieces):
        x = 60 + 56 * (number - (len(pieces) - 1) / 2)
        body += line(60, 18, x, 54, "t-edge")
        tiles += tile_group(x, 54, 20, table, PLAIN_HUES.of(table))
    return drawing(120, 76, body + tiles, sentence=sentence, css_class="thumb", sizing="fluid")
