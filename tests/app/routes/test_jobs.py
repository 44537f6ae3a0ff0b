"""The pages of background work."""

from datetime import UTC, datetime, timedelta

import pytest

from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.progress import Progress
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import analyse_arguments
from tests.factories import small_network

START = datetime(2026, 1, 1, tzinfo=UTC)


def enqueue(store, n=1):
    with store.write() as session:
        ids = []
        for seed in range(n):
            row = save_network(session, small_network(seed))
            arguments = analyse_arguments(row.digest, 0, COMPLETE)
            at = START + timedelta(seconds=seed)
            ids.append(queue.enqueue(session, "analyse", arguments, f"Job {seed}", now=at).id)
    return ids


def claim(store):
    with store.write() as session:
        return queue.claim(session, "worker-1")


def counts(page, name):
    """Count the jobs of each value of a facet."""
    (facet,) = [one for one in page["facets"] if one["name"] == name]
    return {choice["value"]: choice["count"] for choice in facet["choices"]}


@pytest.mark.slow
def test_jobs_are_listed_newest_first_page_by_page(client, store):
    ids = enqueue(store, 7)
    seen, url = [], "/api/v2/jobs?limit=3"
    while url:
        page = client.get(url).json()
        seen += [item["ref"] for item in page["items"]]
        url = page["next"]
    assert seen == ids[::-1]
    assert counts(page, "state") == {"queued": 7}


@pytest.mark.slow
def test_cancel_and_retry_from_the_page(client, store):
    (job_id,) = enqueue(store)
    answer = client.post(f"/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job_id}")
    page = client.get(f"/api/v2/jobs/{job_id}").json()
    assert (page["state"], page["cancel_url"]) == ("cancelled", "")
    assert "data-poll" not in client.get(f"/jobs/{job_id}").text
    assert client.post(page["retry_url"]).status_code == 303
    assert client.get(f"/api/v2/jobs/{job_id}").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/jobs/0123456789abcdef", 404),
        ("POST", "/jobs/0123456789abcdef/cancel", 404),
        ("GET", "/jobs/x?colour=red", 400),
    ],
)
def test_bad_addresses_are_refused_alike_for_people_and_programs(client, method, path, status):
    html, twin = client.request(method, path), client.request(method, path, headers={"accept": "application/json"})
    assert html.status_code == twin.status_code == status
    assert twin.json()["status"] == status
    assert "text/html" in html.headers["content-type"]
    assert twin.json()["error"].split(":")[0].split("'")[0] in html.text.replace("&#39;", "'")


def test_a_job_that_has_ended_cannot_be_cancelled(client, store):
    (job_id,) = enqueue(store)
    owner = claim(store)
    with store.write() as session:
        queue.end(session, owner, "failed", "no luck")
    answer = client.post(f"/jobs/{job_id}/cancel", headers={"accept": "application/json"})
    assert answer.status_code == 409
    assert "ended already" in answer.json()["error"]


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ("state=sleeping", 400, "state sleeping"),
        ("limit=201", 400, "limit 201"),
        ("after=nonsense", 400, "after"),
        ("network=none-like-it", 400, "network"),
    ],
)
def test_what_the_list_cannot_be_asked_is_refused(client, store, options, status, said):
    enqueue(store)
    answer = client.get(f"/jobs?{options}", headers={"accept": "text/html"})
    assert answer.status_code == status
    assert said in answer.text.replace("&#39;", "")


@pytest.mark.slow
def test_a_job_is_followed_until_it_ends(client, store):
    (job_id,) = enqueue(store)
    page = f"/jobs/{job_id}"
    assert "Waiting for a worker since" in client.get(page).text
    owner = claim(store)
    with store.write() as session:
        queue.heartbeat(session, owner, Progress("circuits", 3, 8, "two valid"))
    text = client.get(page).text
    assert text.count("data-poll") == 1
    assert "every possible sub-graph is tested. Two valid." in text
    assert 'aria-label="3 of 8"' in text
    part = client.get(f"{page}?part=progress-running", headers={"HX-Request": "true"})
    assert 'id="progress-running"' in part.text
    assert "every possible sub-graph is tested. Two valid." in part.text
    assert 'id="stages"' in part.text
    with store.write() as session:
        queue.end(session, owner, "failed", "no luck")
    ended = client.get(page).text
    assert "no luck" in ended
    assert "data-poll" not in ended
    assert f'action="{page}/retry"' in ended
    over = client.get(f"{page}?part=progress-running", headers={"HX-Request": "true"})
    assert over.headers["hx-refresh"] == "true"
    record = client.get(f"/api/v2{page}").json()
    assert record == client.get(f"/api/v2{page}").json()
    assert (record["state"], record["error"], record["ended"]) == ("failed", "no luck", True)
