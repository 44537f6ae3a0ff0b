"""Finding 2: what is left of the alignments that the paper's search finds, rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from analysis.studies.measures.staircase import STEPS
from benchmarks.findings.charts import Figure, Kind, Mark, Panel, Plot, Row, Scale, Series
from benchmarks.findings.learned import PRIORS, WIDTHS, hidden
from benchmarks.findings.record import Chapter, Finding, prose
from benchmarks.findings.rows import Rows, rows_of
from benchmarks.findings.statistics import Estimate, bootstrap
from benchmarks.findings.words import listed, percent, span, word

KEY, TITLE = "one-direction", "One direction or both"
STUDIES: Final = ("alice-or-bob", "drawn-places", "refuted-one-by-one", "drawn-refuted")
"""Those of all rules, of trained and of drawn networks, and those that count what is refuted one by one."""
PAPER, BOTH, REFUTED = "paper", "both-directions", "one-way-refuted"
SHOWN: Final = {
    PAPER: ("The paper’s rules", ""),
    BOTH: ("Each interchange in both directions", "refutes {}"),
    "twins-merged": ("De Morgan twins count once", "merges equal formulas"),
    "every-negation": ("Every placement of NOT", "adds formulas, some redundant"),
    "irredundant-literals": ("No redundant literal", "removes redundant ones"),
}
ENDS: Final = ("3", "6")
"""The widths that the figure of all rules shows."""
ARMS: Final = ("trained", *PRIORS)
SHARES: Final = Scale(0, 1, [(0, "0"), (0.5, "50"), (1, "100%")])


def finding() -> Finding:
    """The sentence with its numbers."""
    shares = {arm: [refuted(arm, width) for width in WIDTHS] for arm in ARMS}
    few = [width for width, one in zip(WIDTHS, shares["trained"], strict=True) if one.low <= 0.5]
    first = str(max(map(int, few), default=1) + 1)
    ends = [WIDTHS.index(width) for width in ENDS]
    least = [span([100 * shares[prior][place].value for prior in PRIORS], "{:.1f}") + "%" for place in ends]
    limits = [_interval(shares["trained"][place], 1) + "%" for place in ends]
    drawn = _of(PRIORS[0]).started(hidden=hidden(ENDS[0]), prior=PRIORS[0])[0]
    return Finding(
        KEY,
        TITLE,
        STUDIES,
        f"From width {word(int(first))} on, most alignments that the paper’s search finds are refuted when each "
        "interchange is also made in the other direction.",
        "trained networks: " + listed(f"{shares['trained'][place].n} of width {WIDTHS[place]}" for place in ends),
        f"{drawn} drawn networks of each width and prior: {listed(least)} refuted",
        f"95%, bootstrap over networks: {listed(limits)} refuted",
        "a reason to ask one direction only",
        figure([shares["trained"][place] for place in ends]),
        chapter(shares),
    )


def _of(arm: str, counted: bool = False) -> Rows:
    return rows_of(STUDIES[2 * counted + (arm != "trained")])


def _numbers(rows: Rows, arm: str, width: str, measure: str) -> list[float]:
    found = rows.values(measure, hidden=hidden(width), **_prior(arm))
    return [found[key] for key in sorted(found, key=str)]


@lru_cache(maxsize=256)
def alignments(arm: str, width: str, step: str) -> Estimate:
    """Mean number of minimal alignments of a network under the rules up to a step."""
    return bootstrap([_numbers(_of(arm), arm, width, f"{step}-alignments")])


def refuted(arm: str, width: str) -> Estimate:
    """What share of the alignments that the paper's search finds the other direction refutes."""
    return bootstrap(_found_and_refuted(arm, width), lambda every, gone: gone / every)


def _found_and_refuted(arm: str, width: str) -> list[list[float]]:
    """Of each network how many alignments the paper's search finds, and how many of them are refuted."""
    return [_numbers(_of(arm, True), arm, width, measure) for measure in (f"{PAPER}-alignments", REFUTED)]


def _interval(one: Estimate, places: int = 0) -> str:
    return f"{100 * one.low:.{places}f} to {100 * one.high:.{places}f}"


def _count(number: float) -> str:
    return f"{number:,.1f}" if number < 10 else f"{number:,.0f}"


def _link(arm: str, width: str, step: str) -> str:
    return _of(arm).link(f"{step}-alignments", hidden=hidden(width), **_prior(arm))


def _prior(arm: str) -> dict[str, str]:
    return {} if arm == "trained" else {"prior": arm}


def _mark(arm: str, width: str, step: str) -> Mark:
    one = alignments(arm, width, step)
    words = f"{arm}, width {width}: {one.value:,.2f} ({one.low:,.2f} to {one.high:,.2f}), mean of {one.n}"
    if arm != "trained":
        return Mark("drawn", one.value, words=words, url=_link(arm, width, step), radius=4)
    note, left = _count(one.value) + f" at width {width}" * (step == PAPER), step == PAPER and width == ENDS[-1]
    url = _link(arm, width, step)
    return Mark("trained", one.value, one.low, one.high, words, url, note, bold=True, left=left)


