"""Finding 5: deleting edges in random order while the circuit stays valid, beside discovery methods that do not ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from analysis.studies.statistics import Share, Tested, holm, share_of, spread_of, wilcoxon
from benchmarks.findings.charts import Figure, Mark, Panel, Row, Scale
from benchmarks.findings.record import Chapter, Finding, prose
from benchmarks.findings.results import design_of
from benchmarks.findings.rows import Rows, rows_of
from benchmarks.findings.words import listed, percent, word

KEY, TITLE = "deletion", "Deletion while valid"
STUDIES: Final = ("each-method-deletion", "each-method", "drawn-methods-deletion")
WIDTHS: Final = ("3", "4", "5")
SHOWN: Final = ("3", "5")
METHODS: Final[Mapping[str, str]] = {
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
DELETION, RESTARTS, DECISIONS = "random-deletion", "random-deletion(restarts=3)", "acdc(loss=decision,tau=0.5)"
NAMES: Final = {
    **METHODS,
    DECISIONS: "ACDC on decisions",
    DELETION: "Random deletion while valid",
    RESTARTS: "Best of three orders",
}
DELETED: Final = "(after=deletion)"
VALID, ANSWERED = "audit-valid", "audit-valid audit-raw-alone"
"""What is judged; and that or right as it is answered, with neurons that no edge leads into."""
AFTER: Final = {"": "By default", "(after=cut)": "Shortest valid start", DELETED: "Then deletion"}
LEVEL: Final = 0.05


class Answers:
    """What each method answered about the networks that were asked for deletion, width by width.

    Args:
        deleted: rows of the study of deletion.
        default: rows of the study of methods by default; of networks that the other study has not, none is read.
    """

    def __init__(self, deleted: Rows, default: Rows) -> None:
        self.deleted, self.default = deleted, default

    def has(self, method: str) -> bool:
        """Whether it was asked."""
        return f"audit-valid:{method}" in self.rows(method).rows

    def rows(self, method: str) -> Rows:
        """Those that hold a method's answers."""
        return self.deleted if f"audit-valid:{method}" in self.deleted.rows else self.default

    def values(self, name: str, method: str, width: str) -> dict[object, float]:
        """Of each network one measure of a method's answer, where it has one."""
        asked = self.deleted.values(f"audit-valid:{DELETION}", hidden=_hidden(width))
        found = self.rows(method).values(f"{name}:{method}", hidden=_hidden(width))
        return {seed: float(value) for seed, value in found.items() if seed in asked}

    def excess(self, method: str, width: str) -> dict[object, float]:
        """Edges that each valid answer has more than the smallest circuit."""
        return self.values("audit-excess", method, width)

    def share(self, name: str, method: str, width: str) -> Share:
        """How many answers have a property; of several names one of these, as far as it was asked."""
        found = [self.values(one, method, width) for one in name.split() if f"{one}:{method}" in self.rows(method).rows]
        return share_of(int(sum(map(max, zip(*(one.values() for one in found), strict=True)))), len(found[0]))

    def more(self, method: str, width: str) -> list[float]:
        """Network by network the edges that a valid answer has more than that of random deletion."""
        ours, theirs = self.excess(DELETION, width), self.excess(method, width)
        return [theirs[seed] - ours[seed] for seed in ours if seed in theirs]

    def tested(self, after: str = "", beside: str = DELETION) -> dict[tuple[str, str], Tested]:
        """Random deletion beside each method within each width, pair by pair; p corrected by Holm over all of them."""
        pairs = [(method, width) for width in WIDTHS for method in METHODS if method + after != beside]
        found = [
            wilcoxon({"deletion": self.excess(beside, width), "method": self.excess(method + after, width)})
            for method, width in pairs
        ]
        return dict(zip(pairs, holm(found), strict=True))


def _hidden(width: str) -> str:
    return f"{width}-{width}"


def finding() -> Finding:
    """The sentence with its numbers."""
    answers, drawn = Answers(*map(rows_of, STUDIES[:2])), Answers(*[rows_of(STUDIES[2])] * 2)
    more, three, five = answers.more("acdc", "5"), *(len(answers.excess(DELETION, width)) for width in SHOWN)
    tested = answers.tested()
    beaten = _beaten(tested)
    return Finding(
        KEY,
        TITLE,
        STUDIES,
        "Deleting edges in random order while the circuit stays valid leaves smaller circuits than "
        f"{'each' if beaten == len(METHODS) else word(beaten)} of {word(len(METHODS))} methods does by default.",
        f"{three} networks of width 3, {five} of width 5",
        "random deletion: no gradient, but it asks after each edge whether the circuit is valid; the nine never ask",
        f"quartiles; of validity 95%. At width 5 smaller than ACDC’s in {sum(one > 0 for one in more)} of {len(more)}, "
        f"larger in {sum(one < 0 for one in more)}",
        "a method by default left of the line and as often valid",
        figure(answers),
        chapter(answers, tested, drawn),
    )


