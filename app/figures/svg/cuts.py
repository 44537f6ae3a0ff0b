"""One neuron's values on all inputs, and from which value on each explanation says yes: why there are several."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import circle, drawing, line, num, text
from app.figures.svg.tiles import PLAIN_HUES
from app.figures.svg.vessels import WIDE, Geometry, Reading, in_words, read_as


def cuts(
    values: Sequence[float],
    inputs: Sequence[str],
    readings: Sequence[tuple[Reading, float]],
    geometry: Geometry = WIDE,
    *,
    about: str,
) -> Markup:
    """The drawing.

    Args:
        values: of the neuron on each input.
        inputs: their names, such as "01".
        readings: one or two, each with the value above which it says yes; the second hangs below the line.
        geometry: for which width.
        about: which neuron it is.
    """
    size, width = geometry.words, geometry.width
    start, end, base = 10.0, width - 34.0, 2.7 * size + 34
    low, high = min(values), max(values)

    def x(value: float) -> float:
        return start + 14 + (value - low) / (high - low or 1.0) * (end - start - 60)

    body = line(start, base, end, base, "m-rule")
    for turn, (one, above) in enumerate(readings):
        down = 1 if turn else -1
        bar = base + 8 * down
        body += f'<g class="v-{PLAIN_HUES.of(one.table)}">{line(x(above), bar, end, bar, "vs-yes")}</g>'
        body += line(x(above), base + 15 * down, x(above), base - 3 * down, "vs-mark")
        body += text(end + 6, bar + 4.5, "yes", "vs-value vs-left")
        body += read_as(one, x(above) + 3.4 * size, base + down * (8 + 1.35 * size), size)
    ordered, room = sorted(zip(values, inputs, strict=True)), 0.0
    hidden = x(readings[1][1]) if readings[1:] else width  # from there on the line has words below
    for value, name in ordered:
        body += circle(x(value), base, 5.5, "vs-dot")
        at = max(x(value), room)
        body += text(at, base - 14 if x(value) > hidden else base + 24, name, "vs-input", anchor="middle")
        room = at + 2.2 * size
    body += text(0, 14, about, "vs-value vs-left")
    said = "; ".join(f"{one.letter} says yes above {decimal(above)}: {in_words(one.table)}" for one, above in readings)
    told = ", ".join(f"{decimal(value)} on {name}" for value, name in ordered)
    sentence = f"{about}: {told}. {said}."
    height = num(base + 2.7 * size)
    return drawing(width, float(height), body, sentence=sentence, css_class=f"vessels {geometry.name}", sizing="fluid")
