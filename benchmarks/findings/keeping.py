"""Finding 3: whether a network's valid circuits keep its algorithms, by how many the network has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np

from benchmarks.findings.charts import Figure, Kind, Mark, Panel, Plot, Row, Scale, Series
from benchmarks.findings.learned import PRIORS
from benchmarks.findings.record import Chapter, Finding, prose
from benchmarks.findings.rows import Rows, rows_if_run, rows_of
from benchmarks.findings.statistics import Estimate, bootstrap
from benchmarks.findings.words import fraction, listed, percent, points, span, word

KEY, TITLE = "circuits-keep", "What circuits keep"
STUDIES: Final = ("many-circuits-one-story", "drawn-depth", "drawn-stories")
WIDER, SCALED, SIZES = "drawn-stories-wider", "scale-matched-stories", "stories-by-size"
SHAPES: Final = tuple("-".join(width * layers) for layers in (2, 3, 4) for width in "345")
WIDTHS: Final = SHAPES[:3]
ONE: Final[tuple[str, ...]] = ("Alice only", "Bob only")
BOTH: Final[tuple[str, ...]] = ("both",)
"""Which algorithms a network has."""
CLASS, SAME, PART, OTHER, NONE = "alice-or-bob", "story-same", "story-narrower", "story-opposite", "story-none"
SMALLEST, MINIMAL = "story-same-smallest", "story-same-minimal"
HEAD: Final = (
    *("", "with one", "keep it", "add the other", "have the other alone", "have none"),
    *("with both", "keep both", "keep one", "keep neither"),
)
FEWEST: Final = 25
"""Networks of which a mean is shown."""
SCALE: Final = Scale(0, 1, [(0, "0"), (0.5, "50"), (1, "100%")])


def finding() -> Finding:
    """The sentence with its numbers."""
    rows, extra = rows_of(STUDIES[0]), {slug: found for slug in (WIDER, SCALED, SIZES) if (found := rows_if_run(slug))}
    keep = sorted(fmean(shares(rows, SAME, ONE, shape)) for shape in WIDTHS)
    part = sorted(fmean(shares(rows, PART, BOTH, shape)) for shape in WIDTHS)
    tenths = " to ".join(dict.fromkeys(word(round(10 * one)) for one in (keep[0], keep[-1])))
    parts = " to ".join(dict.fromkeys(fraction(one) for one in (part[0], part[-1])))
    n = [", ".join(str(len(shares(rows, SAME, has, shape))) for shape in WIDTHS) for has in (ONE, BOTH)]
    drawn = ", ".join(str(len(shares(_drawn(shape, extra), SAME, ONE, shape))) for shape in WIDTHS)
    chance = span(100 * by_chance(rows, shape).value for shape in WIDTHS)
    overturned = "small circuits that disagree"
    if SIZES in extra:
        overturned += f"; of the smallest {_range(extra[SIZES], SMALLEST, ONE)}% keep it"
    return Finding(
        KEY,
        TITLE,
        [*STUDIES[: 1 if WIDER in extra else 3], *extra],
        f"{tenths.capitalize()} in ten circuits keep the algorithm of a network that has one; where a network has two, "
        f"{parts} keep only one.",
        f"{n[0]} networks with one; {n[1]} with both",
        f"another network’s circuit: {chance}%; {drawn} drawn networks with one",
        "95%, bootstrap over networks",
        overturned,
        figure(rows, extra),
        chapter(rows, extra),
    )


def shares(rows: Rows, measure: str, has: Sequence[str], shape: str) -> list[float]:
    """Of each network that has these algorithms what share of its circuits has a property; of drawn ones all priors."""
    found = []
    for levels in [{"prior": prior} for prior in PRIORS] if "prior" in rows.factors else [{}]:
        classes, values = (rows.values(name, hidden=shape, **levels) for name in (CLASS, measure))
        found += [float(value) for seed, value in values.items() if classes[seed] in has]
    return found


def by_chance(rows: Rows, shape: str) -> Estimate:
    """How often a circuit of another network with one algorithm keeps exactly the algorithm of a network with one."""
    classes, same, other = (rows.values(measure, hidden=shape) for measure in (CLASS, SAME, OTHER))
    seeds = [seed for seed in same if classes[seed] in ONE]
    return chance_of(
        [classes[seed] == ONE[0] for seed in seeds], *([one[seed] for seed in seeds] for one in (same, other))
    )


def chance_of(first: Sequence[bool], same: Sequence[float], other: Sequence[float]) -> Estimate:
    """The mean over ordered pairs of different networks of the share of the second's circuits that fit the first.

    Args:
        first: of each network whether its algorithm is the first of two.
        same, other: what share of its circuits keep its own algorithm alone, and the other one alone.
    """
    a, n = np.array(first), len(first)
    in_a, in_b = np.where(a, same, other), np.where(a, other, same)
    return bootstrap([a, ~a, in_a, in_b, same], lambda p, q, x, y, own: (n * (p * x + q * y) - own) / (n - 1))


def _drawn(shape: str, extra: Mapping[str, Rows]) -> Rows:
    return extra.get(WIDER) or rows_of(STUDIES[1 if shape == WIDTHS[0] else 2])


def _estimate(rows: Rows, measure: str, has: Sequence[str], shape: str) -> Estimate | None:
    found = shares(rows, measure, has, shape) if measure in rows.rows else []
    return bootstrap([found]) if len(found) >= FEWEST else None


def _range(rows: Rows, measure: str, has: Sequence[str]) -> str:
    found = (shares(rows, measure, has, shape) for shape in WIDTHS)
    return span(100 * fmean(one) for one in found if one)


def _percent(one: Estimate | None) -> str:
    return f"{percent(one.value)} ({100 * one.low:.0f}–{100 * one.high:.0f})" if one else "–"


def _mark(name: str, rows: Rows, measure: str, has: Sequence[str], shape: str) -> Mark | None:
    if (one := _estimate(rows, measure, has, shape)) is None:
        return None
    kind: Kind = "trained" if rows.slug in (STUDIES[0], SIZES) else "drawn"
    words = f"{name}, 2-{shape}-1: {_percent(one)}, mean of {one.n} networks"
    return Mark(kind, one.value, one.low, one.high, words, rows.link((CLASS, measure), hidden=shape), radius=4)


def _series(name: str, rows: Sequence[Rows], measure: str, has: Sequence[str], **how: Any) -> Series:
    """One line over the widths, its last value below its name."""
    marks = [_mark(name, found, measure, has, shape) for found, shape in zip(rows, WIDTHS, strict=True)]
    last = next((percent(mark.value or 0) for mark in reversed(marks) if mark), "")
    return Series(name, last, marks, **how)


def figure(rows: Rows, extra: Mapping[str, Rows]) -> Figure:
    """Shares of circuits over the widths: of networks with one algorithm, and of those with both."""
    own, drawn = [rows] * len(WIDTHS), [_drawn(shape, extra) for shape in WIDTHS]
    chance = [by_chance(rows, shape) for shape in WIDTHS]
    marks = []
    for one, shape in zip(chance, WIDTHS, strict=True):
        words = f"another network’s circuit, 2-{shape}-1: {_percent(one)}"
        marks.append(Mark("none", one.value, one.low, one.high, words, rows.link(SAME, hidden=shape)))
    single = [
        Series("another’s", f"circuit: {percent(chance[-1].value)}", marks, dashed=True),
        _series("drawn", drawn, SAME, ONE, shift=7.0),
        _series("keep it", own, SAME, ONE, thick=True),
    ]
    both = [
        _series("keep neither", own, NONE, BOTH),
        _series("keep both", own, SAME, BOTH),
        _series("keep only one", own, PART, BOTH, thick=True),
    ]
    plots: list[tuple[str, list[Series], list[str]]] = [("one algorithm", single, []), ("both", both, [])]
    for place, slug, name, measure, has, shift in (
        (0, SIZES, "smallest circuits", SMALLEST, ONE, 0.0),
        (0, SCALED, "scale-matched", SAME, ONE, -7.0),
        (1, WIDER, "drawn", PART, BOTH, 7.0),
    ):
        if slug in extra:
            found = [extra[slug]] * len(WIDTHS)
            plots[place][1].insert(0, _series(name, found, measure, has, shift=shift))
        else:
            plots[place][2].append(f"{name}: to be run")
    said, widths = "mean share of their valid circuits", [shape[0] for shape in WIDTHS]
    most = [f"{max(rows.values('stories-asked', hidden=shape).values()):,}" for shape in WIDTHS[1:]]
    caption = f"All circuits at width 3; of a network at most {most[0]} and {most[1]} draws at widths 4 and 5."
    return Figure(
        "Share of a network’s valid circuits that keep its algorithms, by width.",
        caption,
        plots=[
            Plot(f"Networks with {name}", said, widths, SCALE, series, (), to_run, "width")
            for name, series, to_run in plots
        ],
    )


def chapter(rows: Rows, extra: Mapping[str, Rows]) -> Chapter:
    """Method, every shape, table."""
    arms = [("", rows, SAME, shape) for shape in SHAPES]
    arms += [(", drawn", _drawn(shape, extra), SAME, shape) for shape in WIDTHS]
    arms += [(", scale-matched", extra[SCALED], SAME, shape) for shape in WIDTHS if SCALED in extra]
    for measure, name in ((SMALLEST, ", smallest circuits"), (MINIMAL, ", minimal circuits")):
        arms += [(name, extra[SIZES], measure, shape) for shape in WIDTHS if SIZES in extra]
    lines, table = [], []
    for name, found, measure, shape in (one for one in arms if shares(one[1], one[2], ONE, one[3])):
        label = f"2-{shape}-1{name}"
        marks = [_mark(label, found, measure, has, shape) for has in (ONE, BOTH)]
        lines.append(Row(label, [[mark] if mark else [] for mark in marks], ruled=bool(name) and shape == WIDTHS[0]))
        cells = [label]
        for has, measures in ((ONE, (measure, "story-wider", OTHER, NONE)), (BOTH, (measure, PART, NONE))):
            cells += [str(len(shares(found, measure, has, shape)))]
            cells += [_percent(_estimate(found, one, has, shape)) for one in measures]
        table.append(cells)
    panels = [Panel(title, "", SCALE) for title in ("With one algorithm", "With both")]
    every = [percent(fmean(rows.values(SAME, hidden=shape).values())) for shape in WIDTHS]
    mix = [len(shares(rows, SAME, has, WIDTHS[0])) for has in (ONE, BOTH)]
    ends = [[fmean(shares(rows, SAME, has, shape)) for has in (ONE, BOTH)] for shape in WIDTHS[::2]]
    fixed = [sum(n * one for n, one in zip(mix, some, strict=True)) / sum(mix) for some in ends]
    some = [shares(rows, "story-any-opposite", ONE, shape) for shape in WIDTHS]
    sizes = "Which of them keep it by size is to be run."
    if SIZES in extra:
        small, minimal = (_range(extra[SIZES], measure, ONE) for measure in (SMALLEST, MINIMAL))
        sizes = f"Of the smallest {small}% keep it, of minimal ones {minimal}%."
    return Chapter(
        prose(
            KEY,
            every=listed(every),
            fixed=points(fixed[0] - fixed[1], 0),
            some=listed(f"{sum(one):.0f} of {len(one)}" for one in some),
            other=span((100 * fmean(rows.values(OTHER, hidden=shape).values()) for shape in WIDTHS), "{:.1f}"),
            sizes=sizes,
        ),
        Figure("Mean share of a network’s valid circuits that keep exactly its algorithms.", "", panels, lines),
        "Mean share of the valid circuits of a network with one algorithm and with both, with 95% intervals; – where "
        f"fewer than {FEWEST} networks are, or it was not asked.",
        HEAD,
        table,
    )
