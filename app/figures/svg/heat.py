"""Heat matrices: exact cells with a number in each; the ramp is only a second voice.

The ramp is capped at 38% ink so that numbers keep their contrast. Disagreement is marked by shape: a framed cell with a
struck corner, never by hue. Cells that were not tested are empty and outlined, which differs from a tested 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from app.figures.numbers import decimal, noun
from app.figures.svg.elements import drawing, num, rect, text, text_width

_RAMP: Final = 0.38
_HIGH: Final = 32.0
_TOP: Final = 36.0


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
    shades = np.clip(values, 0.0, 1.0)
    agreed, tested = np.asarray(agreed, dtype=bool), np.asarray(tested, dtype=bool)
    n_tested, n_agreed = int(tested.sum()), int((agreed & tested).sum())
    said = f"{n_agreed} of {noun(n_tested, 'interchange')} agree"
    misses = [f"source {input_names[s]}, base {input_names[b]}" for s, b in np.argwhere(tested & ~agreed).tolist()]
    if misses:
        said += "; not " + "; not ".join(misses[:8]) + (f"; and {len(misses) - 8} more" if len(misses) > 8 else "")
    cells = [[decimal(float(v)) for v in row] for row in values]
    longest = max([len(cell) for row in cells for cell in row] + [1])
    wide = max(36.0, 6.6 * longest + 14, 7.0 * max(map(len, input_names)) + 8)
    left = max([text_width(name, 11.5) for name in input_names] + [text_width("source", 11)]) + 12
    body = text(left, 11, "base →", "lab s") + text(left - 8, _TOP - 7, "source", "lab s", anchor="end")
    for place, name in enumerate(input_names):
        body += text(left + wide * (place + 0.5), _TOP - 7, name, "lab code", anchor="middle")
        y = _TOP + _HIGH * place
        body += text(left - 8, y + _HIGH / 2 + 4, name, "lab code", anchor="end")
        for c, words in enumerate(cells[place]):
            body += _cell(left + wide * c, y, wide, words, shades[place, c], tested[place, c], agreed[place, c])
    return drawing(
        left + wide * len(input_names) + 2,
        _TOP + _HIGH * len(input_names) + 2,
        body,
        sentence=f"{title + ': ' if title else ''}{said}",
        css_class="heatmap wide",
        sizing="exact",
    )


def _cell(x: float, y: float, wide: float, words: str, shade: float, tested: bool, agreed: bool) -> str:
    box = x + 1, y + 1, wide - 2, _HIGH - 2
    if not tested:
        drawn = rect(*box, "h-off")
        return drawn + text(x + wide / 2, y + _HIGH / 2 + 4, words, "lab hn off", anchor="middle")
    drawn = rect(*box, "h-ground") + rect(*box, "h-ink", f'fill-opacity="{_RAMP * shade:.3f}"')
    if not agreed:
        drawn += rect(x + 2.5, y + 2.5, wide - 5, _HIGH - 5, "h-miss")
        drawn += f'<path class="h-strike" d="M{num(x + wide - 11)} {num(y + 5)}l6 6m0 -6l-6 6"/>'
    return drawn + text(x + wide / 2, y + _HIGH / 2 + 4, words, "lab hn", anchor="middle")
