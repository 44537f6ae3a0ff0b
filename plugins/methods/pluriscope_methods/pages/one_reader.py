"""Page of one reader at a time: what each head, block and the logits may do without, with all else whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.numerics.large_numbers import in_words, interval
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, heat_chart
from pluriscope.page_kit.blocks import Block, ChartFigure, More, Notice, Prose, Section, Table
from pluriscope_methods.one_reader import OneReaderReport, Reader

_READING: Final = """
- A reader is a head, an MLP block or the logits. A choice is a set of the edges into it that is a circuit while all
  edges into other readers are kept. So each choice of a head reads something, for others still read the head.
- An edge that every valid choice keeps may still be missing from a valid circuit in which other readers do without
  edges, too; an edge that no choice needs may be needed there.
"""


def _chart(readers: Sequence[Reader]) -> Chart:
    """Readers, each slot by itself, against what they read."""
    rows: dict[str, dict[str, float]] = {}
    for one in readers:
        for (source, row), kept in zip(_ends(one), one.edges.values(), strict=True):
            rows.setdefault(row, {})[source] = kept * 100 // max(1, one.valid) / 100  # so that 1.00 is all of them
    sources = list(dict.fromkeys(source for row in rows.values() for source in row))
    values = [[row.get(source) for source in sources] for row in rows.values()]
    title = "Share of a reader's valid choices that keep each edge"
    return heat_chart(title, list(rows), sources, values, measured=Axis("share", high=1.0))


def _ends(one: Reader) -> Iterator[tuple[str, str]]:
    """Ends of each edge: what is read, and the reader with its slot: ``2.0 q``."""
    for name in one.edges:
        source, _, target = name.partition("-")
        yield source, f"{one.node} {target.removeprefix(one.node)[1:]}".strip()


def _page(report: OneReaderReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    words = "Share of a reader's valid choices that keep each edge: 1 is needed, with all else whole."
    chart = _chart([one for one in report.readers if one.valid] or report.readers)
    yield ChartFigure(chart=chart, caption=words, id="readers")
    for one in report.readers:
        if one.left_out:
            yield Notice(f"{one.label} was left out".capitalize(), f"{one.left_out}.".capitalize())
    yield Section("Readers", "what each may do without while all else is whole")
    columns = ("Reader", "Choices", "Valid", "Fewest edges", "In every valid choice")
    yield Table.plain(columns, [_row(one) for one in report.readers])
    if report.drawn:
        words = f"{report.drawn_valid:,} of {report.drawn:,} circuits drawn by size are valid. So of all"
        words += f" {in_words(int(report.possible))} {interval(*report.interval, report.possible)} are, guaranteed"
        words += f" with {report.confidence:.0%} confidence. {report.why}".rstrip()
        if (sizes := of.sizes()) and {"heads", "nodes"}.isdisjoint(of.scope.protocol.split("-")):
            words += f" The search under these rules counts {sum(sizes.values()):,}, exactly."
        yield Prose(words)
    yield More("How to read it", lambda: [Prose(_READING)])


def _row(one: Reader) -> tuple[str | int | None, ...]:
    if one.left_out:
        return one.label, None, None, None, "left out"
    always = [end for end, kept in zip(_ends(one), one.edges.values(), strict=True) if kept == one.valid]
    edges = ", ".join(f"{source} {row.removeprefix(one.node)}".strip() for source, row in always) or "none"
    return one.label, one.choices, one.valid, one.smallest, edges if one.valid else "no choice is valid"


SHOWN: Final = Shown(_page)
