import pytest
from sqlalchemy import func, select

from analysis.algorithms.parsing import parse_algorithm
from analysis.planting.compiling import compile_algorithm
from analysis.studies.cells import cells_of
from analysis.studies.result_file import StudyResults, read_results, result_bytes
from analysis.studies.running import run_cell
from app.db.codecs import planted_of
from app.db.errors import Ambiguous, Conflict, NotFound
from app.db.reads.analyses import find_data, network_by_digest
from app.db.reads.studies import find_study, stored_parts, studies_of_network
from app.db.studies import save_outcomes, save_results, save_study
from app.db.tables import NetworkRow
from tests.study_factories import design, judged_on_rows, results


def test_results_are_stored_once_with_their_networks(store):
    known = results()
    for new in (8, 0):
        with store.write() as session:
            row, added = save_results(session, known)
            assert added == new
            assert (row.n_networks, row.n_finished, row.n_converged) == (8, 8, 6)
            assert row.seconds == pytest.approx(2.0)
    with store.read() as session:
        row = find_study(session, known.design.digest[:8])
        again = read_results(b"".join(stored_parts(session, row)))
        assert again.content == known.content
        assert read_results(result_bytes(again)).content == known.content
        assert session.scalar(select(func.count()).select_from(NetworkRow)) == 8
        found = studies_of_network(session, known.outcomes[0].network)
        assert [(study.slug, outcome.seed) for study, outcome in found] == [("xor-width", 0)]


def test_a_study_grows_and_never_shrinks(store):
    with store.write() as session:
        save_results(session, results())
        row = save_study(session, design(seeds={"first": 0, "count": 6}))
        assert row.n_networks == 12
        assert save_study(session, design()).n_networks == 12
        assert save_outcomes(session, row, results(design(seeds={"first": 0, "count": 6})).outcomes) == 4
        assert row.n_finished == 12


def test_another_design_under_the_same_slug_is_refused(store):
    with store.write() as session:
        save_study(session, design())
        with pytest.raises(Conflict, match="another design"):
            save_study(session, design(loss_target=[0.5]))


def test_studies_are_found_by_slug_or_digest(store):
    with store.write() as session:
        row = save_study(session, design())
        assert find_study(session, "xor-width") is row
        with pytest.raises(NotFound):
            find_study(session, "yor-width")
        with pytest.raises(NotFound):
            find_study(session, "f" * 12 if row.digest[0] != "f" else "e" * 12)
        twin = save_study(session, design(slug="twin", loss_target=[0.5]))
        twin.digest = row.digest[:10] + "0" * 54 if row.digest[10] != "0" else row.digest[:10] + "1" * 54
        with pytest.raises(Ambiguous):
            find_study(session, row.digest[:8])


# ---- on what networks were judged, and what a study says -----------------------------------------------------------


def test_the_rows_that_networks_were_judged_on_are_stored_and_written_again(store):
    known = judged_on_rows(results())
    assert read_results(result_bytes(known)).content == known.content
    with store.write() as session:
        row, _ = save_results(session, known)
        assert read_results(b"".join(stored_parts(session, row))).content == known.content
        network = session.scalar(select(NetworkRow).where(NetworkRow.digest == known.outcomes[0].network))
        assert network.input_data == known.outcomes[0].data.digest
        found = find_data(session, network.input_data[:12], 2)
        assert (found.boolean, found.digest) == (False, known.outcomes[0].data.digest)


def test_a_bundled_study_takes_on_new_words(store):
    with store.write() as session:
        save_study(session, design(), origin="bundled")
        row = save_study(session, design(question="Anew?", seeds={"first": 0, "count": 2}), origin="bundled")
        assert (row.design["question"], row.n_networks) == ("Anew?", 8)
        assert save_study(session, design(question="Of a user?")).design["question"] == "Anew?"


def test_what_was_planted_is_kept_with_the_networks_of_a_study(store):
    planted = compile_algorithm(parse_algorithm("!(!(!A&B)&!(!B&A))", "and_inverter", 2), (3, 3))
    known = design(
        source="planted",
        source_options={"algorithms": [planted.record.algorithm.text]},
        hidden=[[3, 3]],
        activation=["relu"],
        planting=["compile"],
        seeds={"first": 0, "count": 1},
        measures=["circuits-valid"],
        comparisons=[],
        references=[],
        criteria=[],
        ladders=[],
    )
    (cell,) = cells_of(known)
    (outcome,) = run_cell(cell, [0])
    with store.write() as session:
        row, _ = save_results(session, StudyResults(known, (outcome,)))
        assert planted_of(network_by_digest(session, outcome.network)) == outcome.planted
        assert read_results(b"".join(stored_parts(session, row))).outcomes[0].planted == outcome.planted
