"""The number line: one site's activations on the inputs, and where each explanation puts the line between 0 and 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import circle, drawing, hued, num, stroke, text, text_width
from pluriscope.figures.svg.tiles import NEUTRAL, PLAIN_HUES, Bits, Hues, tile_group, tile_size

_EDGE = 16.0
_WIDTH = 420.0
_THRESHOLD_ROW = 20.0


@dataclass(frozen=True)
class Threshold:
    """A cut that an explanation makes.

    Args:
        value: the cut; activations above it count as 1.
        key: the explanation's letter or name.
        table: truth table that the cut reads off the site.
        neutral: drawn grey, as the output is, which the task gives.
    """

    value: float
    key: str
    table: Bits
    neutral: bool = False


def number_line(
    values: Sequence[float],
    labels: Sequence[str],
    thresholds: Sequence[Threshold] = (),
    *,
    hues: Hues = PLAIN_HUES,
    title: str = "",
) -> Markup:
    """Line of a site's values with thresholds.

    Args:
        values: activation on each input row.
        labels: the rows' names, e.g. "00".
        thresholds: cuts, each on a row of its own where their labels would touch.
        hues: the network's hues, for more than two inputs.
        title: the site's name.
    """
    points = [*values, *(t.value for t in thresholds)]
    spread = max(points) - min(points) or 1.0
    low, high = min(points) - 0.08 * spread, max(points) + 0.08 * spread

    def x(value: float) -> float:
        return _EDGE + (_WIDTH - 2 * _EDGE) * (value - low) / (high - low)

    rows = _threshold_rows(thresholds, x)
    base = 30.0 + _THRESHOLD_ROW * max([row + 1 for row, _ in rows] or [0])
    body = stroke(f"M8 {num(base)}H{num(_WIDTH - 8)}", "axis")
    for threshold, (row, flip) in zip(thresholds, rows, strict=True):
        hue = NEUTRAL if threshold.neutral else hues.of(threshold.table)
        at, top = x(threshold.value), 12 + _THRESHOLD_ROW * row
        words = f"{threshold.key}: 1 above {decimal(threshold.value)}" if threshold.key else decimal(threshold.value)
        half = tile_size(threshold.table, 13)[0] / 2 + 5
        side = text(at - half if flip else at + half, top + 4, words, "lab lv halo", anchor="end" if flip else "")
        body += hued(hue, stroke(f"M{num(at)} {num(top + 7)}V{num(base + 9)}", "cut") + side)
        body += tile_group(at, top, 13, threshold.table, hue)
    label_rows = 1
    ends: list[float] = []
    for group_values, names in _groups(values, labels, x):
        body += "".join(circle(x(value), base, 4, "n-on") for value in group_values)
        words = " ".join(names) if len(names) <= 4 else f"{names[0]} … {names[-1]} ({len(names)})"
        half = 3.4 * len(words) + 4
        middle = min(max(x(sum(group_values) / len(group_values)), half), _WIDTH - half)
        row = next((r for r, end in enumerate(ends) if end < middle - half), len(ends))
        ends[row : row + 1] = [middle + half]
        label_rows = max(label_rows, row + 1)
        if row:
            body += stroke(f"M{num(middle)} {num(base + 6)}v{num(13 * row - 1)}", "tick")
        body += text(middle, base + 19 + 13 * row, words, "lab code", anchor="middle")
    cuts = ", ".join(f"{t.key + ' ' if t.key else ''}threshold {decimal(t.value)}" for t in thresholds)
    shown = ", ".join(f"{decimal(v)} on {name}" for v, name in zip(values, labels, strict=True))
    sentence = f"{title + ': ' if title else ''}{shown}" + (f"; {cuts}" if cuts else "")
    return drawing(_WIDTH, base + 24 + 13 * label_rows, body, sentence=sentence, css_class="numline wide")


def _threshold_rows(thresholds: Sequence[Threshold], x: Callable[[float], float]) -> list[tuple[int, bool]]:
    """Row of each threshold (0 on top), and whether its words stand on the left, where no stem crosses them."""
    taken: list[tuple[int, float, float, float]] = []
    placed: list[tuple[int, bool]] = []
    for threshold in thresholds:
        words, at = text_width(f"{threshold.key}: 1 above {decimal(threshold.value)}", 12) + 14, x(threshold.value)
        sides = {False: (at - 10, at + words), True: (at - words, at + 10)}
        inside = [flip for flip, (left, right) in sides.items() if left >= 0 and right <= _WIDTH] or [at > _WIDTH / 2]
        tries = [(row, flip) for row in range(len(thresholds)) for flip in inside]
        free = (one for one in tries if not any(_touch((one[0], at, *sides[one[1]]), other) for other in taken))
        row, flip = next(free, (len(placed), inside[0]))
        taken.append((row, at, *sides[flip]))
        placed.append((row, flip))
    return placed


def _touch(one: tuple[int, float, float, float], other: tuple[int, float, float, float]) -> bool:
    """Whether words of two thresholds (row, stem, left end, right end) overlap, or a stem from above crosses them."""
    (row, _, left, right), (below, stem, start, end) = sorted((one, other), reverse=True)
    return left <= (stem if below < row else end) and (stem if below < row else start) <= right


def _groups(
    values: Sequence[float], labels: Sequence[str], x: Callable[[float], float]
) -> list[tuple[list[float], list[str]]]:
    """Neighbouring values whose labels would touch, in ascending order."""
    groups: list[tuple[list[float], list[str]]] = []
    for value, label in sorted(zip(values, labels, strict=True)):
        if groups and x(value) - x(groups[-1][0][-1]) < 12:
            groups[-1][0].append(value)
            groups[-1][1].append(label)
        else:
            groups.append(([value], [label]))
    return groups
