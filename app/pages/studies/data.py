"""A study's data as files: one row for each network, protocol and output, with a column for each measure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.studies.cells import cells_of
from analysis.studies.design import SHARED, StudyDesign
from analysis.studies.measures.registry import measures_of
from analysis.studies.outcome import values_of
from app.db.reads.studies import every_outcome
from app.db.studies import design_of
from app.db.study_tables import StudyOutcomeRow, StudyRow
from app.listing.csv import csv_lines

_OWN: Final = ("cell", "seed", "state", "message", "network", "epochs", "loss", "accuracy", "seconds")


def _columns(design: StudyDesign) -> list[str]:
    """``inexact`` names the measures whose value is an estimate or a lower bound."""
    measures = measures_of(design.measures, design.criteria, design.methods)
    factors = [factor for factor in design.factors if factor not in SHARED]
    return [*_OWN, *factors, "protocol", "output", *measures, "inexact"]


def _rows(session: Session, study: StudyRow) -> Iterator[dict[str, Any]]:
    """A network that failed has one row without values."""
    cells = cells_of(design_of(study))
    for some in every_outcome(session, study.id):
        for row in some:
            own = {name: getattr(row, name, None) for name in _OWN} | {"network": row.network_digest}
            yield from _rows_of(row, own | dict(cells[row.position].labels))


def _rows_of(row: StudyOutcomeRow, shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    values = values_of(row.figures)
    if not values:
        yield shared
    for protocol, outputs in values.items():
        for output, measured in enumerate(outputs):
            cells = {key: list(m.value) if isinstance(m.value, tuple) else m.value for key, m in measured.items()}
            inexact = " ".join(key for key, m in measured.items() if not m.exact)
            yield shared | {"protocol": protocol, "output": output} | cells | {"inexact": inexact}


def as_csv(session: Session, study: StudyRow) -> Iterator[str]:
    """The table as comma-separated values, some hundred rows at a time."""
    columns = _columns(design_of(study))
    rows = ([_cell(row.get(name)) for name in columns] for row in _rows(session, study))
    return csv_lines((), columns, rows, ending="\r\n")


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ; ".join(value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else value
    # a text that a spreadsheet would take for a formula
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@") else text
