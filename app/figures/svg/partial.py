"""The output while changes by hand go from nothing to all of them, with the edge of the decision.

The line is the output over the share of the changes; a small disc is where some neuron passes zero and the line bends,
a bar is where the decision turns. The open disc is the place that the drawing beside it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import circle, drawing, line, num, text

_WIDTH: Final = 460.0
_HEIGHT: Final = 190.0
_LEFT: Final = 44.0
_RIGHT: Final = _WIDTH - 16.0
_TOP: Final = 16.0
_BOTTOM: Final = _HEIGHT - 34.0
_EDGE: Final = 0.5
_MANY: Final = 40  # bends that are drawn


def partial_figure(
    shares: Sequence[float],
    outputs: Sequence[float],
    bends: Sequence[float],
    turns: Sequence[float],
    at: tuple[float, float],
) -> Markup:
    """The curve.

    Args:
        shares: ascending from 0 to 1.
        outputs: the output at each.
        bends: shares at which the line bends.
        turns: shares at which the decision by threshold turns.
        at: share and output that are shown beside it.
    """
    low, high = min([*outputs, 0.0]), max([*outputs, 1.0])

    def x(share: float) -> float:
        return _LEFT + share * (_RIGHT - _LEFT)

    def y(value: float) -> float:
        return _BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP)

    body = line(_LEFT, y(_EDGE), _RIGHT, y(_EDGE), "pt-edge")
    body += text(_RIGHT, y(_EDGE) - 5, "edge of the decision", "lab s", anchor="end")
    body += line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, "ax")
    for share in (0.0, 0.5, 1.0):
        body += line(x(share), _BOTTOM, x(share), _BOTTOM + 4, "ax")
        body += text(x(share), _BOTTOM + 16, f"{share:g}", "lab s", anchor="middle")
    for value in (0.0, _EDGE, 1.0):
        body += text(_LEFT - 8, y(value) + 4, f"{value:g}", "lab s", anchor="end")
    body += text(x(0.5), _BOTTOM + 29, "share of the changes", "lab s", anchor="middle")
    for turn in turns:
        body += line(x(turn), _TOP, x(turn), _BOTTOM, "pt-turn")
        body += text(x(turn), _TOP - 4, decimal(turn, 3), "lab", anchor="middle")
    points = " ".join(f"{num(x(share))},{num(y(value))}" for share, value in zip(shares, outputs, strict=True))
    body += f'<polyline class="pt-line" points="{points}"/>'
    by_share = dict(zip(shares, outputs, strict=True))
    for bend in bends[:_MANY]:
        body += circle(x(bend), y(by_share[bend]), 2.4, "pt-bend")
    body += circle(x(at[0]), y(at[1]), 6, "pt-dot")
    where = " and ".join(decimal(turn, 3) for turn in turns)
    turning = f"turns at {where} of the changes" if turns else "is the same at every place drawn"
    sentence = f"The output goes from {decimal(outputs[0])} to {decimal(outputs[-1])}; the decision {turning}"
    return drawing(_WIDTH, _HEIGHT, body, sentence=sentence, css_class="partial")
