"""The figure of the study of conjunctions: existence against identifiability, circuits beside alignments.

One SVG that stands alone: its own ground and both themes, chosen by the viewer's setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from app.figures.svg.elements import circle, drawing, line, num, text
from benchmarks.findings.frontier import band, front, shares
from benchmarks.findings.frontier_table import CRITERIA, halves

SIDE: Final = 330.0
LEFT: Final = 64.0
TOP: Final = 62.0
STEP: Final = 430.0
WIDTH: Final = LEFT + STEP + SIDE + 24
HEIGHT: Final = TOP + SIDE + 88
_LIGHT: Final = (
    "--paper:#fbfbf9;--ink:#14181b;--ink-2:#434a4e;--rule:#dcded8;--dot:#9aa19f;--first:#1a5aa6;--second:#99300f"
)
_DARK: Final = (
    "--paper:#111416;--ink:#eceeea;--ink-2:#bec4c2;--rule:#2b3134;--dot:#6d7674;--first:#86bbfa;--second:#ffa182"
)
STYLE: Final = (
    f"<style>svg{{{_LIGHT}}}@media (prefers-color-scheme:dark){{svg{{{_DARK}}}}}"
    "text{font-family:system-ui,sans-serif;font-size:12px;fill:var(--ink-2)}.head{font-size:14px;fill:var(--ink)}"
    ".ground{fill:var(--paper)}.rule{stroke:var(--rule);fill:none}.dot{fill:var(--dot)}"
    ".first{stroke:var(--first);fill:none;stroke-width:2}.band{fill:var(--first);opacity:.18}"
    ".second{fill:var(--paper);stroke:var(--second);stroke-width:1.8}</style>"
)


def frontier_figure() -> str:
    """The whole drawing as SVG text."""
    parts = [STYLE, f'<rect class="ground" width="{num(WIDTH)}" height="{num(HEIGHT)}"/>']
    for place, kind in enumerate(CRITERIA):
        parts += _panel(kind, LEFT + place * STEP)
    y = HEIGHT - 14
    parts += [circle(LEFT + 4, y - 4, 2, "dot"), text(LEFT + 14, y, "a conjunction, first half of the seeds", "")]
    parts += [
        line(LEFT + 250, y - 4, LEFT + 274, y - 4, "first"),
        text(LEFT + 282, y, "its front, with a 95% band", ""),
    ]
    parts += [circle(LEFT + 460, y - 4, 4, "second"), text(LEFT + 472, y, "the same conjunctions, second half", "")]
    sentence = (
        "For circuits and for alignments: the share of networks in which a conjunction of criteria leaves one or more, "
        "against the share in which it leaves at most one. The best ones lie on a falling line."
    )
    return str(drawing(WIDTH, HEIGHT, "".join(parts), sentence=sentence, sizing="capped")) + "\n"


def _panel(kind: str, left: float) -> Iterator[str]:
    def x(share: float) -> float:
        return left + SIDE * share

    def y(share: float) -> float:
        return TOP + SIDE * (1 - share)

    found = halves(kind)
    existence, identifiability = shares(found.first)
    chosen = front(existence, identifiability)
    yield text(left, TOP - 18, f"{kind}: {len(existence):,} conjunctions", "head")
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        yield line(x(0), y(tick), x(1), y(tick), "rule") + line(x(tick), y(0), x(tick), y(1), "rule")
        yield text(left - 8, y(tick) + 4, f"{100 * tick:.0f}%", "", anchor="end")
        yield text(x(tick), y(0) + 18, f"{100 * tick:.0f}%", "", anchor="middle")
    yield text(left + SIDE / 2, y(0) + 38, "networks with at least one left", "", anchor="middle")
    yield text(left, TOP - 4, "networks with at most one left", "")
    levels = np.linspace(1, 0, 101)
    low, high = band(found.first, levels)
    yield _outline(
        [(x(a), y(b)) for a, b in zip(levels, high, strict=True)]
        + [(x(a), y(b)) for a, b in zip(levels[::-1], low[::-1], strict=True)]
    )
    for one, most in sorted(set(zip(existence.tolist(), identifiability.tolist(), strict=True))):
        yield circle(x(one), y(most), 2, "dot")
    yield _steps([(x(existence[c]), y(identifiability[c])) for c in chosen])
    some, most_of_second = shares(found.second)
    for conjunction in chosen:
        yield circle(x(float(some[conjunction])), y(float(most_of_second[conjunction])), 4, "second")


def _outline(points: list[tuple[float, float]]) -> str:
    return '<path class="band" d="M' + "L".join(f"{num(x)} {num(y)}" for x, y in points) + 'Z"/>'


def _steps(points: list[tuple[float, float]]) -> str:
    return '<path class="first" d="M' + "L".join(f"{num(x)} {num(y)}" for x, y in points) + '"/>'
