"""How networks learn: loss by epoch on a logarithmic axis with the target.

A solid line converged (thin where there are several), a dashed one failed. Losses that are no
numbers any more leave a gap. What a colour says is said by line, mark and words as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup

from pluriscope.figures.svg.elements import drawing, esc, line, num, text

_WIDTH: Final = 440.0
_HEIGHT: Final = 264.0
_LEFT: Final = 50.0
_TOP: Final = 22.0
_BOTTOM: Final = _HEIGHT - 36.0

End = Literal["converged", "failed", "running"]


@dataclass(frozen=True)
class LossCurve:
    """One network's loss.

    Args:
        label: its name.
        points: (epoch, loss) in order; None where the loss was no number.
        end: how it ended.
    """

    label: str
    points: Sequence[tuple[int, float | None]]
    end: End


def loss_figure(curves: Sequence[LossCurve], target: float, unit: str = "epoch") -> Markup:
    """Every network's loss by epoch.

    Args:
        curves: the networks.
        target: the loss below which training stops.
        unit: what is counted from left to right.
    """
    values = [loss for curve in curves for _, loss in curve.points if loss is not None and loss > 0]
    low, high = min([*values, target]), max([*values, target])
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high) + 1e-9)
    last = max([epoch for curve in curves for epoch, _ in curve.points] + [2])
    right = _WIDTH - 12

    def across(epoch: int) -> float:
        return _LEFT + (right - _LEFT) * (epoch - 1) / (last - 1)

    def down(loss: float) -> float:
        place = math.log10(loss) if loss > 0 else bottom
        return _BOTTOM - (_BOTTOM - _TOP) * (place - bottom) / (top - bottom)

    body = line(_LEFT, _BOTTOM, right, _BOTTOM, "m-rule") + text(0, 12, "loss", "lab s")
    body += text((_LEFT + right) / 2, _BOTTOM + 30, unit, "lab s", anchor="middle")
    for epoch in dict.fromkeys((1, *_between(last), last)):
        words, at_end = f"{epoch:,}", epoch == last
        body += text(across(epoch) + 3 * at_end, _BOTTOM + 14, words, "lab s", anchor="end" if at_end else "middle")
    step = max(1, (top - bottom) // 5)
    for power in range(bottom, top + 1, step):
        y = down(10.0**power)
        body += line(_LEFT, y, right, y, "m-hair") + text(_LEFT - 6, y + 3.5, f"{10.0**power:g}", "lab s", anchor="end")
    y = down(target)
    body += f'<path class="m-line2" stroke-dasharray="2 3" d="M{num(_LEFT)} {num(y)}H{num(right)}"/>'
    body += text(_LEFT + 4, y - 4, f"target {target:g}", "lab s halo")
    several = len(curves) > 1
    for curve in curves:
        drawn = _path(((across(epoch), None if loss is None else down(loss)) for epoch, loss in curve.points))
        css = "m-line2" if curve.end == "failed" else "m-line3" if several else "m-line"
        dashes = ' stroke-dasharray="5 3"' if curve.end == "failed" else ""
        body += f'<path class="{css}"{dashes} d="{drawn}"><title>{esc(_told(curve, unit))}</title></path>'
        at = next(((e, v) for e, v in reversed(curve.points) if v is not None), None)
        if at is not None:
            body += _end(across(at[0]), down(at[1]), curve.end)
    return drawing(_WIDTH, _HEIGHT, body, sentence=_loss_sentence(curves, target, unit))


def _between(last: int) -> list[int]:
    """Round epochs that leave room for the last one's own number."""
    if last < 6:
        return list(range(2, last))
    rough = last / 4
    power = 10 ** math.floor(math.log10(rough))
    step = max(1, int(next(f * power for f in (1, 2, 5, 10) if f * power >= rough)))
    return [epoch for epoch in range(step, last, step) if last - epoch > step / 2]


def _path(points: Iterable[tuple[float, float | None]]) -> str:
    drawn, pen = "", "M"
    for x, y in points:
        if y is None:
            pen = "M"
            continue
        drawn += f"{pen}{num(x)} {num(y)}"
        pen = "L"
    return drawn or "M0 0"


def _end(x: float, y: float, end: End) -> str:
    if end == "failed":
        return f'<path class="m-line2" d="M{num(x - 3)} {num(y - 3)}l6 6m0 -6l-6 6"/>'
    return f'<circle class="m-ink" cx="{num(x)}" cy="{num(y)}" r="2.6"/>'


def _told(curve: LossCurve, unit: str) -> str:
    epoch, loss = curve.points[-1]
    value = "no finite loss" if loss is None else f"loss {loss:.4g}"
    return f"{curve.label}: {value} at {unit} {epoch:,}, {curve.end}"


def _loss_sentence(curves: Sequence[LossCurve], target: float, unit: str) -> str:
    words = f"Loss by {unit}, logarithmic, with the target {target:g}"
    if len(curves) == 1:
        points = curves[0].points
        first = points[0][1] if points else None
        begun = "" if first is None else f" From {first:.4g} at {unit} {points[0][0]}."
        return f"{words}.{begun} {_told(curves[0], unit)}."
    counts = [(n, end) for end in ("converged", "failed") if (n := sum(c.end == end for c in curves))]
    return f"{words}. {len(curves)} networks: {', '.join(f'{n} {end}' for n, end in counts)}."
