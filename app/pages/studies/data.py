"""A study's data as files: one row for each network, protocol, output and measure's column."""

from __future__ import annotations

import io
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
from app.errors import Unsupported
from app.listing.csv import csv_lines

_OWN: Final = ("cell", "seed", "state", "message", "network", "epochs", "loss", "accuracy", "seconds")


def data_columns(design: StudyDesign) -> list[str]:
    """Columns of the table, in order."""
    measures = measures_of(design.measures, design.criteria, design.methods)
    factors = [factor for factor in design.factors if factor not in SHARED]
    return [*_OWN, *factors, "protocol", "output", *measures, "inexact"]


def data_rows(session: Session, study: StudyRow) -> Iterator[dict[str, Any]]:
    """One row for each network, protocol and output; a network that failed has one row without values.

    ``inexact`` names the measures whose value is an estimate or a lower bound.
    """
    design = design_of(study)
    cells = cells_of(design)
    for rows in every_outcome(session, study.id):
        for row in rows:
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


def data_csv(session: Session, study: StudyRow) -> Iterator[str]:
    """The table as comma-separated values, some hundred rows at a time."""
    columns = data_columns(design_of(study))
    rows = ([_cell(row.get(name)) for name in columns] for row in data_rows(session, study))
    return csv_lines((), columns, rows, ending="\r\n")


def data_json(session: Session, study: StudyRow) -> Iterator[str]:
    """The table as one JSON object: what it is, its columns, and a list of objects."""
    head: dict[str, Any] = {"study": study.slug, "digest": study.digest, "engine": study.engine_version}
    head |= {"networks": study.n_networks, "finished": study.n_finished, "converged": study.n_converged}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "columns": '
    yield json.dumps(data_columns(design_of(study)), ensure_ascii=False) + ', "rows": [\n'
    for number, row in enumerate(data_rows(session, study)):
        exact = {key: _safe(value) for key, value in row.items()}
        yield (",\n" if number else "") + json.dumps(exact, ensure_ascii=False, allow_nan=False)
    yield "\n]}\n"


def data_parquet(session: Session, study: StudyRow) -> bytes:
    """The table as a Parquet file; integers beyond 64 bits become decimal text.

    Raises:
        Unsupported: the optional library that writes Parquet is not installed here.
    """
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from pyarrow import parquet
    except ImportError:
        raise Unsupported(
            "Parquet",
            "the library that writes it is not installed here",
            "install pluriscope[parquet], or take CSV or JSON, which hold the same",
        ) from None
    columns = data_columns(design_of(study))
    rows = list(data_rows(session, study))
    arrays = {name: _arrow_column([row.get(name) for row in rows]) for name in columns}
    table = pa.table(arrays).replace_schema_metadata(
        {"study": study.slug, "digest": study.digest, "engine": study.engine_version}
    )
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def _arrow_column(values: list[Any]) -> list[Any]:
    """Values of one type: text where integers are too large, floats where any is one."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in known):
        return [None if value is None else str(value) for value in values]
    if any(isinstance(value, float) for value in known):
        return [None if value is None else float(value) for value in values]
    return values


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ; ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else value
    # a text that a spreadsheet would take for a formula
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@") else text


def _safe(value: Any) -> Any:
    big = isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53
    return str(value) if big else value
