"""Display of the classes of linear directions on which the variables of algorithms can stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.page_kit.blocks import Block, More, Notice, Prose, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.directions.report import ClassFound, DirectionsReport

COLUMNS: Final = (
    Column("map_class", "A variable stands on", "The class of maps.", "name", first=True),
    Column("algorithms", "Algorithms", "With a placement that passes, of those placed.", "text"),
    Column("alignments", "Placements that pass", "Of those that the class offers.", "text"),
    Column("joint", "Joint", "Those of them that joint interchange confirms too.", "text"),
    Column("layers", "With a direction on", "Kept valid placements with a direction on each hidden layer.", "text"),
    Column("search", "Search", "How far that of directions went.", "text"),
)
READING: Final = """\
- A variable is interchanged by giving neurons, or a layer along a direction, what they are on another input. Which maps
  are admitted decides how many explanations there are. Classes are compared; not all are nested.
- Placements are counted out of what the class offers: disjoint neurons or sets; pairs of small integer directions; one
  direction for each layer with a read-out; a layer and a dimension for each variable where a map is learned.
- Small integer directions have weights −1, 0 and 1, and read a variable if they come within a thousandth of it. An
  oblique swap moves a layer along any d with w·d = 1: a placement counts if some d passes for each variable by itself,
  so its number of joint ones is a lower bound where variables lie below the last hidden layer.
- Learned maps are lower bounds: what no seed found may exist all the same. Under non-linear ones any algorithm fits
  nearly any network (Sutter et al., NeurIPS 2025), so passing there explains nothing.
"""


def _page(report: DirectionsReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    rows = [Row({"map_class": one.label, **figures(one)}, url=_list_of(one, of)) for one in report.classes]
    if any(row["algorithms"] for row in rows):
        yield Table.short("class", COLUMNS, rows)
    for one in report.classes:
        if one.refused:
            yield Notice(f"Not searched: {one.label}", one.refused)
    yield More("How to read it", lambda: [Prose(READING)])


def _list_of(found: ClassFound, of: AnalysisContext[SubjectQuestion]) -> str:
    return of.links.directions(of.slug, of.scope, classes=found.direction_class)


def figures(found: ClassFound) -> dict[str, Any]:
    """Figures of the search of a class, by column; none where it was refused."""
    if found.refused:
        return {}
    least = "" if found.exact else "≥ "
    return {
        "algorithms": f"{least}{found.n_aligned:,} of {found.n_searched:,}",
        "alignments": f"{least}{int(found.n_valid):,}",
        "joint": f"{least}{found.n_joint:,}",
        "layers": _on_layers(found) or None,
        "search": found.how_far,
    }


def _on_layers(found: ClassFound) -> str:
    """Numbers of placements by the layers of their directions; one with directions on two layers counts on both."""
    answer = [f"layer {layer}: {many:,}" for layer, many in found.by_layer.items()]
    if (twice := sum(found.by_layer.values()) - int(found.n_valid)) > 0:
        answer.append(f"{twice:,} on both" if len(answer) == 2 else "some on several")
    return ", ".join(answer)


SHOWN: Final = Shown(_page)
