"""Page of what explanations predict of doses and edits; the column of lists, and what single explanations say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.figures.charts import Axis, Chart, Mark, Series
from pluriscope.figures.numbers import exact
from pluriscope.kinds.columns import mini
from pluriscope.kinds.listing import ReportColumn
from pluriscope.page_kit.blocks import Block, ChartFigure, More, Prose, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_criteria.manipulability.manipulations import DOSES, FACTORS
from pluriscope_criteria.manipulability.report import KINDS, Along, ManipulabilityReport, dots

_READING: Final = f"""
- A dose adds a number, one of {len(DOSES)} from −2 to 2, times a direction to a hidden layer: each neuron, the
  difference of the means of both answers, and what valid placements on directions read. An edit sets one weight to 0,
  negates or doubles it: {len(FACTORS)} for each weight. Both are tried on every input.
- An interpretation reads what is written, or what an edge then carries, by its thresholds; between two values that a
  threshold separates it says nothing, nor where a free row of a gate decides. All members of an observed class say the
  same then. A placement speaks of directions within what its variables move, and of no edge.
- The guess that nothing changes needs no explanation. An explanation by which a network could be manipulated is right
  more often.
"""


def _chart(report: ManipulabilityReport) -> Chart:
    looks: Mapping[str, Any] = {"interpretation": "pale", "alignment": "ink"}
    series = list[Series]()
    for kind, look in looks.items():
        if some := dots(report, kind):
            x, y, n = zip(*some, strict=True)
            names = [f"{one:,} explanations" if one > 1 else "1 explanation" for one in n]
            series.append(Series(KINDS[kind], x, y, names=names, look=look))
    across = Axis("interchanges predicted right", low=0, high=report.interchanges)
    up = Axis("doses and edits predicted right", low=0, high=report.cells)
    title = "Interchanges, and doses and edits, that explanations predict right"
    return Chart("dots", title, across, up, series, [Mark(report.guess, "nothing changes", "y")])


def _page(report: ManipulabilityReport, _: AnalysisContext[Question]) -> Iterator[Block]:
    heads = (
        "Explanations",
        "How many",
        "Better than the guess",
        "Most right",
        f"Most changes right, of {report.changed:,}",
    )
    yield Table.plain(heads, [(kind, *map(exact, numbers)) for kind, *numbers in report.kinds()])
    words = "Each dot is an explanation, or several that are right as often; above the line they beat the guess."
    yield ChartFigure(chart=_chart(report), caption=words, id="manipulability")
    yield Section("Doses at which answers change", "row by row, exactly where all above the layer is piecewise linear")
    rows = [
        (f"layer {one.layer}", *(text.replace("-", "−") for text in (one.name, _turns(one)))) for one in report.along
    ]
    yield Table.plain(("Layer", "Direction", "Changes"), rows)
    yield More("How to read it", lambda: [Prose(_READING)])


def _turns(one: Along) -> str:
    return ", ".join(f"{turn.row} at {turn.dose:.4g}" for turn in one.turns or ()) or "–"


def _cells(question: Any, report: Any) -> Callable[[str], Any]:
    found = ManipulabilityReport.model_validate(report)
    return lambda ref: found.of_ref(question, ref)


def _share(row: Row) -> str:
    if row.kind == "interpretation" and row["index"] is None:
        return "–"  # all interpretations of a circuit
    right, cells = row["manipulable"]
    return mini(right, cells, cells)


COLUMN: Final = ReportColumn(
    Column(
        *("manipulable", "Edits and doses", "Edits of a weight, and doses, that it predicts right.", "text"),
        orders=False,
        show=_share,
    ),
    "manipulability",
    _cells,
)
SHOWN: Final = Shown(_page)
