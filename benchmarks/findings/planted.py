"""Finding 4: what all valid circuits of a network share, where a circuit was planted and where none was."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from analysis.studies.statistics import Tested, holm, mann_whitney, share_of
from benchmarks.findings.charts import Figure, Kind, Mark, Panel, Plot, Row, Scale, Series
from benchmarks.findings.record import Chapter, Finding, prose
from benchmarks.findings.rows import CONVERGED, Rows, rows_of
from benchmarks.findings.statistics import median_of
from benchmarks.findings.words import listed, percent, points, word

KEY, TITLE = "planted-backbone", "Planted circuits and backbones"
STUDIES: Final = ("planted-backbone", "many-circuits-one-story", "each-method", "drawn-stories-wider")
BACKBONE, SMALLEST = "backbone-edges", "circuits-fewest-edges"
IS_PLANTED, MINIMAL = "backbone-planted", "planted-minimal"
WIDTHS: Final = ("3", "4", "5")
ALONE: Final[Mapping[str, str]] = {
    "compile, permute, scale": "Compiled: permuted and scaled",
    "compile, idle, noise": "Compiled: noise with a bound",
    "compile, idle, finetune=300": "Compiled: trained further",
}
"""Names of what one row of the figure takes together."""
PLANTED: Final[Mapping[str, Sequence[str]]] = {
    "Compiled: permuted, noise, tuned": tuple(ALONE),
    "Compiled: one neuron split": ("compile, idle, split",),
    "Compiled: noise without a bound": ("compile, idle, noise=0.3",),
    "Compiled: cancelling neurons": ("compile, distract",),
    "Trained to keep it, strictest": ("strict-zero",),
    "Trained to keep it, strict": ("strict",),
    "Trained by interchange": ("iit",),
}
_ALL: Final = 9.0  # radius of the disc of all networks, in pixels
_LEAST: Final = 1.8
_SHARE: Final = Scale(0, 1, [(0, "0"), (0.5, "50"), (1, "100%")])


@dataclass(frozen=True)
class Arm:
    """Networks of one kind.

    Args:
        label: their name.
        kind: of their marks.
        shares: of each with a valid circuit, edges in every valid circuit divided by those of the smallest.
        url: of the rows.
        of: networks, those without a valid circuit too.
        planted: of how many the edges in every valid circuit are the planted ones; None where nothing was planted.
        minimal: of how many the planted circuit is valid with no other inside it; None where that is not known.
    """

    label: str
    kind: Kind
    shares: Sequence[float]
    url: str
    of: int
    planted: int | None = None
    minimal: int | None = None

    @property
    def whole(self) -> Mark:
        """In how many every edge of the smallest circuit is in all others."""
        found = share_of(self.shares.count(1), self.of)
        words = f"{self.label}: {found.hits} of {found.of}"
        return Mark(self.kind, found.value, found.low, found.high, words, self.url)


def shares(backbones: Rows, smallest: Rows, measure: str, **levels: str) -> list[float]:
    """Of each network its edges in every valid circuit divided by those of the smallest."""
    least = smallest.values(measure, **levels)
    return [edges / least[key] for key, edges in backbones.values(BACKBONE, **levels).items()]


def planted_arm(rows: Rows, label: str, levels: Sequence[str]) -> Arm:
    """The networks of some ways to plant, together."""
    found = [value for level in levels for value in shares(rows, rows, SMALLEST, planting=level)]
    converged, planted, minimal = (
        [value for level in levels for value in rows.values(measure, planting=level).values()]
        for measure in (CONVERGED, IS_PLANTED, MINIMAL)
    )
    hits = sum(planted), sum(minimal) if minimal else None
    return Arm(
        label, "trained", found, rows.link((BACKBONE, SMALLEST, IS_PLANTED), planting=levels), sum(converged), *hits
    )


def width_arm(kind: Kind, backbones: Rows, smallest: Rows, measure: str, width: str) -> Arm:
    """The networks of one width in which nothing was planted; of drawn ones those of three priors."""
    level = f"{width}-{width}"
    found = shares(backbones, smallest, measure, hidden=level)
    label = f"{'Drawn' if kind == 'drawn' else 'Task alone'}, width {width}"
    return Arm(label, kind, found, backbones.link(BACKBONE, hidden=level), len(found))


def finding() -> Finding:
    """The sentence with its numbers."""
    rows, trained, smallest, drawn = map(rows_of, STUDIES)
    planted = [planted_arm(rows, label, levels) for label, levels in PLANTED.items()]
    compiled = [*(planted_arm(rows, label, [one]) for one, label in ALONE.items()), *planted[1:4]]
    taught = [
        *planted[4:],
        planted_arm(rows, "Trained to keep it, strictest, then noise", ["strict-zero, noise=0.1"]),
        planted_arm(rows, "Trained on the task alone, likewise", ["plain"]),
    ]
    alone = [width_arm("trained", trained, smallest, "audit-smallest", width) for width in WIDTHS]
    chance = [width_arm("drawn", drawn, drawn, SMALLEST, width) for width in WIDTHS]
    exact = sum(one.planted == one.of for one in compiled)
    deduced, *counted = compiled[: len(ALONE)]
    first = share_of(sum(one.planted or 0 for one in counted), sum(one.of for one in counted))
    medians = [median_of(one.shares) for one in (*alone, *chance)]
    within = max(max(high - middle, middle - low) for middle, low, high in medians)
    null = listed(f"{100 * middle:.0f}" for middle, _, _ in medians[3:])
    return Finding(
        KEY,
        TITLE,
        STUDIES,
        f"Under {word(exact)} of {word(len(compiled))} disguises, one by deduction, a compiled circuit is exactly what "
        "all valid circuits share; networks trained on the task alone share less, and less with width.",
        f"{sum(one.of for one in compiled)} compiled, {sum(one.of for one in planted[4:])} trained to carry it; "
        f"{sum(one.of for one in alone):,} on the task alone",
        f"{sum(one.of for one in chance)} drawn networks: medians {null}%",
        f"none for {deduced.planted} of {deduced.of} permuted and scaled, a deduction; 95%: "
        f"{100 * (first.low or 0):.0f} to 100 for {first.hits} of {first.of} with noise or tuned; medians to within "
        f"{points(within, 0)} points",
        "in the first row, a valid circuit that lacks a planted edge",
        figure(planted, alone, chance),
        chapter([*compiled, *taught], alone, chance),
    )


def _row(arm: Arm, ruled: bool = False) -> Row:
    """A disc for each tenth, its area the share of networks in it; 0 and 100% apart."""
    discs = []
    for place, n in sorted(
        Counter(one if one in (0, 1) else math.floor(10 * one) / 10 + 0.05 for one in arm.shares).items()
    ):
        where = percent(place) if place in (0, 1) else f"{100 * place - 5:.0f} to {percent(place + 0.05)}"
        radius = max(_LEAST, _ALL * math.sqrt(n / arm.of))
        discs.append(
            Mark(arm.kind, place, words=f"{arm.label}: {n} of {arm.of} share {where}", url=arm.url, radius=radius)
        )
    median = f"median {percent(median_of(arm.shares)[0])}"
    return Row(arm.label, [discs], right=median if arm.planted is None else f"{arm.planted} of {arm.of}", ruled=ruled)


def figure(planted: Sequence[Arm], alone: Sequence[Arm], chance: Sequence[Arm]) -> Figure:
    """How much all circuits share, kind by kind."""
    lines = [_row(one) for one in planted]
    for number, one in enumerate(alone):
        lines += [_row(one, ruled=not number), *map(_row, chance[number : number + 1])]
    return Figure(
        "Edges in every valid circuit, as a share of those of the smallest, by how networks were made.",
        "Area: share of networks. Split: all share a smaller circuit inside the planted one.",
        panels=[
            Panel(
                "Smallest circuit: share in every valid one", "right: where all share exactly the planted one", _SHARE
            )
        ],
        rows=lines,
    )


def chapter(planted: Sequence[Arm], alone: Sequence[Arm], chance: Sequence[Arm]) -> Chapter:
    """Method; the networks of which the smallest circuit is in every other, by width; table."""
    series = [
        Series(name, percent(some[-1].whole.value or 0), [one.whole for one in some], thick=some is alone)
        for name, some in (("drawn at random", chance), ("trained", alone))
    ]
    title, across = "Networks whose smallest circuit is in every valid one", "width"
    more = Figure(f"{title}, by width.", plots=[Plot(title, "", WIDTHS, _SHARE, series, across=across)])
    pairs = [*pairwise(alone), *zip(alone, chance, strict=False)]
    tested = holm([mann_whitney({one.label: one.shares, two.label: two.shares}) for one, two in pairs])
    return Chapter(
        prose(KEY, fall=_said(tested[:2]), drawn=_said(tested[2:])),
        more,
        "What all valid circuits of a network share. Medians with their 95% intervals.",
        ["", "networks", "planted is minimal", "all share exactly it", "smallest is in all", "median share in all"],
        [_cells(one) for one in (*planted, *alone, *chance)],
    )


def _said(tested: Sequence[Tested]) -> str:
    return listed(f"{one.effect:.2f} (p = {one.p_holm:.1g})".replace("-", "−") for one in tested)


def _cells(arm: Arm) -> list[str]:
    middle, low, high = (100 * one for one in median_of(arm.shares))
    own = ["–" if hits is None else f"{hits} of {arm.of}" for hits in (arm.minimal, arm.planted)]
    return [arm.label, f"{arm.of}", *own, arm.whole.words.rpartition(": ")[2], f"{middle:.0f}% ({low:.0f}–{high:.0f})"]
