"""Answers of one method as a strip: edges from none to all, a mark for each setting.

A filled mark is a valid circuit, a cross one that is not; the default setting has a ring. Marks at one place are
stacked upwards. Below the strip a bar for each size is as dark as the share of valid circuits among the possible ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import circle, drawing, line, num

_WIDTH: Final = 360.0
_RADIUS: Final = 3.4
_STACK: Final = 7.6
_MOST: Final = 4  # marks on top of each other, valid ones and others in turn; more at one place say no more
_BAR: Final = 5.0


@dataclass(frozen=True)
class AnswerMark:
    """One answer.

    Args:
        edges: of its circuit.
        valid: whether it is one of the valid circuits.
        default: whether the settings are the method's own.
    """

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
    stacked: Counter[int] = Counter()
    height = _STACK * (_MOST + 1) + _BAR + 6
    base = height - _BAR - 6
    body = line(0, base + 4, _WIDTH, base + 4, "ax")
    for size, share in sorted(shares.items()):
        if share > 0:
            body += (
                f'<rect class="b" x="{num(step * size)}" y="{num(base + 5)}" width="{num(step)}" height="{num(_BAR)}" '
                f'fill-opacity="{0.15 + 0.85 * share:.2f}"/>'
            )
    for mark in _in_turn(marks):
        level = stacked[mark.edges]
        stacked[mark.edges] += 1
        if level >= _MOST and not mark.default:
            continue
        x, y = step * (mark.edges + 0.5), base - _STACK * min(level, _MOST) - 1
        if mark.valid:
            body += circle(x, y, _RADIUS, "dot")
        else:
            body += line(x - 3, y - 3, x + 3, y + 3, "cross") + line(x - 3, y + 3, x + 3, y - 3, "cross")
        if mark.default:
            body += circle(x, y, _RADIUS + 2.6, "ring")
    n_valid = sum(mark.valid for mark in marks)
    sizes = sorted({mark.edges for mark in marks})
    span = "" if not sizes else f", with {sizes[0]} to {sizes[-1]} of {n_edges} edges"
    sentence = f"{title}: {n_valid} of {len(marks)} answers are valid circuits{span}."
    return drawing(_WIDTH, height, body, sentence=sentence)


def _in_turn(marks: Sequence[AnswerMark]) -> list[AnswerMark]:
    """The default first; at each size valid marks and others in turn, so that a full stack hides neither kind."""
    seen: Counter[tuple[int, bool]] = Counter()
    ranked = []
    for mark in marks:
        ranked.append((not mark.default, mark.edges, seen[mark.edges, mark.valid], not mark.valid, mark))
        seen[mark.edges, mark.valid] += 1
    return [one[-1] for one in sorted(ranked, key=lambda one: one[:-1])]
