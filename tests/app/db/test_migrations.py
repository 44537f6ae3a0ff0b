"""Databases of older versions keep what they hold: circuits as rows become columns, and rows again on the way back."""

import json

import pytest
from sqlalchemy import inspect, text

from analysis.limits import Limits
from analysis.pipeline import analyse_output
from analysis.protocol import PAPER, protocol_from_mapping
from analysis.question import ask
from analysis.work import Work
from app.db.prepared import iia_rank, result_digest
from app.db.reads.algorithms import AlgorithmFilter, first_alignments, n_algorithms
from app.db.reads.analyses import find_analysis, find_network
from app.db.reads.results import load_analysis
from app.db.tables import AlgorithmRow
from app.db.writes import save_analysis
from pluriscope.naming import Scope
from tests.factories import XOR_SLUG, hand_made_analysis, pretrained_xor, real_analysis, stored_analysis


def rows(store, query: str) -> list[tuple]:
    with store.reader.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def older(store):
    """A database as revision 0002 left it: a hand-made and a real analysis, and one whose circuits were counted."""
    stored_analysis(store)
    stored_analysis(store, PAPER, real=True)
    file = pretrained_xor()
    shallow = protocol_from_mapping({"name": "shallow", "max_depth": 2})
    limits = Limits(max_possible=1, n_draws=20, n_smallest=0)
    counted = analyse_output(ask(file.network, task=file.tasks[0], protocol=shallow), Work(limits=limits))
    with store.write() as session:
        save_analysis(session, counted)
    store.migrate(back_to="0002")
    return store


def test_the_way_back_has_every_circuit_in_a_row(older):
    analysis = hand_made_analysis()
    assert "circuit_blocks" not in inspect(older.reader).get_table_names()
    found = rows(
        older,
        "SELECT c.mask, n_edges, margin, interpretations, observed, length(outputs) FROM circuits c "
        "JOIN analyses a ON a.id = c.analysis_id JOIN protocols p ON p.digest = a.protocol_digest "
        "WHERE p.name = 'complete' ORDER BY mask",
    )
    masks = analysis.circuits.masks.tolist()
    assert [int(row[0], 16) for row in found] == masks
    assert [row[1] for row in found] == [mask.bit_count() for mask in masks]
    assert [row[2] for row in found] == analysis.circuits.margins.tolist()
    assert tuple(int(row[3][3:]) for row in found) == analysis.interpretations.by_circuit
    assert tuple(int(row[4][3:]) for row in found) == analysis.interpretations.observed_by_circuit
    assert {row[5] for row in found} == {32}
    ((stored,),) = rows(older, "SELECT distributions FROM analyses WHERE circuits_truncated_at IS NOT NULL")
    told = (json.loads(stored) if isinstance(stored, str) else stored)["circuits"]
    assert (told["method"], told["of"], told["interval"]) == ("counted", 197, None)


@pytest.mark.slow
def test_an_upgrade_keeps_every_result(older):
    before = rows(older, "SELECT id, result_digest, circuits_valid FROM analyses ORDER BY id")
    older.migrate()
    assert rows(older, "SELECT id, result_digest, circuits_valid FROM analyses ORDER BY id") == before
    with older.read() as session:
        network = find_network(session, XOR_SLUG)
        assert len(network.analyses) == 3
        for row in network.analyses:
            assert row.staged == ""
            loaded = load_analysis(session, row)
            assert result_digest(loaded) == row.result_digest
            assert n_algorithms(row) == len(loaded.algorithms.algorithms)
            aligned = sum(1 for result in loaded.algorithms.algorithms if result.n_valid)
            assert n_algorithms(row, AlgorithmFilter(aligned=True)) == aligned
        (counted,) = [row for row in network.analyses if row.circuits_method == "counted"]
        assert (counted.circuits_valid, counted.circuits_listed, counted.interpretations_complete) == (197, 20, False)
        paper = find_analysis(session, network, Scope(protocol="paper"))
        stored = session.query(AlgorithmRow).filter_by(analysis_id=paper.id).order_by(AlgorithmRow.position).all()
        firsts = first_alignments(session, stored)
        for row, result in zip(stored, real_analysis(PAPER).algorithms.algorithms, strict=True):
            best = max((s.iia for s in result.alignments), key=lambda iia: iia.value, default=None)
            assert (row.minus_position, row.best_iia) == (-row.position, iia_rank(best))
            first = firsts.get(row.id)
            assert (first.alignment_id if first else None) == (
                result.alignments[0].alignment.id if result.alignments else None
            )


@pytest.mark.slow
def test_scores_give_way_to_verdicts_and_come_back_empty(older):
    with older.write() as session:
        session.execute(
            text(
                "INSERT INTO scores (analysis_id, criterion, kind, subject, verdict) "
                "VALUES ((SELECT max(id) FROM analyses), 'margin', 'alignment', 'x/y', 'passed')"
            )
        )
    older.migrate()
    tables = set(inspect(older.reader).get_table_names())
    assert {"verdicts", "verdict_blocks"} <= tables
    assert "scores" not in tables
    older.migrate(back_to="0003")
    tables = set(inspect(older.reader).get_table_names())
    assert "scores" in tables
    assert not {"verdicts", "verdict_blocks"} & tables
    assert rows(older, "SELECT * FROM scores") == []


@pytest.mark.slow
def test_a_half_saved_analysis_does_not_survive_the_way_back(store):
    stored_analysis(store)
    with store.write() as session:
        session.execute(text("UPDATE analyses SET staged = 'somejob'"))
    store.migrate(back_to="0002")
    assert rows(store, "SELECT * FROM analyses") == []
