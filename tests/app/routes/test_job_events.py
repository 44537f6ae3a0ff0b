"""Jobs as streams: what comes, when it ends, and what happens where there is no room."""

import json
import threading
import time

import pytest

from analysis.progress import Progress
from analysis.protocol import COMPLETE
from app.db.writes import save_network
from app.jobs import leases, queue
from app.jobs.definitions import analyse_arguments
from app.routes.job_feed import EACH, JobFeed
from tests.factories import small_network


def enqueue(store) -> str:
    with store.write() as session:
        row = save_network(session, small_network(1))
        return queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, COMPLETE), "Job").id


def events_of(text: str) -> list[tuple[str, str]]:
    """Name and data of each event in a stream."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        name = "".join(line[7:] for line in lines if line.startswith("event: "))
        data = "\n".join(line[6:] for line in lines if line.startswith("data: "))
        if lines:
            found.append((name, data))
    return found


@pytest.mark.slow
def test_a_stream_tells_every_change_and_ends_with_the_job(client, store, monkeypatch):
    monkeypatch.setattr("app.db.reads.jobs.TICK_SECONDS", 1e9)  # the passing of time alone is told, too, on purpose
    feed = client.app.state.job_feed
    feed.seconds = 0.02
    job_id = enqueue(store)

    ended = threading.Event()

    def work():
        while not (feed.n_streams and feed.n_looks):
            if ended.wait(0.02):
                return  # the answer came without a stream: the assertions below say so
        with store.write() as session:
            held = leases.claim(session, "worker")
        for done in (1, 2):
            time.sleep(0.2)
            with store.write() as session:
                leases.heartbeat(session, held, Progress("circuits", done, 3, f"{done} found"))
        time.sleep(0.2)
        with store.write() as session:
            leases.finish(session, held, {}, "all found")

    thread = threading.Thread(target=work)
    thread.start()
    answer = client.get(f"/api/v1/jobs/{job_id}/events")
    ended.set()
    thread.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-store")
    events = events_of(answer.text)
    pages = [json.loads(data) for name, data in events if not name]
    assert pages[-1]["state"] == "done"
    told = [(page["state"], page["done"]) for page in pages]
    assert len(told) > 2
    assert told == sorted(set(told), key=told.index), "nothing is told twice"
    assert events[-1] == ("end", "done")
    assert "all found" in [line["message"] for line in json.loads(events[-2][1])["log"]]
    assert client.app.state.job_feed.n_streams == 0


def test_an_ended_job_opens_no_stream(client, store):
    job_id = enqueue(store)
    assert "hx-sse:connect" in client.get(f"/jobs/{job_id}").text
    with store.write() as session:
        queue.cancel(session, job_id)
    html = client.get(f"/jobs/{job_id}").text
    assert "hx-sse:connect" not in html
    assert "htmx-sse" not in html


def test_where_there_is_no_room_pages_poll_and_programs_are_told(client, store):
    client.app.state.job_feed.most = 0
    job_id = enqueue(store)
    page = client.get(f"/jobs/{job_id}/events")
    assert (page.status_code, page.text) == (204, "")
    twin = client.get(f"/api/v1/jobs/{job_id}/events")
    assert twin.status_code == 503
    assert "poll the job instead" in twin.json()["error"].lower()


def test_one_client_cannot_take_all_streams_but_a_proxy_here_may():
    feed = JobFeed(None, most=EACH + 2)
    for client in ("192.0.2.1", "127.0.0.1"):
        places = [feed.place(client) for _ in range(EACH)]
        for place in places:
            assert feed.has_room(client)
            place.__enter__()
        assert feed.has_room(client) is (client == "127.0.0.1")
        assert feed.has_room("192.0.2.2")
        for place in places:
            place.__exit__(None, None, None)
    assert feed.n_streams == 0
