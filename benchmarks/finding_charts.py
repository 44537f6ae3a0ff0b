"""Charts of the findings as data, computed from their tables, and the documents' drawings of them.

python -m benchmarks.finding_charts
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast
from urllib.parse import urlencode

import duckdb
import numpy as np
import scipy
from numpy.typing import ArrayLike

from benchmarks import calibration_table, over_training_table, ranking_study, ranking_tables
from benchmarks import experiments_needed as experiments
from benchmarks.calibration_table import PARTS, SLUG
from benchmarks.lines import ROOT
from benchmarks.ranking_rows import PROPOSALS
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
Item = tuple[float, float | None, float | None, float | None, str, str]
"""Place, value, lower and upper end, name, address."""


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


def link(slug: str, measure: str | Sequence[str], **levels: str | Sequence[str]) -> str:
    """The address of the rows behind an item."""
    return f"/findings/data/{slug}?{urlencode({'measure': measure, **levels}, doseq=True)}"


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
    x, y, low, high, names, urls = parts
    wide = any(one is not None for one in low)
    ends = (low, high) if wide else ((), ())
    return Series(name, x, y, *map(_rounded, ends), names if any(names) else (), urls, look)


def across(name: str, look: Look, items: Iterable[Item]) -> Series:
    """Items in rows: their place is that of a row, their value stands across."""
    made = series(name, look, items)
    return Series(name, made.y, made.x, made.low, made.high, made.names, made.urls, look)


def _rounded(some: Sequence[float | None]) -> list[float | None]:
    return [None if one is None else float(f"{one:.6g}") for one in some]


def item(place: float, interval: tuple[float, float, float], url: str, name: str = "", *, ends: bool = True) -> Item:
    value, low, high = (float(f"{one:.6g}") for one in interval)
    return (place, value, low if ends else None, high if ends else None, name, url)


def by_width(title: str, y: str, some: Sequence[Series], widths: Sequence[str] = WIDTHS) -> Chart:
    """Shares over the widths of the hidden layers."""
    x = Axis("neurons in each hidden layer", names=[f"width {one[0]}" for one in widths])
    return Chart("lines", title, x, Axis(y, low=0, high=1, percent=True), some)


# --- learned or drawn

_ONE: Final = "irredundant-literals-one"


def _shares(slug: str, width: str, prior: str) -> dict[Hashable, Any]:
    return values(slug, _ONE, hidden=f"{width}-{width}", prior=prior)


def learned_or_drawn() -> dict[str, Shown]:
    first, matched, permuted = "learned-or-drawn", "scale-matched", "permuted-weights"

    def line(name: str, look: Look, slug: str, prior: str, aside: float, partners: bool = False) -> Series:
        found = []
        for place, width in enumerate(WIDTHS[partners:]):
            arms = [_shares(slug, width, one) for one in ("trained", permuted.split("-")[0])] if partners else []
            own = _shares(slug, width, prior)
            yes = [value for seed, value in own.items() if all(seed in one for one in arms)]
            url = link(slug, _ONE, hidden=f"{width}-{width}", prior=prior)
            words = f"{name}, {sum(yes):.0f} of {len(yes)}"
            found.append(item(place + aside, share(yes), url, words))
        return series(name, look, found)

    lines = [
        line(f"drawn, {prior}", _LOOKS[prior], first, prior, 0.05 * at) for at, prior in enumerate(PRIORS, start=1)
    ]
    lines += [
        line("drawn, trained scale", "dashed", matched, "matched", 0.2),
        line("trained", "ink", first, "trained", 0),
    ]
    pairs = [line("their weights permuted", "grey", permuted, "permuted", 0.06, partners=True)]
    pairs += [line("trained, with such a partner", "ink", permuted, "trained", 0, partners=True)]
    arms = [*((prior, first) for prior in PRIORS), ("matched", matched)]
    apart = [item(at, _difference(slug, prior), link(slug, _ONE)) for at, (prior, slug) in enumerate(arms)]
    apart.append(item(4, _paired(permuted), link(permuted, _ONE)))
    single = [
        series(
            f"width {width}",
            "open",
            [
                item(at, _difference(slug, prior, width), link(slug, _ONE, hidden=f"{width}-{width}"), ends=False)
                for at, (prior, slug) in enumerate(arms)
            ],
        )
        for width in WIDTHS
    ]
    single = [across(one.name, "open", _items(one)) for one in single]
    names = [f"trained less {name}" for name in (*(f"drawn, {one}" for one in PRIORS), "drawn, trained scale")]
    names.append("trained less its own weights permuted")
    rows_ = Axis(names=names)
    y = "exactly one placement"
    return {
        "figure": (
            "Three priors, and one at the scale of each trained layer.",
            by_width("Networks with exactly one placement, by how they were found", y, lines),
        ),
        "figure-2": (
            "Trained networks of which a permutation of each neuron’s weights computes XOR as well.",
            by_width("Networks with exactly one placement, before and after", y, pairs, WIDTHS[1:]),
        ),
        "more": (
            "Filled: within widths; of permuted weights pair by pair. Open: each width.",
            Chart(
                "dots",
                "Difference in the share with exactly one placement, trained less others",
                Axis("difference of shares", percent=True),
                rows_,
                [*single, across("within widths", "ink", apart)],
                [Mark(0.0, "alike")],
            ),
        ),
    }


def _items(one: Series) -> list[Item]:
    return [(x, y, None, None, "", url) for x, y, url in zip(one.x, one.y, one.urls, strict=True)]


def _difference(slug: str, prior: str, width: str = "") -> tuple[float, float, float]:
    """Trained less drawn within widths (Mantel-Haenszel), with its 95% interval (Sato)."""
    top = weight = slope = rest = 0.0
    for one in [width] if width else WIDTHS:
        ours, theirs = (list(_shares(slug, one, arm).values()) for arm in ("trained", prior))
        x, m, y, n = sum(ours), len(ours), sum(theirs), len(theirs)
        top, weight = top + (x * n - y * m) / (m + n), weight + m * n / (m + n)
        slope += (m**2 * y - n**2 * x + m * n * (n - m) / 2) / (m + n) ** 2
        rest += (x * (n - y) + y * (m - x)) / (2 * (m + n))
    reach = float(scipy.stats.norm.ppf(0.975)) * math.sqrt(max(0.0, top / weight * slope + rest)) / weight
    return top / weight, top / weight - reach, top / weight + reach


def _paired(slug: str) -> tuple[float, float, float]:
    """Share gained by networks over their own permutations, with Wald's 95% interval of paired shares."""
    pairs = []
    for width in WIDTHS[1:]:
        own, other = (_shares(slug, width, arm) for arm in ("trained", "permuted"))
        pairs += [(own[seed], other[seed]) for seed in own if seed in other]
    gained, lost, n = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs), len(pairs)
    reach = float(scipy.stats.norm.ppf(0.975)) * math.sqrt(gained + lost - (gained - lost) ** 2 / n) / n
    return (gained - lost) / n, (gained - lost) / n - reach, (gained - lost) / n + reach


