"""Tests that what was counted, hashed, sampled or searched by support, and not listed, is stored as what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pluriscope.analysis.circuits.hashed_count import Bracket, HashedCount
from pluriscope.analysis.circuits.result import EdgeUse
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.result_file import output_json, read_circuits, what_is_missing
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.prepared import result_digest
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.db.writes import save_network
from tests.factories import XOR_SLUG, pretrained_xor, save_analysis, temporary_store

COUNTED = Limits(max_possible=1, n_draws=20, n_smallest=5)
BRACKET = Bracket(8, HashedCount(53, 1, 0.8, 0.1, 0, "2.5.8"), HashedCount(61, 2, 0.8, 0.1, 0, "2.5.8"), 2, 9_625)
SAMPLED = Limits(max_possible=1, max_seconds=0, n_draws=20, n_samples=2_000, n_smallest=5)
BY_SUPPORT = Limits(max_listed=1, n_first=3)
FEW = Limits(max_listed=1, n_first=3, max_aligned=1)


def analysed(limits):
    file = pretrained_xor()
    return analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "circuits", "algorithms"),
    [
        (COUNTED, "counted", "listed"),
        (SAMPLED, "sampled", "listed"),
        (SAMPLED, "hashed", "listed"),
        (BY_SUPPORT, "listed", "by_support"),
        (FEW, "listed", "by_support"),
    ],
)
def test_what_was_not_listed_comes_back_as_it_went(tmp_path, limits, circuits, algorithms):
    analysis = analysed(limits)
    if circuits == "hashed":
        kept = {"method": "hashed", "bracket": BRACKET, "edge_use": EdgeUse(0b1010, 0b100)}
        analysis = replace(analysis, circuits=replace(analysis.circuits, **kept))
    store = temporary_store(tmp_path)
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG)
        row = save_analysis(session, analysis)
        assert (row.circuits_valid, row.algorithms_candidates) == (analysis.circuits.n_valid, 250)
        assert (row.alignments_valid, row.alignments_minimal) == (
            analysis.algorithms.n_valid_placements,
            analysis.algorithms.n_minimal_placements,
        )
    with store.read() as session:
        loaded = load_analysis(session, session.get(AnalysisRow, row.id))
    store.close()
    assert (loaded.circuits.method, loaded.algorithms.method) == (circuits, algorithms)
    assert loaded.circuits.interval == analysis.circuits.interval
    assert loaded.circuits.distribution == analysis.circuits.distribution
    assert loaded.algorithms == analysis.algorithms
    kept = analysis.circuits.bracket, analysis.circuits.edge_use
    assert (loaded.circuits.bracket, loaded.circuits.edge_use) == kept
    assert output_json(loaded) == output_json(analysis)
    read = read_circuits(output_json(analysis)["circuits"], analysis.question.layout, analysis.question.layout.n_edges)
    assert (read.method, read.bracket, read.edge_use) == (circuits, *kept)
    assert what_is_missing(loaded) == what_is_missing(analysis)
    assert result_digest(loaded) == row.result_digest
