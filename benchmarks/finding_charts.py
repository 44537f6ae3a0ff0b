"""Charts of the findings as data, computed from their tables, and the documents' drawings of them.

python -m benchmarks.finding_charts
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

import duckdb
import numpy as np
import scipy
from numpy.typing import ArrayLike

from benchmarks.lines import ROOT
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.figures.charts import Axis, Chart, Look, Mark, Series, document_of
from pluriscope.figures.standalone import standalone_svg
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope_studies.pages.findings import FOLDER

PRIORS: Final = ("normal 1", "normal 2", "fan-in 3")
_LOOKS: Final[dict[str, Look]] = {"normal 1": "grey", "normal 2": "pale", "fan-in 3": "open", "trained": "ink"}
WIDTHS: Final = ("2", "3", "4", "5", "6")
_NOT_LEVELS: Final = ("network", "seed", "protocol", "output", "measure", "value", "note")
Shown = tuple[str, Chart]
"""A caption, and the chart below which it stands."""
Item = tuple[float, float | None, float | None, float | None, str]
"""Place, value, lower and upper end, name."""


@cache
def table(slug: str) -> duckdb.DuckDBPyRelation:
    return duckdb.read_parquet(str(FOLDER / f"{slug}.parquet"))


@cache
def rows(slug: str, measure: str, *levels: tuple[str, str]) -> list[tuple[Any, ...]]:
    """Rows of networks with a value under the first output: seed, the levels beside the protocol, value."""
    own = [name for name in table(slug).columns if name not in _NOT_LEVELS]
    found = table(slug).filter(" AND ".join([f"measure = '{measure}'", *(f"{name} = '{to}'" for name, to in levels)]))
    if "output" in table(slug).columns:
        found = found.filter("output IS NULL OR output = 0")
    value = "CASE value WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE value END AS value"
    return (
        found.filter("value IS NOT NULL").project(f"seed, concat_ws(';', {', '.join(own)}) AS own, {value}").fetchall()
    )


def values(slug: str, measure: str, **levels: str) -> dict[Hashable, Any]:
    """Value of each network: by seed, or by seed and levels where a seed has several networks."""
    found = rows(slug, measure, *levels.items())
    alone = len({seed for seed, *_ in found}) == len(found)
    return {seed if alone else (seed, str(own)): _number(value) for seed, own, value in found}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def share(yes: Sequence[Any]) -> tuple[float, float, float]:
    """Share of yes, with Wilson's 95% interval."""
    found = scipy.stats.binomtest(int(sum(yes)), len(yes)).proportion_ci(0.95, method="wilson")
    return sum(yes) / len(yes), float(found.low), float(found.high)


def median(found: Sequence[float]) -> tuple[float, float, float]:
    """The median of at least six values, with its 95% interval by the sign test."""
    ends = scipy.stats.quantile_test(found, q=0, p=0.5).confidence_interval(0.95)
    return float(np.median(found)), float(ends.low), float(ends.high)