# --- one direction or both

_RULES: Final = {
    "paper": "The paper’s rules",
    "both-directions": "Each interchange in both directions",
    "twins-merged": "De Morgan twins count once",
    "every-negation": "Every placement of NOT",
    "irredundant-literals": "No redundant literal",
}


def one_direction() -> dict[str, Shown]:
    def found(arm: str, width: str, measure: str, counted: bool) -> tuple[list[float], str]:
        slug = ("refuted-one-by-one" if counted else "alice-or-bob", "drawn-refuted" if counted else "drawn-places")[
            arm != "trained"
        ]
        prior = {} if arm == "trained" else {"prior": arm}
        own = values(slug, measure, hidden=f"{width}-{width}", **prior)
        return [own[seed] for seed in sorted(own, key=str)], link(slug, measure, hidden=f"{width}-{width}", **prior)

    def refuted(arm: str, aside: float) -> Series:
        items = []
        for place, width in enumerate(WIDTHS):
            every, _ = found(arm, width, "paper-alignments", True)
            gone, url = found(arm, width, "one-way-refuted", True)
            ratio = bootstrap([every, gone], lambda all_, some: some / all_)
            items.append(item(place + aside, ratio, url, f"{arm}, {len(every)} networks"))
        return series("trained" if arm == "trained" else f"drawn, {arm}", _LOOKS[arm], items)

    def left(arm: str, name: str) -> Series:
        items = []
        for row, (step, width) in enumerate((step, width) for step in _RULES for width in "36"):
            own, url = found(arm, width, f"{step}-alignments", False)
            items.append(
                item(row, bootstrap([own]), url, f"{name}, mean of {len(own)} networks", ends=arm == "trained")
            )
        return across(name, _LOOKS[arm], items)

    lines = [refuted(prior, 0.06 * at) for at, prior in enumerate(PRIORS, start=1)] + [refuted("trained", 0)]
    counts = [left(prior, f"drawn, {prior}") for prior in PRIORS] + [left("trained", "trained")]
    rules = [f"{name}, width {width}" for name in _RULES.values() for width in "36"]
    return {
        "figure": (
            "Of all that the paper’s search finds in the networks of a width.",
            by_width("Placements that the other direction refutes, by width", "refuted by the other direction", lines),
        ),
        "more": (
            "Five of eight rules, each added to those above.",
            Chart(
                "dots",
                "Mean number of minimal placements of a network under five rules",
                Axis("minimal placements of a network, mean", log=True),
                Axis(names=rules),
                counts,
            ),
        ),
    }


