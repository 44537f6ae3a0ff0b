"""Job pages tell the elapsed and the expected time, of the job and of all work on its network."""

from datetime import timedelta

import pytest

from analysis.networks.training_spec import TrainingSpec
from analysis.progress import Progress
from analysis.protocol import COMPLETE
from app.db.job_tables import JobRow
from app.db.tables import AnalysisRow
from app.db.writes import save_network
from app.jobs import leases, queue
from app.jobs.definitions import analyse_arguments, arguments_about, train_arguments
from tests.app.routes.test_jobs import claim, enqueue
from tests.factories import small_network, stored_analysis


def outlook_of(client, job_id):
    return client.get(f"/api/v1/jobs/{job_id}").json()["outlook"]


def test_a_waiting_job_is_expected_to_take_its_time(client, store):
    (job_id,) = enqueue(store)
    told = client.get(f"/api/v1/jobs/{job_id}").json()
    assert told["outlook"]["elapsed_seconds"] == 0
    assert told["outlook"]["expected_seconds"] == told["outlook"]["left_seconds"] > 0
    assert not told["outlook"]["longer"]
    assert sum(stage["expected_seconds"] for stage in told["stages"]) == told["outlook"]["expected_seconds"]
    assert told["chain"] is None
    assert "expected to take about" in client.get(f"/jobs/{job_id}").text


def test_a_job_that_takes_longer_than_expected_says_so(client, store):
    (job_id,) = enqueue(store)
    owner = claim(store)
    with store.write() as session:
        leases.heartbeat(session, owner, Progress("circuits", 1, 2))
        row = session.get(JobRow, job_id)
        row.started_at -= timedelta(hours=3)
    told = outlook_of(client, job_id)
    assert told["longer"]
    assert told["left_seconds"] is None
    assert told["elapsed_seconds"] >= 3 * 3600 > told["expected_seconds"]
    page = client.get(f"/jobs/{job_id}").text
    assert "longer than expected, which was about" in page
    assert "3 h 0 min elapsed" in page


def test_an_ended_job_expects_nothing(client, store):
    (job_id,) = enqueue(store)
    with store.write() as session:
        queue.cancel(session, job_id)
    assert outlook_of(client, job_id) is None
    assert 'id="outlook"' not in client.get(f"/jobs/{job_id}").text


def test_all_work_on_a_network_is_told_together(client, store):
    with store.write() as session:
        row = save_network(session, small_network(0))
        jobs = [
            queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, rules), rules.name).id
            for rules in (COMPLETE, COMPLETE.model_copy(update={"max_depth": 2}))
        ]
    told = client.get(f"/api/v1/jobs/{jobs[0]}").json()["chain"]
    assert told["n_jobs"] == 2
    assert {job["id"] for job in told["jobs"]} == set(jobs)
    each = [job["outlook"]["expected_seconds"] for job in told["jobs"]]
    assert told["outlook"]["expected_seconds"] == sum(each) == told["outlook"]["left_seconds"]
    assert "All work on this network" in client.get(f"/jobs/{jobs[1]}").text


@pytest.mark.slow
def test_what_goes_on_from_a_stored_analysis_is_told_from_what_it_found(client, store):
    analysis = stored_analysis(store)
    with store.write() as session:
        row = session.get(AnalysisRow, analysis.id)
        named = (row.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest)
        survey = queue.enqueue(session, "common-ground", arguments_about(*named, thorough=False), "Survey").id
        ladder = queue.enqueue(session, "ladder", arguments_about(*named, thorough=False), "Ladder").id
    assert outlook_of(client, survey)["expected_seconds"] > 0
    assert outlook_of(client, ladder)["expected_seconds"] is None
    assert "how long it takes cannot be predicted" in client.get(f"/jobs/{ladder}").text
    chain = client.get(f"/api/v1/jobs/{survey}").json()["chain"]
    assert chain["outlook"]["expected_seconds"] is None


def test_a_training_is_told_as_its_form_tells_it(client, store):
    with store.write() as session:
        job = queue.enqueue(session, "train", train_arguments([TrainingSpec()]), "Training").id
    assert outlook_of(client, job)["expected_seconds"] > 0
