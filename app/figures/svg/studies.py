"""Figures of studies as drawings in rows, see :mod:`app.figures.studies`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from app.figures.studies import Axis, LadderStep, jitter, kept, places
from app.figures.svg.elements import drawing, num, text, text_width

_ROW: Final = 15.0
_PLOT: Final = 300.0
_TOP: Final = 26.0


def ladder_drawing(
    steps: Sequence[LadderStep],
    *,
    x_title: str,
    told_title: str,
    log: bool,
    share: bool,
    sentence: str,
    notes: Sequence[str] = (),
) -> Markup:
    """Rules from top to bottom: a bar for each group, its networks as dots, the median as a line.

    Args:
        steps: in order.
        x_title: the measure.
        told_title: what stands beside each row.
        log: whether a logarithmic axis is wanted.
        share: whether bars are shares.
        sentence: what it shows, in words.
        notes: lines below everything.
    """
    axis = Axis.of(steps, log, share)
    _, rows, n = places(steps)
    left = 12 + max([text_width(row.label, 11.5) for step in steps for row in step.rows] + [0.0])
    told = [told_title, *(row.told for step in steps for row in step.rows)]
    right = 14 + max(60.0, *(text_width(one, 11.5) for one in told))
    start = math.log10(axis.floor) if axis.log else 0.0
    end = math.log10(axis.high) + 0.1 if axis.log else axis.high * 1.04
    n_strips = sum(len(step.rows) for step in steps)

    def across(value: float) -> float:
        shown = math.log10(axis.value(value)) if axis.log else value
        return left + _PLOT * (shown - start) / ((end - start) or 1.0)

    base = _TOP + _ROW * n
    body = text(left + _PLOT + 8, 12, told_title, "lab s") if told_title else ""
    for value, label in axis.ticks:
        body += f'<path class="m-hair" d="M{num(across(value))} {num(_TOP - 6)}V{num(base)}"/>'
        body += text(across(value), base + 14, label, "lab s", anchor="middle")
    for step, ats in zip(steps, rows, strict=True):
        body += text(2, _TOP + _ROW * (ats[0] - 1) + 4, step.label, "lab halo")
        for at, row in zip(ats, step.rows, strict=True):
            y = _TOP + _ROW * at
            body += text(left - 6, y + 4, row.label, "lab s", anchor="end")
            body += text(left + _PLOT + 8, y + 4, row.told, "lab s")
            body += (
                f'<path class="m-bar pale" d="M{num(left)} {num(y - 6)}H{num(across(row.length or 0.0))}V{num(y + 6)}'
                f'H{num(left)}Z"><title>{escape(row.words)}</title></path>'
            )
            for index, number in enumerate(kept(row.strip, n_strips)):
                dot = row.strip.dots[number]
                css = "m-hollow" if dot.hollow else "m-dot"
                cy = y + 0.34 * _ROW * jitter(index)
                body += f'<circle class="{css}" cx="{num(across(dot.value))}" cy="{num(cy)}" r="1.7"/>'
            if row.strip.median is not None:
                body += f'<path class="m-median" d="M{num(across(row.strip.median))} {num(y - 6)}v12"/>'
            if share and row.low is not None and row.high is not None:
                body += f'<path class="m-box" d="M{num(across(row.low))} {num(y)}H{num(across(row.high))}"/>'
    body += text(left + _PLOT / 2, base + 30, x_title, "lab s", anchor="middle")
    return _finished(left + _PLOT + right, base + 36, body, sentence, notes)


def _finished(width: float, height: float, body: str, sentence: str, notes: Sequence[str]) -> Markup:
    for number, note in enumerate(notes):
        body += text(2, height + 12 + 15 * number, note, "lab s")
    wide = max([width, *(text_width(note, 11.5) + 6 for note in notes)])
    return drawing(wide, height + 15 * len(notes) + (6 if notes else 0), body, sentence=sentence)
