"""What is found on directions, in the store: rows beside a report, and never less in place of more."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from sqlalchemy import delete, select

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.directions import KIND, direction_text, find_direction_row, placement_of
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.rows import columns_of
from pluriscope.app.db.tables import AnalysisRow, DirectionRow, DirectionTextRow
from pluriscope_methods.directions.report import DirectionsWithKept, directions_report
from pluriscope_methods.directions.search import search_directions
from pluriscope_methods.directions.table import DirectionTable
from pluriscope_methods.saving import save_directions
from tests.factories import pretrained_xor, stored_analysis

pytestmark = pytest.mark.slow


@lru_cache
def found() -> DirectionsWithKept:
    candidates = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2)
    question = ask(pretrained_xor().network)
    table = DirectionTable(question)
    searches = [search_directions(question, candidates, one, table=table) for one in ("oblique", "integer-any")]
    return directions_report(searches, table)


def save(store, report: DirectionsWithKept) -> None:
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        row = save_report(session, analysis, kind=KIND, report=report, thorough=False, seconds=1.0)
        save_directions(session, row, report)


def test_there_and_back(store):
    stored_analysis(store)
    save(store, found())
    save(store, found())  # the same again, and its texts, are no conflict
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        rows = session.scalars(select(DirectionRow).order_by(DirectionRow.position)).all()
        assert len(rows) == len(found().kept) > 8
        for row, kept in zip(rows, found().kept, strict=True):
            scored = kept.scored
            assert (row.algorithm_id, placement_of(row)) == (kept.algorithm.id, scored.alignment)
            assert (row.agreed, row.of, row.valid) == (scored.iia.agreed, scored.iia.of, scored.valid)
            assert row.classes.split() == list(kept.classes)
            assert row.families == [one and [one.dimension, one.answer, one.method] for one in kept.families]
            assert find_direction_row(session, analysis.id, row.algorithm_id, row.alignment_id) is row
        columns = columns_of(session, analysis, "direction", ("text", "margin"))
        assert columns["text"] == [row.text for row in rows]


def test_another_search_replaces_rows_and_ids_keep_what_they_stand_for(store):
    stored_analysis(store)
    save(store, found())
    save(store, replace_kept(found(), 1))
    with store.write() as session:
        (row,) = session.scalars(select(DirectionRow)).all()
        first = (row.algorithm_id, row.alignment_id, row.text)
        session.execute(delete(DirectionRow))
    with store.read() as session:
        assert len(session.scalars(select(DirectionTextRow)).all()) == len(found().kept)
        assert direction_text(session, *first[:2]) == first[2]
        assert direction_text(session, first[0], "0" * 16) == ""


def replace_kept(report: DirectionsWithKept, n: int) -> DirectionsWithKept:
    """A report of which so many alignments were kept."""
    kept = tuple(replace(one) for one in report.kept[:n])
    return DirectionsWithKept(classes=report.classes, kept=kept)
