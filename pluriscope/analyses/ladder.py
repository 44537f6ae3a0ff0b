"""The ladder as pages show it: how many algorithms fit on each class of maps, each beside the same by chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.alignments.map_classes import DIRECTIONS, map_class
from analysis.map_classes.report import ClassCounts, MapClassesReport
from pluriscope.analyses.shown import AnalysisContext, Shown, listed, placed_chart, thumb_of
from pluriscope.blocks import Block, ChartFigure, More, Notice, Prose, Section, Table
from pluriscope.figures.charts import Chart
from pluriscope.tables import Column, Row

_COLUMNS: Final = (
    Column("map_class", "A variable lives on", "The class of maps.", "name", first=True),
    Column("algorithms", "Algorithms", "With a placement that passes, of those placed.", "text"),
    Column("alignments", "Placements that pass", "Of those that the class offers.", "text"),
    Column("joint", "Joint", "Those of them that joint interchange confirms too.", "text"),
    Column("floor", "By chance: networks", "Permuted networks on which anything passes.", "text"),
    Column("mean", "By chance: placements, mean", "On one permuted network.", "float"),
)
_READING: Final = """
- Placements are counted out of what the class offers: disjoint neurons or sets; pairs of small integer directions; one
  direction for each layer with a read-out; a layer and a dimension for each variable where a map is learned.
- Small integer directions have weights −1, 0 and 1, and read a variable if they come within a thousandth of it. An
  oblique swap moves a layer along any d with w·d = 1: a placement counts if some d passes for each variable by itself,
  so its number of joint ones is a lower bound where variables lie below the last hidden layer.
- Learned rows are lower bounds: two seeds, 150 steps on every interchange at once.
- Floor: {permuted} networks with each layer's weights permuted, biases kept (seed {seed}). Orthogonal and oblique swaps
  of an exact read-out pass only where a network computes the task by itself: {right} of {permuted} do.
- Under non-linear maps any algorithm fits nearly any network (Sutter et al., NeurIPS 2025), so passing there explains
  nothing.
"""


def _chart(report: MapClassesReport, of: AnalysisContext) -> Chart:
    rows = [
        (map_class(one.map_class).short, one.algorithms, len(report.algorithms), _url(one, of))
        for one in report.in_order
        if not one.refused
    ]
    return placed_chart(rows, "Algorithms that can be placed on each class of maps")


def _page(report: MapClassesReport, of: AnalysisContext) -> Iterator[Block]:
    if not report.algorithms:
        return
    told = "Filled: algorithms of which some placement passes. Outlined: all that were tried."
    yield ChartFigure(chart=_chart(report, of), caption=told, id="classes")
    rows = [_row(one, report, of) for one in report.in_order]
    yield Table.short("rung", _COLUMNS, rows)
    for one in report.in_order:
        if one.refused:
            yield Notice(f"Not computed: {one.label}", one.refused)
    placed = f"Placed: {len(report.algorithms):,} of {report.n_irredundant:,} irredundant algorithms with variables"
    yield Section(placed, listed(map(of.algorithm, report.values(of.question)[:6]), ""), id="placed")
    words = {"permuted": report.n_permuted, "seed": report.seed, "right": report.n_permuted_right}
    yield More("How to read it", lambda: [Prose(_READING.format(**words))])


def _url(one: ClassCounts, of: AnalysisContext) -> str:
    """Where a class leads."""
    if one.map_class in DIRECTIONS:
        return of.links.directions(of.slug, of.scope, classes=one.map_class)
    return of.links.algorithms(of.slug, of.scope) if one.map_class == "sets" else ""


def _row(one: ClassCounts, report: MapClassesReport, of: AnalysisContext) -> Row:
    url = _url(one, of)
    if one.refused:
        return Row({"map_class": one.label}, url=url)
    least = "" if one.exact else "≥ "
    values = {
        "map_class": one.label,
        "algorithms": f"{least}{one.algorithms:,} of {len(report.algorithms):,}",
        "alignments": f"{least}{one.alignments:,} of {'too many to count' if one.of is None else f'{one.of:,}'}",
        "joint": None if one.joint is None else f"{'≥ ' if one.map_class == 'oblique' else least}{one.joint:,}",
        "floor": f"{one.floor_passing:,} of {one.floor_networks:,}" if one.floor_networks else None,
        "mean": one.floor_alignments / one.floor_networks if one.floor_networks else None,
    }
    return Row(values, url=url)


def _brief(report: MapClassesReport) -> str:
    on = {one.map_class: one.algorithms for one in report.in_order}
    return ", ".join(f"{on[key]} {words}" for key, words in (("single", "singly"), ("sets", "on sets")) if key in on)


SHOWN: Final = Shown(thumb_of(_chart), _page, _brief, "algorithms by class of maps")
