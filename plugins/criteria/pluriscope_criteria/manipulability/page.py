"""The column of lists with what each explanation predicts of doses and edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pluriscope.kinds.columns import mini
from pluriscope.kinds.listing import ReportColumn
from pluriscope.tables.table import Column, Row
from pluriscope_criteria.manipulability.report import ManipulabilityReport


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