# --- what circuits keep

_HAS_ONE: Final = ("Alice only", "Bob only")
_CLASS, _SAME, _PART, _NONE = "alice-or-bob", "story-same", "story-narrower", "story-none"
_SHAPES: Final = tuple("-".join(width * layers) for layers in (2, 3, 4) for width in "345")
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
        for place, shape in enumerate(_SHAPES[:3]):
            own = _kept(slug, measure, has, shape)
            words = f"{name}, mean of {len(own)} networks"
            interval = bootstrap([own]) if len(own) >= 25 else None
            url = link(slug, (_CLASS, measure), hidden=shape)
            items.append(
                item(place + aside, interval, url, words) if interval else (place + aside, None, None, None, "", "")
            )
        return series(name, look, items)

    small, both = "stories-by-size", ("both",)
    chance = [item(at, _by_chance(shape), link(_STORIES, _SAME, hidden=shape)) for at, shape in enumerate(_SHAPES[:3])]
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
    arms = [("", _STORIES, _SAME, shape) for shape in _SHAPES]
    arms += [
        (f", {name}", slug, measure, shape)
        for name, slug, measure in (
            ("drawn", _WIDER, _SAME),
            ("trained scale", "scale-matched-stories", _SAME),
            ("smallest", small, "story-same-smallest"),
            ("minimal", small, "story-same-minimal"),
        )
        for shape in _SHAPES[:3]
    ]
    rows_ = []
    for name, look, has, aside in (("with both", "open", both, 0.12), ("with one algorithm", "ink", _HAS_ONE, 0.0)):
        items = [
            item(at + aside, bootstrap([own]), link(slug, (_CLASS, measure), hidden=shape), f"mean of {len(own)}")
            for at, (_, slug, measure, shape) in enumerate(arms)
            if len(own := _kept(slug, measure, has, shape)) >= 25
        ]
        rows_.append(across(name, look, items))
    share_ = "mean share of their valid circuits"
    shapes = Axis(names=[f"2-{shape}-1{name}" for name, *_, shape in arms])
    percent = Axis("valid circuits that keep exactly the network’s algorithms, mean", low=0, high=1, percent=True)
    return {
        "figure": (
            "All circuits at width 3; at widths 4 and 5 a sample of those of each network.",
            by_width("Circuits that keep the algorithm of a network with one", share_, single, _SHAPES[:3]),
        ),
        "figure-2": (
            "Networks that have two algorithms.",
            by_width("Circuits that keep the algorithms of a network with two", share_, two, _SHAPES[:3]),
        ),
        "more": (
            "Where 25 networks or more are.",
            Chart("dots", "Circuits that keep exactly a network’s algorithms, by shape", percent, shapes, rows_),
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

    arms: dict[str, tuple[list[float], str]] = {
        name: (shared(slug, slug, smallest, planting=level), link(slug, (backbone, smallest), planting=level))
        for name, level in _PLANTED.items()
    }
    for width in ("3", "4", "5"):
        hidden = f"{width}-{width}"
        alone = shared(_STORIES, "each-method", "audit-smallest", hidden=hidden)
        arms[f"Task alone, width {width}"] = alone, link(_STORIES, backbone, hidden=hidden)
        drawn = shared(_WIDER, _WIDER, smallest, hidden=hidden)
        arms[f"Drawn, width {width}"] = drawn, link(_WIDER, backbone, hidden=hidden)
    medians = [item(at, median(own), url, f"median of {len(own)}") for at, (own, url) in enumerate(arms.values())]
    columns = ["0%", *(f"{tenth}–{tenth + 10}%" for tenth in range(0, 100, 10)), "100%"]
    cells = []
    for name, (own, url) in arms.items():
        counts = Counter(11 if one == 1 else 0 if one == 0 else 1 + math.floor(10 * one) for one in own)
        parts = [(at, n / len(own), None, None, f"{n} of {len(own)}", url) for at, n in sorted(counts.items())]
        cells.append(series(name, "ink", parts))
    whole = []
    for name, start, look, aside in (("drawn at random", "Drawn", "grey", 0.06), ("trained", "Task alone", "ink", 0.0)):
        some = [(own, url) for arm, (own, url) in arms.items() if arm.startswith(start)]
        parts = [
            item(at + aside, share([one == 1 for one in own]), url, f"{name}: {own.count(1)} of {len(own)}")
            for at, (own, url) in enumerate(some)
        ]
        whole.append(series(name, look, parts))
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
        ),
        "more": (
            "Trained ones on the task alone.",
            by_width(
                "Networks whose smallest circuit is in every valid one", "of the networks", whole, ("3", "4", "5")
            ),
        ),
        "more-2": (
            "Share of the networks of each row that have a valid circuit.",
            Chart(
                "heat",
                "How much all valid circuits share, network by network",
                Axis(every, names=columns),
                Axis("share of networks", percent=True, high=1),
                cells,
            ),
        ),
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
    known = deleted | {one for (one,) in table("each-method").project("measure").distinct().fetchall()}

    def source(measure: str) -> str:
        return "each-method-deletion" if measure in deleted else "each-method"

    def asked(name: str, method: str, width: str) -> tuple[list[float], str]:
        measure = f"{name}:{method}"
        of = values("each-method-deletion", f"audit-valid:{_DELETION}", hidden=f"{width}-{width}")
        own = values(source(measure), measure, hidden=f"{width}-{width}")
        return [own[seed] for seed in of if seed in own], link(source(measure), measure, hidden=f"{width}-{width}")

    def sizes(method: str, width: str, row: float) -> Item:
        own, url = asked("audit-excess", method, width)
        return item(row, quartiles(own), url, f"width {width}, median of {len(own)} networks")

    def right(method: str, width: str, row: float, raw: bool) -> Item:
        found, url = asked("audit-valid", method, width)
        if raw and f"audit-raw-alone:{method}" in known:
            found = list(map(max, zip(found, asked("audit-raw-alone", method, width)[0], strict=True)))
        return item(row, share(found), url, f"width {width}, {sum(found):.0f} of {len(found)}")

    def order(method: str) -> tuple[float, float]:
        own = asked("audit-excess", method, "5")[0]
        return float(np.median(own)), float(np.mean(own))

    methods = [_DELETION, *sorted(_METHODS, key=order), _DECISIONS]
    names = {_DELETION: "Random deletion while valid", _DECISIONS: "ACDC on decisions"} | _METHODS
    rows_ = Axis(names=[names[one] for one in methods])

    def two(kind: Callable[..., Item], *more: Any) -> list[Series]:
        looks: tuple[tuple[str, Look, float], ...] = (("3", "open", 0.14), ("5", "ink", -0.06))
        return [
            across(f"width {width}", look, [kind(one, width, at + aside, *more) for at, one in enumerate(methods)])
            for width, look, aside in looks
        ]

    then = {"": ("by default", "ink", 0.14), "(after=cut)": ("shortest valid start", "open", 0.0)}
    then["(after=deletion)"] = ("then deletion", "grey", -0.1)
    passes = [
        across(
            said,
            look,
            [
                sizes(one + after, "5", at + aside)
                for at, one in enumerate(methods[1:-1])
                if f"audit-excess:{one}{after}" in known
            ],
        )
        for after, (said, look, aside) in then.items()
    ]
    few, line = "edges beyond the smallest circuit", float(np.median(asked("audit-excess", _DELETION, "5")[0]))
    return {
        "figure": (
            "Medians of valid answers, with quartiles. Zero ablation, by decisions.",
            Chart("dots", "Edges too many, by method", Axis(few, low=0), rows_, two(sizes)),
        ),
        "figure-2": (
            "Deletion asks after each edge whether the circuit is valid, ACDC on decisions whether all decisions stay. "
            "Judged without neurons that no edge leads into.",
            Chart(
                "dots",
                "Valid answers, by method",
                Axis("valid", low=0.6, high=1, percent=True),
                rows_,
                two(right, False),
            ),
        ),
        "more": (
            "Medians with quartiles at width 5.",
            Chart(
                "dots",
                "Edges too many, with a valid start and with a deletion pass",
                Axis(few, low=0),
                Axis(names=[names[one] for one in methods[1:-1]]),
                passes,
                [Mark(line, "random deletion")],
            ),
        ),
        "more-2": (
            "With neurons that no edge leads into, which carry a bias alone.",
            Chart(
                "dots",
                "Answers right as they are answered, by method",
                Axis("right", low=0.6, high=1, percent=True),
                rows_,
                two(right, True),
            ),
        ),
    }


# --- transformers

_TASKS: Final = ("induction", "sum modulo", "other name", "balanced brackets", "first token")
_PARTS: Final = {"nodes": "heads", "heads": "edges", "qkv": "query, key, value"}


def transformers() -> dict[str, Shown]:
    slug = "shared-edges"

    def asked(measure: str, task: str, part: str = "qkv", ablation: str = "zero") -> dict[Hashable, Any]:
        return values(slug, measure, task=task, granularity=part, ablation=ablation, rows="trained")

    def row(
        name: str, look: Look, of: Callable[[str], Sequence[float]], measure: str, aside: float = 0, **at: str
    ) -> Series:
        items = []
        for place, task in enumerate(_TASKS):
            where = {"task": task, "granularity": "qkv", "ablation": "zero", "rows": "trained"} | at
            if found := of(task):
                items.append(
                    item(place + aside, median(found), link(slug, measure, **where), f"median of {len(found)}")
                )
        return across(name, look, items)

    def plain(measure: str) -> Callable[[str], Sequence[float]]:
        return lambda task: list(asked(measure, task).values())

    def of_smallest(measure: str, ablation: str = "zero") -> Callable[[str], Sequence[float]]:
        def found(task: str) -> list[float]:
            fewest = asked("fewest", task, ablation=ablation)
            return [one / fewest[seed] for seed, one in asked(measure, task, ablation=ablation).items()]

        return found

    def pair(of: Callable[..., Callable[[str], Sequence[float]]], measure: str) -> list[Series]:
        drawn = row("drawn circuits of the same sizes", "open", of(f"drawn_{measure}"), f"drawn_{measure}", 0.14)
        return [drawn, row("valid circuits", "ink", of(measure), measure)]

    alone = []
    for task in _TASKS:
        cells: list[Item] = []
        for place, part in enumerate(_PARTS):
            minimal, listed, valid = (asked(name, task, part) for name in ("minimal", "listed", "valid"))
            hits = sum(one == 1 and listed[seed] == valid[seed] for seed, one in minimal.items())
            where = {"task": task, "granularity": part, "ablation": "zero", "rows": "trained"}
            words = f"{hits} of {len(minimal)}"
            cells.append((place, float(hits), None, None, words, link(slug, "minimal", **where)))
        alone.append(series(task, "ink", cells))
    tasks, of_edges = Axis(names=list(_TASKS)), "edges in every valid circuit, of a smallest one’s"
    by_ablation = [
        row(f"{kind} ablation", look, of_smallest("shared", kind), "shared", aside, ablation=kind)
        for kind, look, aside in (("mean", "open", 0.14), ("zero", "ink", 0.0))
    ]
    share_ = Axis(of_edges, low=0, high=1, percent=True)
    return {
        "figure": (
            "Medians of 20 models a task. Two layers of two heads, zero ablation.",
            Chart(
                "dots",
                "Edges that all circuits share",
                Axis("edges in every circuit", low=0),
                tasks,
                pair(plain, "shared"),
            ),
        ),
        "figure-2": (
            "Medians of models with several minimal circuits.",
            Chart(
                "dots",
                "Least overlap of two minimal circuits",
                Axis("shared edges of both together’s", low=0, high=1, percent=True),
                tasks,
                pair(plain, "least"),
            ),
        ),
        "more": (
            "What left out edges carry: zero, or their mean.",
            Chart("dots", "Edges that all valid circuits share, under two ablations", share_, tasks, by_ablation),
        ),
        "more-2": (
            "Medians of 20 models a task.",
            Chart(
                "dots", "Edges that all circuits share, of a smallest one’s", share_, tasks, pair(of_smallest, "shared")
            ),
        ),
        "more-3": (
            "Models of 20; parts are whole heads, edges between them, or query, key and value.",
            Chart(
                "heat",
                "Models that have one minimal circuit",
                Axis("parts", names=list(_PARTS.values())),
                Axis("models", high=20),
                alone,
            ),
        ),
    }


# --- the field's scores


def field_scores() -> dict[str, Shown]:
    slug, halves = ranking_tables.SLUG, {half: ranking_tables.both()[half, "zero"] for half in ranking_tables.HALVES}
    groups = ranking_study.groups(halves["public"])
    pools = ["all five", "without exact effects", "gradients alone", "all seventeen"]
    arms = {label: arm for arm, label in ranking_study.ARMS.items()}

    def named(half: str, look: Look, aside: float) -> Series:
        found = [[hit for _, hit in ranking_study.cells(halves[half], ranking_study.POOLS[pool])] for pool in pools]
        url = link(slug, (), half=half, ablation="zero")
        items = [item(at + aside, share(some), url, f"{sum(some)} of {len(some)}") for at, some in enumerate(found)]
        return across(half, look, items)

    def gains(pool: str, half: str, look: Look, aside: float) -> Series:
        items, some = list[Item](), halves[half]
        for at, group in enumerate(groups):
            one = ranking_study.answers_of(some, some.within(group), ranking_study.POOLS[pool])
            if one is not None:
                url = link(slug, (), half=half, ablation="zero", arm=arms.get(group, "disguised"))
                items.append(item(at + aside, ranking_study.interval(one.gain), url, f"{len(one.half)} networks"))
        return across(f"{pool}, {half}", look, items)

    orders = [*(f"climb-{{}}-{n}" for n in PROPOSALS), "cmd-best-least", "cmd-best-most"]

    def by_search(start: str, half: str, look: Look) -> Series:
        some, items = halves[half], list[Item]()
        for at, name in enumerate(orders):
            regret = some.of(name.format(start), "regret")[some.within("XOR, width 3")]
            url = link(slug, (), half=half, method=name.format(start), arm="xor-3")
            items.append(item(at, ranking_study.interval(regret[~np.isnan(regret)]), url))
        return series(f"from {start}, {half}", look, items)

    without, less = "without exact effects", "regret, less the constant method’s"
    proposals = [*(f"{n:,}" for n in PROPOSALS), "best, least", "best, most"]
    return {
        "figure": (
            "Of 32 kinds of networks in each half, by the rankings that compete; with 95% intervals.",
            Chart(
                "dots",
                "Kinds of networks of which CMD names the best ranking",
                Axis("kinds", low=0, high=1, percent=True),
                Axis(names=pools),
                [named("public", "ink", -0.1), named("secret", "open", 0.1)],
            ),
        ),
        "more": (
            "CMD, zero ablation; left of the line its choice in a network is better than the constant method.",
            Chart(
                "dots",
                "The ranking that CMD chooses, beside the best constant one",
                Axis(less),
                Axis(names=groups),
                [
                    *(gains(without, "public", "ink", -0.24), gains(without, "secret", "open", -0.08)),
                    *(gains("all five", "public", "grey", 0.08), gains("all five", "secret", "pale", 0.24)),
                ],
                [Mark(0.0, "best constant method")],
            ),
        ),
        "more-2": (
            "XOR of width 3. A search moves one edge at a time and keeps what lowers CMD; last the best of all orders.",
            Chart(
                "lines",
                "Regret of orders that are made for CMD",
                Axis("proposals", names=proposals),
                Axis("regret", low=0),
                [
                    *(by_search("exact", "public", "ink"), by_search("exact", "secret", "open")),
                    *(by_search("drawn", "public", "grey"), by_search("drawn", "secret", "dashed")),
                ],
            ),
        ),
    }


# --- calibration


def calibration() -> dict[str, Shown]:
    rows_ = calibration_table.table()
    found = {one.name: one for one in calibration_table.verdicts(rows_)}
    parts = [found[name] for name in PARTS if name in found]
    held = [
        item(at, one.share, link(SLUG, (), **PARTS[one.name]), f"{one.held:,} of {one.n:,}")
        for at, one in enumerate(parts)
    ]
    hashing = calibration_table.chosen(rows_, method="hashing", part="hashing")
    shapes = [name.removeprefix("hashing, ") for name in found if name.startswith("hashing, ")]
    ratios = [[one["estimate"] / one["exact"] for one in hashing if one["shape"] == shape] for shape in shapes]
    urls = [link(SLUG, (), part="hashing", shape=shape) for shape in shapes]
    near = [
        item(at, (float(np.median(some)), min(some), max(some)), urls[at], f"{len(some)} networks")
        for at, some in enumerate(ratios)
    ]
    ends = [Mark(1.0, "exact"), Mark(1 / 1.8, "÷ 1.8"), Mark(1.8, "× 1.8")]
    return {
        "figure": (
            "With 95% intervals. Beside each name the least that is promised. "
            + "The table tells apart what can miss: "
            + ", ".join(f"{found[f'{name} that can miss'].n:,} {name}" for name in calibration_table.CAN_MISS)
            + ".",
            Chart(
                "dots",
                "Intervals that hold the exact number",
                Axis("intervals", high=1, percent=True),
                Axis(names=[f"{one.name}, {one.promised:.0%}" for one in parts]),
                [across("", "ink", held)],
            ),
        ),
        "more": (
            "Medians with the least and the largest. Four in five are to lie between the outer lines.",
            Chart(
                "dots",
                "Counts by hashing, divided by the exact number",
                Axis("count ÷ exact number", log=True),
                Axis(names=shapes),
                [across("", "ink", near)],
                ends,
            ),
        ),
    }


# --- over training

_MOMENTS: Final = ("F", "B", "G", "end")


def over_training() -> dict[str, Shown]:
    rows_ = over_training_table.table()
    slug, found, learned = over_training_table.SLUG, over_training_table.changes(rows_), "learned"

    def changed(ablation: str) -> Chart:
        some = [one for one in found if one.ablation == ablation]
        drawn = []
        for arm, name, look, aside in (
            ("shuffled", "answers shuffled", "open", 0.14),
            (learned, "learned", "ink", -0.1),
        ):
            url = link(slug, (), arm=arm, judged="training rows", ablation=ablation)
            ratios = [one.ratios if arm == learned else one.null for one in some]
            ends = map(over_training_table.interval, ratios)
            drawn.append(across(name, cast(Look, look), [item(at + aside, one, url) for at, one in enumerate(ends)]))
        title, across_ = (
            f"Valid circuits by phase, {ablation} ablation",
            "log2 of the number at the end by that at the start",
        )
        return Chart(
            "dots", title, Axis(across_), Axis(names=[one.phase for one in some]), drawn, [Mark(0.0, "as many")]
        )

    grok = [one for one in over_training_table.courses(rows_)[learned].values() if one.moments]

    def at_moments(name: str, look: Look, field: str, ablation: str = "zero") -> Series:
        where = {"arm": learned, "judged": "training rows", "ablation": ablation}
        found_ = [[one.at(one.moments[at], ablation)[field] for one in grok] for at in _MOMENTS]
        return series(
            name, look, [item(at, quartiles(some), link(slug, (), **where)) for at, some in enumerate(found_)]
        )

    def by_moment(title: str, y: Axis, some: Sequence[Series]) -> Chart:
        return Chart("lines", title, Axis("moment", names=[*_MOMENTS]), y, some)

    both = (("absent neurons at 0", "ink", "zero"), ("at their mean", "open", "mean"))
    return {
        "figure": (
            "Means over 26 networks that grok, with 95% intervals. Right of the line it grows.",
            changed("zero"),
        ),
        "more": ("The same with absent neurons at their mean over the rows.", changed("mean")),
        "more-2": (
            "Medians with quartiles. Training rows right; before the rise; all rows right; last.",
            by_moment(
                "Neurons of the smallest valid circuit",
                Axis("neurons", low=8, high=18),
                [at_moments(name, cast(Look, look), "smallest", ablation) for name, look, ablation in both],
            ),
        ),
        "more-3": (
            "Medians with quartiles, as above.",
            by_moment(
                "Progress measures",
                Axis("loss", log=True),
                [at_moments("restricted loss", "ink", "restricted_loss"), at_moments("loss", "grey", "loss")],
            ),
        ),
    }


# --- experiments that identify an explanation


def experiments_needed() -> dict[str, Shown]:
    slug, kinds = experiments.SLUG, (*experiments.KINDS, experiments.ALL)
    rows_, looks = experiments.stored(), ("ink", "grey", "open", "pale", "dashed")

    def left(cell: str, look: Look) -> Series:
        shares = [[experiments.residue(row) for row in experiments.chosen(rows_, cell, kind)] for kind in kinds]
        url = link(slug, (), cell=cell, explanations="circuits")
        return series(cell, look, [item(at, experiments.middle(one, np.mean), url) for at, one in enumerate(shares)])

    y = Axis("pairs that none separates", low=0, high=1, percent=True)
    residues = [left(*one) for one in zip(dict.fromkeys(row["cell"] for row in rows_), looks, strict=False)]
    caption = "Pairs of valid circuits of a network; means over networks with 95% intervals."
    title = "Pairs that no experiment separates"
    return {"figure": (caption, Chart("lines", title, Axis("experiments", names=[*kinds]), y, residues))}


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

    def line(
        name: str, figures: Sequence[int], own: Iterable[float], url: str, near: Iterable[float] = (), there: str = ""
    ) -> None:
        row, middle = len(names), figures[len(figures) // 2]
        names.append(name)
        theirs.append((row, 1.0, figures[0] / middle, figures[-1] / middle, f"reported {middle:,}", ""))
        for some, to, where in ((ours, own, url), (nearest, near, there)):
            if found := [one for one in to if one > 0]:
                ends = quartiles(found)
                at = row + (0.14 if some is nearest else -0.1)
                some.append(
                    item(at, tuple(one / middle for one in ends), where, f"{ends[0]:,.4g}, reported {middle:,}")
                )

    for name, number, slug, levels in (
        ("Circuits of the example", 85, "paper-counts", {"hidden": "3-3"}),
        ("Circuits of the digit network", 4_702, "digits-tail", {"loss_target": "0.001"}),
    ):
        levels["protocol"] = "paper"
        line(name, (number,), values(slug, valid, **levels).values(), link(slug, valid, **levels))
    # width 2 was listed whole, wider networks were estimated from their first circuits
    for width, figures in _REPORTED["interpretations"].items():
        slug = "paper-counts" if width == "2-2" else "paper-width"
        at = {"hidden": width, "protocol": "paper"}
        every = at | {"protocol": "complete"}
        near = values(slug, read, **every).values() if width == "2-2" else first(width, best)
        there = (
            link(slug, read, **every)
            if width == "2-2"
            else link("plotted", "interpretations of the first circuits", hidden=width)
        )
        line(
            f"Interpretations, width {width[0]}",
            figures,
            values(slug, read, **at).values(),
            link(slug, read, **at),
            near,
            there,
        )
    for width, figures in _REPORTED["mappings"].items():
        slug, at = "paper-width-mappings", {"hidden": width, "protocol": "paper"}
        minimal, all_ = (values(slug, f"alignments-{one}", **at).values() for one in ("minimal", "valid"))
        near = all_ if width != "2-2" else ()
        line(
            f"Mappings, width {width[0]}",
            figures,
            minimal,
            link(slug, "alignments-minimal", **at),
            near,
            link(slug, "alignments-valid", **at),
        )
    circuits = [
        (float(most), float(f"{one:.6g}"), None, None, "", link("plotted", "interpretations of the first circuits"))
        for most, one in factors.items()
    ]
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
        ),
        "more": (
            f"Nearest with {best} circuits, chosen with the plot in view.",
            Chart(
                "lines",
                "How far interpretations are off the plotted quartiles, widths 3 to 5",
                Axis("circuits that are read"),
                Axis("off by a factor of", log=True),
                [series("", "ink", circuits)],
            ),
        ),
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
                url = f"/findings/data/{slug}?{urlencode({'population': population, 'weights': 'trained'})}"
                items.append(item(share_, bootstrap([risks]), url, f"mean of {len(risks)} networks"))
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
    "transformers": transformers,
    "experiments-needed": experiments_needed,
    "reported": reported,
    "field-scores": field_scores,
    "calibration": calibration,
    "over-training": over_training,
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
