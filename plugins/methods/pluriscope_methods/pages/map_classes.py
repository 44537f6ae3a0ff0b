"""Page of the map classes: on which of them an algorithm can be placed, by chance too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.analyses.shown import AnalysisContext, Shown, listed
from pluriscope.analysis.placements.map_classes import DIRECTIONS, MAP_CLASSES, map_class
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.page_kit.blocks import Block, More, Notice, Prose, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.directions.report import ClassFound, DirectionsReport
from pluriscope_methods.map_classes.report import ClassCounts, MapClassesReport
from pluriscope_methods.pages.directions import COLUMNS, figures
from pluriscope_methods.pages.directions import READING as ON_DIRECTIONS

_ON_MAPS: Final = (
    *COLUMNS,
    Column("floor", "By chance: networks", "Permuted networks on which anything passes.", "text"),
    Column("mean", "By chance: placements, mean", "On one permuted network.", "float"),
)
_CHANCE: Final = """\
- By chance: networks with each layer's weights permuted, biases kept. Swaps of an exact read-out pass only where such a
  network computes the task by itself.
"""


def _page(report: MapClassesReport | None, of: AnalysisContext[Question]) -> Iterator[Block]:
    directions: DirectionsReport | None = of.report("directions")
    found = {} if directions is None else {one.direction_class: one for one in directions.classes}
    counted = {} if report is None else {one.map_class: one for one in report.rungs}
    keys = sorted({*counted, *found}, key=[*MAP_CLASSES, *counted, *found].index)
    rows = [_row(key, counted.get(key), report, found.get(key), of) for key in keys]
    if any(row["algorithms"] for row in rows):
        yield Table.short("class", _ON_MAPS, rows, id="directions")
    for key in keys:
        if why := (found[key] if key in found else counted[key]).refused:
            yield Notice(f"Not searched: {map_class(key).label}", why)
    if report is not None and report.algorithms:
        placed = f"Placed: {len(report.algorithms):,} of {report.n_irredundant:,} irredundant algorithms with variables"
        yield Section(placed, listed(map(of.algorithm, report.values(of.question)[:6]), ""), id="placed")
    yield More("How to read it", lambda: [Prose(ON_DIRECTIONS + _CHANCE)])


def _row(
    key: str,
    counts: ClassCounts | None,
    report: MapClassesReport | None,
    found: ClassFound | None,
    of: AnalysisContext[Question],
) -> Row:
    """Row of one class: what was counted on it, and what its search for directions found beside that."""
    url = of.links.directions(of.slug, of.scope, classes=key) if key in DIRECTIONS else ""
    if key == "sets":
        url = of.links.algorithms(of.slug, of.scope)
    values: dict[str, Any] = {"map_class": map_class(key).label}
    if found is not None:
        values |= figures(found)
    if counts is not None and report is not None and not counts.refused:
        least, tried = "" if counts.exact else "≥ ", len(report.algorithms)
        joint = None if counts.joint is None else f"{'≥ ' if key == 'oblique' else least}{counts.joint:,}"
        values |= {
            "algorithms": f"{least}{counts.algorithms:,} of {tried:,}",
            "alignments": f"{least}{counts.alignments:,} of {'too many' if counts.of is None else f'{counts.of:,}'}",
            "joint": joint,
            "floor": f"{counts.floor_passing:,} of {counts.floor_networks:,}" if counts.floor_networks else None,
            "mean": counts.floor_placements / counts.floor_networks if counts.floor_networks else None,
        }
    return Row(values, url=url)


SHOWN: Final = Shown(_page)
