"""Finding 1: trained networks beside networks that were drawn at random and compute the same."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from analysis.studies.statistics import Share, Tested, cochran_mantel_haenszel, mcnemar, share_of
from benchmarks.findings.charts import Figure, Kind, Mark, Panel, Plot, Row, Scale, Series
from benchmarks.findings.record import Chapter, Finding, prose
from benchmarks.findings.rows import CONVERGED, ERROR, Rows, rows_of
from benchmarks.findings.words import listed, percent, points, span, word

KEY, TITLE = "learned-or-drawn", "Learned or drawn"
STUDIES: Final = ("learned-or-drawn", "scale-matched", "permuted-weights")
ONE, BOTH, ALGORITHM = "irredundant-literals-one", "alice-and-bob", "one-algorithm"
WIDTHS: Final = ("2", "3", "4", "5", "6")
PRIORS: Final = ("normal 1", "normal 2", "fan-in 3")
MATCHED, PERMUTED = "matched", "permuted"
NAMES: Final = {MATCHED: "drawn, trained scale", PERMUTED: "weights permuted"}


def finding() -> Finding:
    """The sentence with its numbers."""
    rows, *others = map(rows_of, STUDIES)
    extra = dict(zip((MATCHED, PERMUTED), others, strict=True))
    pooled = {prior: compared(rows, ONE, prior) for prior in PRIORS}
    pooled |= {prior: compared(found, ONE, prior) for prior, found in extra.items()}
    permuted, alike = pooled[PERMUTED], partnered(rows, extra)
    effects = sorted(-_effect(tested) for tested in alike.values())
    limits = span(-100 * end for tested in alike.values() for end in (tested.low or 0, tested.high or 0))
    trained = [rows.started(hidden=hidden(width), prior="trained") for width in WIDTHS]
    return Finding(
        KEY,
        TITLE,
        STUDIES,
        "At equal function, trained XOR networks with a permuted partner have exactly one place for an algorithm less "
        f"often: {word(round(100 * effects[0]))} to {word(round(100 * effects[-1]))} points below drawn ones, "
        f"{word(round(-100 * _effect(permuted)))} below their partners.",
        f"{permuted.sizes[0]} with a partner, widths 3 to 6, of {sum(n for n, _ in trained):,} trained of "
        f"{sum(of for _, of in trained):,} started; {sum(one.sizes[1] for one in alike.values()):,} drawn",
        "normal priors, one scale-matched: at each trained layer’s scale; each neuron’s weights permuted",
        f"95%; {limits} points pooled within widths; {span(-100 * (one or 0) for one in (permuted.low, permuted.high))}"
        f" pair by pair; all trained, widths 2 to 6: {span(-100 * _effect(pooled[one]) for one in alike)} below drawn",
        "networks drawn from trained neurons’ weights that do as trained ones",
        figure(rows, extra),
        chapter(rows, extra, pooled),
    )


def hidden(width: str) -> str:
    """The level of two hidden layers of equal width."""
    return f"{width}-{width}"


def share(rows: Rows, measure: str, width: str, prior: str) -> Share:
    """How many of the networks of one width and arm have a property."""
    found = rows.values(measure, hidden=hidden(width), prior=prior)
    return share_of(sum(found.values()), len(found))


def compared(rows: Rows, measure: str, prior: str, widths: tuple[str, ...] = WIDTHS) -> Tested:
    """Trained less drawn within widths; of permuted weights each network less its own permutation."""
    widths = tuple(width for width in widths if _has(rows, width))
    if prior == PERMUTED:
        pairs: dict[str, dict[Hashable, Any]] = {
            arm: {
                (width, seed): value
                for width in widths
                for seed, value in rows.values(measure, hidden=hidden(width), prior=arm).items()
            }
            for arm in ("trained", prior)
        }
        return mcnemar(pairs)
    arms: Mapping[str, Mapping[object, Share]] = {
        arm: {width: share(rows, measure, width, arm) for width in widths} for arm in ("trained", prior)
    }
    return cochran_mantel_haenszel(arms)


def partnered(rows: Rows, extra: Mapping[str, Rows]) -> dict[str, Tested]:
    """Trained networks that have a permuted partner less drawn ones, within the widths of these, by prior."""
    widths = [width for width in WIDTHS if _has(extra[PERMUTED], width)]
    trained = {width: _of_pairs(extra[PERMUTED], width, "trained") for width in widths}
    drawn = {
        prior: {width: share(found, ONE, width, prior) for width in widths}
        for prior, found in {**dict.fromkeys(PRIORS, rows), MATCHED: extra[MATCHED]}.items()
    }
    return {prior: cochran_mantel_haenszel({"trained": trained, prior: found}) for prior, found in drawn.items()}


def _effect(tested: Tested) -> float:
    return tested.effect or 0.0


def _mark(rows: Rows, width: str, prior: str) -> Mark:
    found = share(rows, ONE, width, prior)
    words = f"width {width}, {prior}: {found.hits} of {found.of}, {percent(found.value or 0)}"
    kind: Kind = "trained" if prior == "trained" else "drawn"
    ends = (None, None) if prior in PRIORS else (found.low, found.high)
    radius = 5.0 if prior == "trained" else 4.0
    url = rows.link(ONE, hidden=hidden(width), prior=prior)
    return Mark(kind, found.value, *ends, words=words, url=url, radius=radius)


def figure(rows: Rows, extra: Mapping[str, Rows]) -> Figure:
    """The share with one place by width."""
    shares = [[share(rows, ONE, width, prior) for prior in PRIORS] for width in WIDTHS]
    band = [(min(one.low or 0 for one in some), max(one.high or 0 for one in some)) for some in shares]
    last = [one.value or 0 for one in shares[-1]]
    series = [
        Series("drawn at random" * (prior == PRIORS[1]), _widest(last) * (prior == PRIORS[1]), _marks(rows, prior))
        for prior in PRIORS
    ]
    marks = _marks(extra[MATCHED], MATCHED)
    end = percent(marks[-1].value or 0) if marks[-1] else ""
    series.append(Series("scale-matched", end, marks, joined=False, shift=7.0))
    trained = share(rows, ONE, WIDTHS[-1], "trained").value or 0
    series.append(Series("trained", percent(trained), _marks(rows, "trained"), thick=True))
    scale = Scale(0, 1, [(0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1, "100%")])
    plots = [
        Plot("Trained or drawn", "exactly one place for an algorithm", WIDTHS, scale, series, band, across="width")
    ]
    pairs = extra[PERMUTED]
    widths = [width for width in WIDTHS if _has(pairs, width)]
    arms = {"trained": "before", PERMUTED: "permuted"}
    lines = [
        Series(name, "", [_partner(pairs, width, arm) for width in widths], thick=arm == "trained", shift=shift)
        for (arm, name), shift in zip(arms.items(), (0.0, 7.0), strict=True)
    ]
    plots.append(Plot("Each neuron’s weights permuted", "exactly one place", widths, scale, lines, across="width"))
    return Figure(
        "Share of networks with exactly one place for an algorithm, by width and by how they were found.",
        "Grey: outer 95% limits of three priors. Right: trained networks that have such a permutation.",
        plots=plots,
    )


def _partner(pairs: Rows, width: str, arm: str) -> Mark:
    """The share of the networks of one arm whose partner is there."""
    found = _of_pairs(pairs, width, arm)
    words = f"width {width}, {arm}: {found.hits} of {found.of} pairs, {percent(found.value or 0)}"
    kind: Kind = "trained" if arm == "trained" else "drawn"
    url = pairs.link(ONE, hidden=hidden(width), prior=arm)
    return Mark(kind, found.value, found.low, found.high, words, url, radius=5.0 if arm == "trained" else 4.0)


def _of_pairs(pairs: Rows, width: str, arm: str) -> Share:
    both = [pairs.values(ONE, hidden=hidden(width), prior=one) for one in ("trained", PERMUTED)]
    own = both[arm == PERMUTED]
    yes = [value for seed, value in own.items() if all(seed in one for one in both)]
    return share_of(sum(yes), len(yes))


def _widest(shares: list[float]) -> str:
    return f"{100 * min(shares):.0f} to {percent(max(shares))}"


def _marks(rows: Rows, prior: str) -> list[Mark | None]:
    return [_mark(rows, width, prior) if _has(rows, width) else None for width in WIDTHS]


def _has(rows: Rows, width: str) -> bool:
    """Whether a study has networks of a width."""
    return any(own[rows.factors.index("hidden")] == hidden(width) for own in rows.rows[CONVERGED])


def chapter(rows: Rows, extra: Mapping[str, Rows], pooled: Mapping[str, Tested]) -> Chapter:
    """Method, differences by width, table."""
    arms = [*((prior, rows) for prior in PRIORS), *extra.items()]
    lines: list[Row] = []
    for width in WIDTHS:
        for prior, found in ((prior, found) for prior, found in arms if _has(found, width)):
            one = compared(found, ONE, prior, (width,))
            words = f"width {width}, trained less {prior}: {points(_effect(one))} points, of {one.sizes}"
            url = found.link(ONE, hidden=hidden(width))
            mark = Mark("drawn", one.effect, one.low, one.high, words, url, prior, radius=4)
            lines.append(Row(f"Width {width}" * (prior == PRIORS[0]), [[mark]]))
    for prior, one in pooled.items():
        words = f"within widths, trained less {prior}: {points(_effect(one))} points, of {one.sizes}"
        note = f"{prior} {points(_effect(one), 0)}"
        mark = Mark("trained", one.effect, one.low, one.high, words, dict(arms)[prior].link(ONE), note)
        lines.append(Row("Within widths" * (prior == PRIORS[0]), [[mark]], ruled=prior == PRIORS[0], strong=True))
    ticks = [(tick / 100, f"{tick}".replace("-", "−")) for tick in (-40, -30, -20, -10, 0, 10)]
    panel = Panel("", "Trained less drawn, percentage points", Scale(-0.45, 0.25, ticks, zero=0))
    more = Figure(
        "Difference in the share with one place, trained less drawn, by width and prior.", panels=[panel], rows=lines
    )
    head = ["", *(f"width {width}" for width in WIDTHS), "trained less this, points", "with a partner less this"]
    alike = partnered(rows, extra)
    names = {prior: f"drawn, {prior}" for prior in PRIORS} | NAMES
    table = [_line("trained", rows, "trained", None, None)]
    table += [_line(names[prior], found, prior, pooled[prior], alike.get(prior)) for prior, found in arms]
    for prior in ("trained", PRIORS[0]):
        medians = (np.median(list(rows.values(ERROR, hidden=hidden(width), prior=prior).values())) for width in WIDTHS)
        table.append([f"exact error, {prior}, median", *(f"{one:.4f}".lstrip("0") for one in medians), "", ""])
    return Chapter(
        prose(
            KEY,
            largest_p=f"{max(one.p or 0 for prior, one in pooled.items() if prior != PERMUTED):.1g}",
            algorithms=span((100 * _effect(compared(rows, ALGORITHM, prior)) for prior in PRIORS), "{:.1f}"),
            pairs=_pairs(extra, pooled),
            both=span(100 * _effect(compared(rows, BOTH, prior)) for prior in PRIORS),
        ),
        more,
        "Networks with exactly one place for an algorithm, with Wilson’s 95% intervals.",
        head,
        table,
    )


def _pairs(extra: Mapping[str, Rows], pooled: Mapping[str, Tested]) -> str:
    """How many trained networks have a permutation that computes the same, after how many tries."""
    rows, told = extra[PERMUTED], pooled[PERMUTED]
    found, pairs, without = [], [], []
    for width in filter(partial(_has, rows), WIDTHS):
        trained = rows.started(hidden=hidden(width), prior="trained")[0]
        one, other = (rows.values(ONE, hidden=hidden(width), prior=arm) for arm in ("trained", PERMUTED))
        pairs += [yes for seed, yes in one.items() if seed in other]
        without += [yes for seed, yes in one.items() if seed not in other]
        tries = rows.values("draws", hidden=hidden(width), prior=PERMUTED)
        found.append(f"{len(tries)} of {trained} at width {width} (one of {np.mean(list(tries.values())):,.0f} tries)")
    with_one, no_one = (percent(float(np.mean(some))) for some in (pairs, without))
    return (
        f"An accepted permutation was found for {listed(found)}. Pair by pair the difference is "
        f"{points(_effect(told))} points ({points(told.low or 0)} to {points(told.high or 0)}). "
        f"Trained networks without one have exactly one place in {no_one}, those with one in {with_one}."
    )


def _line(name: str, rows: Rows, prior: str, *tested: Tested | None) -> list[str]:
    cells = []
    for mark, width in zip(_marks(rows, prior), WIDTHS, strict=True):
        found = share(rows, ONE, width, prior) if mark else None
        cells.append(
            f"{percent(found.value or 0)} ({100 * (found.low or 0):.0f}–{100 * (found.high or 0):.0f})"
            if found
            else "–"
        )
    differences = (
        f"{points(_effect(one))} ({points(one.low or 0)} to {points(one.high or 0)})" if one else "" for one in tested
    )
    return [name, *cells, *differences]