def figure(shares: Sequence[Estimate]) -> Figure:
    """Minimal alignments of a network under five rules, at two widths."""
    said = " and ".join(percent(one.value) for one in shares)
    rows = []
    for step, (name, below) in SHOWN.items():
        for place, width in enumerate(ENDS):
            band = _band([alignments(prior, width, step) for prior in PRIORS])
            marks = [*(_mark(prior, width, step) for prior in PRIORS), _mark("trained", width, step)]
            names = ("", "") if place else (name, below.format(said))
            rows.append(Row(names[0], [marks], names[1], band=band, strong=True))
    found = _found_and_refuted("trained", ENDS[0])[0]
    caption = (
        f"{word(len(SHOWN)).capitalize()} of {word(len(STEPS))} rules, each added to those above. Grey: outer 95% "
        f"limits of three priors. {found.count(0)} of the {len(found)}: none by the paper’s."
    )
    ticks = [(1.0, "1"), (10.0, "10"), (100.0, "100"), (1000.0, "1,000")]
    return Figure(
        "Mean number of minimal alignments of a network under five rules, each added to those before it.",
        caption,
        [Panel("", "Minimal alignments per network, mean, logarithmic", Scale(0.4, 4000, ticks, log=True))],
        rows,
        join=True,
    )


def chapter(shares: Mapping[str, Sequence[Estimate]]) -> Chapter:
    """Method, the share refuted by width, every rule at every width."""
    series = []
    for arm in (*PRIORS, "trained"):
        trained, marks = arm == "trained", []
        for width, one in zip(WIDTHS, shares[arm], strict=True):
            words = f"{arm}, width {width}: {percent(one.value)} ({_interval(one)}) refuted, {one.n} networks"
            low, high = (one.low, one.high) if trained else (None, None)
            kind: Kind = "trained" if trained else "drawn"
            marks.append(
                Mark(
                    kind,
                    one.value,
                    low,
                    high,
                    words,
                    _of(arm, True).link(REFUTED, hidden=hidden(width), **_prior(arm)),
                    radius=5 if trained else 4,
                )
            )
        name = "trained" if trained else "drawn at random" * (arm == PRIORS[0])
        series.append(Series(name, percent(shares[arm][-1].value) * bool(name), marks, trained))
    band = [_band([shares[prior][place] for prior in PRIORS]) for place in range(len(WIDTHS))]
    title = "Alignments refuted by the other direction"
    plot = Plot(title, "", WIDTHS, SHARES, series, band, across="neurons in each of two hidden layers")
    table = []
    for step, words in STEPS.items():
        found = [alignments("trained", width, step) for width in WIDTHS]
        table.append([words, *(f"{_count(one.value)} ({_count(one.low)}–{_count(one.high)})" for one in found)])
    pairs = [list(zip(*_found_and_refuted("trained", width), strict=True)) for width in WIDTHS]
    some = [[(old, gone) for old, gone in one if old] for one in pairs]
    each = [bootstrap([[gone / old for old, gone in one]]) for one in some]
    table += [
        ["refuted, of all together", *(f"{percent(one.value)} ({_interval(one)})" for one in shares["trained"])],
        ["refuted, mean of networks with some", *(f"{percent(one.value)} ({_interval(one)})" for one in each)],
        ["networks with none by the paper’s", *(_how_many(one, lambda old, _: not old) for one in pairs)],
        ["with exactly one by the paper’s", *(_how_many(one, lambda old, _: old == 1) for one in pairs)],
        ["with some, more than half refuted", *(_how_many(one, lambda old, gone: 2 * gone > old) for one in some)],
    ]
    old, new, merged = (alignments("trained", ENDS[0], step).value for step in (PAPER, BOTH, "twins-merged"))
    return Chapter(
        prose(
            KEY,
            none=_how_many(pairs[1], lambda old, _: not old),
            half=_how_many(some[1], lambda old, gone: 2 * gone > old),
            half_narrowest=_how_many(some[0], lambda old, gone: 2 * gone > old),
            gone=percent(1 - new / old),
            twins=percent((new - merged) / old),
        ),
        Figure(title + ", by width.", "Grey: outer 95% limits of three priors.", plots=[plot]),
        "Mean number of minimal alignments of a trained network under each rule and all before it, with its 95% "
        "interval; in the last rows, networks.",
        ["", *(f"width {width}" for width in WIDTHS)],
        table,
    )


def _band(some: Sequence[Estimate]) -> tuple[float, float]:
    return min(one.low for one in some), max(one.high for one in some)


def _how_many(pairs: Sequence[tuple[float, float]], has: Callable[[float, float], bool]) -> str:
    return f"{sum(has(*one) for one in pairs)} of {len(pairs)}"
