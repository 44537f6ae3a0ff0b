"""Answers of one method as a strip: edges from none to all, a mark for each setting.

A filled mark is a valid circuit, a cross one that is not; the default setting has a ring. Marks of one size stand
beside each other as far as there is room, and then on top of each other; hovering one names its settings. Below the
strip a bar for each size is as dark as the share of valid circuits among the possible ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from app.figures.svg.elements import circle, drawing, line, num

_WIDTH: Final = 360.0
_RADIUS: Final = 3.4
_STACK: Final = 7.6
_LEAST: Final = 4  # levels that there is room for, so that strips with few marks are of one height
_BAR: Final = 5.0


@dataclass(frozen=True)
class AnswerMark:
    """One answer.

    Args:
        text: the method with its settings.
        edges: of its circuit.
        valid: whether it is one of the valid circuits.
        default: whether the settings are the method's own.
    """

    text: str
    edges: int
    valid: bool
    default: bool


def audit_strip(marks: Sequence[AnswerMark], n_edges: int, shares: Mapping[int, float], *, title: str) -> Markup:
    """The strip of one method.

    Args:
        marks: one for each setting.
        n_edges: of the network.
        shares: share of valid circuits among the possible ones, by number of edges; sizes without any are left out.
        title: of what method.
    """
    step = _WIDTH / (n_edges + 1)
    abreast = max(1, int(step // _STACK))
    by_size: dict[int, list[AnswerMark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: (not mark.default, not mark.valid)):
        by_size[mark.edges].append(mark)
    levels = max(_LEAST, *(-(-len(some) // abreast) for some in by_size.values())) if by_size else _LEAST
    height = _STACK * (levels + 1) + _BAR + 6
    base = height - _BAR - 6
    body = line(0, base + 4, _WIDTH, base + 4, "ax")
    for size, share in sorted(shares.items()):
        if share > 0:
            body += (
                f'<rect class="b" x="{num(step * size)}" y="{num(base + 5)}" width="{num(step)}" height="{num(_BAR)}" '
                f'fill-opacity="{0.15 + 0.85 * share:.2f}"/>'
            )
    for size, some in sorted(by_size.items()):
        left = step * (size + 0.5) - _STACK * (min(abreast, len(some)) - 1) / 2
        for number, mark in enumerate(some):
            level, place = divmod(number, abreast)
            body += _drawn(mark, left + _STACK * place, base - _STACK * level - 1)
    n_valid = sum(mark.valid for mark in marks)
    span = "" if not by_size else f", with {min(by_size)} to {max(by_size)} of {n_edges} edges"
    sentence = f"{title}: {n_valid} of {len(marks)} answers are valid circuits{span}."
    return drawing(_WIDTH, height, body, sentence=sentence)


def _drawn(mark: AnswerMark, x: float, y: float) -> str:
    if mark.valid:
        shape = circle(x, y, _RADIUS, "dot")
    else:
        shape = line(x - 3, y - 3, x + 3, y + 3, "cross") + line(x - 3, y + 3, x + 3, y - 3, "cross")
    ring = circle(x, y, _RADIUS + 2.6, "ring") if mark.default else ""
    words = f"{mark.text}: {mark.edges} edges, {'valid' if mark.valid else 'not valid'}"
    return f"<g><title>{escape(words)}</title>{shape}{ring}</g>"
