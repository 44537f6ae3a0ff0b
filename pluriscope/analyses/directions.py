"""Directions as pages show them: how many algorithms each class of directions carries, and how far each search went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.alignments.map_classes import map_class
from analysis.directions.report import ClassFound, DirectionsReport
from pluriscope.analyses.shown import AnalysisContext, Shown, placed_chart, thumb_of
from pluriscope.blocks import Block, ChartFigure, More, Notice, Prose, Table
from pluriscope.figures.charts import Chart
from pluriscope.figures.numbers import noun
from pluriscope.tables import Column, Row

_COLUMNS: Final = (
    Column("direction_class", "A variable lives on", "The class of directions.", "name", first=True),
    Column("aligned", "Algorithms that pass", "With a valid placement, of those searched.", "text"),
    Column("valid", "Valid placements", "That the search counted.", "text"),
    Column("joint", "Joint", "Kept valid ones that joint interchange confirms too.", "text"),
    Column("layers", "On layers", "Kept valid placements with a direction on each hidden layer.", "text"),
    Column("chance", "By chance: networks", "Permuted networks on which anything passes (classes of maps).", "text"),
    Column("search", "Search", "How far it went.", "text"),
)
_READING: Final = """
- A variable is interchanged by moving a layer along its direction until the read-out is what it is on another input.
  Which directions are admitted decides how many explanations there are, so every number names its class. Classes are
  compared; not all are nested.
- Placed are the algorithms without a redundant literal. A direction reads a variable if it is off by at most 1e-3 on
  every input where weights are small integers, and 1e-6 for read-outs.
- Learned subspaces: what no seed found may exist all the same. An oblique swap moves a layer along any d with w·d = 1.
- By chance: networks with each layer's weights permuted, of the classes of maps, where these were asked.
"""


def _chart(report: DirectionsReport, of: AnalysisContext) -> Chart:
    rows = [
        (map_class(one.direction_class).short, one.n_aligned, one.n_searched, _url(one, of)) for one in report.searched
    ]
    return placed_chart(rows, "Algorithms that can be placed on each class of directions")


def _url(one: ClassFound, of: AnalysisContext) -> str:
    return of.links.directions(of.slug, of.scope, classes=one.direction_class)


def _page(report: DirectionsReport, of: AnalysisContext) -> Iterator[Block]:
    if report.searched:
        told = "Filled: algorithms of which some placement passes. Outlined: all that were tried."
        yield ChartFigure(chart=_chart(report, of), caption=told, id="placed")
    rows = [_row(one, of) for one in report.classes]
    rules = {row.url: f"{one.rule} {_searched(one)}" for row, one in zip(rows, report.classes, strict=True)}
    yield Table.short("class", _COLUMNS, rows, says=lambda row: rules[row.url], id="classes")
    for one in report.classes:
        if one.refused:
            yield Notice(f"Not searched: {one.label}", one.refused)
    yield More("How to read it", lambda: [Prose(_READING)])


def _row(one: ClassFound, of: AnalysisContext) -> Row:
    url = _url(one, of)
    if one.refused:
        return Row({"direction_class": one.label, "search": "too large"}, url=url)
    least = "" if one.exact else "≥ "
    some = one.truncated or one.direction_class == "oblique"  # of which one member of a family is asked
    ladder = of.report("ladder")
    rung = next((rung for rung in ladder.rungs if rung.map_class == one.direction_class), None) if ladder else None
    values = {
        "direction_class": one.label,
        "aligned": f"{least}{one.n_aligned:,} of {one.n_searched:,}",
        "valid": f"{least}{int(one.n_valid):,}",
        "joint": f"{'≥ ' if some and one.n_joint < int(one.n_valid) else ''}{one.n_joint:,}",
        "layers": ", ".join(f"layer {layer}: {many:,}" for layer, many in one.by_layer.items()),
        "chance": f"{rung.floor_passing:,} of {rung.floor_networks:,}" if rung and rung.floor_networks else None,
        "search": one.how_far,
    }
    return Row(values, url=url)


def _searched(one: ClassFound) -> str:
    """What was looked at."""
    if not one.n_searched:
        return ""
    said = f"{noun(one.n_searched, 'irredundant algorithm')} of {noun(int(one.n_candidates), 'candidate')}"
    said += "" if one.all_listed else ", as far as they are listed"
    if int(one.n_undecided):
        said += f"; of {noun(int(one.n_undecided), 'placement')} it is not known whether any swap passes"
    if one.settings:
        seeds, steps = one.settings["seeds"] or 0, one.settings["steps"] or 0
        said += f"; learned from {noun(seeds, 'seed')}, at most {noun(steps, 'step')} each"
    return f"{said}."


def _brief(report: DirectionsReport) -> str:
    most = max(report.searched, key=lambda one: one.n_aligned, default=None)
    return "" if most is None else f"{most.n_aligned} of {noun(most.n_searched, 'algorithm')}"


SHOWN: Final = Shown(thumb_of(_chart), _page, _brief, "algorithms by class")
