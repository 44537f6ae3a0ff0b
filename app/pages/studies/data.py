"""A study's data as files: one row for each network, protocol and output, with a column for each measure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.studies.cells import cells_of
from analysis.studies.design import SHARED
from analysis.studies.measures.registry import measures_of
from analysis.studies.outcome import values_of
from app.bundled.model_studies import ModelStudy
from app.db.reads.studies import every_outcome
from app.db.studies import design_of
from app.db.study_tables import StudyOutcomeRow, StudyRow
from app.errors import Unsupported
from app.listing.csv import csv_lines
from app.pages.studies.transformers import COLUMNS, model_rows
from pluriscope.records import MAX_EXACT_IN_JSON

_OWN: Final = ("cell", "seed", "state", "message", "network", "epochs", "loss", "accuracy", "seconds")


def outcome_data(study: StudyRow) -> dict[str, Any]:
    """Columns of a study of networks, and what makes its rows; a network that failed has one row without values.

    ``inexact`` names the measures whose value is an estimate or a lower bound.
    """
    design = design_of(study)
    measures = measures_of(design.measures, design.criteria, design.methods)
    factors = [factor for factor in design.factors if factor not in SHARED]

    def rows(session: Session) -> Iterator[dict[str, Any]]:
        cells = cells_of(design)
        for some in every_outcome(session, study.id):
            for row in some:
                own = {name: getattr(row, name, None) for name in _OWN} | {"network": row.network_digest}
                yield from _rows_of(row, own | dict(cells[row.position].labels))

    return {"columns": [*_OWN, *factors, "protocol", "output", *measures, "inexact"], "rows": rows}


def model_data(found: ModelStudy) -> dict[str, Any]:
    """Likewise of a study of transformers: a row for each model under each set of rules."""
    return {"columns": COLUMNS, "rows": lambda _session: model_rows(found)}


def _rows_of(row: StudyOutcomeRow, shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    values = values_of(row.figures)
    if not values:
        yield shared
    for protocol, outputs in values.items():
        for output, measured in enumerate(outputs):
            cells = {key: list(m.value) if isinstance(m.value, tuple) else m.value for key, m in measured.items()}
            inexact = " ".join(key for key, m in measured.items() if not m.exact)
            yield shared | {"protocol": protocol, "output": output} | cells | {"inexact": inexact}


def as_csv(columns: list[str], rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """The table as comma-separated values, some hundred rows at a time."""
    return csv_lines((), columns, ([_cell(row.get(name)) for name in columns] for row in rows), ending="\r\n")


def as_json(head: dict[str, Any], columns: list[str], rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """The table as one JSON object: what it is, its columns, and a list of objects."""
    yield json.dumps({**head, "columns": columns}, ensure_ascii=False)[:-1] + ', "rows": [\n'
    for number, row in enumerate(rows):
        exact = {key: safe_in_json(value) for key, value in row.items()}
        yield (",\n" if number else "") + json.dumps(exact, ensure_ascii=False, allow_nan=False)
    yield "\n]}\n"


def as_parquet(head: dict[str, Any], columns: list[str], rows: Iterator[dict[str, Any]]) -> bytes:
    """The table as a Parquet file; integers beyond 64 bits become decimal text.

    Raises:
        Unsupported: the optional library that writes Parquet is not installed here.
    """
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from pyarrow import parquet
    except ImportError:
        raise Unsupported(
            "Parquet", "the library that writes it is not installed here", "install pluriscope[parquet], or take CSV"
        ) from None
    every = list(rows)
    table = pa.table({name: _arrow_column([row.get(name) for row in every]) for name in columns})
    buffer = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata({key: str(value) for key, value in head.items()}), buffer)
    return buffer.getvalue()


def _arrow_column(values: list[Any]) -> list[Any]:
    """Values of one type: text where integers are too large or objects stand, floats where any is one."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, dict) for value in known):
        return [None if value is None else json.dumps(value) for value in values]
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in known):
        return [None if value is None else str(value) for value in values]
    if any(isinstance(value, float) for value in known):
        return [None if value is None else float(value) for value in values]
    return values


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


def safe_in_json(value: Any) -> Any:
    """A value that JSON holds exactly: text for integers that not every reader of JSON does."""
    big = isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_EXACT_IN_JSON
    return str(value) if big else value