def quartiles(found: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = np.percentile(found, (25, 50, 75))
    return float(middle), float(low), float(high)


def bootstrap(columns: Sequence[ArrayLike], of: Callable[..., Any] = np.positive) -> tuple[float, float, float]:
    """A function of the means of some columns, with its 95% percentile interval over 2,000 samples of networks."""
    some = np.array(columns, dtype=float)
    drawn = np.random.Generator(np.random.PCG64(0)).integers(0, some.shape[1], (2_000, some.shape[1]))
    low, high = np.percentile(of(*(one[drawn].mean(axis=1) for one in some)), [2.5, 97.5])
    return float(of(*some.mean(axis=1))), float(low), float(high)


def series(name: str, look: Look, items: Iterable[Item]) -> Series:
    parts = [list(one) for one in zip(*items, strict=True)]
    x, y, low, high, names = parts
    wide = any(one is not None for one in low)
    ends = (low, high) if wide else ((), ())
    return Series(name, x, y, *map(_rounded, ends), names if any(names) else (), look=look)


def across(name: str, look: Look, items: Iterable[Item]) -> Series:
    """Items in rows: their place is that of a row, their value stands across."""
    made = series(name, look, items)
    return Series(name, made.y, made.x, made.low, made.high, made.names, look=look)


def _rounded(some: Sequence[float | None]) -> list[float | None]:
    return [None if one is None else float(f"{one:.6g}") for one in some]


def item(place: float, interval: tuple[float, float, float], name: str = "", *, ends: bool = True) -> Item:
    value, low, high = (float(f"{one:.6g}") for one in interval)
    return (place, value, low if ends else None, high if ends else None, name)


def by_width(title: str, y: str, some: Sequence[Series], widths: Sequence[str] = WIDTHS) -> Chart:
    """Shares over the widths of the hidden layers."""
    x = Axis("neurons in each hidden layer", names=[f"width {one[0]}" for one in widths])
    return Chart("lines", title, x, Axis(y, low=0, high=1, percent=True), some)


# --- learned or drawn

_ONE: Final = "irredundant-literals-one"


def _shares(slug: str, width: str, prior: str) -> dict[Hashable, Any]:
    return values(slug, _ONE, hidden=f"{width}-{width}", prior=prior)


def learned_or_drawn() -> dict[str, Shown]:
    first, matched = "learned-or-drawn", "scale-matched"

    def line(name: str, look: Look, slug: str, prior: str, aside: float) -> Series:
        found = []
        for place, width in enumerate(WIDTHS):
            yes = [*_shares(slug, width, prior).values()]
            words = f"{name}, {sum(yes):.0f} of {len(yes)}"
            found.append(item(place + aside, share(yes), words))
        return series(name, look, found)

    lines = [
        line(f"drawn, {prior}", _LOOKS[prior], first, prior, 0.05 * at) for at, prior in enumerate(PRIORS, start=1)
    ]
    lines += [
        line("drawn, trained scale", "dashed", matched, "matched", 0.2),
        line("trained", "ink", first, "trained", 0),
    ]
    y = "exactly one placement"
    return {
        "figure": (
            "Three priors, and one at the scale of each trained layer.",
            by_width("Networks with exactly one placement, by how they were found", y, lines),
        )
    }


# --- one direction or both


def one_direction() -> dict[str, Shown]:
    def found(arm: str, width: str, measure: str, counted: bool) -> list[float]:
        slug = ("refuted-one-by-one" if counted else "alice-or-bob", "drawn-refuted" if counted else "drawn-places")[
            arm != "trained"
        ]
        prior = {} if arm == "trained" else {"prior": arm}
        own = values(slug, measure, hidden=f"{width}-{width}", **prior)
        return [own[seed] for seed in sorted(own, key=str)]

    def refuted(arm: str, aside: float) -> Series:
        items = []
        for place, width in enumerate(WIDTHS):
            every = found(arm, width, "paper-alignments", True)
            gone = found(arm, width, "one-way-refuted", True)
            ratio = bootstrap([every, gone], lambda all_, some: some / all_)
            items.append(item(place + aside, ratio, f"{arm}, {len(every)} networks"))
        return series("trained" if arm == "trained" else f"drawn, {arm}", _LOOKS[arm], items)

    lines = [refuted(prior, 0.06 * at) for at, prior in enumerate(PRIORS, start=1)] + [refuted("trained", 0)]
    return {
        "figure": (
            "Of all that the paper’s search finds in the networks of a width.",
            by_width("Placements that the other direction refutes, by width", "refuted by the other direction", lines),
        )
    }


# --- what circuits keep

_HAS_ONE: Final = ("Alice only", "Bob only")
_CLASS, _SAME, _PART, _NONE = "alice-or-bob", "story-same", "story-narrower", "story-none"
_SHAPES: Final = tuple(f"{width}-{width}" for width in "345")
_STORIES, _WIDER = "many-circuits-one-story", "drawn-stories-wider"


def _kept(slug: str, measure: str, has: Sequence[str], shape: str) -> list[float]:
    """Share of the circuits that have a property, for each network that has these algorithms."""
    found = []
    for levels in [{"prior": prior} for prior in PRIORS] if "prior" in table(slug).columns else [{}]:
        classes, own = (values(slug, name, hidden=shape, **levels) for name in (_CLASS, measure))
        found += [float(value) for seed, value in own.items() if classes[seed] in has]
    return found


def _by_chance(shape: str) -> tuple[float, float, float]:
    """The mean over ordered pairs of networks with one algorithm: circuits of the second that have the first's."""
    classes, same, other = (values(_STORIES, measure, hidden=shape) for measure in (_CLASS, _SAME, "story-opposite"))
    seeds = [seed for seed in same if classes[seed] in _HAS_ONE]
    a, n = np.array([classes[seed] == _HAS_ONE[0] for seed in seeds]), len(seeds)
    own, its = (np.array([one[seed] for seed in seeds]) for one in (same, other))
    in_a, in_b = np.where(a, own, its), np.where(a, its, own)
    return bootstrap([a, ~a, in_a, in_b, own], lambda p, q, x, y, mine: (n * (p * x + q * y) - mine) / (n - 1))


def circuits_keep() -> dict[str, Shown]:
    def line(name: str, look: Look, slug: str, measure: str, has: Sequence[str], aside: float = 0) -> Series:
        items = []
        for place, shape in enumerate(_SHAPES):
            own = _kept(slug, measure, has, shape)
            words = f"{name}, mean of {len(own)} networks"
            interval = bootstrap([own]) if len(own) >= 25 else None
            items.append(item(place + aside, interval, words) if interval else (place + aside, None, None, None, ""))
        return series(name, look, items)

    small, both = "stories-by-size", ("both",)
    chance = [item(at, _by_chance(shape)) for at, shape in enumerate(_SHAPES)]
    single = [
        series("another network’s circuit", "dashed", chance),
        line("smallest circuits", "pale", small, "story-same-smallest", _HAS_ONE, -0.05),
        line("drawn, trained scale", "grey", "scale-matched-stories", _SAME, _HAS_ONE, 0.05),
        line("drawn", "grey", _WIDER, _SAME, _HAS_ONE, 0.1),
        line("keep it", "ink", _STORIES, _SAME, _HAS_ONE),
    ]
    two = [
        line("keep neither", "dashed", _STORIES, _NONE, both),
        line("keep both", "grey", _STORIES, _SAME, both),
        line("keep only one", "ink", _STORIES, _PART, both),
    ]
    share_ = "mean share of their valid circuits"
    return {
        "figure": (
            "All circuits at width 3; at widths 4 and 5 a sample of those of each network.",
            by_width("Circuits that keep the algorithm of a network with one", share_, single, _SHAPES),
        ),
        "figure-2": (
            "Networks that have two algorithms.",
            by_width("Circuits that keep the algorithms of a network with two", share_, two, _SHAPES),
        ),
    }


# --- planted circuits

_PLANTED: Final = {
    "Compiled, permuted": "compile, permute, scale",
    "Compiled, noise": "compile, idle, noise",
    "Compiled, tuned": "compile, idle, finetune=300",
    "Compiled, split": "compile, idle, split",
    "Compiled, free noise": "compile, idle, noise=0.3",
    "Compiled, cancelling": "compile, distract",
    "Trained, strictest": "strict-zero",
    "Trained, strict": "strict",
    "Trained, interchange": "iit",
}


def planted_backbone() -> dict[str, Shown]:
    backbone, smallest, slug = "backbone-edges", "circuits-fewest-edges", "planted-backbone"

    def shared(own: str, least: str, measure: str, **levels: str) -> list[float]:
        fewest = values(least, measure, **levels)
        return [edges / fewest[key] for key, edges in values(own, backbone, **levels).items()]

    arms = {name: shared(slug, slug, smallest, planting=level) for name, level in _PLANTED.items()}
    for width in ("3", "4", "5"):
        hidden = f"{width}-{width}"
        arms[f"Task alone, width {width}"] = shared(_STORIES, "each-method", "audit-smallest", hidden=hidden)
        arms[f"Drawn, width {width}"] = shared(_WIDER, _WIDER, smallest, hidden=hidden)
    medians = [item(at, median(own), f"median of {len(own)}") for at, own in enumerate(arms.values())]
    every = "share in every valid circuit"
    return {
        "figure": (
            "Medians of networks, in the order of the chapter’s table. "
            "Split: all share a smaller circuit inside the planted one.",
            Chart(
                "dots",
                "What all valid circuits of a network share",
                Axis(every, low=0, high=1, percent=True),
                Axis(names=list(arms)),
                [across("", "ink", medians)],
            ),
        )
    }


# --- deletion while valid

_METHODS: Final = {
    "acdc": "ACDC",
    "edge-pruning": "Edge pruning",
    "exact-edge": "Exact edge effects",
    "eap-ig": "EAP-IG",
    "mask-ig": "Mask gradient",
    "node-pruning": "Node pruning",
    "eap": "EAP",
    "weights": "Largest weights",
    "random": "Random order",
}
_DELETION: Final = "random-deletion"
_DECISIONS: Final = "acdc(loss=decision,tau=0.5)"


def deletion() -> dict[str, Shown]:
    deleted = {one for (one,) in table("each-method-deletion").project("measure").distinct().fetchall()}

    def source(measure: str) -> str:
        return "each-method-deletion" if measure in deleted else "each-method"

    def asked(name: str, method: str, width: str) -> list[float]:
        measure = f"{name}:{method}"
        of = values("each-method-deletion", f"audit-valid:{_DELETION}", hidden=f"{width}-{width}")
        own = values(source(measure), measure, hidden=f"{width}-{width}")
        return [own[seed] for seed in of if seed in own]

    def sizes(method: str, width: str, row: float) -> Item:
        own = asked("audit-excess", method, width)
        return item(row, quartiles(own), f"width {width}, median of {len(own)} networks")

    def right(method: str, width: str, row: float) -> Item:
        found = asked("audit-valid", method, width)
        return item(row, share(found), f"width {width}, {sum(found):.0f} of {len(found)}")

    def order(method: str) -> tuple[float, float]:
        own = asked("audit-excess", method, "5")
        return float(np.median(own)), float(np.mean(own))

    methods = [_DELETION, *sorted(_METHODS, key=order), _DECISIONS]
    names = {_DELETION: "Random deletion while valid", _DECISIONS: "ACDC on decisions"} | _METHODS
    rows_ = Axis(names=[names[one] for one in methods])

    def two(kind: Callable[[str, str, float], Item]) -> list[Series]:
        looks: tuple[tuple[str, Look, float], ...] = (("3", "open", 0.14), ("5", "ink", -0.06))
        return [
            across(f"width {width}", look, [kind(one, width, at + aside) for at, one in enumerate(methods)])
            for width, look, aside in looks
        ]

    few = "edges beyond the smallest circuit"
    return {
        "figure": (
            "Medians of valid answers, with quartiles. Zero ablation, by decisions.",
            Chart("dots", "Edges too many, by method", Axis(few, low=0), rows_, two(sizes)),
        ),
        "figure-2": (
            "Deletion asks after each edge whether the circuit is valid, ACDC on decisions whether all decisions stay. "
            "Judged without neurons that no edge leads into.",
            Chart("dots", "Valid answers, by method", Axis("valid", low=0.6, high=1, percent=True), rows_, two(right)),
        ),
    }


# --- the field's scores

_GRADIENTS: Final = ("eap", "eap-ig", "mask-ig")
_FIVE: Final = ("weights", *_GRADIENTS, "exact-edge")
_MORE: Final = (
    *("eap-signed", "eap-ig-signed", "mask-ig-signed", "exact-edge-signed", "eap-ig-other", "mask-ig-other"),
    *("conductance", "relevance", "weight-activation", "exact-noise-0.5", "exact-noise-1", "exact-noise-2"),
)
_POOLS: Final = {
    "all five": _FIVE,
    "without exact effects": _FIVE[:-1],
    "gradients alone": _GRADIENTS,
    "all seventeen": (*_FIVE, *_MORE),
}


def _named(half: str, pool: Sequence[str]) -> list[bool]:
    """Whether CMD names the best of some rankings, in each cell of ten networks or more that is not planted."""
    own = table("field-scores").filter(f"half = '{half}' AND ablation = 'zero' AND arm <> 'disguised'")
    groups = defaultdict[tuple[str, str], dict[str, list[tuple[float, float]]]](lambda: defaultdict(list))
    for *cell, method, regret, cmd in own.project("arm, cell, method, regret, cmd").fetchall():
        if method in pool and cmd is not None:
            groups[*cell][method].append((round(regret, 6), round(cmd, 6)))
    found = []
    for some in groups.values():
        means = [np.mean(some[method], axis=0) for method in pool if method in some]
        if max(map(len, some.values())) >= 10:
            lead = min(means, key=lambda one: round(float(one[1]), 6))
            found.append(bool(lead[0] <= min(one[0] for one in means) + 1e-6))
    return found


def field_scores() -> dict[str, Shown]:
    def named(half: str, look: Look, aside: float) -> Series:
        hits = [_named(half, pool) for pool in _POOLS.values()]
        items = [item(at + aside, share(some), f"{sum(some)} of {len(some)}") for at, some in enumerate(hits)]
        return across(half, look, items)

    return {
        "figure": (
            "Of 32 kinds of networks in each half, by the rankings that compete; with 95% intervals.",
            Chart(
                "dots",
                "Kinds of networks of which CMD names the best ranking",
                Axis("kinds", low=0, high=1, percent=True),
                Axis(names=[*_POOLS]),
                [named("public", "ink", -0.1), named("secret", "open", 0.1)],
            ),
        )
    }


# --- calibration

_PARTS: Final = {
    "hashing": {"part": "hashing"},
    "brackets": {"part": "brackets"},
    "uniform draws": {"part": "intervals"},
    "strata": {"part": "transformers"},
    "copies: hashing": {"part": "stress", "method": "hashing"},
    "copies: uniform draws": {"part": "stress", "method": "uniform"},
    "copies: strata": {"part": "stress", "method": "strata"},
}


def calibration() -> dict[str, Shown]:
    threshold = 72  # hashing lists fewer models than that
    own = table("calibration").filter(f"intervals > 0 AND (method <> 'hashing' OR exact > {threshold})")
    held, names = list[Item](), list[str]()
    for at, (name, where) in enumerate(_PARTS.items()):
        some = own.filter(" AND ".join(f"{column} = '{to}'" for column, to in where.items()))
        k, n, promised = some.aggregate("sum(held)::INT, sum(intervals)::INT, min(confidence)").fetchall()[0]
        low, high = share_interval(k, n, 0.95)
        names.append(f"{name}, {promised:.0%}")
        held.append(item(at, (k / n, float(low), float(high)), f"{k:,} of {n:,}"))
    can_miss = {"brackets": "part = 'brackets' AND confidence < 1", "uniform draws": "part = 'intervals' AND exact > 0"}
    numbers = {name: own.filter(of).aggregate("sum(intervals)::INT").fetchall()[0] for name, of in can_miss.items()}
    return {
        "figure": (
            "With 95% intervals. Beside each name the least that is promised. The table tells apart what can miss: "
            + ", ".join(f"{n:,} {name}" for name, (n,) in numbers.items())
            + ".",
            Chart(
                "dots",
                "Intervals that hold the exact number",
                Axis("intervals", high=1, percent=True),
                Axis(names=names),
                [across("", "ink", held)],
            ),
        )
    }


# --- experiments that identify an explanation

_KINDS: Final = ("edge", "neuron", "patch", "interchange", "all")


def experiments_needed() -> dict[str, Shown]:
    slug, looks = "experiments-needed", cast(tuple[Look, ...], ("ink", "grey", "open", "pale", "dashed"))
    own = (
        table(slug)
        .filter("explanations = 'circuits'")
        .project("cell, experiments, CASE WHEN pairs > 0 THEN together / pairs ELSE 0.0 END")
    )
    shares = defaultdict[tuple[str, str], list[float]](list)
    for cell, kind, residue in own.fetchall():
        shares[cell, kind].append(residue)

    def left(cell: str, look: Look) -> Series:
        return series(cell, look, [item(at, _mean(shares[cell, kind])) for at, kind in enumerate(_KINDS)])

    y = Axis("pairs that none separates", low=0, high=1, percent=True)
    residues = [left(*one) for one in zip(dict.fromkeys(cell for cell, _ in shares), looks, strict=False)]
    caption = "Pairs of valid circuits of a network; means over networks with 95% intervals."
    title = "Pairs that no experiment separates"
    return {"figure": (caption, Chart("lines", title, Axis("experiments", names=[*_KINDS]), y, residues))}


def _mean(values_: Sequence[float]) -> tuple[float, float, float]:
    """The mean over networks with the ends of its 95% interval by bootstrap."""
    some = np.array(values_)
    drawn = some[np.random.default_rng(0).integers(0, len(some), (10_000, len(some)))].mean(axis=1)
    return float(some.mean()), *np.percentile(drawn, (2.5, 97.5)).tolist()


# --- reported and ours

_REPORTED: Final[Mapping[str, Mapping[str, tuple[int, int, int]]]] = {
    "interpretations": {
        "2-2": (33, 38, 42),
        "3-3": (4_350, 6_170, 10_450),
        "4-4": (152_000, 197_000, 565_000),
        "5-5": (541_000, 916_000, 1_360_000),
    },
    "mappings": {"2-2": (3, 8, 15), "3-3": (8, 31, 88), "4-4": (52, 390, 821), "5-5": (169, 3_650, 9_160)},
}
"""Quartiles, read off the authors' plot to 3%."""


def reported() -> dict[str, Shown]:
    read, valid = "interpretations-total", "circuits-valid"

    def above_zero(found: Iterable[float]) -> tuple[float, float, float]:
        return quartiles([one for one in found if one > 0])

    def first(width: str, most: int) -> list[float]:
        """Interpretations estimated from so many circuits."""
        counts = values("plotted", "valid circuits", hidden=width)
        own = {
            seed: [float(one) for one in str(text).split(" ; ")]
            for seed, text in values("plotted", "interpretations of the first circuits", hidden=width).items()
        }
        return [n * float(np.mean(own[seed][:most])) if seed in own else 0.0 for seed, n in counts.items()]

    def off(most: int) -> float:
        """Factor by which these are off the plotted quartiles of widths 3 to 5."""
        apart = []
        for width in ("3-3", "4-4", "5-5"):
            middle, low, high = above_zero(first(width, most))
            apart += [
                math.log10(a / b) for a, b in zip((low, middle, high), _REPORTED["interpretations"][width], strict=True)
            ]
        return float(10 ** math.sqrt(np.mean(np.square(apart))))

    # the paper does not say of how many circuits it read interpretations: the number that comes nearest is shown
    factors = {most: off(most) for most in range(1, 31)}
    best = min(factors, key=lambda most: factors[most])
    names, theirs, ours, nearest = list[str](), list[Item](), list[Item](), list[Item]()

    def line(name: str, figures: Sequence[int], own: Iterable[float], near: Iterable[float] = ()) -> None:
        row, middle = len(names), figures[len(figures) // 2]
        names.append(name)
        theirs.append((row, 1.0, figures[0] / middle, figures[-1] / middle, f"reported {middle:,}"))
        for some, to in ((ours, own), (nearest, near)):
            if found := [one for one in to if one > 0]:
                ends = quartiles(found)
                at = row + (0.14 if some is nearest else -0.1)
                some.append(item(at, tuple(one / middle for one in ends), f"{ends[0]:,.4g}, reported {middle:,}"))

    for name, number, slug, levels in (
        ("Circuits of the example", 85, "paper-counts", {"hidden": "3-3"}),
        ("Circuits of the digit network", 4_702, "digits-tail", {"loss_target": "0.001"}),
    ):
        levels["protocol"] = "paper"
        line(name, (number,), values(slug, valid, **levels).values())
    # width 2 was listed whole, wider networks were estimated from their first circuits
    for width, figures in _REPORTED["interpretations"].items():
        slug = "paper-counts" if width == "2-2" else "paper-width"
        at = {"hidden": width, "protocol": "paper"}
        every = at | {"protocol": "complete"}
        near = values(slug, read, **every).values() if width == "2-2" else first(width, best)
        line(f"Interpretations, width {width[0]}", figures, values(slug, read, **at).values(), near)
    for width, figures in _REPORTED["mappings"].items():
        slug, at = "paper-width-mappings", {"hidden": width, "protocol": "paper"}
        minimal, all_ = (values(slug, f"alignments-{one}", **at).values() for one in ("minimal", "valid"))
        near = all_ if width != "2-2" else ()
        line(f"Mappings, width {width[0]}", figures, minimal, near)
    return {
        "figure": (
            "Medians with quartiles. Open: the rule that came nearest, chosen with the plot in view.",
            Chart(
                "dots",
                "Our number divided by the reported one",
                Axis("our median ÷ reported", log=True),
                Axis(names=names),
                [
                    across("reported", "pale", theirs),
                    across("nearest rule", "open", nearest),
                    across("the code’s defaults", "ink", ours),
                ],
                [Mark(1.0, "as reported")],
            ),
        )
    }


# --- rows that validate a circuit


def rows_needed() -> dict[str, Shown]:
    looks: Iterator[Look] = iter(("pale", "ink", "grey", "dashed"))
    slug = "rows-needed"
    lines = []
    for population in ("three inputs", "heads"):
        own = table(slug).filter(f"population = '{population}' AND weights = 'trained'")
        for name in ("all", "smallest"):
            every, items = own.project(f"m, n, 1 - {name}_valid").fetchall(), list[Item]()
            for share_ in (0.125, 0.25, 0.5, 0.75, 0.875):
                risks = [risk for m, n, risk in every if m == round(share_ * n)]
                items.append(item(share_, bootstrap([risks]), f"mean of {len(risks)} networks"))
            lines.append(series(f"{population}, {name}", next(looks), items))
    x, y = (Axis(title, low=0, high=1, percent=True) for title in ("rows seen", "circuits not right on all rows"))
    title = "Risk of circuits that are right on some of the rows"
    return {
        "figure": (
            "All circuits that are right on the rows seen, and the smallest.",
            Chart("lines", title, x, y, lines),
        )
    }


CHARTS: Final = {
    "learned-or-drawn": learned_or_drawn,
    "one-direction": one_direction,
    "circuits-keep": circuits_keep,
    "planted-backbone": planted_backbone,
    "deletion": deletion,
    "experiments-needed": experiments_needed,
    "reported": reported,
    "field-scores": field_scores,
    "calibration": calibration,
    "rows-needed": rows_needed,
}


def main() -> None:
    lines, documents = [], "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    for key, made in CHARTS.items():
        for name, (caption, chart) in made().items():
            document = {"finding": key, "name": name, "caption": caption, "chart": document_of(chart)}
            lines.append(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
            at = key if name == "figure" else f"{key}-{name}"
            drawing = standalone_svg(str(draw(chart, FILE_WIDTH)))
            if f"{at}.svg" in documents:
                (ROOT / "docs" / "findings" / f"{at}.svg").write_text(drawing)
    (FOLDER / "charts.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
