from dataclasses import replace

import pytest
from sqlalchemy import func, select

from analysis.errors import Cancelled, InvalidStudy
from analysis.protocol import COMPLETE, PAPER
from analysis.studies.result_file import read_results
from analysis.work import Work
from app.bundled.study_seeding import bundled_results
from app.db.job_tables import JobRow
from app.db.reads.analyses import find_data, network_by_digest
from app.db.reads.studies import find_study, study_jobs
from app.db.studies import save_outcomes, save_results
from app.jobs import queue, study_queue
from app.jobs.analyses import load_analysis_inputs, save_analysis_outcome
from app.jobs.definitions import STUDY, analyse_arguments
from app.jobs.worker import Worker
from app.pages.studies.study import progress_of
from tests.app.jobs.executors import lent_processes
from tests.study_factories import design, results


def states(session, study):
    return sorted(job.state for job in study_jobs(session, study.digest))


def test_a_study_asks_for_its_chunks_once(store):
    with store.write() as session:
        row = study_queue.start(session, design())
        assert states(session, row) == ["queued", "queued"]
        study_queue.start(session, design())
        assert states(session, row) == ["queued", "queued"]
        seeds = [tuple(job.arguments["seeds"]) for job in study_jobs(session, row.digest)]
        assert seeds == [(0, 1, 2, 3)] * 2


def test_what_a_person_starts_comes_before_all_that_nobody_asked_for(store):
    with store.write() as session:
        for name in ("model-rivals", "ladder", "analyse"):
            queue.enqueue(session, name, {"network": name})
        row = study_queue.start(session, design())
        session.flush()
        assert progress_of(session, row).jobs_ahead == 0
        queue.enqueue(session, "pair", {"network": "front"}, asked=True)
        session.flush()
        told = progress_of(session, row)
        assert (told.state, told.jobs_ahead) == ("queued", 1)
        kinds = [queue.claim(session, "w").definition.kind for _ in range(2)]
        assert kinds == ["pair", "study"]
        assert progress_of(session, row).state == "running"


def test_what_has_an_outcome_is_never_asked_for(store):
    known = results()
    with store.write() as session:
        row, _ = save_results(session, known)
        study_queue.resume(session, row)
        assert states(session, row) == []
        study_queue.extend(session, row, 2)
        assert [job.arguments["seeds"] for job in study_jobs(session, row.digest)] == [[4, 5]] * 2
        assert row.n_networks == 12


def test_pausing_takes_back_what_waits_and_resuming_asks_again(store):
    with store.write() as session:
        row = study_queue.start(session, design())
        study_queue.pause(session, row)
        assert (row.state, states(session, row)) == ("paused", ["cancelled"] * 2)
        study_queue.schedule(session, row)
        assert states(session, row) == ["cancelled"] * 2
        study_queue.resume(session, row)
        assert (row.state, states(session, row)) == ("running", ["queued"] * 2)


def test_a_running_chunk_goes_on_when_paused_and_is_stopped_when_cancelled(store):
    with store.write() as session:
        row = study_queue.start(session, design())
        first = study_jobs(session, row.digest)[0]
        first.state = "running"
        study_queue.pause(session, row)
        assert (first.state, first.cancel_requested) == ("running", False)
        study_queue.pause(session, row, cancel=True)
        assert (row.state, first.cancel_requested) == ("cancelled", True)


def test_a_study_says_why_its_jobs_failed_each_reason_once(store):
    with store.write() as session:
        row = study_queue.start(session, design())
        for job in study_jobs(session, row.digest):
            job.state, job.error = "failed", "data folder: has no images. Put them there."
        study_queue.pause(session, row)
        told = progress_of(session, row)
    assert (told.jobs_failed, told.problems) == (2, ["data folder: has no images. Put them there."])


def test_a_grid_cannot_be_extended_beyond_all_bounds(store):
    with store.write() as session:
        row, _ = save_results(session, results())
        with pytest.raises(InvalidStudy):
            study_queue.extend(session, row, 10_000_000)


@pytest.mark.slow
def test_workers_run_a_study_to_its_end_and_another_start_changes_nothing(store):
    study = design(seeds={"first": 0, "count": 5})
    with store.write() as session:
        study_queue.start(session, study)
    Worker(store, slots=2, definitions={STUDY.kind: STUDY}, executor=lent_processes(2)).run(until_idle=True)
    with store.write() as session:
        row = find_study(session, "xor-width")
        assert (row.n_finished, row.n_networks) == (10, 10)
        assert states(session, row) == ["done", "done"]
        before = row.revision
        study_queue.start(session, study)
        assert states(session, row) == ["done", "done"]
        assert row.revision == before


@pytest.mark.slow
def test_a_chunk_leaves_out_what_was_finished_meanwhile_and_can_be_stopped(store):
    from app.jobs.studies import load_chunk, save_chunk

    study = design()
    with store.write() as session:
        row = study_queue.start(session, study)
        arguments = study_jobs(session, row.digest)[0].arguments
        save_outcomes(session, row, [o for o in results(study).outcomes if o.seed < 3])
    with store.read() as session:
        compute = load_chunk(session, arguments)

    def stop(_progress, /):
        raise Cancelled("networks")

    with pytest.raises(Cancelled):
        compute(Work(stop))
    with store.write() as session:
        outcomes = compute(Work())
        assert [outcome.seed for outcome in outcomes] == [3]
        saved = save_chunk(session, arguments, outcomes)
        assert saved.result["url"] == "/studies/xor-width"
        assert find_study(session, "xor-width").n_finished == 7


@pytest.mark.slow
def test_a_network_on_images_is_analysed_on_what_its_study_judged_it_on(store):
    results_of_digits = read_results(bundled_results()["digits-tail"])
    first = next(outcome for outcome in results_of_digits.outcomes if outcome.converged)
    with store.write() as session:
        save_results(session, replace(results_of_digits, outcomes=(first,)))
    for protocol in (PAPER, COMPLETE):
        with store.read() as session:
            row = network_by_digest(session, first.network)
            data = find_data(session, row.input_data, row.sizes[0])
            compute = load_analysis_inputs(session, analyse_arguments(row.digest, 0, protocol, data))
        found = compute(Work())
        (told,) = first.values[protocol.name]
        assert found.columns["circuits_valid"] == told["circuits-valid"].value > 1_000
        assert found.columns["exhaustive"]
        assert (found.columns["algorithms_candidates"], found.columns["interpretations_total"]) == (0, 0)
        with store.write() as session:
            arguments = analyse_arguments(first.network, 0, protocol, data)
            saved = save_analysis_outcome(session, arguments, found)
            assert saved.found.endswith("its rows are no Boolean inputs, so nothing else was searched")
            assert f"data={data.digest[:12]}" in saved.result["url"]
            assert session.scalar(select(func.count()).select_from(JobRow)) == 0
