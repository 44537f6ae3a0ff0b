"""The summary of a study's table: DuckDB gives one column after the other, the engine makes the summary of them.

Loads scipy and statsmodels, so that nothing which answers a request imports it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analysis.studies.design import StudyDesign
from analysis.studies.measures.measure import Measured
from analysis.studies.rows import measured_of
from analysis.studies.summary import Place, Summary
from pluriscope.study_table import StudyTable, quoted


def summary_of_table(design: StudyDesign, table: StudyTable) -> dict[str, Any]:
    """What a study says as far as its table goes, as one JSON value.

    Args:
        design: of the table; as many networks as the table has are summed up.
    """
    columns = table.columns

    def values(key: str) -> Iterator[tuple[Place, str, Measured]]:
        query = f"SELECT cell, seed, protocol, {quoted(key)}, inexact -> $1 FROM {{rows}}"  # noqa: S608  quoted
        query += " WHERE protocol IS NOT NULL ORDER BY cell, seed, output"
        for cell, seed, protocol, value, told in table.ask(query, ["$." + json.dumps(key)]):
            known = int(value) if columns[key].startswith("DECIMAL") and value is not None else value
            yield (cell, seed), protocol, measured_of(known, json.loads(told) if told else None)

    states = table.ask("SELECT DISTINCT cell, seed, state FROM {rows} ORDER BY cell, seed") if columns else []
    return Summary(design, {(cell, seed): state for cell, seed, state in states}, columns, values).as_json()
