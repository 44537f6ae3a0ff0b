"""Studies in a store for tests, of rows that are made instead of trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from plugins.studies.tests.study_factories import design, rows
from pluriscope.tables.parquet import ENDING
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.rows import Row, columns_of
from pluriscope_studies.reads import table_of
from pluriscope_studies.summary import summary_of_table
from pluriscope_studies.table import write_part
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import StudyFiles, save_table


def store_study(
    session: Session,
    study: StudyDesign | None = None,
    made: Sequence[Row] | None = None,
    *,
    summed: bool = True,
    origin: str = "imported",
    **columns: str,
) -> StudyRow:
    """Store a study with made-up rows, or those that are given, and with their summary; of unknown measures with the
    types of their columns.
    """
    study = study or design()
    made = rows(study) if made is None else made
    about = {"design": json.dumps(study.model_dump(mode="json")), "digest": study.digest}
    with TemporaryDirectory() as folder:
        part = Path(folder) / f"rows{ENDING}"
        write_part(part, made, columns_of(study) | columns, about)
        row, _ = save_table(session, StudyFiles(study, [part]), origin=origin)
    if summed:
        row.summary, row.summed_up = summary_of_table(study, table_of(session, row)), row.n_finished
    return row
