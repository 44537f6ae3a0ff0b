"""Simplicity as pages show it: the shortest descriptions under two codes, and how long circuits of each size are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.page_kit.blocks import Block, ChartFigure, More, Notice, Prose, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.simplicity.codes import CODES
from pluriscope_methods.simplicity.report import WORDS, KindLength, SimplicityReport

_COLUMNS: Final = (
    Column("kind", "What is described", "One of these is the row's link.", "name", first=True),
    Column("code", "Code", "In which it is described.", "text"),
    Column("bits", "Bits", "Of the shortest description.", "float"),
    Column("n", "How many", "Explanations with a description of this length.", "int"),
    Column("both", "Shortest in both", "How many of them are shortest in the other code, too.", "int"),
)
_READING: Final = """
A choice among N things takes log2 N bits. The [enumerative code](glossary.md#description-length) says how many edges a
circuit keeps, then which; a gate by its truth table; an algorithm by its number of gates, then which tree. The list
code names one edge after another and an end mark; a gate or an algorithm is its shortest formula over AND, OR and NOT.
What is known beforehand costs nothing: the layers, the task, and which neurons of a circuit have a gate. Lengths are
compared as exact numbers of words. The network's numbers are counted as they are stored, at 64 bits each, though fewer
might do; a circuit or an interpretation does not say them.
"""


def _chart(report: SimplicityReport, of: AnalysisContext[SubjectQuestion]) -> Chart:
    """Bits of a circuit by its size."""
    sizes = [one.size for one in report.sizes]
    urls = [of.links.explanations(of.slug, of.scope, kind="circuit", edges_min=one, edges_max=one) for one in sizes]
    looks: tuple[Any, ...] = ("ink", "dashed")
    series = [
        Series(code.label, sizes, [one.bits[at] for one in report.sizes], urls=urls, look=look)
        for at, (code, look) in enumerate(zip(CODES, looks, strict=True))
    ]
    title = f"Bits that describe a valid circuit, by the {of.part}s that it keeps"
    return Chart("lines", title, Axis(f"{of.part}s"), Axis("bits", low=0), series)


def _page(report: SimplicityReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    if not report.complete:
        yield Notice("Not every valid circuit is listed", "A shorter one may have been missed.")
    if not report.sizes:
        return
    rows = [row for found in report.kinds for row in _rows(found, of)]
    yield Table.short("kind", _COLUMNS, [*rows, *_network(report, of)], id="shortest")
    for found in report.kinds:
        if found.why:
            yield Notice("Not known", found.why)
    words = (
        f"Every circuit of one size is equally long. In the list code fewer {of.part}s are shorter; in the enumerative "
        f"code circuits that keep few {of.part}s and circuits that keep nearly all are short alike."
    )
    yield ChartFigure(chart=_chart(report, of), caption=words, id="sizes")
    yield More("How it is counted", lambda: [Prose(_READING)])


def _rows(found: KindLength, of: AnalysisContext[SubjectQuestion]) -> Iterator[Row]:
    for least in found.shortest:
        if least.first:
            values = {
                "kind": WORDS[found.kind][0],
                "code": least.code,
                "bits": least.bits,
                "n": int(least.n),
                "both": None if found.both is None else int(found.both),
            }
            yield Row(values, url=_url(found, least.first[0], of))


def _network(report: SimplicityReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Row]:
    """What the explanations are held against: the circuit that keeps everything, and the network's own numbers."""
    every = [(f"circuit of every {of.part}", code.key, bits) for code, bits in zip(CODES, report.whole, strict=False)]
    if report.numbers:
        every.append((f"the network: {report.numbers:,} weights and biases", "64 bits each", 64.0 * report.numbers))
    for kind, code, bits in every:
        yield Row({"kind": kind, "code": code, "bits": bits, "n": 1, "both": None})


def _url(found: KindLength, first: list[str], of: AnalysisContext[SubjectQuestion]) -> str:
    if found.kind == "circuit":
        return of.circuit_url(first[0])
    if found.kind == "interpretation":
        return of.links.interpretation(of.slug, first[0], int(first[1]), of.scope)
    return of.links.alignment(of.slug, first[0], first[1], of.scope)


SHOWN: Final = Shown(_page)
