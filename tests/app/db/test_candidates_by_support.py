"""Analyses whose candidates were searched by support, not one by one, are stored as what they are."""

from __future__ import annotations

import pytest

from analysis.limits import Limits
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.result_file import output_json, what_is_missing
from analysis.work import Work
from app.db.distributions import distributions_of
from app.db.prepared import result_digest
from app.db.reads.results import load_analysis
from app.db.tables import AnalysisRow
from app.db.writes import save_network
from tests.factories import XOR_SLUG, pretrained_xor, save_analysis, temporary_store

BY_SUPPORT = Limits(max_listed=1, n_first=3)
FEW = Limits(max_listed=1, n_first=3, max_aligned=1)


def analysed(limits):
    file = pretrained_xor()
    return analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))


@pytest.mark.slow
@pytest.mark.parametrize("limits", [BY_SUPPORT, FEW])
def test_what_was_not_listed_comes_back_as_it_went(tmp_path, limits):
    analysis = analysed(limits)
    search = analysis.algorithms
    store = temporary_store(tmp_path)
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG)
        row = save_analysis(session, analysis)
        assert (row.algorithms_candidates, row.algorithms_aligned) == (250, search.n_aligned)
        assert (row.alignments_valid, row.alignments_minimal) == (
            search.n_valid_alignments,
            search.n_minimal_alignments,
        )
    with store.read() as session:
        loaded = load_analysis(session, session.get(AnalysisRow, row.id))
    store.close()
    assert loaded.algorithms == search
    assert loaded.algorithms.method == "by_support"
    assert output_json(loaded) == output_json(analysis)
    assert what_is_missing(loaded) == what_is_missing(analysis)
    assert result_digest(loaded) == row.result_digest


@pytest.mark.slow
def test_figures_know_the_candidates_that_have_no_alignment():
    found = distributions_of(analysed(BY_SUPPORT))
    listed = distributions_of(analysed(Limits()))
    assert found["alignments_per_algorithm"] == listed["alignments_per_algorithm"]
    assert listed["candidates"] is None
