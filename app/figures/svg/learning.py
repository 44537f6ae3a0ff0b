"""How networks learn: loss by epoch on a logarithmic axis with the target, and the outputs on their way to 0 and 1.

A solid line is on its way or converged (thin where there are several), a dashed one failed. Losses that are no
numbers any more leave a gap. What a colour says is said by line, mark and words as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import drawing, esc, line, num, text

_WIDTH: Final = 440.0
_HEIGHT: Final = 264.0
_LEFT: Final = 50.0
_TOP: Final = 22.0
_BOTTOM: Final = _HEIGHT - 36.0
_LABELLED: Final = 8  # lines that get a label of their own
_LINE_HEIGHT: Final = 13.0
_LOWEST, _HIGHEST = -0.5, 1.5  # of outputs; what lies beyond is drawn at the edge

End = Literal["training", "converged", "failed"]


@dataclass(frozen=True)
class LossCurve:
    """One network's loss.

    Args:
        label: its name.
        points: (epoch, loss) in order; None where the loss was no number.
        end: how far it is.
    """

    label: str
    points: Sequence[tuple[int, float | None]]
    end: End


@dataclass(frozen=True)
class OutputCurve:
    """One output on one Boolean input.

    Args:
        label: the input's bits.
        target: 0 or 1.
        points: (epoch, output) in order; None where it was no number.
    """

    label: str
    target: int
    points: Sequence[tuple[int, float | None]]


def loss_figure(curves: Sequence[LossCurve], target: float, *, title: str = "Loss by epoch") -> Markup:
    """Every network's loss by epoch.

    Args:
        curves: the networks.
        target: the loss below which training stops.
        title: what it is of.
    """
    values = [loss for curve in curves for _, loss in curve.points if loss is not None and loss > 0]
    low, high = min([*values, target]), max([*values, target])
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high) + 1e-9)
    last = max([epoch for curve in curves for epoch, _ in curve.points] + [1])
    right = _WIDTH - 12
    across = _Across(last, right)

    def down(loss: float) -> float:
        place = math.log10(loss) if loss > 0 else bottom
        return _BOTTOM - (_BOTTOM - _TOP) * (place - bottom) / (top - bottom)

    body = across.axis() + text(0, 12, "loss", "lab s")
    step = max(1, (top - bottom) // 5)
    for power in range(bottom, top + 1, step):
        y = down(10.0**power)
        body += line(_LEFT, y, right, y, "m-hair") + text(_LEFT - 6, y + 3.5, f"{10.0**power:g}", "lab s", anchor="end")
    y = down(target)
    body += f'<path class="m-line2" stroke-dasharray="2 3" d="M{num(_LEFT)} {num(y)}H{num(right)}"/>'
    body += text(_LEFT + 4, y - 4, f"target {target:g}", "lab s halo")
    several = len(curves) > 1
    for curve in curves:
        drawn = _path(((across.x(epoch), None if loss is None else down(loss)) for epoch, loss in curve.points))
        css = {"failed": "m-line2", "training": "m-line", "converged": "m-line3" if several else "m-line"}[curve.end]
        dashes = ' stroke-dasharray="5 3"' if curve.end == "failed" else ""
        body += f'<path class="{css}"{dashes} d="{drawn}"><title>{esc(_told(curve))}</title></path>'
        at = next(((e, v) for e, v in reversed(curve.points) if v is not None), None)
        if at is not None:
            body += _end(across.x(at[0]), down(at[1]), curve.end)
    return drawing(_WIDTH, _HEIGHT, body, sentence=_loss_sentence(curves, target, title))


def outputs_figure(curves: Sequence[OutputCurve], *, title: str = "Output by epoch") -> Markup:
    """One output on every Boolean input, by epoch.

    Args:
        curves: one for each input, in binary order.
        title: what it is of.
    """
    last = max([epoch for curve in curves for epoch, _ in curve.points] + [1])
    labelled = len(curves) <= _LABELLED
    right = _WIDTH - (64 if labelled else 12)
    across = _Across(last, right)

    def down(value: float) -> float:
        value = min(max(value, _LOWEST), _HIGHEST)
        return _BOTTOM - (_BOTTOM - _TOP) * (value - _LOWEST) / (_HIGHEST - _LOWEST)

    body = across.axis() + text(0, 12, "output", "lab s")
    for value, css in ((1.0, "m-hair"), (0.5, "fb-na"), (0.0, "m-hair")):
        y = down(value)
        body += line(_LEFT, y, right, y, css) + text(_LEFT - 6, y + 3.5, f"{value:g}", "lab s", anchor="end")
    ends: list[tuple[float, str]] = []
    for curve in curves:
        drawn = _path(((across.x(epoch), None if v is None else down(v)) for epoch, v in curve.points))
        dashes = "" if curve.target else ' stroke-dasharray="5 3"'
        body += (
            f'<path class="{"m-line" if curve.target else "m-line2"}"{dashes} d="{drawn}">'
            f"<title>{esc(_at_last(curve))}</title></path>"
        )
        newest = curve.points[-1][1] if curve.points else None
        if newest is not None:
            ends.append((down(newest), f"{curve.label} → {curve.target}"))
    if labelled:
        body += "".join(text(right + 6, y + 3.5, words, "lab s") for y, words in _apart(ends))
    said = "; ".join(map(_at_last, curves[:_LABELLED]))
    more = f"; and {len(curves) - _LABELLED} more inputs" if len(curves) > _LABELLED else ""
    sentence = f"{title}, a line for each input, dashed where it should be 0. At epoch {last}: {said}{more}."
    return drawing(_WIDTH, _HEIGHT, body, sentence=sentence)


class _Across:
    """Epochs, from left to right."""

    def __init__(self, last: int, right: float) -> None:
        self.last, self.right = max(last, 2), right

    def x(self, epoch: int) -> float:
        return _LEFT + (self.right - _LEFT) * (epoch - 1) / (self.last - 1)

    def axis(self) -> str:
        body = line(_LEFT, _BOTTOM, self.right, _BOTTOM, "m-rule")
        for epoch in dict.fromkeys((1, *_between(self.last), self.last)):
            anchor = "end" if epoch == self.last else "middle"
            body += text(
                self.x(epoch) + (3 if anchor == "end" else 0), _BOTTOM + 14, f"{epoch:,}", "lab s", anchor=anchor
            )
        return body + text((_LEFT + self.right) / 2, _BOTTOM + 30, "epoch", "lab s", anchor="middle")


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
    return f'<circle class="{"m-ink" if end == "converged" else "m-hollow"}" cx="{num(x)}" cy="{num(y)}" r="2.6"/>'


def _apart(ends: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Labels moved down, then up, until none stands on another."""
    placed: list[list[float]] = []
    order = sorted(range(len(ends)), key=lambda at: ends[at][0])
    for at in order:
        y = ends[at][0] if not placed else max(ends[at][0], placed[-1][0] + _LINE_HEIGHT)
        placed.append([y])
    over = placed[-1][0] - _BOTTOM if placed else 0.0
    for number in reversed(range(len(placed))):
        if over > 0:
            below = placed[number + 1][0] - _LINE_HEIGHT if number + 1 < len(placed) else _BOTTOM
            placed[number][0] = min(placed[number][0], below)
    return [(placed[number][0], ends[at][1]) for number, at in enumerate(order)]


def _told(curve: LossCurve) -> str:
    if not curve.points:
        return f"{curve.label}: not started"
    epoch, loss = curve.points[-1]
    value = "no finite loss" if loss is None else f"loss {loss:.4g}"
    return f"{curve.label}: {value} at epoch {epoch:,}, {curve.end}"


def _at_last(curve: OutputCurve) -> str:
    value = curve.points[-1][1] if curve.points else None
    return f"{curve.label} gives {'no number' if value is None else decimal(value)}, should be {curve.target}"


def _loss_sentence(curves: Sequence[LossCurve], target: float, title: str) -> str:
    words = f"{title}, logarithmic, with the target {target:g}"
    if len(curves) == 1:
        points = curves[0].points
        first = points[0][1] if points else None
        begun = "" if first is None else f" From {first:.4g} at epoch {points[0][0]}."
        return f"{words}.{begun} {_told(curves[0])}."
    counts = [(n, end) for end in ("converged", "training", "failed") if (n := sum(c.end == end for c in curves))]
    return f"{words}. {len(curves)} networks: {', '.join(f'{n} {end}' for n, end in counts)}."