def _beaten(tested: Mapping[tuple[str, str], Tested]) -> int:
    """How many methods leave more edges than random deletion at each width."""
    fewer = {pair: (one.p_holm or 0.0) < LEVEL and (one.effect or 0.0) < 0 for pair, one in tested.items()}
    return sum(all(fewer[method, width] for width in WIDTHS) for method in METHODS)


def _mark(width: str, value: float, low: float | None, high: float | None, words: str, url: str) -> Mark:
    return Mark("trained", value, low, high, words, url, radius=7, digit=width, pale=width == "3")


def _size(answers: Answers, label: str, method: str, width: str) -> Mark:
    """Edges beyond the smallest circuit with their quartiles."""
    spread = spread_of(list(answers.excess(method, width).values()))
    words = f"{label}, width {width}: median {spread.median:g} edges too many ({spread.lower:g} to {spread.upper:g})"
    url = answers.rows(method).link(f"audit-excess:{method}", hidden=_hidden(width))
    return _mark(width, spread.median or 0, spread.lower, spread.upper, f"{words}, {spread.n} networks", url)


def _valid(answers: Answers, label: str, method: str, width: str, name: str = VALID) -> Mark:
    share, rows = answers.share(name, method, width), answers.rows(method)
    said = "valid" if name == VALID else "right as answered"
    words = f"{label}, width {width}: {said} in {share.hits} of {share.of}, {percent(share.value or 0)}"
    url = rows.link([one for each in name.split() if (one := f"{each}:{method}") in rows.rows], hidden=_hidden(width))
    return _mark(width, share.value or 0, share.low, share.high, words, url)


def _row(answers: Answers, label: str, method: str, ruled: bool = False) -> Row:
    kinds = _size, _valid, partial(_valid, name=ANSWERED)
    marks = [[kind(answers, label, method, width) for width in SHOWN] for kind in kinds]
    return Row(label, marks, ruled=ruled, strong=method == DELETION)


