"""A study's whole table as a file, written by DuckDB where its rows lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from sqlalchemy.orm import Session

from app.db.reads.studies import table_of
from app.db.studies import write_table
from app.db.study_tables import StudyRow
from app.errors import NotFound
from pluriscope.records import MAX_EXACT_IN_JSON
from pluriscope.study_table import quoted

DataForm = Literal["csv", "json", "parquet"]
MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_IN_PARQUET: Final = ("weights", "data", "planted", "sizes", "tables")
"""Columns that only Parquet has."""


def write_data(session: Session, study: StudyRow, form: DataForm, path: Path) -> None:
    """Write the table of a study, one row for each network, protocol and output.

    Raises:
        NotFound: no network has its outcome yet.
    """
    table = table_of(session, study)
    if not table.paths:
        raise NotFound(f"data of study {study.slug!r}", "are not there yet", "wait for its first networks", "form")
    if form == "parquet":
        write_table(session, study, path)
        return
    cells = {name: _cell(name, kind, form) for name, kind in table.columns.items() if name not in _IN_PARQUET}
    columns = ", ".join(f"{cell} AS {quoted(name)}" for name, cell in cells.items())
    options = "FORMAT csv, HEADER" if form == "csv" else "FORMAT json, ARRAY"
    table.write(path, f"SELECT {columns} FROM {{rows}}", options)  # noqa: S608  names are quoted


def _cell(name: str, kind: str, form: DataForm) -> str:
    """A column as the form has it: text that a spreadsheet would run stands behind an apostrophe in CSV; whole numbers
    that not every reader of JSON holds are text there.
    """
    own = quoted(name)
    if form == "csv":
        text = f"array_to_string({own}, ' ; ')" if kind.endswith("[]") else own
        return rf"regexp_replace({text}, '^([=+@\t\r-])', '''\1')" if "VARCHAR" in kind else text
    if name == "inexact":
        return f"{own}::JSON"
    large = f"abs({own}) > {MAX_EXACT_IN_JSON}"
    return f"CASE WHEN {large} THEN to_json({own}::VARCHAR) ELSE to_json({own}) END" if "DECIMAL" in kind else own
