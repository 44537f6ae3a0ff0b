"""Mappings by width under several ways of counting them, beside what the paper plots."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.studies.statistics import Spread, spread_of
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import head, number, row

SLUG = "paper-width-mappings"
WAYS = (
    ("paper", "alignments-minimal", "minimal, by the rules of the authors' code"),
    ("paper", "alignments-valid", "all valid ones, by the same rules"),
    ("every NOT, one direction", "alignments-minimal", "minimal, every placement of NOT, one direction"),
    ("every NOT, one direction", "alignments-valid", "all valid ones, likewise"),
)


def mapping_table() -> Iterator[str]:
    """Quartiles of the networks that have any mapping, how many these are, and the mean of all that converged."""
    summary = summary_of(SLUG)
    widths = summary.design.labels("hidden")
    yield from head(["counted", *widths])
    plotted = {r.where["hidden"]: r.values for r in summary.design.references if r.evidence == "D"}
    shown = [plotted[width] for width in widths]
    yield row(
        ["plotted by the paper [D]"]
        + [
            f"{number(v['lower'])} / **{number(v['median'])}** / {number(v['upper'])}, mean {number(v['mean'])}"
            for v in shown
        ]
    )
    for protocol, measure, words in WAYS:
        cells = []
        for group in summary.groups(measure, protocol):
            some = spread_of([value for value in group.numbers if value])
            cells.append(f"{_quartiles(some)} ({some.n} of {group.spread.n}), mean {number(group.spread.mean)}")
        yield row([words, *cells])


def _quartiles(spread: Spread) -> str:
    return f"{number(spread.lower)} / **{number(spread.median)}** / {number(spread.upper)}"