def _then(answers: Answers) -> Row:
    """A deletion pass after each method: the median method, the least and the most."""
    marks: list[list[Mark]] = [[], []]
    for width in SHOWN:
        found = sorted(float(np.median([*answers.excess(one + DELETED, width).values()])) for one in METHODS)
        shares = [answers.share("audit-valid", one + DELETED, width) for one in METHODS]
        valid = share_of(sum(one.hits for one in shares), sum(one.of for one in shares))
        label, middle = f"Each, then deletion, width {width}", found[len(found) // 2]
        said = f"{label}: medians from {found[0]:g} to {found[-1]:g} edges too many"
        sizes, valids = (
            answers.deleted.link([f"{name}:{one}{DELETED}" for one in METHODS], hidden=_hidden(width))
            for name in ("audit-excess", "audit-valid")
        )
        marks[0].append(_mark(width, middle, found[0], found[-1], said, sizes))
        marks[1].append(
            _mark(width, valid.value or 0, None, None, f"{label}: {valid.hits} of {valid.of} valid", valids)
        )
    return Row("Each, then deletion", [*marks, marks[1]])


def _ordered(answers: Answers) -> list[str]:
    """Methods by the median and the mean of their edges too many at width 5."""
    found = {one: list(answers.excess(one, "5").values()) for one in METHODS}
    return sorted(METHODS, key=lambda one: (float(np.median(found[one])), float(np.mean(found[one]))))


def _axis(answers: Answers, title: str, below: str) -> Panel:
    line = float(np.median(list(answers.excess(DELETION, "5").values())))
    return Panel(title, below, Scale(-1, 33, [(n, f"{n}") for n in (0, 10, 20, 30)], cut=line))


def figure(answers: Answers) -> Figure:
    """Size and validity of the answers, method by method."""
    lines = [_row(answers, NAMES[DELETION], DELETION)]
    lines += [_row(answers, NAMES[method], method) for method in _ordered(answers)]
    lines.append(_row(answers, NAMES[DECISIONS], DECISIONS, ruled=True))
    lines.append(_then(answers))
    share = Panel("Valid", "as judged", Scale(0.6, 1.02, [(0.7, "70"), (0.85, "85"), (1, "100%")]), share=0.45)
    answered = replace(share, title="Right", below="as answered")
    return Figure(
        "Edges that valid answers have more than the smallest valid circuit, how many are valid, and how many are "
        "right as they are answered, by method.",
        "Digits: width. Zero ablation, by decisions. Judged is what is left without neurons that no edge leads into, "
        "which carry a bias alone. Only deletion asks which circuits are valid.",
        panels=[_axis(answers, "Edges too many", "beyond the smallest circuit"), share, answered],
        rows=lines,
    )


def chapter(answers: Answers, default: Mapping[tuple[str, str], Tested], drawn: Answers) -> Chapter:
    """Method; what a valid start of the ranking and a deletion pass are worth; table."""
    after, second = answers.tested(DELETED), answers.tested(DELETED, f"random{DELETED}")
    lines, means, table = [], {}, [[*_cells(answers, one), "", "", ""] for one in (DELETION, RESTARTS, DECISIONS)]
    for one in _ordered(answers):
        asked = [(f"{NAMES[one]}, {said.lower()}", one + then) for then, said in AFTER.items()]
        lines.append(Row(NAMES[one], [[_size(answers, *each, "5")] if answers.has(each[1]) else [] for each in asked]))
        pairs, means[one] = answers.more(one, "5"), float(np.mean(answers.more(one + DELETED, "5")))
        won = f"{sum(pair > 0 for pair in pairs)}, {sum(pair < 0 for pair in pairs)} of {len(pairs)}"
        p = f"{after[one, '5'].p_holm:.1g}"
        table.append([*_cells(answers, one), won, f"{means[one]:+.1f}".replace("-", "−"), p])
    panels = [_axis(answers, said, "") for said in AFTER.values()]
    shares = {
        name: listed(percent(answers.share("audit-cardinal", one, width).value or 0) for width in WIDTHS)
        for name, one in (("one_order", DELETION), ("three_orders", RESTARTS))
    }
    less = [one for one in METHODS if (after[one, "5"].p_holm or 0.0) < LEVEL and means[one] < 0]
    sizes = [f"too many, width {width}" for width in WIDTHS]
    compared = ["deletion smaller, larger at 5", "then deletion: more than random deletion at 5", "p (Holm)"]
    return Chapter(
        prose(
            KEY,
            last=design_of(STUDIES[0]).seeds.count - 1,
            decisions=_cells(answers, DECISIONS)[3],
            decisions_valid=_cells(answers, DECISIONS)[4],
            largest_p=f"{max(one.p_holm or 0 for one in default.values()):.1g}",
            less=word(len(less)),
            most=f"{-min(means.values()):.1f}",
            second=f"{-means['random']:.1f}",
            others=word(sum(width == "5" for _, width in second)),
            least_p=f"{min(one.p_holm or 0 for (_, width), one in second.items() if width == '5'):.1g}",
            drawn=_drawn(drawn),
            **shares,
        ),
        Figure("Edges too many at width 5, method by method.", "Line: random deletion.", panels=panels, rows=lines),
        "Edges too many: medians with quartiles of valid answers. More than random deletion: means over networks.",
        ["", *sizes, "valid at 5", "right as answered at 5", *compared],
        table,
    )


def _drawn(answers: Answers) -> str:
    """What comes of networks that were drawn."""
    n = sum(len(answers.excess(DELETION, width)) for width in WIDTHS)
    medians = listed(f"{np.median(list(answers.excess(DELETION, width).values())):g}" for width in WIDTHS)
    return (
        f"of {n} networks random deletion leaves medians of {medians} edges too many at widths 3, 4 and 5, and "
        f"fewer at each width than {word(_beaten(answers.tested()))} of the {word(len(METHODS))} methods by default"
    )


def _cells(answers: Answers, method: str) -> list[str]:
    spreads = [spread_of(list(answers.excess(method, width).values())) for width in WIDTHS]
    sizes = [f"{one.median:g} ({one.lower:g}–{one.upper:g})" for one in spreads]
    shares = (answers.share(name, method, "5") for name in (VALID, ANSWERED))
    cells = (f"{percent(one.value or 0)} ({100 * (one.low or 0):.0f}–{100 * (one.high or 0):.0f})" for one in shares)
    return [NAMES[method], *sizes, *cells]
